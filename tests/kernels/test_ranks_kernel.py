"""The kernel that counts nearer points and its numpy twin agree, and count what can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.ranks import PANEL, count_nearer, count_nearer_numpy, panels_of

TWINS = [count_nearer, count_nearer_numpy]
BLOCK = 8


def _counts(count, points, asked, near, sample, product=False):
    d = points.shape[1]
    places = {row: place for place, row in enumerate(sample)}
    own = np.array([places.get(row, -1) for row in asked])
    out = np.zeros(near.shape, np.int32)
    limits, room = np.empty((BLOCK, near.shape[1]), "f4"), np.empty((BLOCK + 1) * PANEL, "f4")
    panels = panels_of(points[np.asarray(sample)])
    for start in range(0, len(asked), BLOCK):
        stop = min(len(asked), start + BLOCK)
        count(points.ravel(), d, asked, near, panels, own, product, start, stop, limits, room, out)
    return out


@pytest.mark.parametrize("count", TWINS)
def test_on_a_line_the_points_between_are_counted(count):
    points = np.arange(10, dtype="f4")[:, None]
    found = _counts(count, points, np.array([0, 5]), np.array([[1, 4, 9], [5, 4, 0]]), range(10))
    assert found.tolist() == [[0, 3, 8], [0, 0, 8]]  # 4 and 6 are equally far from 5: neither is nearer


@pytest.mark.parametrize("count", TWINS)
def test_only_the_sample_is_counted_and_never_the_point_itself(count):
    points = np.arange(10, dtype="f4")[:, None]
    assert _counts(count, points, np.array([5, 0]), np.array([[0], [9]]), [2, 5, 9]).tolist() == [[2], [2]]


@pytest.mark.parametrize("count", TWINS)
def test_products_count_larger_ones(count):
    points = np.array([[1, 0], [5, 0], [3, 9], [-1, 0], [0, 0]], "f4")
    near = np.array([[1, 2, 3]])
    assert _counts(count, points, np.array([0]), near, range(5), product=True).tolist() == [[0, 1, 3]]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(3, 150),
    d=st.sampled_from([1, 2, 3, 16, 63, 64, 65, 130]),
    k=st.integers(1, 9),
    q=st.integers(1, 30),
    product=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_twins_agree_also_where_distances_tie(n, d, k, q, product, seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-3, 4, size=(n, d)).astype("f4")  # sums of these are exact
    sample = np.sort(rng.choice(n, rng.integers(1, n + 1), replace=False)).tolist()
    asked, near = rng.integers(0, n, q), rng.integers(0, n, (q, k))
    found = [_counts(count, points, asked, near, sample, product) for count in TWINS]
    assert np.array_equal(*found)


def test_a_point_of_the_sample_is_never_nearer_than_itself():
    points = np.random.default_rng(1).normal(size=(200, 77)).astype("f4")
    asked = np.arange(200)
    for product in (False, True):
        near = np.random.default_rng(2).integers(0, 200, (200, 7))
        for column in range(7):
            one = near[:, column : column + 1]
            alone = _counts(count_nearer, points, asked, one, range(200), product)
            without = np.array(
                [
                    _counts(
                        count_nearer,
                        points,
                        asked[i : i + 1],
                        one[i : i + 1],
                        [row for row in range(200) if row != one[i, 0]],
                        product,
                    )[0]
                    for i in range(0, 200, 40)
                ]
            )
            assert np.array_equal(alone[::40], without)
