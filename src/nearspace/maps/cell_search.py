"""Nearest neighbours of many rows by a partition, with as much work as a sample of true ones asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.index.exact import ExactIndex
from nearspace.maps.narrow import narrowed
from nearspace.maps.neighbors import threads
from nearspace.maps.partition import Partition, nearest, partition, search
from nearspace.protocols import Progress

MOST = 0.4  # share of the cells that a row may look into; if it takes more, all pairs are compared
FOUND = 0.985  # share of the true neighbours that must lie in those cells
WIDE, NARROW = 256, 128  # components from which on candidates are chosen by fewer, and how many these are
KEPT, MOST_WIDE = 0.992, 8  # share of the true neighbours among the candidates, and at most how many times k
SPARE = 4  # candidates beyond k: float32 may confuse the last of them
ASKED = 300  # rows that the search is fitted to, and as many others that its recall is measured on

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def search_near_cells(
    vectors: Floats, k: int, seed: int, workers: int | None, progress: Progress
) -> tuple[Rows, Floats, float] | None:
    """Search the cells near to each row: rows, distances and recall; None if these would be nearly all.

    Args:
        vectors: (n, d) finite float32 in C order, writable; n > k.
        k: how many neighbours.
        seed: of the partition, and of the rows that are asked.
        workers: threads.
        progress: shown in rows.
    """
    index, crew = ExactIndex(vectors, metric="euclidean"), threads(workers)
    drawn = np.random.default_rng(seed).permutation(len(vectors))[: 2 * ASKED]
    true, true_scores = index.search(vectors[drawn], k, exclude=drawn[:, None], workers=crew)
    points, wide = _points(vectors, drawn[:ASKED], true[:ASKED], seed, crew)
    parts = partition(points, seed, workers)
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
    return rows, distances, float(hits.mean())


def _points(vectors: Floats, drawn: Rows, true: Rows, seed: int, crew: int) -> tuple[Floats, int]:
    """Give the points that candidates are chosen by, and how many candidates find nearly all of the true."""
    k = true.shape[1]
    if vectors.shape[1] >= WIDE:
        points = narrowed(vectors, NARROW, seed)
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
