"""Charges on a grid and back again: kernels against their twins."""

import numpy as np
import pytest

from nearspace.kernels.spline_grid import (
    TOUCHED,
    interpolate,
    interpolate_numpy,
    sort_points,
    sort_points_numpy,
    spread,
    spread_numpy,
)

WIDTH, CELLS = 0.7, 9


def _sorted(n=300, seed=0):
    points = np.random.default_rng(seed).uniform(0, WIDTH * CELLS, size=(n, 2)) - 3
    points[0], points[1:6] = -3, points[1]  # at the edge, and equal ones
    return points, sort_points(points, np.full(2, -3.0), WIDTH, CELLS)


def test_points_are_sorted_as_by_the_twin():
    points, cells = _sorted()
    for one, other in zip(cells, sort_points_numpy(points, np.full(2, -3.0), WIDTH, CELLS), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(np.sort(cells.order), np.arange(300))
    assert cells.first[-1] == 300


def test_charges_are_those_of_the_twin_and_none_is_lost():
    _, cells = _sorted()
    shape = (CELLS + TOUCHED,) * 2
    fast, slow = np.full(shape, 9.0), np.full(shape, 9.0)
    spread(cells, 2, 11, fast)
    spread_numpy(cells, 2, 11, slow)
    np.testing.assert_allclose(fast, slow, atol=1e-12)
    assert (fast[:2] == 9).all() and (fast[11:] == 9).all()
    spread(cells, 0, len(fast), fast)
    assert fast.sum() == pytest.approx(300)
    assert fast.min() >= 0


def test_cutting_the_grid_changes_no_bit():
    _, cells = _sorted()
    whole, parts = np.empty((2, *(CELLS + TOUCHED,) * 2))
    spread(cells, 0, len(whole), whole)
    for start in range(0, len(parts), 3):
        spread(cells, start, min(len(parts), start + 3), parts)
    assert whole.tobytes() == parts.tobytes()


def test_values_and_slopes_are_those_of_the_twin():
    _, cells = _sorted()
    grid = np.random.default_rng(1).normal(size=(CELLS + TOUCHED,) * 2)
    found = []
    for way in (interpolate, interpolate_numpy):
        value, slope = np.full(300, 9.0), np.full((300, 2), 9.0)
        way(cells, grid, 50, 250, value, slope)
        found.append((value, slope))
    for fast, slow in zip(*found, strict=True):
        np.testing.assert_allclose(fast, slow, atol=1e-12)
    untouched = np.concatenate([cells.order[:50], cells.order[250:]])
    assert (found[0][0][untouched] == 9).all()


@pytest.mark.parametrize("way", ["fast", "numpy"])
def test_a_plane_is_read_exactly(way):
    points, cells = _sorted()
    tilt = np.array([2.0, -3.0])
    nodes = np.stack(np.meshgrid(*[np.arange(CELLS + TOUCHED)] * 2, indexing="ij"), axis=-1) - 1.0
    value, slope = np.empty(300), np.empty((300, 2))
    (interpolate if way == "fast" else interpolate_numpy)(cells, nodes @ tilt, 0, 300, value, slope)
    np.testing.assert_allclose(value, (points + 3) / WIDTH @ tilt, atol=1e-9)
    np.testing.assert_allclose(slope, np.tile(tilt, (300, 1)), atol=1e-9)
