"""Charges of points on a grid, and a potential on the grid back at the points, by cubic B-splines.

Points lie in cells; one in cell c, at t in 0..1 of it, touches the nodes c to c + 3 along each axis, with
weights

    (1 - t)^3 / 6,  (3t^3 - 6t^2 + 4) / 6,  (-3t^3 + 3t^2 + 3t + 1) / 6,  t^3 / 6

Points come sorted by their cell along the first axis, and each piece of the grid gathers what its points give
it, in that order: so a node has the same sum however the grid is cut.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

TOUCHED = 4  # nodes along each axis


class Sorted(NamedTuple):
    """The points in units of cells, sorted by their cell along the first axis."""

    order: Any  # (n,) int32: row of each sorted point
    first: Any  # (rows of cells + 1,) int64: where the points of each cell begin
    places: Any  # (n, 2) float64, at least 0: the whole part is the cell


@njit(cache=True, nogil=True, error_model="numpy")
def sort_points(points: NDArray[np.float64], low: NDArray[np.float64], width: float, planes: int) -> Sorted:
    """Sort points by their cell along the first axis, ties by row.

    Args:
        points: (n, 2) float64.
        low: (2,) where the first cell begins along each axis.
        width: of a cell.
        planes: cells along the first axis; all points lie in them.
    """
    n, d = points.shape
    first = np.zeros(planes + 1, np.int64)
    for i in range(n):
        first[int((points[i, 0] - low[0]) / width) + 1] += 1
    for plane in range(planes):
        first[plane + 1] += first[plane]
    following = first[:planes].copy()
    order, places = np.empty(n, np.int32), np.empty((n, d))
    for i in range(n):
        plane = int((points[i, 0] - low[0]) / width)
        put = following[plane]
        following[plane] += 1
        order[put] = i
        for axis in range(d):
            places[put, axis] = (points[i, axis] - low[axis]) / width
    return Sorted(order, first, places)


def sort_points_numpy(
    points: NDArray[np.float64], low: NDArray[np.float64], width: float, planes: int
) -> Sorted:
    """Do the same as `sort_points`."""
    places = (points - low) / width
    cells = places[:, 0].astype(np.int64)
    order = np.argsort(cells, kind="stable")
    first = np.searchsorted(cells[order], np.arange(planes + 1))
    return Sorted(order.astype(np.int32), first, places[order])


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy", inline="always")
def _weights(t: Any) -> Any:
    """Give the weights of the four nodes."""
    u = 1.0 - t
    return (
        u * u * u / 6.0,
        (t * t * (3.0 * t - 6.0) + 4.0) / 6.0,
        (u * u * (3.0 * u - 6.0) + 4.0) / 6.0,
        t * t * t / 6.0,
    )


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy", inline="always")
def _slopes(t: Any) -> Any:
    """Give the derivatives of the weights by t."""
    u = 1.0 - t
    return -u * u / 2.0, t * (1.5 * t - 2.0), -u * (1.5 * u - 2.0), t * t / 2.0


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def spread(cells: Sorted, start: int, stop: int, grid: NDArray[np.float64]) -> None:
    """Write the charge of the nodes start..stop along the first axis; every point has a charge of 1.

    Args:
        cells: the points.
        start: first row of nodes.
        stop: one past the last.
        grid: (m, m) float64, rows start..stop are written.
    """
    grid[start:stop] = 0.0
    begin, end = cells.first[max(0, start - TOUCHED + 1)], cells.first[min(stop, len(cells.first) - 1)]
    places = cells.places
    for at in range(begin, end):
        a, b = int(places[at, 0]), int(places[at, 1])
        along_a, along_b = _weights(places[at, 0] - a), _weights(places[at, 1] - b)
        for p in range(TOUCHED):
            if start <= a + p < stop:
                for q in range(TOUCHED):
                    grid[a + p, b + q] += along_a[p] * along_b[q]


def spread_numpy(cells: Sorted, start: int, stop: int, grid: NDArray[np.float64]) -> None:
    """Do the same as `spread`: charge_g = sum_i prod_axis B(y_i,axis - g_axis)."""
    whole = np.zeros_like(grid)
    for nodes, weights, _ in _touched(cells.places):
        np.add.at(whole, nodes, weights)
    grid[start:stop] = whole[start:stop]


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def interpolate(
    cells: Sorted,
    grid: NDArray[np.float64],
    start: int,
    stop: int,
    value: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> None:
    """Write the potential and its slope, per cell, at the sorted points start..stop.

    Args:
        cells: the points.
        grid: (m, m) float64 potential.
        start: first sorted point.
        stop: one past the last.
        value: (n,) float64, written in the rows of these points.
        slope: (n, 2) float64, written there too.
    """
    places = cells.places
    for at in range(start, stop):
        a, b = int(places[at, 0]), int(places[at, 1])
        along_a, along_b = _weights(places[at, 0] - a), _weights(places[at, 1] - b)
        up_a, up_b = _slopes(places[at, 0] - a), _slopes(places[at, 1] - b)
        sum_v, sum_a, sum_b = 0.0, 0.0, 0.0
        for p in range(TOUCHED):
            row_v, row_b = 0.0, 0.0
            for q in range(TOUCHED):
                node = grid[a + p, b + q]
                row_v += along_b[q] * node
                row_b += up_b[q] * node
            sum_v += along_a[p] * row_v
            sum_a += up_a[p] * row_v
            sum_b += along_a[p] * row_b
        row = cells.order[at]
        value[row] = sum_v
        slope[row, 0], slope[row, 1] = sum_a, sum_b


def interpolate_numpy(
    cells: Sorted,
    grid: NDArray[np.float64],
    start: int,
    stop: int,
    value: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> None:
    """Do the same as `interpolate`.

    value_i = sum_g phi_g prod_axis B(y_i,axis - g_axis), and its derivatives by y_i
    """
    rows = cells.order[start:stop]
    value[rows], slope[rows] = 0.0, 0.0
    for nodes, weights, slopes in _touched(cells.places[start:stop]):
        value[rows] += grid[nodes] * weights
        slope[rows] += grid[nodes][:, None] * slopes


def _touched(places: NDArray[np.float64]) -> Any:
    """Yield nodes, weights and slopes of the weights of all points, for each of the 16 nodes they touch."""
    cell = places.astype(np.int64)
    t = places - cell
    u = 1 - t
    along = np.array([u**3, 3 * t**3 - 6 * t**2 + 4, 3 * u**3 - 6 * u**2 + 4, t**3]) / 6
    up = np.array([-(u**2), 3 * t**2 - 4 * t, -(3 * u**2 - 4 * u), t**2]) / 2
    for p, q in np.ndindex(TOUCHED, TOUCHED):
        slopes = np.stack([up[p, :, 0] * along[q, :, 1], along[p, :, 0] * up[q, :, 1]], axis=1)
        yield (cell[:, 0] + p, cell[:, 1] + q), along[p, :, 0] * along[q, :, 1], slopes
