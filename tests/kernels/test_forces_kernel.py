"""The force kernels of t-SNE against their twins, and against the slope of the loss that they come from."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nearspace.kernels.forces import attract, attract_numpy, repel, repel_numpy


def _columns(points):
    flat = points.T.astype(np.float32)
    return flat[0], flat[1], (flat[2] if len(flat) == 3 else flat[0, :0])


def _graph(n, rng):
    """Symmetric p_ij with zero diagonal and sum 1 as compressed sparse rows, and dense."""
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.4)
    dense[0, 1] += 0.5  # never a graph without an edge
    dense = dense + dense.T
    np.fill_diagonal(dense, 0)
    dense /= dense.sum()
    rows, others = np.nonzero(dense)
    first = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int32)
    return first, others.astype(np.int32), dense[rows, others], dense


def _loss(points, dense):
    """Kullback-Leibler divergence of q from p, straight from the definition."""
    q = 1 / (1 + ((points[:, None] - points) ** 2).sum(axis=2))
    np.fill_diagonal(q, 0)
    some = dense > 0
    return float((dense[some] * np.log(dense[some] / (q / q.sum())[some])).sum())


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(3, 70),
    d=st.sampled_from([2, 3]),
    scale=st.sampled_from([1e-4, 1.0, 60.0]),
    seed=st.integers(0, 10**6),
)
@example(n=5, d=3, scale=60.0, seed=3)  # far points, whose own q of 1 once drowned their sum
def test_twins_agree(n, d, scale, seed):
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(n, d)) * scale).astype(np.float32).astype(np.float64)
    first, others, weights, _ = _graph(n, rng)
    start, stop = n // 3, n
    found = []
    for push, pull in ((repel, attract), (repel_numpy, attract_numpy)):
        away, total, near, loss = np.zeros((n, d)), np.zeros(n), np.zeros((n, d)), np.zeros(n)
        push(*_columns(points), start, stop, away, total)
        pull(first, others, weights, points, start, stop, near, loss)
        found.append((away, total, near, loss))
    for fast, slow in zip(*found, strict=True):
        # the fast sums are float32
        np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-5 * np.abs(slow).max() + 1e-7)


@pytest.mark.parametrize(("push", "pull"), [(repel, attract), (repel_numpy, attract_numpy)])
@pytest.mark.parametrize("d", [2, 3])
def test_the_forces_are_the_slope_of_the_divergence(push, pull, d):
    rng = np.random.default_rng(4)
    n = 24
    points = rng.normal(size=(n, d)).astype(np.float32).astype(np.float64)
    first, others, weights, dense = _graph(n, rng)
    away, total, near, loss = np.empty((n, d)), np.empty(n), np.empty((n, d)), np.empty(n)
    push(*_columns(points), 0, n, away, total)
    pull(first, others, weights, points, 0, n, near, loss)
    assert loss.sum() + np.log(total.sum()) == pytest.approx(_loss(points, dense), abs=1e-5)
    slope = np.empty((n, d))
    for i in range(n):
        for axis in range(d):
            step = np.zeros((n, d))
            step[i, axis] = 1e-5
            slope[i, axis] = (_loss(points + step, dense) - _loss(points - step, dense)) / 2e-5
    np.testing.assert_allclose(4 * (near - away / total.sum()), slope, atol=2e-6)


@pytest.mark.parametrize("pull", [attract, attract_numpy])
def test_the_loss_is_left_out_where_it_is_not_wanted(pull):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(9, 2))
    first, others, weights, _ = _graph(9, rng)
    with_loss, without = np.empty((9, 2)), np.empty((9, 2))
    pull(first, others, weights, points, 0, 9, with_loss, np.empty(9))
    pull(first, others, weights, points, 0, 9, without, np.empty(0))
    assert np.array_equal(with_loss, without)


@pytest.mark.parametrize("d", [2, 3])
def test_cutting_points_into_shards_changes_no_bit(d):
    points = np.random.default_rng(2).normal(size=(101, d)) * 10
    whole, parts = np.empty((101, d)), np.empty((101, d))
    total, total_parts = np.empty(101), np.empty(101)
    repel(*_columns(points), 0, 101, whole, total)
    for start in range(0, 101, 7):
        repel(*_columns(points), start, min(101, start + 7), parts, total_parts)
    assert whole.tobytes() == parts.tobytes()
    assert total.tobytes() == total_parts.tobytes()
