"""The fuzzy graph of UMAP: how surely each neighbour is one, and the union of both directions.

McInnes, Healy, Melville, UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction, 2018,
section 3.1. A float64 bisection takes the same steps on every thread.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class FuzzyGraph(NamedTuple):
    """A symmetric graph in compressed sparse rows."""

    first: Any  # (n + 1,) int64
    others: Any  # (m,) int32
    weights: Any  # (m,) float32, in 0..1


HALVINGS = 64
CLOSE = 1e-5
LEAST = 1e-3  # of the mean distance: the least width


@njit(cache=True, nogil=True, error_model="numpy")
def memberships(
    distances: NDArray[np.float32], start: int, stop: int, mean: float, out: NDArray[np.float32]
) -> None:
    """Write how surely the neighbours of points start..stop are theirs.

    Args:
        distances: (n, k) to the neighbours, nearest first.
        start: first point.
        stop: one past the last.
        mean: of all distances.
        out: (n, k) in 0..1, rows start..stop are written.
    """
    k = distances.shape[1]
    target = math.log2(k + 1.0)
    for i in range(start, stop):
        nearest, own_mean = 0.0, 0.0
        for at in range(k):
            own_mean += distances[i, at] / k
            if nearest == 0.0:
                nearest = float(distances[i, at])
        low, high, width = 0.0, math.inf, 1.0
        for _ in range(HALVINGS):
            total = 0.0
            for at in range(k):
                total += math.exp(-max(0.0, distances[i, at] - nearest) / width)
            if abs(total - target) < CLOSE:
                break
            if total > target:
                high = width
            else:
                low = width
            width = 2 * width if high == math.inf else (low + high) / 2
        width = max(width, LEAST * (own_mean if nearest > 0.0 else mean))
        for at in range(k):
            gap = max(0.0, distances[i, at] - nearest)
            out[i, at] = math.exp(-gap / width) if gap > 0.0 else 1.0


def memberships_numpy(
    distances: NDArray[np.float32], start: int, stop: int, mean: float, out: NDArray[np.float32]
) -> None:
    """Do the same as `memberships`.

    w_ij = exp(-max(0, d_ij - rho_i) / sigma_i), rho_i the least distance above 0, sum_j w_ij = log2(k + 1)
    """
    for i in range(start, stop):
        d = distances[i].astype(np.float64)
        rho = d[d > 0].min(initial=np.inf) if (d > 0).any() else 0.0
        gap = np.maximum(0, d - rho)
        low, high, sigma = 0.0, np.inf, 1.0
        for _ in range(HALVINGS):
            total = np.exp(-gap / sigma).sum()
            if abs(total - np.log2(len(d) + 1)) < CLOSE:
                break
            low, high = (low, sigma) if total > np.log2(len(d) + 1) else (sigma, high)
            sigma = 2 * sigma if high == np.inf else (low + high) / 2
        sigma = max(sigma, LEAST * (d.mean() if rho > 0 else mean))
        out[i] = np.where(gap > 0, np.exp(-gap / sigma), 1)


@njit(cache=True, nogil=True)
def _place(rows: NDArray[np.int32], i: int, j: int) -> int:
    """Where j is among the neighbours of i; -1 if it is not."""
    for at in range(rows.shape[1]):
        if rows[i, at] == j:
            return at
    return -1


@njit(cache=True, nogil=True)
def union(
    rows: NDArray[np.int32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Give the graph in which i and j are neighbours if either is one of the other.

    Compressed sparse rows: first (n + 1,), others and weights. Of each point first its own neighbours,
    nearest first, then those whose neighbour it is, by row.

    Args:
        rows: (n, k) neighbours.
        weights: (n, k) how surely each is one.
    """
    n, k = rows.shape
    named = np.zeros(n + 1, np.int64)  # by how many points outside its own neighbours a point is named
    for i in range(n):
        for at in range(k):
            if _place(rows, rows[i, at], i) < 0:
                named[rows[i, at] + 1] += 1
    first = np.empty(n + 1, np.int64)
    first[0] = 0
    for i in range(n):
        first[i + 1] = first[i] + k + named[i + 1]
    others = np.empty(first[n], np.int32)
    values = np.empty(first[n], np.float32)
    following = first[:n] + k
    for i in range(n):
        for at in range(k):
            j, weight = rows[i, at], weights[i, at]
            back = _place(rows, j, i)
            if back >= 0:
                weight = weight + weights[j, back] - weight * weights[j, back]
            else:
                others[following[j]] = i
                values[following[j]] = weight
                following[j] += 1
            others[first[i] + at] = j
            values[first[i] + at] = weight
    return first, others, values


def union_numpy(
    rows: NDArray[np.int32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Do the same as `union`: u_ij = w_ij + w_ji - w_ij w_ji."""
    n = len(rows)
    directed = np.zeros((n, n), np.float32)
    directed[np.arange(n)[:, None], rows] = weights
    is_edge = np.zeros((n, n), bool)
    is_edge[np.arange(n)[:, None], rows] = True
    both = directed + directed.T - directed * directed.T
    lists = [np.concatenate([rows[i], np.flatnonzero(is_edge[:, i] & ~is_edge[i])]) for i in range(n)]
    first = np.cumsum([0, *(len(some) for some in lists)])
    values = np.concatenate([both[i, some] for i, some in enumerate(lists)])
    return first, np.concatenate(lists).astype(np.int32), values.astype(np.float32)


@njit(cache=True, nogil=True)
def smooth(
    graph: FuzzyGraph,
    scale: NDArray[np.float32],
    block: NDArray[np.float32],
    start: int,
    stop: int,
    out: NDArray[np.float32],
) -> None:
    """Write the product of the normalised graph and (n, b) functions, for points start..stop.

    Args:
        graph: of all points.
        scale: (n,) 1 / sqrt(sum of a point's weights).
        block: (n, b) float32.
        start: first point.
        stop: one past the last.
        out: (n, b), rows start..stop are written.
    """
    wide = block.shape[1]
    for i in range(start, stop):
        out[i] = 0
        for at in range(graph.first[i], graph.first[i + 1]):
            j = graph.others[at]
            weight = scale[i] * graph.weights[at] * scale[j]
            for column in range(wide):
                out[i, column] += weight * block[j, column]


def smooth_numpy(
    graph: FuzzyGraph,
    scale: NDArray[np.float32],
    block: NDArray[np.float32],
    start: int,
    stop: int,
    out: NDArray[np.float32],
) -> None:
    """Do the same as `smooth`: out_i = sum_j s_i w_ij s_j x_j."""
    for i in range(start, stop):
        near = slice(graph.first[i], graph.first[i + 1])
        weights = scale[i] * graph.weights[near] * scale[graph.others[near]]
        out[i] = weights @ block[graph.others[near]]
