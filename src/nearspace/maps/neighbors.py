"""Exact nearest neighbours of every row: by any metric in the Space, by distance in the map."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nearspace.index.exact import ExactIndex
from nearspace.kernels.knn import sweep_neighbors
from nearspace.protocols import Progress, Quiet

BLOCK = 2048


def neighbors_in_space(
    vectors: NDArray[np.float32],
    k: int,
    *,
    metric: str = "euclidean",
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the k nearest other rows of each row, exactly, ties by row.

    Args:
        vectors: (n, d) finite float32, n > k.
        k: how many.
        metric: one of the metrics of a Space.
        workers: threads; the result does not depend on them.
        progress: shown in rows.

    Returns:
        rows (n, k) int64, nearest first, and scores (n, k) float32 (cosine, dot or negative distance).
    """
    n = len(vectors)
    index = ExactIndex(vectors, metric=metric)
    found = []
    with progress.task("neighbours in the space", total=n, unit="rows") as task:
        for start in range(0, n, BLOCK):
            own = np.arange(start, min(n, start + BLOCK))[:, None]
            queries = vectors[start : start + BLOCK]
            found.append(index.search(queries, k, exclude=own, workers=threads(workers)))
            task.advance(len(own))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([scores for _, scores in found])


def neighbors_in_map(
    coordinates: NDArray[np.float32],
    k: int,
    *,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> NDArray[np.int64]:
    """Find the k nearest other points of each point of a map: (n, 2 or 3) -> rows (n, k), exact, ties by row.

    A sweep along the widest axis, for a map's few axes far cheaper than comparing all pairs.
    """
    n = len(coordinates)
    axis = int(np.argmax(np.ptp(coordinates, axis=0)))
    order = np.argsort(coordinates[:, axis], kind="stable").astype(np.int64)
    points = np.ascontiguousarray(np.roll(coordinates[order].astype(np.float64), -axis, axis=1))
    rows = np.empty((n, k), dtype=np.int64)

    def answer(start: int) -> int:
        stop = min(n, start + BLOCK)
        sweep_neighbors(points, order, start, stop, rows)
        return stop - start

    _each_block(n, answer, workers, progress, "neighbours in the map")
    return rows


def threads(workers: int | None) -> int:
    """Give the number of threads to use: `workers`, or as many as this process may use cores."""
    if workers is not None:
        return max(1, workers)
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def _each_block(
    n: int, answer: Callable[[int], int], workers: int | None, progress: Progress, what: str
) -> None:
    """Run `answer` on the start of every block, in threads; a block writes only its own rows."""
    with progress.task(what, total=n, unit="rows") as task, ThreadPoolExecutor(threads(workers)) as pool:
        for count in pool.map(answer, range(0, n, BLOCK)):
            task.advance(count)
