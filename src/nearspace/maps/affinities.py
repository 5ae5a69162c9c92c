"""The affinities of t-SNE over the shared graph of neighbours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nearspace.kernels.affinities import Affinities, conditional, symmetric
from nearspace.maps.knn_graph import KnnGraph
from nearspace.maps.neighbors import threads

BLOCK = 2048  # points that a thread takes at once


def affinities(near: KnnGraph, perplexity: float, workers: int | None) -> Affinities:
    """Give P, whose rows have this perplexity before both directions are averaged (van der Maaten 2014).

    Args:
        near: more neighbours than the perplexity.
        perplexity: at least 1.
        workers: threads; the result does not depend on them.
    """
    n = len(near.rows)
    distances, shares = np.ascontiguousarray(near.distances), np.empty(near.distances.shape, np.float32)

    def block(start: int) -> None:
        conditional(distances, start, min(n, start + BLOCK), perplexity, shares)

    with ThreadPoolExecutor(threads(workers), thread_name_prefix="tsne") as pool:
        list(pool.map(block, range(0, n, BLOCK)))
    return Affinities(*symmetric(np.ascontiguousarray(near.rows, dtype=np.int32), shares))
