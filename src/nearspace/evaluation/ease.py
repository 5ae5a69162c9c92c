"""EASE: the linear model of items from items that has a closed form; a strong reference, for few items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.engine.local import Threads, worker_count
from nearspace.errors import SettingError
from nearspace.kernels.item_pairs import add_rows, count_pairs
from nearspace.protocols import Progress, Quiet

_PIECE = 64
_COPIES = 4  # (I, I) arrays that are held at a time: the counts, their inverse, and its workspace


@dataclass(frozen=True, eq=False)
class ItemWeights:
    """What each item says of every other.

    Attributes:
        weights: (I, I) float32, zeros on the diagonal.
    """

    weights: NDArray[np.float32]

    def scores(self, rows: Sparse) -> NDArray[np.float32]:
        """(q, I) the sum of the weights of the items of a row."""
        scores = np.empty((len(rows.starts) - 1, len(self.weights)), np.float32)
        add_rows(rows.starts, rows.columns, self.weights, scores)
        return scores


@dataclass(frozen=True)
class EASE:
    """Weights B of least |X - X B|^2 + reg |B|^2 with zeros on the diagonal (Steck 2019).

    With P the inverse of XT X + reg, B is -P with each column divided by its diagonal. Time grows with the
    cube of the items: some 30 seconds for 7,000 of them on two cores, ten minutes for 20,000.

    Attributes:
        reg: strength of the regularisation, in users; good values are 50 to 1,000, more for many events.
        most_items: more items than that are refused.

    Raises:
        SettingError: a setting is out of its range.
    """

    reg: float = 200.0
    most_items: int = 25_000

    name: ClassVar[str] = "ease"

    def __post_init__(self) -> None:
        if not 0 < self.reg < float("inf"):
            raise SettingError(f"reg is {self.reg}, expected more than 0", "200 is a good start.")

    def fit(
        self,
        data: Interactions,
        *,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> ItemWeights:
        """Count the common users of all pairs of items and invert that.

        Raises:
            SettingError: there are more than `most_items` items.
        """
        items = len(data.items)
        if items > self.most_items:
            raise SettingError(
                f"ease would need {_COPIES * 4 * items * items / 1e9:,.1f} GB for the {items:,} items of "
                f"{data.name}; it takes at most {self.most_items:,} items",
                "Leave it out, keep only items with more events, or give EASE(most_items=...).",
            )
        weights = np.empty((items, items), np.float32)
        by_user, by_item = data.by_user, data.by_item

        def part(first: int) -> None:
            last = min(first + _PIECE, items)
            count_pairs(
                by_user.starts, by_user.columns, by_item.starts, by_item.columns, first, last,
                weights[first:last],
            )  # fmt: skip

        with progress.task("ease", total=2) as task:
            with Threads(worker_count(workers)) as engine:
                engine.map(part, range(0, items, _PIECE))
            task.advance(1)
            weights.flat[:: items + 1] += np.float32(self.reg)
            weights = np.linalg.inv(weights)
            weights /= -np.diag(weights).copy()
            weights.flat[:: items + 1] = 0
            task.advance(1)
        return ItemWeights(weights)
