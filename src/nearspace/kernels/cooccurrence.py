"""Counting word pairs in windows, and sorting and summing what was counted.

A pair (a, b) of a vocabulary of `size` words has the key a * size + b. Counts are whole numbers of a unit
(see `nearspace.data.cooccurrence`), so sums are exact and do not depend on the order of additions.
The most frequent pairs are counted in the *head*, a dense triangle: cell (a, b), a <= b < ends[a], lies at
head[starts[a] + b - a]. All others go, in both orders, to a buffer of keys and values.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

LINE_END = -1
CELL_LIMIT = 2**31
DIGIT_BITS = 11


@njit(cache=True, nogil=True)
def count_pairs(
    rows: NDArray[np.int32],
    first: int,
    weights: NDArray[np.int64],
    size: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    head: NDArray[np.uint32],
    keys: NDArray[np.int64],
    values: NDArray[np.uint32],
    used: int,
) -> tuple[int, int]:
    """Count the pairs of rows[first:] with up to len(weights) - 1 words before them in their line.

    weights[d] is what a pair at distance d counts. Stops when the buffer might not hold another word's pairs.
    Returns the position reached and the buffer's new fill.
    """
    window = len(weights) - 1
    room = len(keys) - 2 * window
    head_rows = len(ends)
    position = first
    while position < len(rows) and used <= room:
        word = np.int64(rows[position])
        if word != LINE_END:
            for distance in range(1, min(window, position) + 1):
                other = np.int64(rows[position - distance])
                if other == LINE_END:
                    break
                low = min(word, other)
                high = max(word, other)
                weight = weights[distance]
                if low < head_rows and high < ends[low]:
                    cell = starts[low] + high - low
                    weight += np.int64(head[cell])
                    if weight < CELL_LIMIT:
                        head[cell] = weight
                        continue
                    head[cell] = 0
                keys[used] = low * size + high
                keys[used + 1] = high * size + low
                values[used] = weight
                values[used + 1] = weight
                used += 2
        position += 1
    return position, used


def count_pairs_numpy(
    rows: NDArray[np.int32], weights: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keys (ascending) and counts of all ordered pairs: X[a, b] = sum of weights[|s - t|].

    The sum is over positions s != t of one line with rows[s] = a, rows[t] = b and |s - t| <= window.
    """
    dense = np.zeros(size * size, dtype=np.int64)
    line = np.cumsum(rows == LINE_END)
    for distance in range(1, min(len(weights), len(rows))):
        near, far = rows[distance:].astype(np.int64), rows[:-distance].astype(np.int64)
        same = (line[distance:] == line[:-distance]) & (near != LINE_END) & (far != LINE_END)
        np.add.at(dense, near[same] * size + far[same], weights[distance])
        np.add.at(dense, far[same] * size + near[same], weights[distance])
    keys = np.flatnonzero(dense)
    return keys, dense[keys]


@njit(cache=True, nogil=True)
def drain_head(
    row: int,
    size: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    head: NDArray[np.uint32],
    keys: NDArray[np.int64],
    values: NDArray[np.uint32],
) -> tuple[int, int]:
    """Move cells of the head, from `row` on, into the empty buffer, in both orders; empty the head's cells.

    Whole rows are moved while they fit (2 * (ends[row] - row) entries). Returns the next row and the fill.
    """
    used = 0
    while row < len(ends) and used + 2 * (ends[row] - row) <= len(keys):
        for column in range(row, ends[row]):
            cell = starts[row] + column - row
            if head[cell]:
                keys[used] = row * size + column
                keys[used + 1] = column * size + row
                values[used] = head[cell]
                values[used + 1] = head[cell]
                used += 2
                head[cell] = 0
        row += 1
    return row, used


@njit(cache=True, nogil=True)
def sort_pairs(
    keys: NDArray[np.int64],
    values: NDArray[np.uint32],
    spare_keys: NDArray[np.int64],
    spare_values: NDArray[np.uint32],
    bits: int,
) -> int:
    """Sort by key with a radix sort, least significant digit first; keys are below 2**bits.

    Returns 0 if the sorted pairs ended in (keys, values), 1 if in the spare arrays.
    """
    buckets = 1 << DIGIT_BITS
    passes = (bits + DIGIT_BITS - 1) // DIGIT_BITS
    begin = np.empty(buckets, dtype=np.int64)
    for digit in range(passes):
        shift = digit * DIGIT_BITS
        begin[:] = 0
        for at in range(len(keys)):
            begin[(keys[at] >> shift) & (buckets - 1)] += 1
        total = 0
        for bucket in range(buckets):
            count = begin[bucket]
            begin[bucket] = total
            total += count
        for at in range(len(keys)):
            bucket = (keys[at] >> shift) & (buckets - 1)
            spare_keys[begin[bucket]] = keys[at]
            spare_values[begin[bucket]] = values[at]
            begin[bucket] += 1
        keys, spare_keys = spare_keys, keys
        values, spare_values = spare_values, values
    return passes % 2


def sort_pairs_numpy(
    keys: NDArray[np.int64],
    values: NDArray[np.uint32],
    spare_keys: NDArray[np.int64],
    spare_values: NDArray[np.uint32],
    bits: int,
) -> int:
    """Stable sort by key, in place."""
    order = np.argsort(keys, kind="stable")
    keys[:], values[:] = keys[order], values[order]
    return 0


@njit(cache=True, nogil=True)
def sum_sorted(keys: NDArray[np.int64], values: NDArray[np.uint32], sums: NDArray[np.int64]) -> int:
    """Sum the values of equal neighbouring keys into `sums`, move the keys up; returns how many remain."""
    kept = -1
    for at in range(len(keys)):
        if kept < 0 or keys[at] != keys[kept]:
            kept += 1
            keys[kept] = keys[at]
            sums[kept] = values[at]
        else:
            sums[kept] += np.int64(values[at])
    return kept + 1


def sum_sorted_numpy(keys: NDArray[np.int64], values: NDArray[np.uint32], sums: NDArray[np.int64]) -> int:
    """sums[u] = sum of values[k] over k with keys[k] = u-th distinct key."""
    distinct, first = np.unique(keys, return_index=True)
    if len(distinct):
        sums[: len(distinct)] = np.add.reduceat(values.astype(np.int64), first)
    keys[: len(distinct)] = distinct
    return len(distinct)


@njit(cache=True, nogil=True)
def shrink_sorted(keys: NDArray[np.int64], values: NDArray[np.uint32]) -> int:
    """Sum equal neighbouring keys in place; a key stays twice where its sum would reach CELL_LIMIT."""
    kept = -1
    for at in range(len(keys)):
        same = kept >= 0 and keys[at] == keys[kept]
        if same and np.int64(values[at]) + np.int64(values[kept]) < CELL_LIMIT:
            values[kept] += values[at]
        else:
            kept += 1
            keys[kept] = keys[at]
            values[kept] = values[at]
    return kept + 1


def shrink_sorted_numpy(keys: NDArray[np.int64], values: NDArray[np.uint32]) -> int:
    """The same, one entry at a time."""
    out: list[list[int]] = []
    for key, value in zip(keys.tolist(), values.tolist(), strict=True):
        if out and out[-1][0] == key and out[-1][1] + value < CELL_LIMIT:
            out[-1][1] += value
        else:
            out.append([key, value])
    for at, (key, value) in enumerate(out):
        keys[at], values[at] = key, value
    return len(out)
