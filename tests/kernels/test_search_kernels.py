from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.index.linear import SCORERS
from nearspace.index.lists import Lists
from nearspace.kernels.candidates import (
    COSINE,
    DOT,
    EUCLIDEAN,
    LOWEST,
    OVERFLOW,
    key_of,
    row_of,
    score_of,
    select_largest,
    sort_largest,
)
from nearspace.kernels.judge import UNSETTLED, judge
from nearspace.kernels.lanes import LANES, WIDTH
from nearspace.kernels.scan import scan_numpy, scan_panels, scan_strips
from nearspace.space import norms_of

KINDS = {"dot": DOT, "cosine": COSINE, "euclidean": EUCLIDEAN}


def panels_of(queries):
    wide = np.zeros((-(-len(queries) // WIDTH) * WIDTH, queries.shape[1]), np.float32)
    wide[: len(queries)] = queries
    return np.ascontiguousarray(wide.reshape(-1, WIDTH, wide.shape[1]).transpose(0, 2, 1)).reshape(-1)


def strips_of(queries):
    dim = queries.shape[1]
    rest = dim % LANES
    strips = np.zeros((len(queries), dim + 2 * LANES), np.float32)
    strips[:, :dim] = queries
    if rest:
        strips[:, dim + LANES - rest : dim + LANES] = queries[:, dim - rest :]
        strips[:, dim + 2 * LANES - rest :] = 1
    return strips


def scanned(name, vectors, kind, rows, queries, exclude, k, doubt):
    count, dim = queries.shape
    lists = Lists.padded(exclude)
    keys, counts = np.empty((count, 4 * k + 192), np.uint64), np.zeros(count, np.int64)
    if name == "panels":
        floors = np.full(-(-count // WIDTH) * WIDTH, LOWEST, np.float32)
        floors[count:] = np.inf
        scan_panels(
            vectors.ctypes.data, dim, kind, rows, 0, len(rows), panels_of(queries), floors, *lists,
            keys, counts, k, doubt,
        )  # fmt: skip
    else:
        norms = norms_of(vectors)
        scan_strips(
            vectors.ctypes.data, dim, kind, rows, 0, len(rows), strips_of(queries), norms.ctypes.data,
            np.full(count, LOWEST, np.float32), *lists, keys, counts, k, doubt, 0.0,
        )  # fmt: skip
    return keys, counts


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", ["panels", "strips"])
@pytest.mark.parametrize("dim", [LANES, 50, 64, 129, 200])
@pytest.mark.parametrize("queries", [1, WIDTH + 3])
def test_a_scan_and_its_twin_keep_the_same_candidates(name, kind, dim, queries):
    random = np.random.default_rng(dim)
    vectors = random.normal(size=(3000, dim)).astype(np.float32)
    vectors[7] = 0
    asked = random.normal(size=(queries, dim)).astype(np.float32)
    rows = np.flatnonzero(random.random(3000) < 0.9)
    exclude = np.sort(random.integers(-1, 3000, (queries, 40)), axis=1)
    doubt = np.full(queries, 1e-3)
    apart = name == "strips"
    keys, counts = scanned(name, vectors, kind, rows, asked, exclude, 10, doubt)
    inner = scan_numpy(vectors, kind, rows, asked, exclude, 10, doubt - 2e-4, apart=apart)
    for query in range(queries):
        found = np.sort([row_of(key) for key in keys[query, : counts[query]]])
        assert np.isin(inner[query], found).all(), "no candidate is missed"
        assert np.isin(found, rows).all() and not np.isin(found, exclude[query]).any()
        assert len(np.unique(found)) == len(found)


@pytest.mark.parametrize("name", ["panels", "strips"])
def test_too_many_rows_nearly_as_good_as_the_kth_are_reported(name):
    vectors = np.ones((5000, 32), np.float32)
    none = np.empty((2, 0), np.int64)
    _, counts = scanned(name, vectors, DOT, np.arange(5000), vectors[:2], none, 3, np.full(2, 1e-3))
    assert (counts == OVERFLOW).all()


@pytest.mark.parametrize("metric", KINDS)
@pytest.mark.parametrize("dim", [1, 7, 8, 50, 300])
def test_judged_scores_and_those_of_numpy_are_the_same_bytes(metric, dim):
    random = np.random.default_rng(dim)
    vectors = random.normal(size=(400, dim)).astype(np.float32)
    vectors[5], vectors[9, 0], vectors[11, 0] = 0, np.nan, np.inf
    vectors[20:30] = vectors[19]
    queries = random.normal(size=(6, dim)).astype(np.float32)
    queries[1], queries[2] = vectors[19], 0
    with np.errstate(all="ignore"):
        norms = norms_of(vectors)
    scorer = SCORERS[metric](queries, vectors, norms)
    k, none = 30, Lists.padded(np.empty((6, 0), np.int64))
    padded = np.zeros((6, -(-dim // 8) * 8))
    padded[:, :dim] = queries
    rows, scores = np.empty((6, k), np.int64), np.empty((6, k), np.float32)
    keys, counts = np.empty((1, 6, 1), np.uint64), np.zeros((1, 6), np.int64)
    counts[0, 5] = OVERFLOW
    judge(
        vectors.ctypes.data, dim, KINDS[metric], padded, scorer.lengths[:, 0].copy(), np.zeros(6),
        np.zeros(6), 0.0, keys, counts, np.arange(400), *none, rows, scores,
    )  # fmt: skip
    everything = np.tile(np.arange(400), 5)
    exact = scorer.exact(np.repeat(np.arange(5), 400), everything).reshape(5, 400)
    assert np.isnan(exact[:, [9, 11]]).all()
    order = np.argsort(-exact, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(rows[:5], order)
    assert scores[:5].tobytes() == np.take_along_axis(exact, order, axis=1).tobytes()
    assert rows[5, 0] == UNSETTLED


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, st.integers(0, 2**32 - 2)), min_size=1, max_size=80), st.integers(1, 80))
@settings(deadline=None, max_examples=100)
def test_keys_sort_by_falling_score_then_by_row(pairs, k):
    pairs = [(np.float32(score) + np.float32(0), row) for score, row in pairs]
    keys = np.array([key_of(*pair) for pair in pairs], np.uint64)
    assert [(score_of(key), row_of(key)) for key in keys] == pairs
    expected = np.sort(keys)[::-1]
    k = min(k, len(keys))
    some = keys.copy()
    select_largest(some, len(some), k)
    assert sorted(some[:k], reverse=True) == expected[:k].tolist() and some[k - 1] == expected[k - 1]
    sort_largest(keys, len(keys))
    np.testing.assert_array_equal(keys, expected)
    assert [row_of(key) for key in keys] == [row for _, row in sorted(pairs, key=lambda p: (-p[0], p[1]))]
