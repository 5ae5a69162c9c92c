"""Events put into the rows of a sparse matrix in little memory: placed, merged, turned, thinned out."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def count_rows(rows, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` how often each row occurs."""
    for row in rows:
        counts[row] += 1


@njit(cache=True, nogil=True)
def added(total, values):  # type: ignore[no-untyped-def]
    """Add values in their order, so that the sum is the same however they are cut into batches."""
    for value in values:
        total += value
    return total


@njit(cache=True, nogil=True)
def place_events(users, items, weights, times, scale, places, ends, columns, sums, last):  # type: ignore[no-untyped-def]
    """Write events behind those that their user has already.

    Args:
        users, items: (m,) int32 rows.
        weights: (m,) float32, or empty: then `sums` is empty too; they are multiplied with `scale`.
        times: (m,) int64, or empty: then `last` is empty too.
        places: new row of each user, and of each item.
        ends: (U,) int64 where the next event of each new row goes; moved on.
        columns, sums, last: (n,) item, weight and time of the events by user; filled.
    """
    user_places, item_places = places
    for event in range(len(users)):
        row = user_places[users[event]]
        at = ends[row]
        ends[row] = at + 1
        columns[at] = item_places[items[event]]
        if len(sums):
            sums[at] = np.float32(weights[event] * scale)
        if len(last):
            last[at] = times[event]


def place_events_numpy(users, items, weights, times, scale, places, ends, columns, sums, last):  # type: ignore[no-untyped-def]
    """An event goes to the end of its row plus how many of the same row came before it."""
    rows = places[0][users]
    order = np.argsort(rows, kind="stable")
    before = np.empty(len(rows), np.int64)
    firsts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(ends)))))
    before[order] = np.arange(len(rows)) - firsts[rows[order]]
    at = ends[rows] + before
    columns[at] = places[1][items]
    if len(sums):
        sums[at] = (weights.astype(np.float64) * scale).astype(np.float32)
    if len(last):
        last[at] = times
    ends += np.diff(firsts)


@njit(cache=True, nogil=True)
def merge_rows(starts, columns, weights, times, unit):  # type: ignore[no-untyped-def]
    """Sort each row by column in place, add up equal ones (in their order, as float64), keep their last time.

    Args:
        weights: (n,) float32; not read but only written if `unit`: then each event weighs 1.
        times: (n,) int64, or empty.

    Returns:
        the starts of the rows that are left, at the front of the arrays.
    """
    longest = 0
    for row in range(len(starts) - 1):
        longest = max(longest, starts[row + 1] - starts[row])
    keys = np.empty(longest, np.uint64)
    held = np.empty(0 if unit else longest, np.float32)
    stamps = np.empty(longest if len(times) else 0, np.int64)
    left = np.zeros(len(starts), np.int64)
    count = 0
    for row in range(len(starts) - 1):
        begin, size = starts[row], starts[row + 1] - starts[row]
        ascending = True
        for at in range(size):
            keys[at] = (np.uint64(columns[begin + at]) << np.uint64(32)) | np.uint64(at)
            ascending = ascending and (at == 0 or keys[at] > keys[at - 1])
            if not unit:
                held[at] = weights[begin + at]
            if len(times):
                stamps[at] = times[begin + at]
        if not ascending:
            keys[:size].sort()
        at = 0
        while at < size:
            column, total = keys[at] >> np.uint64(32), 0.0
            stamp = np.int64(np.iinfo(np.int64).min)
            while at < size and keys[at] >> np.uint64(32) == column:
                event = np.int64(keys[at] & _LOW)
                total += 1.0 if unit else held[event]
                if len(times):
                    stamp = max(stamp, stamps[event])
                at += 1
            columns[count], weights[count] = np.int32(column), np.float32(total)
            if len(times):
                times[count] = stamp
            count += 1
        left[row + 1] = count
    return left


def merge_rows_numpy(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    times: NDArray[np.int64],
    unit: bool,
) -> NDArray[np.int64]:
    """sum and max over the groups of equal (row, column)."""
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((columns, rows))
    rows, taken, stamps = rows[order], columns[order], times[order] if len(times) else times
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (rows[1:] != rows[:-1]) | (taken[1:] != taken[:-1])
    group = np.cumsum(fresh) - 1
    count = int(fresh.sum())
    sums = np.bincount(group, weights=np.ones(len(rows)) if unit else weights[order], minlength=count)
    columns[:count], weights[:count] = taken[fresh], sums
    if len(times):
        times[:count] = np.maximum.reduceat(stamps, np.flatnonzero(fresh))
    return np.concatenate(([0], np.cumsum(np.bincount(rows[fresh], minlength=len(starts) - 1)))).astype(
        np.int64
    )


@njit(cache=True, nogil=True)
def turn_around(starts, columns, weights, size):  # type: ignore[no-untyped-def]
    """Give a sparse matrix by its columns, of which there are `size`."""
    turned = np.zeros(size + 1, np.int64)
    for column in columns:
        turned[column + 1] += 1
    for column in range(size):
        turned[column + 1] += turned[column]
    ends = turned[:-1].copy()
    rows = np.empty(len(columns), np.int32)
    moved = np.empty(len(columns), np.float32)
    for row in range(len(starts) - 1):
        for entry in range(starts[row], starts[row + 1]):
            at = ends[columns[entry]]
            ends[columns[entry]] = at + 1
            rows[at], moved[at] = row, weights[entry]
    return turned, rows, moved


def turn_around_numpy(
    starts: NDArray[np.int64], columns: NDArray[np.int32], weights: NDArray[np.float32], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """A stable sort by column."""
    order = np.argsort(columns, kind="stable")
    rows = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    turned = np.concatenate(([0], np.cumsum(np.bincount(columns, minlength=size)))).astype(np.int64)
    return turned, rows[order], weights[order]


@njit(cache=True, nogil=True)
def core(starts, columns, size, min_row, min_column):  # type: ignore[no-untyped-def]
    """Drop rows and columns with too few entries, until all that are left have enough: the (p, q)-core.

    Returns:
        which rows and which of the `size` columns stay.
    """
    rows, kept = np.ones(len(starts) - 1, np.bool_), np.ones(size, np.bool_)
    changed = True
    while changed:
        changed = False
        counts = np.zeros(size, np.int64)
        for row in range(len(rows)):
            if rows[row]:
                for entry in range(starts[row], starts[row + 1]):
                    counts[columns[entry]] += 1
        for column in range(size):
            if kept[column] and counts[column] < min_column:
                kept[column], changed = False, True
        for row in range(len(rows)):
            if rows[row]:
                count = 0
                for entry in range(starts[row], starts[row + 1]):
                    count += kept[columns[entry]]
                if count < min_row:
                    rows[row], changed = False, True
    return rows, kept


def core_numpy(
    starts: NDArray[np.int64], columns: NDArray[np.int32], size: int, min_row: int, min_column: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The largest sets of rows and columns of which each has enough entries among the others."""
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rows, kept = np.ones(len(starts) - 1, dtype=bool), np.ones(size, dtype=bool)
    while True:
        alive = rows[owners] & kept[columns]
        enough = np.bincount(owners[alive], minlength=len(rows)) >= min_row
        wide = np.bincount(columns[alive], minlength=size) >= min_column
        if (enough | ~rows).all() and (wide | ~kept).all():
            return rows, kept
        rows, kept = rows & enough, kept & wide
