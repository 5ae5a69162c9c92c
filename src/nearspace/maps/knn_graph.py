"""KnnGraph: the nearest neighbours of every row, found once and shared by layouts and trust."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.maps.neighbors import neighbors_in_space
from nearspace.protocols import Progress, Quiet
from nearspace.space import norms_of

ROADS = {"cells": ("nearspace.maps.cell_search", "search_near_cells")}  # imported on use: kernels load slowly
EXACT = 5e10  # multiply-adds of comparing all pairs, up to which that is done (docs/decisions/neighbours.md)
FEW = 1000  # rows that are always compared in pairs, however long they are
CLASSES = (16, 32, 96, 256)  # neighbours that are searched for where not all pairs are compared
SEED = 0
TINY, HUGE = 1e-12, 1e15  # lengths that float32 can square

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class KnnGraph:
    """The nearest other rows of each row, by Euclidean distance.

    Attributes:
        rows: (n, k) int64, nearest first.
        distances: (n, k) float32.
        recall: share of the true neighbours that were found, measured on a sample; 1 where all pairs were
            compared.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    recall: float

    def first(self, k: int) -> KnnGraph:
        """Give the graph of the k nearest only."""
        return KnnGraph(self.rows[:, :k], self.distances[:, :k], self.recall)


def knn_graph(
    vectors: NDArray[np.float32],
    k: int,
    *,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> KnnGraph:
    """Find the k nearest other rows of each row: exactly, or in the cells near to it where there are many.

    Args:
        vectors: (n, d) finite float32, n > k.
        k: how many.
        workers: threads; the result does not depend on them.
        progress: shown in rows.
    """
    n, d = vectors.shape
    if n > FEW and float(n) * n * d > EXACT and k <= CLASSES[-1] and _squares(vectors):
        module, name = ROADS["cells"]
        road = getattr(importlib.import_module(module), name)
        ready = np.require(vectors, np.float32, ["C", "A", "W"])
        found = road(ready, class_of(k), SEED, workers, progress)
        if found is not None:
            return KnnGraph(*found).first(k)
    rows, scores = neighbors_in_space(vectors, k, workers=workers, progress=progress)
    return KnnGraph(rows, -scores, 1.0)


def class_of(k: int) -> int:
    """Give how many neighbours are searched for if k are asked for: so 10 are the first of the same 16."""
    return next((size for size in CLASSES if size >= k), k)


def _squares(vectors: Floats) -> bool:
    """Whether squares of the lengths neither overflow nor vanish in float32."""
    longest = norms_of(vectors).max()
    return bool(TINY < longest < HUGE)
