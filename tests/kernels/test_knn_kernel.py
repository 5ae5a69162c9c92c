"""The sweep kernel and its numpy twin give the same neighbours, which are the true ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.knn import sweep_neighbors, sweep_neighbors_numpy

TWINS = [sweep_neighbors, sweep_neighbors_numpy]


def _sorted(points, names):
    order = np.argsort(points[:, 0], kind="stable")
    return np.ascontiguousarray(points[order]), names[order]


@pytest.mark.parametrize("sweep", TWINS)
def test_neighbours_on_a_line_are_those_beside(sweep):
    points = np.stack([np.arange(9.0), np.zeros(9)], axis=1)
    out = np.full((9, 2), -1)
    sweep(points, np.arange(9), 0, 9, out)
    assert out[1:-1].tolist() == [[i - 1, i + 1] for i in range(1, 8)]
    assert out[0].tolist() == [1, 2]
    assert out[8].tolist() == [7, 6]


@pytest.mark.parametrize("sweep", TWINS)
def test_equal_distances_come_in_order_of_their_names(sweep):
    points = np.zeros((5, 3))
    names = np.array([4, 0, 3, 1, 2])
    out = np.full((5, 3), -1)
    sweep(points, names, 0, 5, out)
    assert out.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("sweep", TWINS)
def test_only_the_asked_points_are_answered(sweep):
    points, names = _sorted(np.random.default_rng(3).normal(size=(20, 2)), np.arange(20))
    out = np.full((20, 3), -1)
    sweep(points, names, 5, 12, out)
    answered = np.zeros(20, dtype=bool)
    answered[names[5:12]] = True
    assert (out[answered] >= 0).all()
    assert (out[~answered] == -1).all()


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(4, 60),
    d=st.sampled_from([2, 3]),
    k=st.integers(1, 3),
    levels=st.sampled_from([2, 5, 10**6]),
    seed=st.integers(0, 10**6),
)
def test_twins_agree_also_where_distances_tie(n, d, k, levels, seed):
    rng = np.random.default_rng(seed)
    points, names = _sorted(rng.integers(0, levels, size=(n, d)).astype(np.float64), rng.permutation(n))
    found = []
    for sweep in TWINS:
        out = np.full((n, k), -1)
        sweep(points, names, 0, n, out)
        found.append(out)
    assert np.array_equal(*found)
