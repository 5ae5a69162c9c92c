"""What spelling alone tells: overlap of character n-grams, the baseline of a user without vectors."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def grams(word: str) -> frozenset[str]:
    """The 2- and 3-grams of a lower-cased word with its ends marked."""
    marked = f"<{word.lower()}>"
    return frozenset(marked[at : at + n] for n in (2, 3) for at in range(len(marked) - n + 1))


def dice(left: str, right: str) -> float:
    """Share of common n-grams, 2 |A and B| / (|A| + |B|), 0..1 (Dice 1945)."""
    one, other = grams(left), grams(right)
    return 2 * len(one & other) / (len(one) + len(other))


def spelled(words: Sequence[str], buckets: int = 256) -> NDArray[np.float32]:
    """(n, buckets) counts of hashed n-grams: vectors that know the spelling and nothing else."""
    vectors = np.zeros((len(words), buckets), dtype=np.float32)
    for row, word in enumerate(words):
        for gram in grams(word):
            vectors[row, zlib.crc32(gram.encode()) % buckets] += 1
    return vectors
