"""The bootstrap: what a figure would have been, had the test set been drawn again (Efron 1979)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nearspace.kernels.resampling import LEVEL, Floats, draws, percentile, stream

__all__ = ["LEVEL", "Figure", "Floats", "draws", "percentile", "resampled", "stream", "value_of"]


class Figure(Protocol):
    """A figure as a function of how often each unit of the test set was drawn."""

    @property
    def strata(self) -> tuple[int, ...]:
        """Sizes of the groups of units that are drawn separately, in the order of the weights' columns."""

    @property
    def cases(self) -> int:
        """How many judged cases the figure rests on."""

    @property
    def total(self) -> int:
        """How many cases the set has, judged or not."""

    @property
    def share(self) -> bool:
        """Whether the figure is a share of the cases, so that a binomial interval applies as well."""

    def __call__(self, weights: Floats) -> Floats:
        """(b, units) weights -> (b,) figures; nan where no case was drawn."""


def value_of(figure: Figure) -> float:
    """Give the figure on the test set as it is."""
    return float(figure(np.ones((1, sum(figure.strata))))[0])


def resampled(figure: Figure, generator: np.random.Generator, samples: int) -> Floats:
    """(samples,) figures on test sets drawn again."""
    return np.concatenate([figure(weights) for weights in draws(figure.strata, generator, samples)])
