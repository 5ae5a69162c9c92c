"""Charges on a grid and back again: kernels against their twins."""

import numpy as np
import pytest

from nearspace.kernels.spline_grid import (
    TOUCHED,
    interpolate,
    interpolate_deep,
    interpolate_numpy,
    sort_points,
    sort_points_numpy,
    spread,
    spread_deep,
    spread_numpy,
)

WRITE = {2: spread, 3: spread_deep}
READ = {2: interpolate, 3: interpolate_deep}
WIDTH, CELLS = 0.7, 9


def _sorted(d, n=300, seed=0):
    points = np.random.default_rng(seed).uniform(0, WIDTH * CELLS, size=(n, d)) - 3
    points[0], points[1:6] = -3, points[1]  # at the edge, and equal ones
    return points, sort_points(points, np.full(d, -3.0), WIDTH, CELLS)


@pytest.mark.parametrize("d", [2, 3])
def test_points_are_sorted_as_by_the_twin(d):
    points, cells = _sorted(d)
    for one, other in zip(cells, sort_points_numpy(points, np.full(d, -3.0), WIDTH, CELLS), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(np.sort(cells.order), np.arange(300))
    assert cells.first[-1] == 300


@pytest.mark.parametrize("d", [2, 3])
def test_charges_are_those_of_the_twin_and_none_is_lost(d):
    _, cells = _sorted(d)
    shape = (CELLS + TOUCHED,) * d
    fast, slow = np.full(shape, 9.0), np.full(shape, 9.0)
    WRITE[d](cells, 2, 11, fast)
    spread_numpy(cells, 2, 11, slow)
    np.testing.assert_allclose(fast, slow, atol=1e-12)
    assert (fast[:2] == 9).all() and (fast[11:] == 9).all()
    WRITE[d](cells, 0, len(fast), fast)
    assert fast.sum() == pytest.approx(300)
    assert fast.min() >= 0


@pytest.mark.parametrize("d", [2, 3])
def test_cutting_the_grid_changes_no_bit(d):
    _, cells = _sorted(d)
    whole, parts = np.empty((2, *(CELLS + TOUCHED,) * d))
    WRITE[d](cells, 0, len(whole), whole)
    for start in range(0, len(parts), 3):
        WRITE[d](cells, start, min(len(parts), start + 3), parts)
    assert whole.tobytes() == parts.tobytes()


@pytest.mark.parametrize("d", [2, 3])
def test_values_and_slopes_are_those_of_the_twin(d):
    _, cells = _sorted(d)
    grid = np.random.default_rng(1).normal(size=(CELLS + TOUCHED,) * d)
    found = []
    for way in (READ[d], interpolate_numpy):
        value, slope = np.full(300, 9.0), np.full((300, d), 9.0)
        way(cells, grid, 50, 250, value, slope)
        found.append((value, slope))
    for fast, slow in zip(*found, strict=True):
        np.testing.assert_allclose(fast, slow, atol=1e-12)
    untouched = np.concatenate([cells.order[:50], cells.order[250:]])
    assert (found[0][0][untouched] == 9).all()


@pytest.mark.parametrize("way", ["fast", "numpy"])
@pytest.mark.parametrize("d", [2, 3])
def test_a_plane_is_read_exactly(way, d):
    points, cells = _sorted(d)
    tilt = np.array([2.0, -3.0, 5.0])[:d]
    nodes = np.stack(np.meshgrid(*[np.arange(CELLS + TOUCHED)] * d, indexing="ij"), axis=-1) - 1.0
    value, slope = np.empty(300), np.empty((300, d))
    (READ[d] if way == "fast" else interpolate_numpy)(cells, nodes @ tilt, 0, 300, value, slope)
    np.testing.assert_allclose(value, (points + 3) / WIDTH @ tilt, atol=1e-9)
    np.testing.assert_allclose(slope, np.tile(tilt, (300, 1)), atol=1e-9)
