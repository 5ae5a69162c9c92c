"""Entries sorted by their row."""

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
