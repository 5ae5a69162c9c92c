"""KnnGraph: the nearest neighbours of every row, found once and shared by layouts and trust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.index.graph import Graph
from nearspace.maps.neighbors import neighbors_in_space, threads
from nearspace.optional import installed
from nearspace.protocols import Progress, Quiet
from nearspace.space import norms_of

EXACT = 2e11  # multiply-adds of comparing all pairs, up to which that is done (docs/maps.md)
SEARCH = Graph(degree=12, effort_build=32, sample=100)  # what it finds is measured afterwards
WIDE = 2  # candidates that are kept for each neighbour, at least
ASKED = 300  # rows whose true neighbours are found to measure the recall
BLOCK = 8192


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
    """Find the k nearest other rows of each row: exactly, or by a graph index where there are many.

    Args:
        vectors: (n, d) finite float32, n > k.
        k: how many.
        workers: threads; the result does not depend on them.
        progress: shown in rows.
    """
    n, d = vectors.shape
    if float(n) * n * d <= EXACT or not installed("faiss"):
        rows, scores = neighbors_in_space(vectors, k, workers=workers, progress=progress)
        return KnnGraph(rows, -scores, 1.0)
    index = SEARCH.build(vectors, norms_of(vectors), "euclidean", workers=threads(workers), progress=progress)
    effort = max(index.effort, WIDE * k)
    rows, distances = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    with progress.task("neighbours in the space", total=n, unit="rows") as task:
        for start in range(0, n, BLOCK):
            own = np.arange(start, min(n, start + BLOCK))
            found = index.search(
                vectors[own], k, exclude=own[:, None], effort=effort, workers=threads(workers)
            )
            rows[own], distances[own] = found[0], -found[1]
            task.advance(len(own))
    drawn = np.random.default_rng(0).permutation(n)[:ASKED]
    truth = index.exact.search(vectors[drawn], k, exclude=drawn[:, None], workers=threads(workers))[1]
    # by distance, not by row: of rows that are equally near any will do
    return KnnGraph(rows, distances, float((distances[drawn] <= -truth[:, -1:]).mean()))
