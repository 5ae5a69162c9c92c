"""The words of a test set in a Space: which row each has, or which vector its encoder gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.space import Space


@dataclass(frozen=True, eq=False)
class Placed:
    """Vectors of n words.

    Attributes:
        vectors: (n, d) float32; zeros where the word is unknown.
        known: (n,) whether the word has a vector; one of zeros is no place in a Space.
        encoded: how many of the known words are no keys and were placed by the encoder.
    """

    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]
    encoded: int = 0


def forms(word: str) -> tuple[str, ...]:
    """The keys under which a word is looked for, in this order: as written, lower-case, joined by "_"."""
    joined = word.replace(" ", "_")
    return tuple(dict.fromkeys((word, word.lower(), joined, joined.lower())))


def find(space: Space, word: str) -> int:
    """Give the row of a word under the first of its `forms` that is a key, or -1."""
    for form in forms(word):
        row = space.keys.find(form)
        if row is not None:
            return row
    return -1


def rows(space: Space, words: Sequence[str]) -> NDArray[np.int64]:
    """(n,) rows of `words`, -1 where unknown."""
    found = {word: find(space, word) for word in dict.fromkeys(words)}
    return np.array([found[word] for word in words], dtype=np.int64)


def place(space: Space, words: Sequence[str], *, oov: bool = False) -> Placed:
    """Give the vectors of `words`; with `oov` the Space's encoder places those that are no keys.

    The encoder is given the word in lower case.
    """
    at = rows(space, words)
    vectors = np.zeros((len(words), space.dim), dtype=np.float32)
    vectors[at >= 0] = space.vectors[at[at >= 0]]
    known = np.asarray(vectors.any(axis=1))
    missing = np.flatnonzero(at < 0)
    encoded = 0
    if oov and space.encoder is not None and len(missing):
        unseen = [words[int(row)].lower() for row in missing]
        made = np.asarray(space.encoder.encode(unseen), dtype=np.float32)
        placed = made.any(axis=1)
        vectors[missing] = made
        known[missing] = placed
        encoded = int(placed.sum())
    return Placed(vectors, known, encoded)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def scores(left: NDArray[np.float32], right: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """(n,) how near each two rows are: cosine, dot product, or minus the Euclidean distance."""
    if metric == "euclidean":
        return np.asarray(-np.linalg.norm(left.astype(np.float64) - right, axis=1))
    if metric == "cosine":
        left, right = unit(left), unit(right)
    return np.asarray(np.einsum("nd,nd->n", left.astype(np.float64), right))
