"""Pairs of neighbouring ids in a stream: count them, and join those that are phrases.

A pair (a, b) is the key a * 2^32 + b + 1. Tables have a power of two slots, at most two thirds in use,
and 0 for an empty one; `values` holds what belongs to the key of the same slot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, multiplicative hashing)
_UPPER = np.uint64(32)


@njit(cache=True, nogil=True, inline="always", _nrt=False)
def _slot(key: int, keys: NDArray[np.int64]) -> Any:
    """The slot that has `key`, or the empty one where it belongs."""
    mask = np.int64(keys.size - 1)
    at = np.int64((np.uint64(key) * _SPREAD) >> _UPPER) & mask
    while keys[at] != 0 and keys[at] != key:
        at = (at + 1) & mask
    return at


@njit(cache=True, nogil=True, _nrt=False)
def put_pairs(
    pairs: NDArray[np.int64], given: NDArray[np.int32], keys: NDArray[np.int64], values: NDArray[np.int32]
) -> None:
    """Set `values` of all `pairs` but 0 to `given`; the table must have room."""
    for number in range(pairs.size):
        if pairs[number] != 0:
            at = _slot(pairs[number], keys)
            keys[at] = pairs[number]
            values[at] = given[number]


@njit(cache=True, nogil=True, _nrt=False)
def count_pairs(
    entries: NDArray[np.int32],
    start: int,
    eligible: NDArray[np.bool_],
    keys: NDArray[np.int64],
    values: NDArray[np.int32],
    state: NDArray[np.int64],
) -> int:
    """Count the pairs of eligible ids that stand side by side; give where it stopped for lack of room.

    state[0] is the id before entries[start], or -1; state[1] is the number of pairs in the table.
    """
    before = state[0]
    stopped = entries.size
    for place in range(start, entries.size):
        entry = np.int64(entries[place])
        here = entry if entry >= 0 and eligible[entry] else np.int64(-1)
        if before >= 0 and here >= 0:
            key = (before << 32) + here + 1
            at = _slot(key, keys)
            if keys[at] == 0:
                if 3 * (state[1] + 1) > 2 * keys.size:
                    stopped = place
                    break
                keys[at] = key
                state[1] += 1
            values[at] += 1
        before = here
    state[0] = before
    return stopped


def count_pairs_numpy(entries: NDArray[np.int32], eligible: NDArray[np.bool_]) -> dict[int, int]:
    """{a * 2^32 + b + 1: number of places where b follows a, both >= 0 and eligible}."""
    good = (entries >= 0) & eligible[entries]
    both = good[:-1] & good[1:]
    pairs = (entries[:-1][both].astype(np.int64) << 32) + entries[1:][both] + 1
    found, counts = np.unique(pairs, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


@njit(cache=True, nogil=True, _nrt=False)
def join_pairs(
    entries: NDArray[np.int32],
    keys: NDArray[np.int64],
    values: NDArray[np.int32],
    dropped: int,
    now_dropped: int,
    counts: NDArray[np.int64],
    out: NDArray[np.int32],
    state: NDArray[np.int64],
) -> int:
    """Write `entries` with every pair of the table made one id, from the left, and count what is written.

    The id `dropped` becomes `now_dropped`, which is not counted. state[0] is an id that waits for what
    follows it, or -1. `out` has room for one more than `entries`. Gives how many it wrote.
    """
    waiting, written = state[0], 0
    for place in range(entries.size):
        entry = np.int64(entries[place])
        if entry == dropped:
            entry = np.int64(now_dropped)
        if waiting >= 0 and entry >= 0:
            key = (waiting << 32) + entry + 1
            at = _slot(key, keys)
            if keys[at] == key:
                out[written] = values[at]
                counts[values[at]] += 1
                written += 1
                waiting = np.int64(-1)
                continue
        if waiting >= 0:
            out[written] = waiting
            written += 1
            if waiting != now_dropped:
                counts[waiting] += 1
        waiting = entry
        if entry < 0:
            out[written] = -1
            written += 1
    state[0] = waiting
    return written


def join_pairs_numpy(entries: list[int], phrases: dict[tuple[int, int], int]) -> list[int]:
    """x[i] x[i+1] -> phrases[x[i], x[i+1]] where it is one, the leftmost first; else x[i] stays."""
    joined, place = [], 0
    while place < len(entries):
        phrase = phrases.get((entries[place], entries[place + 1])) if place + 1 < len(entries) else None
        joined.append(entries[place] if phrase is None else phrase)
        place += 1 if phrase is None else 2
    return joined
