"""The graph of neighbours: exact for few rows, and for many a measured share of the true ones."""

import numpy as np
import pytest

from nearspace.maps.knn_graph import class_of, knn_graph
from nearspace.maps.narrow import narrowed
from nearspace.maps.partition import LARGEST, partition


@pytest.fixture
def cells(monkeypatch):
    """Search cells, however few rows there are."""
    monkeypatch.setattr("nearspace.maps.knn_graph.EXACT", 0)


def _planted(n, dim, clusters=40, seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dim)) * 3
    spread = random.normal(size=(clusters, 4, dim))
    mine = random.integers(0, clusters, n)
    inside = np.einsum("nr,nrd->nd", random.normal(size=(n, 4)), spread[mine])
    return (centres[mine] + inside + random.normal(scale=0.05, size=(n, dim))).astype(np.float32)


def _truth(vectors, k):
    squares = np.einsum("nd,nd->n", *[vectors.astype(np.float64)] * 2)
    apart = squares[:, None] + squares - 2 * vectors.astype(np.float64) @ vectors.T
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1)[:, :k]


def _recall(found, true):
    return np.mean(
        [len(set(a) & set(b)) / len(b) for a, b in zip(found.tolist(), true.tolist(), strict=True)]
    )


@pytest.mark.parametrize("dim", [10, 300])
def test_cells_find_nearly_all_neighbours_and_tell_how_many(cells, dim):
    vectors = _planted(4000, dim)
    graph = knn_graph(vectors, 16, workers=2)
    share = _recall(graph.rows, _truth(vectors, 16))
    assert 0.96 < share < 1
    assert graph.recall == pytest.approx(share, abs=0.015)


def test_rows_and_distances_are_right_and_ordered(cells):
    vectors = _planted(3000, 20)
    graph = knn_graph(vectors, 15)
    assert (graph.rows != np.arange(3000)[:, None]).all()
    assert (np.diff(np.sort(graph.rows, axis=1), axis=1) > 0).all()
    assert (np.diff(graph.distances, axis=1) >= 0).all()
    true = np.linalg.norm(vectors[graph.rows] - vectors[:, None], axis=2)
    np.testing.assert_allclose(graph.distances, true, rtol=1e-5)


@pytest.mark.parametrize("dim", [10, 300])
def test_the_graph_does_not_depend_on_workers(cells, dim):
    vectors = _planted(3000, dim)
    first, *others = [knn_graph(vectors, 15, workers=workers) for workers in (1, 2, 4)]
    for other in others:
        assert first.rows.tobytes() == other.rows.tobytes()
        assert first.distances.tobytes() == other.distances.tobytes()
        assert first.recall == other.recall


def test_fewer_neighbours_are_the_first_of_more_of_their_class(cells):
    vectors = _planted(3000, 12)
    assert [class_of(k) for k in (1, 15, 16, 17, 90, 300)] == [16, 16, 16, 32, 96, 300]
    assert (knn_graph(vectors, 5).rows == knn_graph(vectors, 15).rows[:, :5]).all()


def test_vectors_without_near_cells_are_compared_in_pairs(cells):
    noise = np.random.default_rng(0).normal(size=(1500, 64)).astype(np.float32)
    graph = knn_graph(noise, 10)
    assert graph.recall == 1
    assert (graph.rows == _truth(noise, 10)).all()


def test_few_rows_are_compared_in_pairs_however_long_they_are(cells):
    vectors = np.random.default_rng(0).normal(size=(40, 9)).astype(np.float32)
    graph = knn_graph(vectors, 20)
    assert graph.recall == 1 and (graph.rows == _truth(vectors, 20)).all()


def test_equal_vectors_have_neighbours_at_no_distance(cells):
    vectors = np.concatenate([np.ones((1500, 8)), _planted(1500, 8)]).astype(np.float32)
    graph = knn_graph(vectors, 15)
    assert (graph.distances[:1500] == 0).all()
    assert (graph.rows >= 0).all()
    assert (knn_graph(np.zeros((1200, 8), np.float32), 15).distances == 0).all()


@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1e18])
def test_the_unit_of_length_does_not_matter(cells, scale):
    vectors = _planted(1500, 6)
    plain, scaled = knn_graph(vectors, 8), knn_graph(vectors * np.float32(scale), 8)
    assert _recall(scaled.rows, plain.rows) > 0.97


def test_vectors_far_from_zero_lose_no_neighbours(cells):
    vectors = _planted(2000, 10)
    moved = vectors + np.float32(1000)
    assert _recall(knn_graph(moved, 10).rows, _truth(moved - np.float32(1000), 10)) > 0.96


def test_read_only_and_mapped_vectors_are_taken(cells, tmp_path):
    vectors = _planted(1500, 6)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert (knn_graph(mapped, 8).rows == knn_graph(vectors, 8).rows).all()


def test_a_cell_that_came_out_too_large_is_cut():
    vectors = np.concatenate([np.zeros((900, 5)), _planted(100, 5)]).astype(np.float32)
    parts = partition(vectors, 0, 1)
    sizes = np.diff(parts.cells.first)
    assert sizes.max() <= LARGEST * 32
    assert sorted(parts.cells.members.tolist()) == list(range(1000))
    for cell in range(len(parts)):
        members = parts.cells.members[parts.cells.first[cell] : parts.cells.first[cell + 1]]
        assert (parts.of[members] == cell).all()


def test_narrowed_vectors_keep_what_varies_and_bring_none_farther_apart():
    random = np.random.default_rng(0)
    plane = random.normal(size=(500, 8)) @ random.normal(size=(8, 60)) + 7
    points = narrowed(plane.astype(np.float32), 8, 0)
    before = np.linalg.norm(plane[:, None] - plane[None, ::10], axis=2)
    after = np.linalg.norm(points[:, None] - points[None, ::10], axis=2)
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3)
    noise = random.normal(size=(200, 300)).astype(np.float32)
    short = narrowed(noise, 128, 0)
    assert (
        np.linalg.norm(short[1:] - short[0], axis=1) <= np.linalg.norm(noise[1:] - noise[0], axis=1) + 1e-3
    ).all()
