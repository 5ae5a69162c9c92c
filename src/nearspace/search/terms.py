"""What a user asks with, as rows and vectors: keys, unseen words, vectors, weighted terms."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.index.exact import check_queries
from nearspace.search.suggest import suggest
from nearspace.space import Space
from nearspace.store.dataset import KEY

Term = str | NDArray[Any] | tuple[str | NDArray[Any], float]


@dataclass(frozen=True, eq=False)
class Placed:
    """Queries that were found a place in a Space.

    Attributes:
        labels: (q,) what was asked, as text.
        rows: (q,) int64 row of a query that is a key, else -1.
        vectors: (q, d) float32.
    """

    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]


def place(space: Space, items: str | Sequence[Any] | NDArray[Any]) -> Placed:
    """Find the vectors of a key, of a list of keys, of one vector (d,) or of vectors (q, d).

    Words that are no keys are placed by the encoder of the Space, if it has one.

    Raises:
        UnknownKeyError: a word is no key and cannot be encoded; suggestions are given.
        DimensionError: vectors have another dimension than the Space.
        InputError: nothing was asked, or a vector has NaN or infinity.
    """
    if isinstance(items, str):
        return _place_words(space, [items])
    if not isinstance(items, np.ndarray) or items.dtype.kind not in "fiu":
        items = _listed(items)
        if all(isinstance(item, str) for item in items):
            return _place_words(space, items)
    try:
        numbers = np.asarray(items, dtype=np.float64)
    except (TypeError, ValueError):
        raise _neither(items) from None
    vectors = check_queries(numbers[None] if numbers.ndim == 1 else numbers, space.dim)
    labels = tuple(f"vector {number}" for number in range(len(vectors)))
    return Placed(labels, np.full(len(vectors), -1, dtype=np.int64), vectors)


def _listed(items: Any) -> list[Any]:
    try:
        listed = list(items)
    except TypeError:
        raise _neither(items) from None
    if not listed:
        raise InputError("the query is empty", "Give at least one key or vector.")
    return listed


def _neither(items: Any) -> InputError:
    return InputError(
        f"the query {reprlib.repr(items)} is neither keys nor vectors",
        "Ask with a key, a list of keys, a vector (d,) or vectors (q, d).",
    )


def place_terms(space: Space, terms: str | Iterable[Term]) -> tuple[Placed, NDArray[np.float64]]:
    """Find the vectors and weights of terms: a key, a vector, or (key or vector, weight); no weight means 1.

    Raises:
        SettingError: a weight is not a finite number above 0.
        UnknownKeyError, DimensionError, InputError: as `place`.
    """
    alone = isinstance(terms, str) or (isinstance(terms, np.ndarray) and terms.ndim == 1)
    listed = [terms] if alone else list(terms)
    pairs = [term if isinstance(term, tuple) else (term, 1.0) for term in listed]
    for pair in pairs:
        if len(pair) != 2 or not _is_weight(pair[1]):
            raise SettingError(
                f"term {pair!r} has no weight above 0",
                "Write a term as a key or as (key, weight); terms to be far from go into `negative`.",
            )
    placed = [place(space, np.asarray(item) if isinstance(item, list) else item) for item, _ in pairs]
    if any(len(one.labels) != 1 for one in placed):
        raise InputError("a term is several vectors", "A term is one key or one vector (d,).")
    vectors = np.concatenate([np.empty((0, space.dim), dtype=np.float32), *(one.vectors for one in placed)])
    rows = np.concatenate([np.empty(0, dtype=np.int64), *(one.rows for one in placed)])
    labels = tuple("a vector" if one.labels == ("vector 0",) else one.labels[0] for one in placed)
    return Placed(labels, rows, vectors), np.array([weight for _, weight in pairs], dtype=np.float64)


def place_text(space: Space, text: str) -> Placed:
    """Find the one vector of free text; `rows` are those of the keys that it is made of.

    The first of these that applies: the key of that name; the mean of the unit vectors of its words, if one
    of them at least is a key (words that are no keys are encoded, or left out if they cannot be), unless the
    rows are texts; the encoder.

    Raises:
        UnknownKeyError: none of these places it.
        InputError: the text is empty.
    """
    if not text.strip() and text not in space.keys:
        raise InputError("the query is empty", "Give a key, a word or some text.")
    words = text.split()
    of_texts = space.encoder is not None and space.content not in (None, KEY)  # then words are no keys
    if of_texts or text in space.keys or len(words) < 2 or not any(word in space.keys for word in words):
        return place(space, text)
    rows, vectors, _ = _look_up(space, words)
    mean = units(vectors[vectors.any(axis=1)]).mean(axis=0, keepdims=True)
    return Placed((text,), rows[rows >= 0], mean.astype(np.float32))


def unknown(space: Space, word: str) -> UnknownKeyError:
    """Make the error for a word that is no key, with suggestions."""
    return UnknownKeyError(word, suggest(space.keys, word))


def units(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """(n, d) float64 vectors of length 1; zero vectors stay."""
    wide = np.asarray(vectors, dtype=np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))[:, None]
    return np.asarray(np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0))


def _is_weight(value: Any) -> bool:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return bool(number and np.isfinite(value) and value > 0)


def _place_words(space: Space, words: Sequence[str]) -> Placed:
    rows, vectors, known = _look_up(space, words)
    for word, found in zip(words, known.tolist(), strict=True):
        if not found:
            if not word.strip():
                raise InputError("the query is empty", "Give a key, a word or some text.")
            raise unknown(space, word)
    return Placed(tuple(words), rows, vectors)


def _look_up(
    space: Space, words: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Give the rows (-1: no key), the vectors (0: none) and whether a place was found, of each word."""
    found = [space.keys.find(word) for word in words]
    rows = np.array([-1 if row is None else row for row in found], dtype=np.int64)
    vectors = np.zeros((len(words), space.dim), dtype=np.float32)
    vectors[rows >= 0] = space.take(rows[rows >= 0])
    unseen = [number for number in np.flatnonzero(rows < 0).tolist() if words[number].strip()]
    if unseen and space.encoder is not None:
        vectors[unseen] = space.encoder.encode([words[number] for number in unseen])
    return rows, vectors, (rows >= 0) | vectors.any(axis=1)
