"""The nearest vectors of a set by dot product, block by block: small sets, and ties in row order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_CELLS = 1 << 23  # scores in memory at once


def nearest(queries: Floats, vectors: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
    """(q, d) and (n, d) -> rows (q, min(k, n)) and their scores, best first, ties by row."""
    kept = min(k, len(vectors))
    rows = np.empty((len(queries), kept), dtype=np.int64)
    scores = np.empty((len(queries), kept), dtype=np.float32)
    step = max(1, _CELLS // max(1, len(vectors)))
    for start in range(0, len(queries), step):
        made = queries[start : start + step] @ vectors.T
        if kept < len(vectors):
            edge = np.partition(made, len(vectors) - kept, axis=1)[:, len(vectors) - kept]
        for number, line in enumerate(made):
            found = np.flatnonzero(line >= edge[number]) if kept < len(vectors) else np.arange(len(line))
            order = found[np.argsort(-line[found], kind="stable")][:kept]
            rows[start + number], scores[start + number] = order, line[order]
    return rows, scores


def unit(vectors: Floats) -> Floats:
    """Scale rows to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
