"""LayeredIndex: several indexes over parts of the rows answer as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nearspace.errors import InputError
from nearspace.index.exact import check_count
from nearspace.protocols import Index

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """An index over some of the rows.

    Attributes:
        index: numbers its rows 0..m-1.
        rows: (m,) int64 which row of the whole each is; -1 for one that is no row any more.
    """

    index: Index
    rows: Rows

    @cached_property
    def alive(self) -> NDArray[np.bool_] | None:
        """(m,) which are rows of the whole; None if all are."""
        alive = self.rows >= 0
        return None if alive.all() else alive

    @cached_property
    def in_order(self) -> bool:
        """Whether row i of the part is row i of the whole."""
        return bool((self.rows == np.arange(len(self.rows))).all())


class LayeredIndex:
    """Finds the nearest rows of several parts and merges them; each row lies in one part at most.

    Args:
        parts: the indexes and the rows that each holds; scores of all are those of one metric.
        count: rows of the whole.
    """

    def __init__(self, parts: Sequence[Part], count: int) -> None:
        self.parts = [part for part in parts if len(part.rows)]
        self.count = count

    def __len__(self) -> int:
        return self.count

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        restrict: int | None = None,
        exclude: ArrayLike | None = None,
        *,
        allowed: NDArray[np.bool_] | None = None,
        workers: int = 1,
    ) -> tuple[Rows, Floats]:
        """Find the k nearest rows of each query; see `Index.search`."""
        wanted = check_count("k", k)
        limit = None if restrict is None else check_count("restrict", restrict)
        mask = None if allowed is None else np.asarray(allowed, dtype=bool)
        if mask is not None and mask.shape != (self.count,):
            raise InputError(f"allowed has shape {mask.shape}, expected ({self.count},)")
        banned = None if exclude is None else np.asarray(exclude, dtype=np.int64)
        if banned is not None:
            banned = np.where(banned < self.count, banned, -1)
        found = [self._ask(part, queries, wanted, limit, banned, mask, workers) for part in self.parts]
        if len(found) == 1:
            return found[0]
        empty = np.full((len(queries), wanted), -1, dtype=np.int64)
        rows = np.concatenate([empty, *(rows for rows, _ in found)], axis=1)
        scores = np.concatenate(
            [np.full(empty.shape, -np.inf, dtype=np.float32), *(scores for _, scores in found)], axis=1
        )
        # best first, ties by row, what is no hit last
        late = np.where(rows < 0, np.iinfo(np.int64).max, rows)
        order = np.lexsort((late, -scores), axis=1)[:, :wanted]
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def _ask(
        self,
        part: Part,
        queries: NDArray[np.float32],
        k: int,
        limit: int | None,
        banned: Rows | None,
        mask: NDArray[np.bool_] | None,
        workers: int,
    ) -> tuple[Rows, Floats]:
        if part.in_order and part.alive is None and (mask is None or len(mask) == len(part.rows)):
            # a row that a part of the same numbers does not have cannot be banned there
            own = None if banned is None else np.where(banned < len(part.rows), banned, -1)
            return part.index.search(queries, k, limit, own, allowed=mask, workers=workers)
        rows, scores = part.index.search(
            queries,
            k,
            None,
            None if banned is None else self._places(part)[banned],
            allowed=_allowed(part, mask, limit),
            workers=workers,
        )
        return np.where(rows >= 0, part.rows[rows], -1), scores

    def _places(self, part: Part) -> Rows:
        """(count + 1,) the number of each row in a part, -1 where it is not; the last stands for no row."""
        known = self._inverse.get(id(part))
        if known is None:
            known = np.full(self.count + 1, -1, dtype=np.int64)
            alive = np.flatnonzero(part.rows >= 0)
            known[part.rows[alive]] = alive
            self._inverse[id(part)] = known
        return known

    @cached_property
    def _inverse(self) -> dict[int, Rows]:
        return {}


def _allowed(part: Part, mask: NDArray[np.bool_] | None, limit: int | None) -> NDArray[np.bool_] | None:
    """(m,) the rows of a part that may be hits; None: all."""
    if mask is None and limit is None:
        return part.alive
    allowed = part.rows >= 0
    if mask is not None:
        allowed &= mask[part.rows]
    if limit is not None:
        allowed &= part.rows < limit
    return allowed
