"""int8 codes: each component of a vector as one of 256 steps over the range of that component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nearspace.index.chunks import each_chunk
from nearspace.kernels.coding import encode

BATCH = 8192  # rows that a thread codes at once
WIDTH = 16  # components that a kernel reads at once; codes are filled up with zeros

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ranges:
    """Where each component begins and how wide its steps are: value = low + step * code.

    Attributes:
        low: (d,) float32.
        step: (d,) float32, positive.
    """

    low: Floats
    step: Floats

    @classmethod
    def of(cls, points: Floats) -> Self:
        """Take the least and the largest value of each component of (m, d) points."""
        low = points.min(axis=0)
        step = (points.max(axis=0) - low) / np.float32(255)
        return cls(low, np.where(step > 0, step, np.float32(1)))

    @property
    def width(self) -> int:
        """Components of a code."""
        return len(self.low) + -len(self.low) % WIDTH

    def encode(self, points: Floats, workers: int = 1) -> NDArray[np.uint8]:
        """(m, width) codes of (m, d) points; `workers` threads change nothing."""
        codes = np.zeros((len(points), self.width), dtype=np.uint8)

        def batch(part: slice) -> None:
            encode(points, self.low, self.step, part.start, part.stop, codes)

        each_chunk(batch, len(points), BATCH, workers)
        return codes

    def ask_products(self, queries: Floats) -> Floats:
        """(q, width) whose products with codes are those with the points, less what is the same for all."""
        return self._wide(queries * self.step)

    def ask_distances(self, queries: Floats) -> Floats:
        """(q, width) queries in steps; squared differences from codes are to be weighed by `weights`."""
        return self._wide((queries - self.low) / self.step)

    @property
    def weights(self) -> Floats:
        """(width,) what a squared step counts in each component."""
        return np.asarray(self._wide((self.step**2)[None])[0])

    def _wide(self, values: Floats) -> Floats:
        wide = np.zeros((len(values), self.width), dtype=np.float32)
        wide[:, : values.shape[1]] = values
        return wide
