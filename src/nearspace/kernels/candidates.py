"""The rows of one query that may still be among its k best, as one sortable number each.

A key is the float32 score, turned into an unsigned number of the same order, above the complement of the row
number: larger keys are better scores, and among equal scores smaller rows. Rows are below 2^32 - 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

DOT, COSINE, EUCLIDEAN = 0, 1, 2  # kinds of score
LOWEST = np.float32(-3.4028234663852886e38)  # a floor that -inf does not reach
ROW = 0xFFFFFFFF
SIGN = 0x80000000
SLACK = 12  # candidates beyond half of k that are taken before the next shrinking
OVERFLOW = -1  # number of keys of a query of which too many rows are nearly as good as the k-th


@intrinsic
def bits_of(typing: Any, value: Any) -> Any:
    """The 32 bits of a float32, as an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.bitcast(arguments[0], ir.IntType(32)), ir.IntType(64))

    return types.int64(types.float32), generate


@intrinsic
def float_of(typing: Any, bits: Any) -> Any:
    """The float32 of the low 32 bits of an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(builder.trunc(arguments[0], ir.IntType(32)), ir.FloatType())

    return types.float32(types.int64), generate


@intrinsic
def lowest_bit(typing: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@njit(cache=True, nogil=True, inline="always")
def key_of(score, row):  # type: ignore[no-untyped-def]
    """Give the key of a float32 score and a row."""
    bits = bits_of(score)
    order = (bits ^ ROW) if bits & SIGN else (bits | SIGN)
    return (np.uint64(order) << np.uint64(32)) | np.uint64(ROW - row)


@njit(cache=True, nogil=True, inline="always")
def score_of(key):  # type: ignore[no-untyped-def]
    """Give the score of a key."""
    order = np.int64(key >> np.uint64(32))
    return float_of((order ^ SIGN) if order & SIGN else (order ^ ROW))


@njit(cache=True, nogil=True, inline="always")
def row_of(key):  # type: ignore[no-untyped-def]
    """Give the row of a key."""
    return ROW - np.int64(key & np.uint64(ROW))


@njit(cache=True, nogil=True)
def select_largest(keys, count, k):  # type: ignore[no-untyped-def]
    """Bring the k largest of keys[:count] to its front, the k-th largest to place k - 1; 0 < k <= count."""
    low, high, wanted = 0, count - 1, k - 1
    while low < high:
        middle = (low + high) >> 1
        a, b, c = keys[low], keys[middle], keys[high]
        pivot = max(min(a, b), min(max(a, b), c))
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            return


@njit(cache=True, nogil=True)
def shrink(keys, count, k, doubt, relative):  # type: ignore[no-untyped-def]
    """Drop the keys that are surely not among the k best; give how many are left and the floor.

    A score is off by at most doubt + relative |score|, so a row is out if its score lies by twice that below
    the k-th best.
    """
    if count <= k:
        return count, LOWEST
    select_largest(keys, count, k)
    best = np.float64(score_of(keys[k - 1]))
    floor = np.float32(best - 2.0 * (doubt + relative * abs(best)))
    kept = k
    for at in range(k, count):
        if score_of(keys[at]) >= floor:
            keys[kept] = keys[at]
            kept += 1
    return kept, floor


@njit(cache=True, nogil=True)
def is_listed(rows, row):  # type: ignore[no-untyped-def]
    """Whether `row` is in the ascending `rows`."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) >> 1
        if rows[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low < len(rows) and rows[low] == row


@njit(cache=True, nogil=True)
def sort_largest(keys, count):  # type: ignore[no-untyped-def]
    """Sort keys[:count], largest first: split at the median, short ones by insertion."""
    if count <= 24:
        for at in range(1, count):
            key = keys[at]
            to = at
            while to > 0 and keys[to - 1] < key:
                keys[to] = keys[to - 1]
                to -= 1
            keys[to] = key
        return
    half = count // 2
    select_largest(keys, count, half)
    sort_largest(keys[:half], half)
    sort_largest(keys[half:], count - half)


@njit(cache=True, nogil=True)
def first_mark(k, room):  # type: ignore[no-untyped-def]
    """Give the number of candidates at which they are shrunk first."""
    return min(room, k + k // 2 + SLACK)


@njit(cache=True, nogil=True)
def tighten(keys, counts, marks, floors, query, k, doubt, relative):  # type: ignore[no-untyped-def]
    """Shrink the candidates of a query that have reached their mark, raise its floor, and set the next mark.

    Marks lie close above k: a floor that rises early keeps more rows out than shrinking costs.
    """
    room = keys.shape[1]
    count, floors[query] = shrink(keys[query], marks[query], k, doubt, relative)
    marks[query] = min(room, count + max(k, count) // 2 + SLACK)
    counts[query] = count
    if 4 * count > 3 * room:  # the next rows would shrink it again and again
        counts[query] = OVERFLOW
        floors[query] = np.inf
