"""Shorter images of vectors, in which neighbours lie about as near as in the vectors themselves.

A randomised PCA of a sample, with two steps of power iteration (Halko, Martinsson, Tropp, Finding structure
with randomness, 2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE = 8192  # rows that the directions are found from
STEPS = 2
BLOCK = 8192

Floats = NDArray[np.float32]


def narrowed(vectors: Floats, width: int, seed: int) -> Floats:
    """(n, d) -> (n, width): along the directions of largest variance; no two rows come farther apart."""
    random = np.random.default_rng(seed)
    n, d = vectors.shape
    sample = vectors[np.sort(random.permutation(n)[:SAMPLE])]
    mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    sample = sample - mean
    directions = random.standard_normal((d, width), dtype=np.float32)
    for _ in range(STEPS):
        directions = np.linalg.qr(sample.T @ (sample @ directions))[0]
    points = np.empty((n, width), dtype=np.float32)
    for start in range(0, n, BLOCK):
        np.matmul(vectors[start : start + BLOCK] - mean, directions, out=points[start : start + BLOCK])
    return points
