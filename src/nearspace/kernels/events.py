"""Events sorted into a sparse matrix: counting sort, and the sum of equal pairs."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def transpose(rows, size, order):  # type: ignore[no-untyped-def]
    """Sort entries stably by their row: a counting sort.

    Args:
        rows: (n,) int32, the row of each entry, below `size`.
        order: (n,) int64, in which order to take the entries; empty: as they come.

    Returns:
        starts (size + 1,) int64 of each row, and (n,) int64 the entries in their new order.
    """
    starts = np.zeros(size + 1, np.int64)
    for entry in range(len(rows)):
        starts[rows[entry] + 1] += 1
    for row in range(size):
        starts[row + 1] += starts[row]
    places = starts[:-1].copy()
    placed = np.empty(len(rows), np.int64)
    for at in range(len(rows)):
        entry = order[at] if len(order) else at
        row = rows[entry]
        placed[places[row]] = entry
        places[row] += 1
    return starts, placed


def transpose_numpy(
    rows: NDArray[np.int32], size: int, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A stable sort."""
    taken = order if len(order) else np.arange(len(rows))
    starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=size)))).astype(np.int64)
    return starts, taken[np.argsort(rows[taken], kind="stable")].astype(np.int64)


@njit(cache=True, nogil=True)
def merge_equal(starts, columns, weights, times):  # type: ignore[no-untyped-def]
    """Add up the weights of neighbouring equal columns of a row, and keep the last of their times.

    `columns` ascend in each row; `times` is (n,) int64 or empty. Sums are of float64.
    """
    left = np.zeros(len(starts), np.int64)
    count = 0
    kept = np.empty(len(columns), np.int32)
    sums = np.empty(len(columns), np.float32)
    last = np.empty(len(times), np.int64)
    for row in range(len(starts) - 1):
        entry = starts[row]
        while entry < starts[row + 1]:
            column, total = columns[entry], 0.0
            stamp = times[entry] if len(times) else np.int64(0)
            while entry < starts[row + 1] and columns[entry] == column:
                total += weights[entry]
                if len(times):
                    stamp = max(stamp, times[entry])
                entry += 1
            kept[count], sums[count] = column, np.float32(total)
            if len(times):
                last[count] = stamp
            count += 1
        left[row + 1] = count
    return left, kept[:count].copy(), sums[:count].copy(), last[: count if len(times) else 0].copy()


def merge_equal_numpy(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    times: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """sum and max over the groups of equal (row, column)."""
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    group = np.cumsum(fresh) - 1
    sums = np.bincount(group, weights=weights, minlength=int(fresh.sum()))
    counts = np.bincount(rows[fresh], minlength=len(starts) - 1)
    last = np.maximum.reduceat(times, np.flatnonzero(fresh)) if len(times) else times
    left = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return left, columns[fresh], sums.astype(np.float32), last
