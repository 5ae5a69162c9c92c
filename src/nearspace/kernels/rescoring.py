"""The k best of each query's candidates, scored exactly: float64 sums, rounded to float32."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import prefetch

LINE = 16  # float32 that memory gives at once
METRICS = {"cosine": 0, "dot": 1, "euclidean": 2}


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _score(query, vector, metric):  # type: ignore[no-untyped-def]
    """Score of one pair; larger is nearer."""
    total = 0.0
    if metric == 2:
        for at in range(len(query)):
            apart = np.float64(query[at]) - np.float64(vector[at])
            total += apart * apart
        return -math.sqrt(total)
    if metric == 1:
        for at in range(len(query)):
            total += np.float64(query[at]) * np.float64(vector[at])
        return total
    left = 0.0
    right = 0.0
    for at in range(len(query)):
        one, other = np.float64(query[at]), np.float64(vector[at])
        total += one * other
        left += one * one
        right += other * other
    if left == 0.0 or right == 0.0:
        return 0.0
    return min(1.0, max(-1.0, total / (math.sqrt(left) * math.sqrt(right))))


@njit(cache=True, nogil=True)
def rescore(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    candidates: NDArray[np.int64],
    banned: NDArray[np.int64],
    metric: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> None:
    """Write the k best candidates of each query, best first, ties by row; -1 and -inf fill up.

    Args:
        queries: (q, d) finite.
        vectors: (n, d); only the candidates are read, and they are finite.
        candidates: (q, c) rows, each at most once a query; -1 is no row.
        banned: (q, e) rows that are no hits; -1 is no row.
        metric: a value of METRICS.
        rows: (q, k) is written.
        scores: (q, k) is written.
    """
    k, most = rows.shape[1], candidates.shape[1]
    for query in range(len(queries)):
        rows[query] = -1
        scores[query] = -np.inf
        for place in range(most):
            row = candidates[query, place]
            if place + 1 < most and candidates[query, place + 1] >= 0:
                # the next row comes from memory while this one is scored
                following = vectors[candidates[query, place + 1]]
                for at in range(0, len(following), LINE):
                    prefetch(following, at)
            if row < 0:
                continue
            free = True
            for one in banned[query]:
                if one == row:
                    free = False
            if not free:
                continue
            score = np.float32(_score(queries[query], vectors[row], metric))
            at = k
            while at > 0 and (
                rows[query, at - 1] < 0
                or score > scores[query, at - 1]
                or (score == scores[query, at - 1] and row < rows[query, at - 1])
            ):
                at -= 1
            if at < k:
                for move in range(k - 1, at, -1):
                    rows[query, move] = rows[query, move - 1]
                    scores[query, move] = scores[query, move - 1]
                rows[query, at] = row
                scores[query, at] = score


def rescore_numpy(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    candidates: NDArray[np.int64],
    banned: NDArray[np.int64],
    metric: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> None:
    """Twin of `rescore`: q.v / (|q||v|) and 0 for zero vectors, q.v, or -|q - v|, sorted by (-score, row)."""
    rows[:], scores[:] = -1, -np.inf
    for query, wide in enumerate(queries.astype(np.float64)):
        some = np.setdiff1d(candidates[query], [-1, *banned[query]])
        near = vectors[some].astype(np.float64)
        if metric == METRICS["euclidean"]:
            exact = -np.linalg.norm(wide - near, axis=1)
        else:
            exact = near @ wide
        if metric == METRICS["cosine"]:
            lengths = np.linalg.norm(near, axis=1) * np.linalg.norm(wide)
            exact = np.divide(exact, lengths, out=np.zeros(len(some)), where=lengths > 0).clip(-1, 1)
        rounded = exact.astype(np.float32)
        order = np.lexsort((some, -rounded))[: rows.shape[1]]
        rows[query, : len(order)], scores[query, : len(order)] = some[order], rounded[order]
