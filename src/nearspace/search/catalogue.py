"""Catalogue: the rows of one kind, items or users, side by side with their own exact index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.index.exact import ExactIndex
from nearspace.index.lists import Lists
from nearspace.space import Space, norms_of

KIND = "kind"  # the column that tells items from users
ITEM, USER = "item", "user"  # its values
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The rows of one kind.

    Attributes:
        rows: (m,) ascending rows of the Space.
        index: over their vectors, in that order; row i of it is the place i.
        place_of: (n,) the place of each row of the Space, -1 for those of another kind.
    """

    rows: Rows
    index: ExactIndex
    place_of: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def search(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        exclude: Lists | None = None,
        allowed: NDArray[np.bool_] | None = None,
        workers: int = 1,
    ) -> tuple[Rows, NDArray[np.float32]]:
        """Give the k best places of each query, (q, k), and their scores.

        Args:
            vectors: (q, d).
            k: hits a query.
            exclude: places that are no hits of a query.
            allowed: (n,) rows of the Space that may be hits.
            workers: threads.
        """
        mask = None if allowed is None else allowed[self.rows]
        return self.index.search(vectors, k, None, exclude, allowed=mask, workers=workers)

    def rows_at(self, places: Rows) -> Rows:
        """Give the rows of the Space of some places; -1 stays."""
        return np.append(self.rows, -1)[places]


def catalogue_of(space: Space, kind: str, metric: str | None = None) -> Catalogue:
    """Give the rows of a kind; it is made once for each Space and metric (None: that of the Space).

    Raises:
        InputError: the Space has no such rows.
    """
    metric = metric or space.metric
    kept: dict[tuple[str, str], Catalogue] = space.cache.setdefault("catalogues", {})
    if (kind, metric) not in kept:
        kept[kind, metric] = _made(space, kind, metric)
    return kept[kind, metric]


def _made(space: Space, kind: str, metric: str) -> Catalogue:
    if KIND not in space.columns:
        raise InputError(
            f"{space.name!r} has no column {KIND!r}: its rows are not users and items",
            "Learn such a Space from who chose what: nearspace learn interactions.",
        )
    rows = np.flatnonzero(np.asarray(space.columns[KIND]) == kind)
    if not len(rows):
        raise InputError(f"{space.name!r} has no rows of kind {kind!r}", f"See its column {KIND!r}.")
    held = space.held
    if isinstance(held, np.ndarray) and rows[-1] - rows[0] + 1 == len(rows):
        vectors = held[rows[0] : rows[-1] + 1]
    else:
        vectors = space.take(rows)
    place_of = np.full(len(space), -1, np.int64)
    place_of[rows] = np.arange(len(rows))
    return Catalogue(rows, ExactIndex(vectors, norms_of(vectors), metric), place_of)


def lists_of(lists: Sequence[Rows]) -> Lists:
    """Join one ascending array of places a query."""
    starts = np.concatenate(([0], np.cumsum([len(one) for one in lists]))).astype(np.int64)
    return Lists(starts, np.concatenate([np.empty(0, np.int64), *lists]))
