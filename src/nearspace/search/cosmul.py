"""3CosMul as a scorer: products of cosines (Levy and Goldberg 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.index.blockwise import Floats, Rows
from nearspace.index.linear import Block, Cosine

EPSILON = 0.001


@dataclass(frozen=True)
class ProductPart:
    """Float32 numerators and denominators of a tile of queries against a block, and their rounding error."""

    above: Floats
    below: Floats
    slack: float

    def ranks(self) -> Floats:
        """(t, b) float32 quotients."""
        return self.above / self.below

    def reaching(self, floor: Floats) -> NDArray[np.bool_]:
        """(t, b) where above / below >= floor may hold: above - floor below >= -slack (1 + floor)."""
        if np.isneginf(floor).all():
            return np.ones(self.above.shape, dtype=bool)
        least = np.maximum(floor, np.float32(0))
        score = self.below * least
        np.subtract(self.above, score, out=score)
        return np.greater_equal(score, np.where(np.isneginf(floor), floor, -self.slack * (1 + least)))


class Product:
    """prod_p (1 + cos(v, p)) / 2  /  prod_n ((1 + cos(v, n)) / 2 + 0.001) for each row v.

    Args:
        pool: (u, d) float32 vectors that queries are made of.
        positive: (q, p) int64 numbers of the positive terms of each query in `pool`; p >= 1.
        negative: (q, m) int64 numbers of the negative ones.
        vectors: (n, d) float32; may be a memory map.
        norms: (n,) float32 norms of the vectors.
    """

    def __init__(self, pool: Floats, positive: Rows, negative: Rows, vectors: Floats, norms: Floats) -> None:
        self._cosine = Cosine(pool, vectors, norms)
        self._terms = np.concatenate([positive, negative], axis=1)
        self._positives = positive.shape[1]

    @property
    def width(self) -> int:
        """Components that are needed to judge one pair."""
        return int(self._cosine.width * self._terms.shape[1])

    def open(self, start: int, stop: int) -> Block:
        """Prepare rows start..stop."""
        return self._cosine.open(start, stop)

    def part(self, first: int, last: int, block: Block) -> ProductPart:
        """Score queries first..last against a block; each different term of the tile is compared once."""
        pool, place = np.unique(self._terms[first:last], return_inverse=True)
        place = place.reshape(last - first, -1)
        near = self._cosine.scores(pool, block)
        near += 1
        near *= np.float32(0.5)
        above = _product(near, place[:, : self._positives])
        near += np.float32(EPSILON)
        below = _product(near, place[:, self._positives :])
        if block.odd is not None:
            above[:, block.odd], below[:, block.odd] = np.inf, 1
        # each factor is off by half the slack of a cosine; products by the sum of their factors' errors
        return ProductPart(above, below, 2 * self._cosine.slack * place.shape[1])

    def exact(self, queries: Rows, rows: Rows) -> Floats:
        """(m,) quotients in float64, rounded to float32."""
        terms = self._terms[queries]
        pairs = np.repeat(rows, terms.shape[1])
        cosines = self._cosine.wide(terms.reshape(-1), pairs).reshape(terms.shape)
        shifted = (1 + cosines) / 2
        above = shifted[:, : self._positives].prod(axis=1)
        below = (shifted[:, self._positives :] + EPSILON).prod(axis=1)
        return np.asarray((above / below).astype(np.float32))


def _product(factors: Floats, numbers: Rows) -> Floats:
    """(t, b) product of the rows `numbers` (t, p) of `factors` (u, b)."""
    if not numbers.shape[1]:
        return np.ones((len(numbers), factors.shape[1]), dtype=np.float32)
    product: Floats = factors[numbers[:, 0]]
    for term in range(1, numbers.shape[1]):
        product *= factors[numbers[:, term]]
    return product
