"""The spectral start of a layout: the smoothest functions on the graph of neighbours.

Belkin and Niyogi, Laplacian eigenmaps for dimensionality reduction, 2003. The eigenvectors are found by a
Chebyshev-filtered subspace iteration (Zhou and Saad, A Chebyshev-Davidson algorithm for large symmetric
eigenproblems, 2007), which needs products with the graph only.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.fuzzy import FuzzyGraph, smooth
from nearspace.maps.neighbors import threads

Floats = NDArray[np.float32]
Block = NDArray[np.float64]

WIDE = 8  # functions that are iterated together
FEWEST = 100  # points
DEGREE, SWEEPS = 20, 3  # of the filter, and how often it is applied
PIECES = 1 - 1e-5  # a graph with a second eigenvalue above this is in pieces, or nearly so
SAMPLE = 10_000  # rows that the directions of the first guess are taken from
BLOCK = 8192


def spectral(graph: FuzzyGraph, vectors: Floats, dim: int, seed: int, workers: int | None) -> Block | None:
    """(n, dim) eigenvectors of the normalised graph for the largest eigenvalues after the constant one.

    None if there are fewer than 100 points, or if the graph is in pieces: then these vectors only say which
    piece a point is in.
    """
    if len(vectors) < FEWEST:
        return None
    degrees = np.add.reduceat(graph.weights.astype(np.float64), graph.first[:-1])
    scale = (1 / np.sqrt(degrees)).astype(np.float32)
    constant = np.sqrt(degrees)[:, None]
    with ThreadPoolExecutor(threads(workers), thread_name_prefix="spectral") as pool:

        def product(block: Floats) -> Floats:
            out = np.empty_like(block)
            starts = range(0, len(block), BLOCK)
            list(
                pool.map(lambda at: smooth(graph, scale, block, at, min(len(block), at + BLOCK), out), starts)
            )
            return out

        found = _orthonormal(constant, _guess(vectors, seed) * constant)
        for _ in range(SWEEPS):
            values, found = _rotated(product, found)
            lowest = float(np.clip(values[-1], 0.0, 0.999))
            block = _filtered(product, found[:, 1:].astype(np.float32), lowest)
            found = _orthonormal(constant, block.astype(np.float64))
        values, found = _rotated(product, found)
    return None if values[1] > PIECES else found[:, 1 : dim + 1]


def _guess(vectors: Floats, seed: int) -> Block:
    """(n, WIDE) along directions in which the vectors vary much: one step of a randomised PCA, and noise."""
    random = np.random.default_rng(seed)
    n, d = vectors.shape
    sample = np.asarray(vectors[:: max(1, n // SAMPLE)], dtype=np.float32)
    mean = sample.mean(axis=0)
    sample = sample - mean
    directions = sample.T @ (sample @ random.standard_normal((d, WIDE), dtype=np.float32))
    directions /= max(float(np.abs(directions).max()), 1e-30)
    found = np.concatenate([(vectors[at : at + BLOCK] - mean) @ directions for at in range(0, n, BLOCK)])
    found = found.astype(np.float64) / max(float(np.abs(found).max()), 1e-30)
    return np.asarray(found + random.normal(scale=1e-3, size=found.shape))


def _orthonormal(constant: Block, block: Block) -> Block:
    """(n, WIDE + 1) orthonormal columns, the first along the constant function."""
    return np.asarray(np.linalg.qr(np.column_stack([constant, block]))[0])


def _rotated(product: Callable[[Floats], Floats], block: Block) -> tuple[NDArray[np.float64], Block]:
    """Give the best approximations of eigenvalues and eigenvectors in the span, largest first."""
    values, turn = np.linalg.eigh(block.T @ product(block.astype(np.float32)).astype(np.float64))
    turned = block @ turn[:, ::-1]
    largest = np.abs(turned).argmax(axis=0)
    return values[::-1], turned * np.sign(turned[largest, np.arange(turned.shape[1])])


def _filtered(product: Callable[[Floats], Floats], block: Floats, lowest: float) -> Floats:
    """Apply the Chebyshev polynomial that is small on -1..lowest and grows fast up to 1."""
    centre, half = np.float32((lowest - 1) / 2), np.float32((lowest + 1) / 2)
    first = half / (1 - centre)
    before, now, sigma = block, (product(block) - centre * block) * (first / half), first
    for _ in range(DEGREE - 1):
        following = 1 / (2 / first - sigma)
        after = (product(now) - centre * now) * (2 * following / half) - before * (sigma * following)
        before, now, sigma = now, after, following
    return now
