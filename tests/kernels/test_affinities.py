"""The affinities of t-SNE against their twins, and against what the papers say of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.affinities import (
    LANES,
    Affinities,
    conditional,
    conditional_numpy,
    symmetric,
    symmetric_numpy,
)


def near(seed=0, n=80, k=20):
    points = np.random.default_rng(seed).normal(size=(n, 3)) * 50
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return rows.astype(np.int32), np.take_along_axis(distances, rows, axis=1).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(
    k=st.integers(6, 60),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    power=st.sampled_from([0.1, 1.0, 4.0]),
)
def test_shares_are_those_of_the_twin_and_have_the_perplexity(k, seed, scale, power):
    distances = np.sort(np.random.default_rng(seed).random((5, k)) ** power, axis=1)
    distances = (distances * scale).astype(np.float32)
    found = np.full((2, 5, k), 9, np.float32)
    for way, out in zip((conditional, conditional_numpy), found, strict=True):
        way(distances, 1, 5, k / 3, out)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-6)
    assert (found[:, 0] == 9).all()  # not asked for
    p = found[0, 1:].astype(np.float64)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
    np.testing.assert_allclose(np.exp(entropy), k / 3, rtol=1e-4)


@pytest.mark.parametrize("way", [conditional, conditional_numpy])
def test_equal_distances_have_equal_shares(way):
    distances = np.array([[0] * 6, [3] * 6, [0, 0, 0, 0, 5, 5]], np.float32)
    out = np.empty_like(distances)
    way(distances, 0, 3, 2.0, out)  # four or six that are equally near: no perplexity of 2
    np.testing.assert_allclose(out[:2], 1 / 6)
    np.testing.assert_allclose(out[2], [0.25] * 4 + [0, 0], atol=1e-6)


@pytest.mark.parametrize(("n", "k"), [(80, 20), (9, 8), (40, 1)])
def test_the_matrix_is_that_of_the_twin_symmetric_and_sums_to_one(n, k):
    rows, distances = near(3, n, k)
    shares = np.exp(-distances / distances.mean())
    shares /= shares.sum(axis=1, keepdims=True)
    found = Affinities(*symmetric(rows, shares))
    for one, other in zip(found, symmetric_numpy(rows, shares), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert (np.diff(found.first) % LANES == 0).all()
    dense = np.zeros((n, n))
    owners = np.repeat(np.arange(n), np.diff(found.first))
    np.add.at(dense, (owners, found.others), found.weights)
    np.testing.assert_allclose(dense, dense.T)
    assert dense.sum() == pytest.approx(1, abs=1e-6)
    assert (np.diag(dense) == 0).all()
    expected = (shares[4, 0] + (shares[rows[4, 0]][rows[rows[4, 0]] == 4]).sum()) / (2 * n)
    assert dense[4, rows[4, 0]] == pytest.approx(expected)
