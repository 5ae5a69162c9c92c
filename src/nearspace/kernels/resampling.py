"""Test sets drawn again (the bootstrap; Efron 1979): streams, draws, and percentile intervals. Pure numpy."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
_CELLS = 100_000  # weights held at a time: they stay in the cache


def stream(seed: int, *names: str) -> np.random.Generator:
    """Give the random stream of a purpose, the same whatever else is measured."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


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


def percentile(values: Floats, value: float) -> tuple[float, float]:
    """The 95 % percentile interval of resampled `values` (nan left out), stretched to contain `value`."""
    values = values[np.isfinite(values)]
    if not len(values):
        return value, value
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return min(float(low), value), max(float(high), value)
