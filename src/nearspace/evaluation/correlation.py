"""Correlation of two series: Pearson, and Spearman with tied ranks averaged; many weightings at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.ranking_scores import midranks, pearson

Floats = NDArray[np.float64]


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
