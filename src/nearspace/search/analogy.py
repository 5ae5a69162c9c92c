"""Analogies: a is to b as c is to what?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.local import worker_count
from nearspace.errors import InputError
from nearspace.index.exact import check_count
from nearspace.results import Neighbors
from nearspace.search.methods import add, check_method, multiply
from nearspace.search.terms import place
from nearspace.space import Space

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]

_QUESTIONS = 4096  # answered at once, to bound memory

_SIGNS = np.array([-1.0, 1.0, 1.0])


def analogy(
    space: Space,
    a: str | Sequence[str],
    b: str | Sequence[str],
    c: str | Sequence[str],
    *,
    k: int = 10,
    method: str = "3cosadd",
    restrict: int | None = None,
) -> Neighbors:
    """Answer: a is to b as c is to what?

    Args:
        space: where to search.
        a: a key, or a list of keys for many questions at once; unseen words go through the encoder.
        b: as many as `a`.
        c: as many as `a`.
        k: answers a question, at least 1; a, b and c are no answers.
        method: "3cosadd", the nearest to b - a + c (Mikolov and others 2013), or "3cosmul", the largest
            cos(., b) cos(., c) / (cos(., a) + 0.001) of cosines shifted to 0..1 (Levy and Goldberg 2014).
        restrict: look only at the first so many rows, which in learned spaces are the most frequent keys.

    Raises:
        UnknownKeyError: a word is no key and cannot be encoded; the error suggests keys like it.
        InputError: nothing was asked, or a, b and c are not equally many.
        SettingError: the method, k or restrict is not accepted.
    """
    check_method(method)
    sides = [place(space, side) for side in (a, b, c)]
    counts = [len(side.labels) for side in sides]
    if len(set(counts)) != 1:
        raise InputError(
            f"an analogy came with {counts[0]} a, {counts[1]} b and {counts[2]} c",
            "Give equally many of each.",
        )
    labels = zip(*(side.labels for side in sides), strict=True)
    pool = np.concatenate([side.vectors for side in sides])
    numbers = np.arange(len(pool), dtype=np.int64).reshape(3, -1).T
    exclude = np.stack([side.rows for side in sides], axis=1)
    rows, scores = _answer(space, pool, numbers, exclude, k, method, restrict, workers=worker_count(None))
    return Neighbors(
        tuple(f"{x} : {y} :: {z}" for x, y, z in labels), rows, scores, space.keys, space.columns
    )


def solve(
    space: Space,
    triples: Rows,
    *,
    k: int = 1,
    method: str = "3cosadd",
    restrict: int | None = None,
    workers: int = 1,
) -> Rows:
    """Answer many questions given as row numbers.

    Args:
        space: where to search.
        triples: (m, 3) rows of a, b and c.
        k: answers a question, at least 1.
        method: as for `analogy`.
        restrict: look only at the first so many rows; a, b and c may lie beyond.
        workers: threads; changes no answer.

    Returns:
        (m, k) int64 rows, best first; -1 where no row is left.
    """
    check_method(method)
    asked = np.asarray(triples)
    whole = asked.size == 0 or np.issubdtype(asked.dtype, np.integer)
    if asked.ndim != 2 or asked.shape[1] != 3 or not whole:
        raise InputError(
            f"triples are {asked.dtype} of shape {asked.shape}, expected whole numbers of shape (m, 3)"
        )
    if asked.size and not 0 <= asked.min() <= asked.max() < len(space):
        raise InputError(
            f"triples name rows {asked.min()} to {asked.max()} of a Space of {len(space):,} rows"
        )
    parts = [np.empty((0, check_count("k", k)), dtype=np.int64)]
    for start in range(0, len(asked), _QUESTIONS):
        some = asked[start : start + _QUESTIONS].astype(np.int64)
        words, numbers = np.unique(some, return_inverse=True)
        pool = np.asarray(space.vectors[words])
        numbers = numbers.reshape(some.shape)
        parts.append(_answer(space, pool, numbers, some, k, method, restrict, workers=workers)[0])
    return np.concatenate(parts)


def _answer(
    space: Space,
    pool: Floats,
    numbers: Rows,
    exclude: Rows,
    k: int,
    method: str,
    restrict: int | None,
    *,
    workers: int,
) -> tuple[Rows, Floats]:
    """Give rows and scores (m, k) for (m, 3) numbers of a, b, c among the vectors `pool`."""
    if method == "3cosadd":
        return add(space, pool[numbers], _SIGNS, k, restrict, exclude, workers=workers)
    return multiply(space, pool, numbers[:, 1:], numbers[:, :1], k, restrict, exclude, workers=workers)
