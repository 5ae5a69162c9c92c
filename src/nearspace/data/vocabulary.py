"""Vocabulary: the words that a corpus is reduced to, with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.token_table import gather
from nearspace.keys import Keys

_PREFIX = 8


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words and how often they came.

    Attributes:
        keys: the V words, most frequent first, ties by their UTF-8 bytes; after continued reading the old
            words stand first, as they were, then the new ones in that order.
        counts: (V,) int64.
        total: all tokens that were read, words that are not in `keys` included.
    """

    keys: Keys
    counts: NDArray[np.int64]
    total: int

    def __len__(self) -> int:
        return len(self.keys)


def by_frequency(
    names: NDArray[np.uint8], starts: NDArray[np.int32], counts: NDArray[np.int64], ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sort `ids` by descending count, ties by the bytes of names[starts[id]:starts[id + 1]]."""
    prefix = np.zeros(len(ids), dtype=np.uint64)
    begin, length = starts[ids], starts[ids + 1] - starts[ids]
    for position in range(_PREFIX):
        here = length > position
        prefix[here] |= names[begin[here] + position].astype(np.uint64) << np.uint64(8 * (7 - position))
    order = np.lexsort((prefix, -counts[ids]))
    same = (np.diff(counts[ids][order]) == 0) & (np.diff(prefix[order]) == 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2):  # words that agree in their first eight bytes
        run = order[first : last + 1]
        order[first : last + 1] = sorted(
            run.tolist(), key=lambda at: names[begin[at] : begin[at] + length[at]].tobytes()
        )
    return ids[order]


def pick(names: NDArray[np.uint8], starts: NDArray[np.int32], ids: NDArray[np.int64]) -> Keys:
    """Give the words `ids` as Keys, in that order."""
    data = np.empty(int((starts[ids + 1] - starts[ids]).sum(dtype=np.int64)), dtype=np.uint8)
    offsets = np.empty(len(ids) + 1, dtype=np.int64)
    gather(names, starts, ids, data, offsets)
    return Keys.from_buffers(data, offsets)
