"""Interning: the number of each name, in the order in which names first appear, by open addressing.

A table has 2^b entries, each the number of a name or -1, and is at most half full. The kernels stop where the
next name does not fit, so that their caller can make room and go on.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / the golden ratio: Fibonacci hashing (Knuth)
_BASIS = np.uint64(0xCBF29CE484222325)  # FNV-1a, as Keys
_PRIME = np.uint64(0x100000001B3)


@njit(cache=True, nogil=True)
def intern_whole(values, begin, table, names, count, rows):  # type: ignore[no-untyped-def]
    """Number whole numbers.

    Args:
        values: (n,) int64; those from `begin` on are taken.
        table: (2^b,) int32.
        names: (2^(b - 1),) int64, of which `count` are taken.
        rows: (n,) int32, filled.

    Returns:
        up to which value all went well, and how many names there are now.
    """
    last = np.int64(len(table) - 1)
    for at in range(begin, len(values)):
        value = values[at]
        code = np.uint64(value) * _GOLDEN
        slot = np.int64(code >> np.uint64(20)) & last
        while table[slot] >= 0 and names[table[slot]] != value:
            slot = (slot + 1) & last
        if table[slot] < 0:
            if count == len(names):
                return at, count
            names[count] = value
            table[slot] = count
            count += 1
        rows[at] = table[slot]
    return len(values), count


@njit(cache=True, nogil=True)
def intern_text(data, offsets, begin, table, hashes, letters, bounds, count, rows):  # type: ignore[no-untyped-def]
    """Number texts of UTF-8.

    Args:
        data: (bytes,) uint8; text t is data[offsets[t] : offsets[t + 1]]; those from `begin` on are taken.
        table: (2^b,) int32.
        hashes: (2^(b - 1),) uint64, FNV-1a of each name.
        letters, bounds: the names so far: name r is letters[bounds[r] : bounds[r + 1]].
        rows: (n,) int32, filled.

    Returns:
        up to which text all went well, and how many names there are now.
    """
    last = np.int64(len(table) - 1)
    for at in range(begin, len(offsets) - 1):
        start, end = np.int64(offsets[at]), np.int64(offsets[at + 1])
        code = _BASIS
        for byte in range(start, end):
            code = (code ^ np.uint64(data[byte])) * _PRIME
        slot = np.int64((code * _GOLDEN) >> np.uint64(20)) & last
        while table[slot] >= 0:
            row = table[slot]
            same = hashes[row] == code and bounds[row + 1] - bounds[row] == end - start
            byte = 0
            while same and byte < end - start:
                same = letters[bounds[row] + byte] == data[start + byte]
                byte += 1
            if same:
                break
            slot = (slot + 1) & last
        if table[slot] < 0:
            if count == len(hashes) or bounds[count] + end - start > len(letters):
                return at, count
            letters[bounds[count] : bounds[count] + end - start] = data[start:end]
            bounds[count + 1] = bounds[count] + end - start
            hashes[count] = code
            table[slot] = count
            count += 1
        rows[at] = table[slot]
    return len(offsets) - 1, count


@njit(cache=True, nogil=True)
def enter_hashes(hashes, count, table):  # type: ignore[no-untyped-def]
    """Enter the first `count` names into an empty table by their hashes."""
    last = np.int64(len(table) - 1)
    for row in range(count):
        slot = np.int64((hashes[row] * _GOLDEN) >> np.uint64(20)) & last
        while table[slot] >= 0:
            slot = (slot + 1) & last
        table[slot] = row


def intern_python(
    values: list[int] | list[bytes], known: MutableMapping[int | bytes, int]
) -> NDArray[np.int32]:
    """The number of each value in a dict; a new one gets the next number."""
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
