"""A table of words: names side by side, counts, and an open-addressing hash table of their ids.

An id is the number of a word in order of first appearance. `names[starts[i]:starts[i + 1]]` is word i, and
the word that is looked up is put behind the last name, where it stays if it is new. `slots` has a power of
two entries, at most two thirds of them in use; each holds the upper half of the 64-bit FNV-1a hash and
id + 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

GROW, FULL = 1, 2  # what `enter` asks for
MARGIN = 2000  # bytes that stay free behind the names, for the word that is looked up

BASIS = np.uint64(0xCBF29CE484222325)
PRIME = np.uint64(0x100000001B3)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, _nrt=False)
def fnv1a(names: NDArray[np.uint8], start: int, stop: int) -> Any:
    """64-bit FNV-1a."""
    code = BASIS
    for at in range(start, stop):
        code = (code ^ np.uint64(names[at])) * PRIME
    return code


@njit(cache=True, nogil=True, inline="always", _nrt=False)
def enter(
    length: int,
    code: Any,
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    slots: NDArray[np.uint64],
    types: int,
) -> Any:
    """Count the word of `length` bytes behind the last name; give its id, or -GROW or -FULL.

    A slot holds the upper half of the hash and id + 1; the lower half chooses the first slot to look at.
    """
    mask = np.int64(slots.size - 1)
    tail = starts[types]
    at = np.int64(code & _LOW) & mask
    upper = code >> _HALF
    while True:
        slot = slots[at]
        if slot == 0:
            break
        if slot >> _HALF == upper:
            known = np.int64(slot & _LOW) - 1
            begin = starts[known]
            if starts[known + 1] - begin == length:
                same = True
                for position in range(length):
                    if names[begin + position] != names[tail + position]:
                        same = False
                        break
                if same:
                    counts[known] += 1
                    return known
        at = (at + 1) & mask
    if types >= counts.size or tail + length + MARGIN > names.size:
        return -FULL
    if 3 * (types + 1) > 2 * slots.size:
        return -GROW
    slots[at] = (upper << _HALF) | np.uint64(types + 1)
    starts[types + 1] = tail + length
    counts[types] = 1
    return types


@njit(cache=True, nogil=True, _nrt=False)
def rebuild(
    names: NDArray[np.uint8], starts: NDArray[np.int32], types: int, slots: NDArray[np.uint64]
) -> None:
    """Enter all ids into empty `slots`."""
    mask = np.int64(slots.size - 1)
    for known in range(types):
        code = fnv1a(names, starts[known], starts[known + 1])
        at = np.int64(code & _LOW) & mask
        while slots[at] != 0:
            at = (at + 1) & mask
        slots[at] = (code >> _HALF << _HALF) | np.uint64(known + 1)


@njit(cache=True, nogil=True)
def enter_all(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    slots: NDArray[np.uint64],
    types: int,
    ids: NDArray[np.int64],
) -> int:
    """Enter data[offsets[i]:offsets[i + 1]] as word i, counting each once; give how many types there are.

    `ids` takes the ids; the table must have room.
    """
    for word in range(offsets.size - 1):
        length = offsets[word + 1] - offsets[word]
        tail = starts[types]
        names[tail : tail + length] = data[offsets[word] : offsets[word + 1]]
        code = fnv1a(names, tail, tail + length)
        ids[word] = enter(length, code, names, starts, counts, slots, types)
        types += ids[word] == types
    return types


@njit(cache=True, nogil=True, _nrt=False)
def compact(
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    types: int,
    most: int,
    ids: NDArray[np.int32],
) -> int:
    """Drop the words that came at most `most` times, in place; give how many are left.

    `ids` takes what each id becomes, -1 for the dropped ones and for the id `types`.
    """
    kept = tail = 0
    for word in range(types):
        if counts[word] <= most:
            ids[word] = -1
            continue
        begin, end = starts[word], starts[word + 1]
        for at in range(begin, end):
            names[tail + at - begin] = names[at]
        starts[kept], counts[kept], ids[word] = tail, counts[word], kept
        tail += end - begin
        kept += 1
    starts[kept], ids[types] = tail, -1
    return kept


def compact_numpy(
    names: list[bytes], counts: list[int], most: int
) -> tuple[list[bytes], list[int], list[int]]:
    """Words and counts with count > most, and for each id its place among them or -1."""
    kept = [word for word, count in enumerate(counts) if count > most]
    ids = [kept.index(word) if word in kept else -1 for word in range(len(counts))]
    return [names[word] for word in kept], [counts[word] for word in kept], [*ids, -1]


@njit(cache=True, nogil=True, _nrt=False)
def gather(
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    order: NDArray[np.int64],
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> None:
    """Copy the words `order`, in that order, side by side into `data`."""
    tail = 0
    offsets[0] = 0
    for row in range(order.size):
        begin, end = starts[order[row]], starts[order[row] + 1]
        for at in range(begin, end):
            data[tail + at - begin] = names[at]
        tail += end - begin
        offsets[row + 1] = tail


def gather_numpy(
    names: NDArray[np.uint8], starts: NDArray[np.int32], order: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """data = names[starts[o]:starts[o + 1]] for o in order, offsets = running sum of the lengths."""
    parts = [names[starts[row] : starts[row + 1]] for row in order]
    data = np.concatenate([np.zeros(0, np.uint8), *parts])
    return data, np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
