"""Maximal marginal relevance: the kernel and its twin, and an example that can be done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.diversity import pick_diverse, pick_diverse_numpy

BOTH = pytest.mark.parametrize("pick", [pick_diverse, pick_diverse_numpy], ids=["kernel", "twin"])


@BOTH
def test_a_twin_of_the_best_hit_comes_after_one_that_is_different(pick):
    vectors = np.array([[1, 0], [2, 0], [0, 1], [-1, 0]], np.float32)
    rows, scores = np.array([[0, 1, 2, 3]]), np.array([[4, 3.9, 3, 0]], np.float32)
    picks = np.empty((1, 4), np.int64)
    for diversity, expected in ((0.0, [0, 1, 2, 3]), (0.4, [0, 2, 1, 3]), (1.0, [0, 3, 2, 1])):
        pick(vectors, rows, scores, diversity, picks)
        assert picks.tolist() == [expected]


@BOTH
def test_few_candidates_zero_vectors_and_equal_scores(pick):
    vectors = np.array([[0, 0], [1, 0], [1, 0]], np.float32)
    rows = np.array([[1, 2, 0], [2, -1, -1], [-1, -1, -1]])
    scores = np.array([[1, 1, 1], [5, -np.inf, -np.inf], [-np.inf] * 3], np.float32)
    picks = np.empty((3, 2), np.int64)
    pick(vectors, rows, scores, 0.5, picks)
    assert picks.tolist() == [[0, 2], [0, -1], [-1, -1]]


@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 12), st.integers(1, 40), st.integers(1, 50))
@settings(deadline=None, max_examples=60)
def test_kernel_and_twin_pick_the_same(seed, diversity, k, count, dim):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(60, dim)).astype(np.float32)
    vectors[random.random(60) < 0.2] = vectors[0]
    rows = np.array([random.permutation(60)[:count] for _ in range(4)])
    rows[1, count // 2 :] = -1
    scores = -np.sort(-random.normal(size=rows.shape).astype(np.float32), axis=1)
    ours, twin = np.empty((4, k), np.int64), np.empty((4, k), np.int64)
    pick_diverse(vectors, rows, scores, diversity, ours)
    pick_diverse_numpy(vectors, rows, scores, diversity, twin)
    np.testing.assert_array_equal(ours, twin)
    for line, found in zip(ours, rows, strict=True):
        picked = line[line >= 0]
        assert len(np.unique(picked)) == len(picked) == min(k, (found >= 0).sum())
