"""Holding out: which entries of each row are the last, or drawn; draws depend on names and seed alone."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True)
def mixed(value):  # type: ignore[no-untyped-def]
    """The output function of SplitMix64 (Steele, Lea, Flood 2014)."""
    value = np.uint64(value) + _STEP
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def hold_out(starts, columns, times, row_codes, column_codes, seed, counts, held):  # type: ignore[no-untyped-def]
    """Mark counts[r] entries of each row r: those with the last times, among equal times drawn ones.

    Args:
        times: (n,) int64, or empty: all are equal.
        row_codes, column_codes: uint64 of the names.
        held: (n,) bool, filled.
    """
    for row in range(len(starts) - 1):
        begin, end = starts[row], starts[row + 1]
        held[begin:end] = False
        if counts[row] < 1:
            continue
        own = mixed(row_codes[row] ^ mixed(seed))
        draws = np.empty(end - begin, np.uint64)
        for entry in range(begin, end):
            draws[entry - begin] = mixed(own ^ column_codes[columns[entry]])
        order = np.argsort(draws, kind="mergesort")
        if len(times):
            order = order[np.argsort(times[begin:end][order], kind="mergesort")]
        for place in range(len(order) - counts[row], len(order)):
            held[begin + order[place]] = True


def hold_out_numpy(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    times: NDArray[np.int64],
    row_codes: NDArray[np.uint64],
    column_codes: NDArray[np.uint64],
    seed: np.uint64,
    counts: NDArray[np.int64],
    held: NDArray[np.bool_],
) -> None:
    """The last counts[r] entries of row r by (time, mixed(mixed(row ^ mixed(seed)) ^ column))."""
    held[:] = False
    for row in range(len(starts) - 1):
        entries = np.arange(starts[row], starts[row + 1])
        own = mixed_numpy(row_codes[row : row + 1] ^ mixed_numpy(np.array([seed])))
        draws = mixed_numpy(own ^ column_codes[columns[entries]])
        order = np.lexsort((draws, times[entries] if len(times) else np.zeros(len(entries))))
        held[entries[order[len(order) - counts[row] :]]] = True


def mixed_numpy(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The same formula, of an array."""
    found = values + _STEP
    found = (found ^ (found >> np.uint64(30))) * _FIRST
    found = (found ^ (found >> np.uint64(27))) * _SECOND
    return np.asarray(found ^ (found >> np.uint64(31)))
