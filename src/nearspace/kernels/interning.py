"""Interning: the number of each name, in the order in which names first appear, by open addressing.

A table has 2^b entries, each the number of a name or -1, and is at most half full. The kernels stop where the
next name does not fit, so that their caller can make room and go on.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import load_word, prefetch

_BLOCK = 32  # texts whose memory is asked for at once
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / the golden ratio: Fibonacci hashing (Knuth)
_PRIME = np.uint64(0xFF51AFD7ED558CCD)  # of the finalizer of MurmurHash3 (Appleby)


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
def intern_text(data, offsets, begin, table, heads, letters, bounds, count, rows):  # type: ignore[no-untyped-def]
    """Number texts of UTF-8.

    Args:
        data: (bytes,) uint8; text t is data[offsets[t] : offsets[t + 1]]; those from `begin` on are taken.
        table: (2^b,) int32.
        heads: (4 * 2^(b - 1),) uint64, four of each name: hash, length, first and second 8 bytes.
        letters, bounds: the names so far: name r is letters[bounds[r] : bounds[r + 1]].
        rows: (n,) int32, filled.

    Returns:
        up to which text all went well, and how many names there are now.
    """
    last = np.int64(len(table) - 1)
    codes, slots = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.int64)
    words = np.empty(2 * _BLOCK, np.uint64)
    for block in range(begin, len(offsets) - 1, _BLOCK):
        stop = min(block + _BLOCK, len(offsets) - 1)
        for at in range(block, stop):
            here = at - block
            codes[here] = _packed(data, np.int64(offsets[at]), np.int64(offsets[at + 1]), words, 2 * here)
            slots[here] = np.int64((codes[here] * _GOLDEN) >> np.uint64(20)) & last
            prefetch(table, slots[here])
        for at in range(block, stop):
            if table[slots[at - block]] >= 0:
                prefetch(heads, 4 * np.int64(table[slots[at - block]]))
        for at in range(block, stop):
            here, start = at - block, np.int64(offsets[at])
            size, slot = np.int64(offsets[at + 1]) - start, slots[here]
            while table[slot] >= 0:
                row = np.int64(table[slot])
                same = heads[4 * row] == codes[here] and heads[4 * row + 1] == np.uint64(size)
                same = (
                    same
                    and heads[4 * row + 2] == words[2 * here]
                    and heads[4 * row + 3] == words[2 * here + 1]
                )
                byte = 16
                while same and byte < size:
                    same = letters[bounds[row] + byte] == data[start + byte]
                    byte += 1
                if same:
                    break
                slot = (slot + 1) & last
            if table[slot] < 0:
                if 4 * count == len(heads) or bounds[count] + size > len(letters):
                    return at, count
                letters[bounds[count] : bounds[count] + size] = data[start : start + size]
                bounds[count + 1] = bounds[count] + size
                heads[4 * count], heads[4 * count + 1] = codes[here], np.uint64(size)
                heads[4 * count + 2], heads[4 * count + 3] = words[2 * here], words[2 * here + 1]
                table[slot] = count
                count += 1
            rows[at] = table[slot]
    return len(offsets) - 1, count


@njit(cache=True, nogil=True)
def _packed(data, start, end, words, at):  # type: ignore[no-untyped-def]
    """Give the hash of a text; words[at] and the next become its first 16 bytes, then zeros."""
    words[at], words[at + 1] = np.uint64(0), np.uint64(0)
    code = np.uint64(end - start) * _GOLDEN
    byte, number = start, 0
    while byte < end:
        word = np.uint64(0)
        if byte + 8 <= len(data):
            word = load_word(data, byte)
            if byte + 8 > end:
                word &= (np.uint64(1) << np.uint64(8 * (end - byte))) - np.uint64(1)
        else:
            for place in range(byte, end):
                word |= np.uint64(data[place]) << np.uint64(8 * (place - byte))
        if number < 2:
            words[at + number] = word
        code = (code ^ word) * _PRIME
        code ^= code >> np.uint64(29)
        byte, number = byte + 8, number + 1
    return code


@njit(cache=True, nogil=True)
def enter_heads(heads, count, table):  # type: ignore[no-untyped-def]
    """Enter the first `count` names into an empty table by their hashes."""
    last = np.int64(len(table) - 1)
    for row in range(count):
        slot = np.int64((heads[4 * row] * _GOLDEN) >> np.uint64(20)) & last
        while table[slot] >= 0:
            slot = (slot + 1) & last
        table[slot] = row


def intern_python(
    values: list[int] | list[bytes], known: MutableMapping[int | bytes, int]
) -> NDArray[np.int32]:
    """The number of each value in a dict; a new one gets the next number."""
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
