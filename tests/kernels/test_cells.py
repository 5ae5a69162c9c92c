"""The kernels that search a partition agree with their numpy twins, and find the true neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.cells import (
    BLOCK,
    Cells,
    nearest_cells,
    nearest_cells_numpy,
    search_cells,
    search_cells_numpy,
)

NEAREST = [nearest_cells, nearest_cells_numpy]
SEARCH = [search_cells, search_cells_numpy]


def _cut(points, count):
    """Give a partition of the points by their first component."""
    order = np.argsort(points[:, 0], kind="stable")
    parts = [np.sort(part) for part in np.array_split(order, count)]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    centres = np.stack([points[part].mean(axis=0) for part in parts]).astype(np.float32)
    return Cells(first, np.concatenate(parts).astype(np.int64), centres)


def _found(search, vectors, points, wide, cells, probes, k):
    rows, distances = np.empty((len(vectors), k), np.int64), np.empty((len(vectors), k), np.float32)
    for cell in range(len(cells.centres)):
        for start in range(cells.first[cell], cells.first[cell + 1], BLOCK):
            stop = min(cells.first[cell + 1], start + BLOCK)
            mine = np.ascontiguousarray(probes[cells.members[start:stop]])
            search(vectors, points, wide, cells, mine, cell, start, stop, rows, distances)
    return rows, distances


@pytest.mark.parametrize("search", SEARCH)
def test_all_cells_together_hold_the_true_neighbours(search):
    vectors = np.random.default_rng(0).normal(size=(90, 21)).astype(np.float32)
    cells = _cut(vectors, 5)
    probes = np.tile(np.arange(5, dtype=np.int32), (90, 1))
    rows, distances = _found(search, vectors, vectors, 12, cells, probes, 8)
    apart = np.sqrt(((vectors[:, None].astype(np.float64) - vectors) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    assert (rows == np.argsort(apart, axis=1, kind="stable")[:, :8]).all()
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :8], rtol=1e-6)


@pytest.mark.parametrize("search", SEARCH)
def test_a_row_sees_only_the_cells_that_it_looks_into(search):
    vectors = np.arange(12, dtype=np.float32)[:, None]
    cells = _cut(vectors, 4)
    probes = np.repeat(np.arange(4, dtype=np.int32), 3)[:, None]
    rows, distances = _found(search, vectors, vectors, 4, cells, probes, 3)
    assert rows[0].tolist() == [1, 2, -1]
    assert rows[10].tolist() == [9, 11, -1]
    assert distances[10].tolist() == [1, 1, np.inf]


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(20, 400),
    dim=st.sampled_from([1, 3, 8, 50, 70]),
    levels=st.sampled_from([2, 10**4]),
    far=st.sampled_from([0, 1000]),
    seed=st.integers(0, 10**6),
)
def test_twins_agree_also_where_distances_tie_or_lie_far_from_zero(n, dim, levels, far, seed):
    random = np.random.default_rng(seed)
    points = (random.integers(0, levels, size=(n, dim)) + far).astype(np.float32)
    cells, k = _cut(points, 4), 5
    probes = np.stack([random.permutation(4)[:2] for _ in range(n)]).astype(np.int32)
    found = [_found(search, points, points, n, cells, probes, k) for search in SEARCH]
    assert (found[0][0] == found[1][0]).all()
    assert (found[0][1] == found[1][1]).all()


@pytest.mark.parametrize("search", SEARCH)
def test_candidates_are_chosen_by_points_and_ordered_by_vectors(search):
    random = np.random.default_rng(2)
    vectors = random.normal(size=(60, 30)).astype(np.float32)
    points = np.ascontiguousarray(vectors[:, :4])
    cells = _cut(points, 3)
    probes = np.tile(np.arange(3, dtype=np.int32), (60, 1))
    rows, _ = _found(search, vectors, points, 10, cells, probes, 5)
    near = np.argsort(((points[:, None] - points) ** 2).sum(axis=2), axis=1)[:, 1:11]
    for row in range(60):
        best = near[row][np.argsort(((vectors[near[row]] - vectors[row]) ** 2).sum(axis=1))[:5]]
        assert rows[row].tolist() == best.tolist()


@pytest.mark.parametrize("nearest", NEAREST)
@pytest.mark.parametrize("dim", [1, 16, 45])
def test_nearest_cells_are_those_with_the_nearest_centres(nearest, dim):
    random = np.random.default_rng(1)
    vectors, centres = (random.normal(size=(n, dim)).astype(np.float32) + 5 for n in (40, 33))
    rows = np.arange(3, 37)
    out = np.empty((34, 6), np.int32)
    nearest(vectors, centres, vectors.mean(axis=0), rows, out)
    apart = ((vectors[rows, None].astype(np.float64) - centres) ** 2).sum(axis=2)
    assert (out == np.argsort(apart, axis=1)[:, :6]).all()
