"""Spherical k-means: clusters of directions (Dhillon and Modha 2001), seeded, with restarts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


def spherical_kmeans(
    vectors: Vectors, k: int, generator: np.random.Generator, *, restarts: int = 30, rounds: int = 50
) -> Labels:
    """(n, d) unit vectors -> (n,) cluster numbers below `k`; the best of `restarts` by total cosine.

    Starts are drawn by k-means++ (Arthur and Vassilvitskii 2007) with 1 - cosine as the distance.
    """
    best, best_total = np.zeros(len(vectors), dtype=np.int64), -np.inf
    for _ in range(restarts):
        labels, total = _settle(vectors, _starts(vectors, k, generator), rounds)
        if total > best_total + 1e-6:
            best, best_total = labels, total
    return best


def _starts(vectors: Vectors, k: int, generator: np.random.Generator) -> Vectors:
    chosen = [int(generator.integers(len(vectors)))]
    away = np.full(len(vectors), np.inf)
    for _ in range(k - 1):
        away = np.minimum(away, np.maximum(0.0, 1.0 - vectors @ vectors[chosen[-1]]))
        total = away.sum()
        share = away / total if total > 0 else np.full(len(vectors), 1 / len(vectors))
        chosen.append(int(generator.choice(len(vectors), p=share)))
    return np.asarray(vectors[chosen])


def _settle(vectors: Vectors, centres: Vectors, rounds: int) -> tuple[Labels, float]:
    k = len(centres)
    labels = np.full(len(vectors), -1, dtype=np.int64)
    for _ in range(rounds):
        near = vectors @ centres.T
        nearest = near.argmax(axis=1)
        reached = near[np.arange(len(vectors)), nearest]
        counts = np.bincount(nearest, minlength=k)
        for empty in np.flatnonzero(counts == 0):  # it takes the farthest vector of a cluster of several
            lonely = int(np.where(counts[nearest] > 1, reached, np.inf).argmin())
            counts[nearest[lonely]] -= 1
            counts[empty] = 1
            nearest[lonely] = empty
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        members = np.zeros((k, len(vectors)), dtype=np.float32)
        members[labels, np.arange(len(vectors))] = 1
        sums = members @ vectors
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.asarray(sums / np.where(lengths > 0, lengths, 1), dtype=np.float32)
    return labels, float(np.einsum("nd,nd->", vectors, centres[labels]))
