"""Correlation of two series: Pearson, and Spearman with tied ranks averaged; many weightings at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def midranks(values: Floats, weights: Floats) -> Floats:
    """(b, n) ranks of `values` from 1, ties averaged, when value i occurs `weights[:, i]` times.

    `weights` is (b, n); with all weights 1 these are the ordinary average ranks.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.add.reduceat(weights[:, order], first, axis=1)
    middle = np.cumsum(sizes, axis=1) - sizes / 2 + 0.5
    group = np.empty(len(values), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(values))))
    return np.asarray(middle[:, group])


def pearson(left: Floats, right: Floats, weights: Floats) -> Floats:
    """(b,) product-moment correlations under `weights` (b, n); 0 where a series is constant.

    `left` and `right` are (n,) or (b, n).
    """
    total = weights.sum(axis=1, keepdims=True)
    left = left - (weights * left).sum(axis=1, keepdims=True) / total
    right = right - (weights * right).sum(axis=1, keepdims=True) / total
    cross = (weights * left * right).sum(axis=1)
    spread_left = (weights * left**2).sum(axis=1)
    spread_right = (weights * right**2).sum(axis=1)
    product = np.sqrt(spread_left * spread_right)
    return np.asarray(np.divide(cross, product, out=np.zeros_like(cross), where=product > 1e-300))


@dataclass(frozen=True, eq=False)
class Correlation:
    """How a Space's scores follow the gold scores; the unit that is resampled is the word pair.

    Attributes:
        gold: (n,) what people said.
        scores: (n,) what the Space says.
        ranked: Spearman if True, else Pearson.
        total: cases of the set, judged or not.
    """

    gold: Floats
    scores: Floats
    ranked: bool
    total: int

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of n pairs."""
        return (len(self.gold),)

    @property
    def cases(self) -> int:
        """Number of pairs."""
        return len(self.gold)

    @property
    def share(self) -> bool:
        """A correlation is no share of cases."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, n) weights -> (b,) correlations."""
        if self.ranked:
            return pearson(midranks(self.gold, weights), midranks(self.scores, weights), weights)
        return pearson(self.gold, self.scores, weights)
