"""Recommenders that a Space is measured beside: popularity, item-kNN and EASE, each from the same events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.errors import SettingError
from nearspace.evaluation.ease import EASE
from nearspace.evaluation.item_knn import ItemKNN
from nearspace.protocols import Progress, Quiet

DEFAULT = ("popularity", "item-knn")


class Scorer(Protocol):
    """Tells how well each item suits a user with some items."""

    def scores(self, rows: Sparse) -> NDArray[np.float32]:
        """(q, I) rows of events -> (q, I) scores, larger is better."""


class Baseline(Protocol):
    """Settings that make a Scorer of events."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def fit(self, data: Interactions, *, workers: int | None = None, progress: Progress = ...) -> Scorer:
        """Learn from events; weights and times are not looked at."""


@dataclass(frozen=True, eq=False)
class Counts:
    """The same scores for everybody.

    Attributes:
        counts: (I,) float32.
    """

    counts: NDArray[np.float32]

    def scores(self, rows: Sparse) -> NDArray[np.float32]:
        """(q, I) how many users have each item."""
        return np.tile(self.counts, (len(rows.starts) - 1, 1))


@dataclass(frozen=True)
class Popularity:
    """Recommends to everybody what most users have."""

    name: ClassVar[str] = "popularity"

    def fit(
        self,
        data: Interactions,
        *,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> Counts:
        """Count the users of each item."""
        return Counts(data.item_counts.astype(np.float32))


BASELINES: dict[str, type[Baseline]] = {"popularity": Popularity, "item-knn": ItemKNN, "ease": EASE}


def baselines_of(asked: Iterable[str | Baseline]) -> tuple[Baseline, ...]:
    """Give baselines, with their default settings where they are only named.

    Raises:
        SettingError: there is none of such a name, none at all, or two of one name.
    """
    accepted = f"Accepted baselines: {', '.join(BASELINES)}."
    asked = (asked,) if isinstance(asked, str) else tuple(asked)
    found = []
    for one in asked:
        if isinstance(one, str) and one not in BASELINES:
            raise SettingError(f"baseline is {one!r}", accepted)
        found.append(BASELINES[one]() if isinstance(one, str) else one)
    names = [one.name for one in found]
    if not found:
        raise SettingError("there is no baseline to measure beside", accepted)
    if len(set(names)) < len(names):
        raise SettingError(f"baselines are {', '.join(names)}", "Give each once.")
    return tuple(found)
