"""How good lists of recommendations are: what of the held-out is in them, and what else is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nearspace.evaluation.bootstrap import Figure, Floats
from nearspace.evaluation.held_out import Trial
from nearspace.evaluation.index_quality import Mean
from nearspace.kernels.ranking_scores import average_precision, ndcg_at, recall_at, reciprocal_rank

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Average(Mean):
    """The mean of one value a user that is no share."""

    @property
    def share(self) -> bool:
        """No."""
        return False


@dataclass(frozen=True, eq=False)
class Lift(Average):
    """How much larger the mean of `values` is than that of `beside`, as a share of the latter."""

    beside: Floats

    def __call__(self, weights: Floats) -> Floats:
        """(b, users) weights -> (b,) lifts."""
        return np.asarray((weights @ self.values) / (weights @ self.beside) - 1)


@dataclass(frozen=True, eq=False)
class Covered:
    """The share of the items that is in at least one list.

    Drawing users with replacement leaves many out, and what only they get: the share of such a draw is too
    small, and varies too little. What it lacks on average is known exactly, and added; its distance from the
    share is stretched to the variance that follows from the numbers of items in one list, two, three and
    so on, added with turning signs (Good and Toulmin 1956: what as many users again would bring).

    Attributes:
        lists: (users, k) numbers of items, -1 pads.
        size: items that could be in a list.
    """

    lists: Ints
    size: int

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of all users."""
        return (len(self.lists),)

    @property
    def cases(self) -> int:
        """How many users."""
        return len(self.lists)

    @property
    def total(self) -> int:
        """How many users."""
        return len(self.lists)

    @property
    def share(self) -> bool:
        """It is none of users."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, users) weights -> (b,) shares."""
        drawn = np.array([self._covered(one > 0) for one in weights], np.float64)
        again = weights.max(axis=1) > 1  # else every user comes once: the test set itself
        lacking, stretch = self._resampling
        whole = self._covered(np.ones(len(self.lists), dtype=bool))
        right = whole + stretch * (drawn + lacking - whole)
        return np.clip(np.where(again, right, drawn) / self.size, 0.0, 1.0)

    def _covered(self, users: NDArray[np.bool_]) -> int:
        found = np.zeros(int(self.lists.max(initial=0)) + 2, dtype=bool)
        found[self.lists[users] + 1] = True  # -1 is at 0
        return int(np.count_nonzero(found[1:]))

    @cached_property
    def _resampling(self) -> tuple[float, float]:
        """How many items a draw of as many users lacks on average, and how much too little it varies."""
        real = self.lists >= 0
        times, count = np.bincount(self.lists[real]), len(self.lists)
        absent = (1 - times[times > 0] / count) ** count
        varies = float((absent * (1 - absent)).sum())
        true = float((times % 2 == 1).sum() - ((times > 0) & (times % 2 == 0)).sum())
        return float(absent.sum()), float(np.sqrt(max(1.0, true / varies))) if varies else 1.0


def ranking_figures(trial: Trial, judged: NDArray[np.bool_], lists: Ints, k: int) -> dict[str, Figure]:
    """Name -> figure of the lists (m, k) of the users with judged events, in their order.

    Args:
        judged: (n,) which events count; the others are neither hits nor misses.
    """
    choice, counts = trial.choice, trial.choice.counts
    whose, numbers = trial.whose[judged], trial.items[judged]
    rank = np.cumsum(np.concatenate(([0], np.diff(whose) != 0)))  # of the user among those judged
    relevant = np.bincount(rank, minlength=len(lists))
    gains = _hits(rank * len(choice.items) + numbers, lists, len(choice.items))
    ideal = (np.arange(k) < relevant[:, None]).astype(np.float64)
    total = len(lists)
    users = max(len(choice.history.users), 1)
    filled = np.maximum((lists >= 0).sum(axis=1), 1)
    surprise = -np.log2(np.maximum(counts, 1) / users)
    popular = _means(np.where(lists >= 0, counts[lists], 0), filled)
    chosen = np.bincount(rank, weights=counts[numbers], minlength=total) / relevant
    found: dict[str, Figure] = {
        f"recall@{k}": Mean(recall_at(gains, ideal, k), total),
        f"ndcg@{k}": Mean(ndcg_at(gains, ideal, k), total),
        f"map@{k}": Mean(average_precision(gains, ideal), total),
        f"mrr@{k}": Mean(reciprocal_rank(gains), total),
        f"coverage@{k}": Covered(lists, int(choice.offered.sum())),
        f"novelty@{k}": Average(_means(np.where(lists >= 0, surprise[lists], 0), filled), total),
    }
    if chosen.any():  # else all judged items are new: nobody has them
        found[f"popularity_lift@{k}"] = Lift(popular, total, chosen)
    return found


def _hits(codes: Ints, lists: Ints, items: int) -> Floats:
    """(m, k) 1 where a list has an item that was held out, else 0."""
    codes = np.sort(codes)
    asked = np.where(lists >= 0, np.arange(len(lists))[:, None] * items + lists, -1)
    at = np.minimum(np.searchsorted(codes, asked), len(codes) - 1)
    return np.asarray(codes[at] == asked, np.float64)


def _means(values: NDArray[np.floating] | Ints, filled: Ints) -> Floats:
    return np.asarray(values.sum(axis=1) / filled, np.float64)
