"""The bootstrap: what a figure would have been, had the test set been drawn again (Efron 1979)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
_CELLS = 100_000  # weights held at a time: they stay in the cache


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


def stream(seed: int, *names: str) -> np.random.Generator:
    """Give the random stream of a purpose, the same whatever else is measured."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def value_of(figure: Figure) -> float:
    """Give the figure on the test set as it is."""
    return float(figure(np.ones((1, sum(figure.strata))))[0])


def draws(strata: tuple[int, ...], generator: np.random.Generator, samples: int) -> Iterator[Floats]:
    """Yield (b, units) counts, `samples` rows in all: each stratum drawn with replacement to its own size."""
    block = max(1, _CELLS // max(1, sum(strata)))
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        lines = np.arange(rows)[:, None]
        counts = [
            np.bincount(
                (generator.integers(0, size, (rows, size)) + lines * size).ravel(), minlength=rows * size
            ).reshape(rows, size)
            for size in strata
        ]
        yield np.concatenate(counts, axis=1).astype(np.float64)


def resampled(figure: Figure, generator: np.random.Generator, samples: int) -> Floats:
    """(samples,) figures on test sets drawn again."""
    return np.concatenate([figure(weights) for weights in draws(figure.strata, generator, samples)])


def percentile(values: Floats, value: float) -> tuple[float, float]:
    """The 95 % percentile interval of resampled `values` (nan left out), stretched to contain `value`."""
    values = values[np.isfinite(values)]
    if not len(values):
        return value, value
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return min(float(low), value), max(float(high), value)
