"""KnnGraph: the nearest neighbours of every row, found once and shared by layouts and trust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.index.exact import ExactIndex
from nearspace.maps.narrow import narrowed
from nearspace.maps.neighbors import neighbors_in_space, threads
from nearspace.maps.partition import Partition, nearest, partition, search
from nearspace.protocols import Progress, Quiet
from nearspace.space import norms_of

EXACT = 5e10  # multiply-adds of comparing all pairs, up to which that is done (docs/decisions/neighbours.md)
CLASSES = (16, 32, 96, 256)  # neighbours that are searched for where not all pairs are compared
MOST = 0.4  # share of the cells that a row may look into; if it takes more, all pairs are compared
FOUND = 0.985  # share of the true neighbours that must lie in those cells
WIDE, NARROW = 256, 128  # components from which on candidates are chosen by fewer, and how many these are
KEPT, MOST_WIDE = 0.992, 8  # share of the true neighbours among the candidates, and at most how many times k
SPARE = 4  # candidates beyond k: float32 may confuse the last of them
ASKED = 300  # rows that the search is fitted to, and as many others that its recall is measured on
SEED = 0
TINY, HUGE = 1e-12, 1e15  # lengths that float32 can square

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


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
    if float(n) * n * d > EXACT and k <= CLASSES[-1] and _squares(vectors):
        found = _searched(np.require(vectors, np.float32, ["C", "A", "W"]), class_of(k), workers, progress)
        if found is not None:
            return found.first(k)
    rows, scores = neighbors_in_space(vectors, k, workers=workers, progress=progress)
    return KnnGraph(rows, -scores, 1.0)


def class_of(k: int) -> int:
    """Give how many neighbours are searched for if k are asked for: so 10 are the first of the same 16."""
    return next((size for size in CLASSES if size >= k), k)


def _searched(vectors: Floats, k: int, workers: int | None, progress: Progress) -> KnnGraph | None:
    """Search the cells near to each row; None if these would be nearly all."""
    index, crew = ExactIndex(vectors, metric="euclidean"), threads(workers)
    drawn = np.random.default_rng(SEED).permutation(len(vectors))[: 2 * ASKED]
    true, true_scores = index.search(vectors[drawn], k, exclude=drawn[:, None], workers=crew)
    points, wide = _points(vectors, drawn[:ASKED], true[:ASKED], crew)
    parts = partition(points, SEED, workers)
    probes = _probes(parts, drawn[:ASKED], true[:ASKED], workers)
    if probes > MOST * len(parts):
        return None
    rows, distances = search(vectors, parts, probes, wide, k, workers, progress)
    few = np.flatnonzero(rows[:, -1] < 0)
    if len(few):
        rows[few], scores = index.search(vectors[few], k, exclude=few[:, None], workers=crew)
        distances[few] = -scores
    # by distance, not by row: of rows that are equally near any will do
    hits = distances[drawn[ASKED:]] <= -true_scores[ASKED:, -1:]
    return KnnGraph(rows, distances, float(hits.mean()))


def _points(vectors: Floats, drawn: Rows, true: Rows, crew: int) -> tuple[Floats, int]:
    """Give the points that candidates are chosen by, and how many candidates find nearly all of the true."""
    k = true.shape[1]
    if vectors.shape[1] >= WIDE:
        points = narrowed(vectors, NARROW, SEED)
        index = ExactIndex(points, metric="euclidean")
        found, _ = index.search(points[drawn], MOST_WIDE * k, exclude=drawn[:, None], workers=crew)
        places = np.full(true.shape, found.shape[1])
        for row, (near, wanted) in enumerate(zip(found, true, strict=True)):
            order = np.argsort(near)
            at = np.minimum(np.searchsorted(near, wanted, sorter=order), len(near) - 1)
            places[row] = np.where(near[order[at]] == wanted, order[at], places[row])
        wide = _quantile(places, KEPT) + 1
        if wide < found.shape[1]:
            return points, max(wide, k + SPARE)
    return vectors, k + SPARE


def _probes(parts: Partition, drawn: Rows, true: Rows, workers: int | None) -> int:
    """Give how many cells a row must look into to find nearly all of the true."""
    order = nearest(parts.points, parts.cells.centres, parts.mean, drawn, len(parts), workers)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(parts), dtype=np.int32)[None, :], axis=1)
    return _quantile(np.take_along_axis(ranks, parts.of[true], axis=1), FOUND) + 1


def _quantile(values: NDArray[np.integer[Any]], share: float) -> int:
    """Give the least value that so many of all values do not exceed."""
    return int(np.sort(values, axis=None)[int(share * (values.size - 1))])


def _squares(vectors: Floats) -> bool:
    """Whether squares of the lengths neither overflow nor vanish in float32."""
    longest = norms_of(vectors).max()
    return bool(TINY < longest < HUGE)
