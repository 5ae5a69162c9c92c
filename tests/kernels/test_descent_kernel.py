"""The kernels of t-SNE's descent against their twins, and against the slope of the loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.affinities import Affinities, symmetric
from nearspace.kernels.descent import (
    Pace,
    attract,
    attract_numpy,
    divergence,
    divergence_numpy,
    move,
    move_numpy,
)
from nearspace.kernels.forces import repel, repel_numpy


def _columns(points):
    flat = np.ascontiguousarray(points.T, dtype=np.float32)
    return flat[0], flat[1], (flat[2] if len(flat) == 3 else flat[0, :0])


def _ties(n, rng):
    """P of random neighbours, and the same as a full matrix."""
    k = min(n - 1, 20)
    rows = np.stack([rng.permutation(np.delete(np.arange(n), i))[:k] for i in range(n)]).astype(np.int32)
    shares = rng.random((n, k)).astype(np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    ties = Affinities(*symmetric(rows, shares))
    dense = np.zeros((n, n))
    np.add.at(dense, (np.repeat(np.arange(n), np.diff(ties.first)), ties.others), ties.weights)
    return ties, dense


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
def test_pulls_and_losses_are_those_of_the_twins(n, d, scale, seed):
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(n, d)) * scale).astype(np.float32).astype(np.float64)
    ties, _ = _ties(n, rng)
    found = []
    for pull, losses in ((attract, divergence), (attract_numpy, divergence_numpy)):
        near, loss = np.zeros((n, d)), np.zeros(n)
        pull(ties, *_columns(points), n // 3, n, near)
        losses(ties, points, n // 3, n, loss)
        found.append((near, loss))
    for fast, slow in zip(*found, strict=True):
        # the fast pulls are float32
        np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-5 * np.abs(slow).max())


@pytest.mark.parametrize(
    ("push", "pull", "losses"),
    [(repel, attract, divergence), (repel_numpy, attract_numpy, divergence_numpy)],
)
@pytest.mark.parametrize("d", [2, 3])
def test_the_forces_are_the_slope_of_the_divergence(push, pull, losses, d):
    rng = np.random.default_rng(4)
    n = 24
    points = rng.normal(size=(n, d)).astype(np.float32).astype(np.float64)
    ties, dense = _ties(n, rng)
    away, total, near, loss = np.empty((n, d)), np.empty(n), np.empty((n, d)), np.empty(n)
    push(*_columns(points), 0, n, away, total)
    pull(ties, *_columns(points), 0, n, near)
    losses(ties, points, 0, n, loss)
    assert loss.sum() + np.log(total.sum()) == pytest.approx(_loss(points, dense), abs=1e-5)
    slope = np.empty((n, d))
    for i in range(n):
        for axis in range(d):
            step = np.zeros((n, d))
            step[i, axis] = 1e-5
            slope[i, axis] = (_loss(points + step, dense) - _loss(points - step, dense)) / 2e-5
    np.testing.assert_allclose(4 * (near - away / total.sum()), slope, atol=2e-6)


@pytest.mark.parametrize("d", [2, 3])
def test_a_move_is_that_of_the_twin_and_never_longer_than_five(d):
    rng = np.random.default_rng(7)
    near, away, begun, last = rng.normal(size=(4, 50, d))
    found = []
    for way in (move, move_numpy):
        points, steps, gains = begun.copy(), last.copy(), np.full((50, d), 1.5)
        way(near, away, Pace(2.0, 3.0, 4.0, 0.8), 10, 40, points, steps, gains)
        found.append((points, steps, gains))
    for fast, slow in zip(*found, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-12)
    points, steps, gains = found[0]
    assert np.array_equal(points[:10], begun[:10])
    assert np.array_equal(points[40:], begun[40:])
    lengths = np.linalg.norm(points - begun, axis=1)[10:40]
    assert lengths.max() == pytest.approx(5)
    assert (lengths < 4.9).any()
    agree = (2 * near - away / 3 > 0) == (last > 0)
    assert (gains[10:40][agree[10:40]] == pytest.approx(1.21)) and (gains[10:40].max() == pytest.approx(1.7))
