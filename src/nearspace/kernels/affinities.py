"""The affinities of t-SNE: how strongly each point is tied to its neighbours, and the symmetric matrix P.

Van der Maaten, Accelerating t-SNE using tree-based algorithms, JMLR 2014, sections 3 and 4.1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 16  # the list of each point is filled up to a multiple, so that kernels read whole registers
CLOSE = 1e-7  # of the entropy to its target
STEPS = 60


class Affinities(NamedTuple):
    """A symmetric matrix in compressed sparse rows that sums to 1.

    Each row is sorted by column and filled up to a multiple of 16 by entries of weight 0 that point to
    the row itself.
    """

    first: Any  # (n + 1,) int64
    others: Any  # (m,) int32
    weights: Any  # (m,) float32


@njit(cache=True, nogil=True, error_model="numpy")
def conditional(
    distances: NDArray[np.float32], start: int, stop: int, perplexity: float, out: NDArray[np.float32]
) -> None:
    """Write the share of each neighbour of points start..stop in them; of the perplexity that is asked for.

    Newton's method in log beta, kept within a bracket, in float64.

    Args:
        distances: (n, k) to the neighbours.
        start: first point.
        stop: one past the last.
        perplexity: exp of the entropy of each row, less than k.
        out: (n, k), rows start..stop are written.
    """
    k = distances.shape[1]
    square, share = np.empty(k), np.empty(k)
    target = math.log(perplexity)
    for i in range(start, stop):
        least, mean = math.inf, 0.0
        for at in range(k):
            square[at] = float(distances[i, at]) ** 2
            least = min(least, square[at])
        for at in range(k):
            square[at] -= least
            mean += square[at] / k
        scale = 1.0 / mean if mean > 0.0 else 0.0
        low, high, beta = 0.0, math.inf, 1.0
        for _ in range(STEPS):
            total, first, second = 0.0, 0.0, 0.0
            for at in range(k):
                d = square[at] * scale
                share[at] = math.exp(-beta * d)
                total += share[at]
                first += share[at] * d
                second += share[at] * d * d
            first, second = first / total, second / total
            gap = math.log(total) + beta * first - target
            if abs(gap) < CLOSE:
                break
            if gap > 0.0:
                low = beta
            else:
                high = beta
            slope = beta * beta * (second - first * first)
            step = gap / slope if slope > 0.0 else math.inf
            beta = beta * math.exp(step) if abs(step) < 2.0 else math.inf
            if not low < beta < high:
                beta = 2.0 * low if high == math.inf else (low + high) / 2
        for at in range(k):
            out[i, at] = share[at] / total


def conditional_numpy(
    distances: NDArray[np.float32], start: int, stop: int, perplexity: float, out: NDArray[np.float32]
) -> None:
    """Do the same as `conditional`, by bisection.

    p_j|i = exp(-beta_i d_ij^2) / sum_l exp(-beta_i d_il^2), with -sum_j p_j|i log p_j|i = log(perplexity)
    """
    for i in range(start, stop):
        square = distances[i].astype(np.float64) ** 2
        square -= square.min()
        square /= square.mean() or 1.0
        low, high = -40.0, 40.0  # of log beta
        for _ in range(80):
            beta = np.exp((low + high) / 2)
            p = np.exp(-beta * square)
            p /= p.sum()
            entropy = np.log(np.exp(-beta * square).sum()) + beta * (p * square).sum()
            low, high = ((low + high) / 2, high) if entropy > np.log(perplexity) else (low, (low + high) / 2)
        out[i] = p


@njit(cache=True, nogil=True)
def symmetric(
    rows: NDArray[np.int32], shares: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Give first, others and weights of P = (p_j|i + p_i|j) / 2n.

    Args:
        rows: (n, k) neighbours; none twice, no point its own.
        shares: (n, k) p_j|i.
    """
    n, k = rows.shape
    begins, sources, inward = _transposed(rows, shares)
    # the transpose of the transpose: every point's own neighbours, sorted
    own, outward = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    filled = np.zeros(n, np.int32)
    for j in range(n):
        for at in range(begins[j], begins[j + 1]):
            i = sources[at]
            own[i, filled[i]] = j
            outward[i, filled[i]] = inward[at]
            filled[i] += 1
    first = np.zeros(n + 1, np.int64)
    for i in range(n):
        count, at, stop = k, begins[i], begins[i + 1]
        for mine in range(k):
            while at < stop and sources[at] < own[i, mine]:
                at += 1
                count += 1
            if at < stop and sources[at] == own[i, mine]:
                at += 1
        count += stop - at
        first[i + 1] = first[i] + (count + LANES - 1) // LANES * LANES
    others, weights = np.empty(first[n], np.int32), np.zeros(first[n], np.float32)
    half = 0.5 / n
    for i in range(n):
        put, at, stop, mine = first[i], begins[i], begins[i + 1], 0
        while mine < k or at < stop:
            j = n
            if mine < k:
                j = own[i, mine]
            if at < stop:
                j = min(j, sources[at])
            both = 0.0
            if mine < k and own[i, mine] == j:
                both += outward[i, mine]
                mine += 1
            if at < stop and sources[at] == j:
                both += inward[at]
                at += 1
            others[put], weights[put] = j, both * half
            put += 1
        others[put : first[i + 1]] = i
    return first, others, weights


@njit(cache=True, nogil=True)
def _transposed(rows: Any, shares: Any) -> Any:
    """Give the points that name each point, in order: begins (n + 1,), sources and their shares (n * k,)."""
    n, k = rows.shape
    begins = np.zeros(n + 1, np.int64)
    for i in range(n):
        for at in range(k):
            begins[rows[i, at] + 1] += 1
    for i in range(n):
        begins[i + 1] += begins[i]
    following = begins[:n].copy()
    sources, inward = np.empty(n * k, np.int32), np.empty(n * k, np.float32)
    for i in range(n):
        for at in range(k):
            put = following[rows[i, at]]
            following[rows[i, at]] += 1
            sources[put], inward[put] = i, shares[i, at]
    return begins, sources, inward


def symmetric_numpy(
    rows: NDArray[np.int32], shares: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Do the same as `symmetric`, by a full matrix."""
    n = len(rows)
    full, tied = np.zeros((n, n)), np.zeros((n, n), bool)
    full[np.arange(n)[:, None], rows] = shares
    tied[np.arange(n)[:, None], rows] = True
    full, tied = (full + full.T) / (2 * n), tied | tied.T
    first, others, weights = [0], [], []
    for i in range(n):
        near = np.flatnonzero(tied[i])
        spare = -len(near) % LANES
        others.append(np.concatenate([near, np.full(spare, i)]))
        weights.append(np.concatenate([full[i, near], np.zeros(spare)]))
        first.append(first[-1] + len(near) + spare)
    columns = np.concatenate(others).astype(np.int32)
    return np.array(first, np.int64), columns, np.concatenate(weights).astype(np.float32)
