"""Answers to analogy questions among the most frequent words, by the same search that users call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nearspace.index.exact import ExactIndex
from nearspace.keys import Keys
from nearspace.search.analogy import solve
from nearspace.space import Space

Rows = NDArray[np.int64]


def frequent(space: Space, restrict: int | None) -> Rows:
    """Ascending rows of the `restrict` most frequent words: by the column "count", else the first rows."""
    if restrict is None or restrict >= len(space):
        return np.arange(len(space), dtype=np.int64)
    if "count" not in space.columns:
        return np.arange(restrict, dtype=np.int64)
    order = np.argsort(-np.asarray(space.columns["count"], dtype=np.int64), kind="stable")
    return np.sort(order[:restrict]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers questions among some rows of a Space, in its own metric.

    Attributes:
        space: where to search.
        candidates: ascending rows; questions and answers are among them.
    """

    space: Space
    candidates: Rows

    @cached_property
    def pool(self) -> Space:
        """The Space if the candidates are its first rows (search can be restricted), else a part of it."""
        if self.candidates[-1] == len(self.candidates) - 1:
            return self.space
        keys = Keys(self.space.keys.names(self.candidates))
        return Space(keys, np.asarray(self.space.vectors[self.candidates]), self.space.metric)

    def _inside(self, rows: Rows) -> Rows:
        return np.searchsorted(self.candidates, rows)

    def solve(self, questions: Rows, method: str) -> Rows:
        """(q, 3) rows of a, b, c -> (q,) row of the answer, -1 if no candidate is left."""
        found = solve(self.pool, self._inside(questions), method=method, restrict=len(self.candidates))[:, 0]
        return np.where(found < 0, -1, self.candidates[found])

    def nearest_to_c(self, questions: Rows) -> Rows:
        """(q, 3) rows of a, b, c -> (q,) the row nearest to c other than a, b, c; -1 if none is left.

        Three neighbours of each different c are enough: two of them at most are a and b.
        """
        inside = self._inside(questions)
        words, number = np.unique(inside[:, 2], return_inverse=True)
        index = ExactIndex(self.pool.vectors, self.pool.norms, self.pool.metric)
        near, _ = index.search(
            np.asarray(self.pool.vectors[words]), 3, len(self.candidates), exclude=words[:, None]
        )
        offered = near[number]
        free = (offered >= 0) & (offered != inside[:, :1]) & (offered != inside[:, 1:2])
        first = offered[np.arange(len(offered)), free.argmax(axis=1)]
        return np.where(free.any(axis=1), self.candidates[first], -1)
