"""Spaces whose classes are known by construction: clusters of points around random directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nearspace.keys import Keys
from nearspace.space import Space


def clusters(
    each: int, *, classes: int = 6, dim: int = 24, noise: float = 0.15, seed: int = 1, draw: int = 0
) -> tuple[np.ndarray, list[str]]:
    """Give (classes * each, dim) points and their labels; other `draw`, other points of the same classes."""
    middles = np.random.default_rng(seed).normal(size=(classes, dim))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    random = np.random.default_rng([draw + 1, seed])
    points = np.repeat(middles, each, axis=0) + noise * random.normal(size=(classes * each, dim))
    return points.astype(np.float32), [f"c{code}" for code in range(classes) for _ in range(each)]


def space_of(vectors: np.ndarray, labels: Sequence[str | None], **fields: object) -> Space:
    """Give a Space with a column `kind`."""
    keys = Keys(f"r{row}" for row in range(len(vectors)))
    return Space(keys, vectors, columns={"kind": np.array(labels, dtype=object)}, **fields)


class LookUp:
    """An encoder that places the texts it was made with, and nothing else."""

    kind = "static"

    def __init__(self, places: dict[str, np.ndarray], name: str = "a" * 32) -> None:
        self.places = places
        self.fingerprint = name
        self.dim = len(next(iter(places.values())))

    def encode(self, items: Sequence[str]) -> np.ndarray:
        none = np.zeros(self.dim, dtype=np.float32)
        return np.stack([self.places.get(item, none) for item in items]).astype(np.float32)

    def save(self, folder: object) -> None:
        raise NotImplementedError
