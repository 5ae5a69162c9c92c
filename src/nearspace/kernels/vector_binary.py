"""Records of a key, a space and d float32: the body of word2vec's binary format."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SPACE, NEWLINE = 32, 10


def parse_records_numpy(
    block: NDArray[np.uint8], rows: NDArray[np.uint8], spans: NDArray[np.int64]
) -> tuple[int, int]:
    """Cut records out of `block` in plain Python: the twin of `parse_records`."""
    # record = newline* key space row; key = bytes without a space
    done, at = 0, 0
    content = block.tobytes()
    while done < len(rows):
        begin = at
        while content[begin : begin + 1] == b"\n":
            begin += 1
        end = content.find(b" ", begin)
        if end < 0 or end + 1 + rows.shape[1] > len(content):
            break
        at = end + 1 + rows.shape[1]
        rows[done] = block[end + 1 : at]
        spans[done] = begin, end
        done += 1
    return done, at


@njit(cache=True, nogil=True)
def _parse_records(block, rows, spans):  # type: ignore[no-untyped-def]
    width = rows.shape[1]
    done, at = 0, 0
    while done < len(rows):
        begin = at
        while begin < len(block) and block[begin] == NEWLINE:
            begin += 1
        end = begin
        while end < len(block) and block[end] != SPACE:
            end += 1
        if end + 1 + width > len(block):
            break
        rows[done] = block[end + 1 : end + 1 + width]
        spans[done, 0] = begin
        spans[done, 1] = end
        at = end + 1 + width
        done += 1
    return done, at


def parse_records(
    block: NDArray[np.uint8], rows: NDArray[np.uint8], spans: NDArray[np.int64]
) -> tuple[int, int]:
    """Cut whole records out of `block` (bytes,) uint8.

    `rows` (r, 4 d) uint8 gets the bytes of the vectors, `spans` (r, 2) int64 where each key begins and ends.
    Returns how many records were cut (at most r), and where the next one begins.
    """
    done, at = _parse_records(block, rows, spans)
    return int(done), int(at)
