"""Exact nearest neighbours of points in the plane or in 3-D: a sweep along one axis."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _keep(best: NDArray[np.float64], found: NDArray[np.int64], distance: float, name: int) -> None:
    """Put a point among the nearest so far, ascending by distance and then by name, if it belongs there."""
    k = len(best)
    at = k
    while at > 0 and (distance < best[at - 1] or (distance == best[at - 1] and name < found[at - 1])):
        at -= 1
    if at < k:
        for move in range(k - 1, at, -1):
            best[move] = best[move - 1]
            found[move] = found[move - 1]
        best[at] = distance
        found[at] = name


@njit(cache=True, nogil=True)
def sweep_neighbors(
    points: NDArray[np.float64], names: NDArray[np.int64], start: int, stop: int, out: NDArray[np.int64]
) -> None:
    """Write the nearest neighbours of points start..stop into `out`, nearest first, ties by smaller name.

    Args:
        points: (n, d) float64, ascending in column 0; walking outwards from a point along that column can
            stop once the column alone is farther than the k-th best.
        names: (n,) int64, the row that each point has outside.
        start: first point to answer.
        stop: one past the last point to answer.
        out: (n, k) int64, k < n; the row names[i] is written for every point i in start..stop.
    """
    n, d = points.shape
    k = out.shape[1]
    best = np.empty(k, np.float64)
    found = np.empty(k, np.int64)
    for i in range(start, stop):
        best[:] = np.inf
        found[:] = np.iinfo(np.int64).max
        left, right = i - 1, i + 1
        while left >= 0 or right < n:
            gap_left = points[i, 0] - points[left, 0] if left >= 0 else np.inf
            gap_right = points[right, 0] - points[i, 0] if right < n else np.inf
            gap = min(gap_left, gap_right)
            if gap * gap > best[k - 1]:
                break
            if gap_left <= gap_right:
                j = left
                left -= 1
            else:
                j = right
                right += 1
            distance = 0.0
            for axis in range(d):
                step = points[i, axis] - points[j, axis]
                distance += step * step
            _keep(best, found, distance, names[j])
        out[names[i]] = found


def sweep_neighbors_numpy(
    points: NDArray[np.float64], names: NDArray[np.int64], start: int, stop: int, out: NDArray[np.int64]
) -> None:
    """Do the same as `sweep_neighbors`.

    out[names[i]] = names of the k first j != i, ordered by (sum_a (p_ia - p_ja)^2, names[j])
    """
    k = out.shape[1]
    for i in range(start, stop):
        distances = np.zeros(len(points))
        for axis in range(points.shape[1]):
            step = points[i, axis] - points[:, axis]
            distances += step * step
        distances[i] = np.inf
        out[names[i]] = names[np.lexsort((names, distances))[:k]]


@njit(cache=True, nogil=True)
def sweep_others(
    points: NDArray[np.float64],
    names: NDArray[np.int64],
    queries: NDArray[np.float64],
    start: int,
    stop: int,
    out: NDArray[np.int64],
) -> None:
    """Write the points nearest to queries start..stop into `out`, nearest first, ties by smaller name.

    Args:
        points: (n, d) float64, ascending in column 0.
        names: (n,) int64, the row that each point has outside.
        queries: (q, d) float64, which are no points themselves.
        start: first query to answer.
        stop: one past the last query to answer.
        out: (q, k) int64, k <= n; rows start..stop are written.
    """
    n, d = points.shape
    k = out.shape[1]
    best = np.empty(k, np.float64)
    found = np.empty(k, np.int64)
    for i in range(start, stop):
        best[:] = np.inf
        found[:] = np.iinfo(np.int64).max
        right = np.searchsorted(points[:, 0], queries[i, 0])
        left = right - 1
        while left >= 0 or right < n:
            gap_left = queries[i, 0] - points[left, 0] if left >= 0 else np.inf
            gap_right = points[right, 0] - queries[i, 0] if right < n else np.inf
            gap = min(gap_left, gap_right)
            if gap * gap > best[k - 1]:
                break
            if gap_left <= gap_right:
                j = left
                left -= 1
            else:
                j = right
                right += 1
            distance = 0.0
            for axis in range(d):
                step = queries[i, axis] - points[j, axis]
                distance += step * step
            _keep(best, found, distance, names[j])
        out[i] = found


def sweep_others_numpy(
    points: NDArray[np.float64],
    names: NDArray[np.int64],
    queries: NDArray[np.float64],
    start: int,
    stop: int,
    out: NDArray[np.int64],
) -> None:
    """Do the same as `sweep_others`.

    out[i] = names of the first k j, ordered by (sum_a (q_ia - p_ja)^2, names[j])
    """
    k = out.shape[1]
    for i in range(start, stop):
        distances = np.zeros(len(points))
        for axis in range(points.shape[1]):
            step = queries[i, axis] - points[:, axis]
            distances += step * step
        out[i] = names[np.lexsort((names, distances))[:k]]
