"""ItemKNN: an item is recommended for its nearest items that the user has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.engine.local import Threads, worker_count
from nearspace.errors import SettingError
from nearspace.kernels.events import transpose
from nearspace.kernels.item_pairs import add_near, near_items
from nearspace.protocols import Progress, Quiet

_PIECE = 64  # items whose near items one thread finds at a time


@dataclass(frozen=True, eq=False)
class NearItems:
    """The near items of each item, by the near one.

    Attributes:
        near: (I, I) row i has the items that count i among their near ones, and how near it is.
    """

    near: Sparse

    def scores(self, rows: Sparse) -> NDArray[np.float32]:
        """(q, I) the sum over the near items of each item that the row has."""
        scores = np.empty((len(rows.starts) - 1, len(self.near.starts) - 1), np.float32)
        add_near(rows.starts, rows.columns, *self.near, scores)
        return scores


@dataclass(frozen=True)
class ItemKNN:
    """Items are near if the same users have them: common users / (root of the product of users + shrink).

    The score of an item is the sum over those of its k nearest items that a user has (Sarwar and others 2001:
    Item-based collaborative filtering; the shrinkage is of Bell and Koren 2007).

    Attributes:
        k: near items of an item.
        shrink: how many common users are little evidence.

    Raises:
        SettingError: a setting is out of its range.
    """

    k: int = 20
    shrink: float = 10.0

    name: ClassVar[str] = "item-knn"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise SettingError(f"k is {self.k}, expected at least 1")
        if not 0 <= self.shrink < float("inf"):
            raise SettingError(f"shrink is {self.shrink}, expected 0 or more")

    def fit(
        self,
        data: Interactions,
        *,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> NearItems:
        """Find the near items of every item; the same for any `workers`."""
        items = len(data.items)
        k = min(self.k, items)
        places = np.empty((items, k), np.int64)
        found = np.empty((items, k), np.float32)
        by_user, by_item = data.by_user, data.by_item
        sides = (by_user.starts, by_user.columns, by_item.starts, by_item.columns)

        def part(first: int) -> int:
            last = min(first + _PIECE, items)
            scratch = np.empty((1, items), np.float32)
            near_items(
                *sides, first, last, self.shrink, k, scratch, places[first:last], found[first:last]
            )  # fmt: skip
            return last - first

        with Threads(worker_count(workers)) as engine, progress.task("item-knn", total=items) as task:
            for start in range(0, items, 16 * _PIECE):
                firsts = range(start, min(start + 16 * _PIECE, items), _PIECE)
                task.advance(sum(engine.map(part, firsts)))
        real = places >= 0
        near = places[real].astype(np.int32)
        starts, order = transpose(near, items, np.empty(0, np.int64))
        whose = np.repeat(np.arange(items, dtype=np.int32), real.sum(axis=1))
        return NearItems(Sparse(starts, whose[order], found[real][order]))
