"""The gradient of t-SNE's loss with exact forces, in the shape that openTSNE's optimiser calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.forces import attract, repel

SHARD = 512  # points whose forces one thread sums up at a time; the sums stay in the first cache


class ExactForces:
    """Kullback-Leibler divergence and gradient of a layout, over all pairs (van der Maaten and Hinton 2008).

    For up to some twenty thousand points all pairs in vector registers take less time than a tree. Each point
    sums its own forces in row order, so threads change no bit.

    Args:
        pool: threads that are used.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def __call__(
        self, embedding: Any, P: Any, *, should_eval_error: bool = False, **_: Any
    ) -> tuple[float, NDArray[np.float64]]:
        """(n, d) layout and sparse (n, n) P -> loss (where asked for), and gradient without its factor 4."""
        points = np.ascontiguousarray(embedding, dtype=np.float64)
        n, d = points.shape
        flat = points.T.astype(np.float32)
        deep = flat[2] if d == 3 else flat[0, :0]
        away, total = np.empty((n, d)), np.empty(n)
        near, loss = np.empty((n, d)), np.empty(n if should_eval_error else 0)

        def shard(start: int) -> None:
            stop = min(n, start + SHARD)
            repel(flat[0], flat[1], deep, start, stop, away, total)
            attract(P.indptr, P.indices, P.data, points, start, stop, near, loss)

        self._each(shard, n)
        sum_q = float(total.sum())
        divergence = float(loss.sum()) + float(P.data.sum()) * float(np.log(sum_q))
        return divergence, near - away / sum_q

    def _each(self, shard: Callable[[int], None], n: int) -> None:
        """Run all shards; a single one without a thread."""
        if n <= SHARD:
            shard(0)
            return
        for _ in self._pool.map(shard, range(0, n, SHARD)):
            pass
