"""UTF-8, one character at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, _nrt=False)
def decode(data: NDArray[np.uint8], at: int, stop: int) -> Any:
    """Code point and length of the UTF-8 sequence at `at`; length 0: cut off by `stop`, -1: invalid."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xC2 or first > 0xF4:
        return 0, -1
    if at + 1 >= stop:
        return 0, 0
    second = np.int64(data[at + 1])
    if (second & 0xC0) != 0x80:
        return 0, -1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (second & 0x3F), 2
    if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
        return 0, -1  # overlong form, surrogate
    if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
        return 0, -1  # overlong form, beyond U+10FFFF
    if at + 2 >= stop:
        return 0, 0
    third = np.int64(data[at + 2])
    if (third & 0xC0) != 0x80:
        return 0, -1
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((second & 0x3F) << 6) | (third & 0x3F), 3
    if at + 3 >= stop:
        return 0, 0
    fourth = np.int64(data[at + 3])
    if (fourth & 0xC0) != 0x80:
        return 0, -1
    low = ((second & 0x3F) << 12) | ((third & 0x3F) << 6) | (fourth & 0x3F)
    return ((first & 0x07) << 18) | low, 4


@njit(cache=True, nogil=True, _nrt=False)
def encode(code: int, names: NDArray[np.uint8], at: int) -> int:
    """Write a code point as UTF-8 and give the number of bytes."""
    if code < 0x80:
        names[at] = code
        return 1
    if code < 0x800:
        names[at] = 0xC0 | (code >> 6)
        names[at + 1] = 0x80 | (code & 0x3F)
        return 2
    if code < 0x10000:
        names[at] = 0xE0 | (code >> 12)
        names[at + 1] = 0x80 | ((code >> 6) & 0x3F)
        names[at + 2] = 0x80 | (code & 0x3F)
        return 3
    names[at] = 0xF0 | (code >> 18)
    names[at + 1] = 0x80 | ((code >> 12) & 0x3F)
    names[at + 2] = 0x80 | ((code >> 6) & 0x3F)
    names[at + 3] = 0x80 | (code & 0x3F)
    return 4


def decode_numpy(data: bytes) -> tuple[int, int]:
    """What `decode` gives for the first character of `data`, by the codec of the standard library.

    A sequence is cut off where some continuation would make it valid, invalid where none would.
    """
    for size in range(1, 5):
        try:
            return (ord(data[:size].decode("utf-8")), size) if len(data) >= size else (0, 0)
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break
    return 0, -1
