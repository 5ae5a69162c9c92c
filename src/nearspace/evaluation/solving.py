"""Answers to many analogy questions at once, among the most frequent words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.evaluation.lookup import unit
from nearspace.space import Space

Rows = NDArray[np.int64]

_CANDIDATES = 1024
_QUESTIONS = 256


def frequent(space: Space, restrict: int | None) -> Rows:
    """Ascending rows of the `restrict` most frequent words: by the column "count", else the first rows."""
    if restrict is None or restrict >= len(space):
        return np.arange(len(space), dtype=np.int64)
    if "count" not in space.columns:
        return np.arange(restrict, dtype=np.int64)
    order = np.argsort(-np.asarray(space.columns["count"], dtype=np.int64), kind="stable")
    return np.sort(order[:restrict]).astype(np.int64)


def solve(space: Space, candidates: Rows, questions: Rows, method: str) -> Rows:
    """(q, 3) rows of a, b, c -> (q,) the best of `candidates` other than these; the first one if they tie.

    With cosines of a candidate to a, b, c written a, b, c: "3cosadd" maximises b - a + c; "3cosmul"
    maximises b c / (a + .001) with cosines moved to 0..1; "only_c" maximises c. -1 if no candidate is left.
    """
    words, terms = np.unique(questions, return_inverse=True)
    terms = terms.reshape(questions.shape)
    inputs = unit(np.asarray(space.vectors[words]))
    places = np.searchsorted(candidates, questions)
    excluded = np.where(np.isin(questions, candidates), places, -1)
    best = np.full(len(questions), -1, dtype=np.int64)
    top = np.full(len(questions), -np.inf, dtype=np.float32)
    for start in range(0, len(candidates), _CANDIDATES):
        block = candidates[start : start + _CANDIDATES]
        near = inputs @ unit(np.asarray(space.vectors[block])).T
        if method == "3cosmul":
            near = (near + 1) / 2
        for begin in range(0, len(questions), _QUESTIONS):
            part = slice(begin, begin + _QUESTIONS)
            score = _combine(near, terms[part], method)
            inside = excluded[part] - start
            line, term = np.nonzero((inside >= 0) & (inside < len(block)))
            score[line, inside[line, term]] = -np.inf
            at = score.argmax(axis=1)
            value = score[np.arange(len(at)), at]
            better = value > top[part]
            top[part] = np.where(better, value, top[part])
            best[part] = np.where(better, block[at], best[part])
    return best


def _combine(near: NDArray[np.float32], terms: Rows, method: str) -> NDArray[np.float32]:
    score = near[terms[:, 2]]
    if method == "3cosadd":
        score += near[terms[:, 1]]
        score -= near[terms[:, 0]]
    elif method == "3cosmul":
        score *= near[terms[:, 1]]
        score /= near[terms[:, 0]] + np.float32(0.001)
    return score
