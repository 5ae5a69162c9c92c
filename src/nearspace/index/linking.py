"""Linking points into a hierarchical navigable small world graph (HNSW), by faiss.

Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using hierarchical navigable
small world graphs, 2018. faiss 1.15 builds the same graph on any number of threads.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.walk import Links
from nearspace.optional import require

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float32]


class Linker:
    """A graph that is being built; faiss holds the links and a copy of the points.

    Args:
        points: (m, d) float32, the first to be linked.
        metric: "cosine", of points of unit length, or "euclidean".
        degree: links of a point in the upper layers, twice that in the lowest.
        effort: candidates that are kept when a point is linked.
        seed: of the layers.
        workers: threads.

    Raises:
        MissingExtraError: faiss is not installed.
    """

    def __init__(
        self, points: Floats, metric: str, degree: int, effort: int, seed: int, workers: int
    ) -> None:
        faiss = self._faiss = require("faiss", extra="graph", purpose="building a graph index")
        measure = faiss.METRIC_L2 if metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        self._index = faiss.IndexHNSWFlat(points.shape[1], degree, measure)
        self._index.hnsw.efConstruction = effort
        self._index.hnsw.rng = faiss.RandomGenerator(seed)
        self.add(points, workers)

    def add(self, points: Floats, workers: int) -> None:
        """Link more points."""
        with _threads(self._faiss, workers):
            self._index.add(np.ascontiguousarray(points))

    def reorder(self, order: NDArray[np.int64]) -> None:
        """Number the points anew: point i becomes what point order[i] was."""
        self._index.permute_entries(np.ascontiguousarray(order, dtype=np.int64))

    @property
    def points(self) -> Floats:
        """(m, d) float32, a view on what faiss holds."""
        codes = self._faiss.downcast_index(self._index.storage).codes
        view = self._faiss.rev_swig_ptr(codes.data(), codes.size())
        return np.asarray(view.view(np.float32).reshape(-1, self._index.d))

    def links(self) -> Links:
        """Copy the links out of faiss, where a point's lists lie one behind the other."""
        graph, faiss = self._index.hnsw, self._faiss
        flat = faiss.rev_swig_ptr(graph.neighbors.data(), graph.neighbors.size())
        starts = faiss.vector_to_array(graph.offsets).astype(np.int64)[:-1]
        above = faiss.vector_to_array(graph.levels).astype(np.int64) - 1
        sums = faiss.vector_to_array(graph.cum_nneighbor_per_level)
        degree, half = int(sums[1]), int(sums[2] - sums[1])
        base = np.empty((len(starts), degree), dtype=np.int32)
        for link in range(degree):
            base[:, link] = flat[starts + link]
        high = np.flatnonzero(above > 0)
        place = np.full(len(starts), -1, dtype=np.int32)
        place[high] = np.cumsum(above[high]) - above[high]
        lists = np.repeat(starts[high] + degree, above[high])
        lists += half * (np.arange(len(lists)) - np.repeat(place[high], above[high]))
        upper = flat[lists[:, None] + np.arange(half)].astype(np.int32)
        return Links(
            base.reshape(-1),
            degree,
            upper.reshape(-1),
            half,
            place,
            int(graph.entry_point),
            int(graph.max_level),
        )


@contextmanager
def _threads(faiss: Any, workers: int) -> Iterator[None]:
    """Let faiss use so many threads, and give the caller's own setting back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(workers)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
