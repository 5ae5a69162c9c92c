"""The vector of a user by BPR's objective when the items stay as they are: Newton's method."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def gaps_of(factors, chosen, rivals, each):  # type: ignore[no-untyped-def]
    """Subtract `each` rivals from every chosen item, rivals in turn, those that are chosen left out.

    Args:
        factors: (I, d + 1) float32; the last component is the bias.
        chosen: (n,) int32 ascending. rivals: (r,) int32.

    Returns:
        (pairs, d + 1) float32 differences, and (pairs,) float32 weights, of each item 1 in all.
    """
    gaps = np.empty((len(chosen) * each, factors.shape[1]), np.float32)
    weights = np.empty(len(gaps), np.float32)
    count, at = 0, 0
    for item in chosen:
        begun = count
        for _ in range(each):
            rival = rivals[at]
            at = at + 1 if at + 1 < len(rivals) else 0
            place = np.searchsorted(chosen, rival)
            if place < len(chosen) and chosen[place] == rival:
                continue
            for component in range(factors.shape[1]):
                gaps[count, component] = factors[item, component] - factors[rival, component]
            count += 1
        for pair in range(begun, count):
            weights[pair] = np.float32(1.0) / np.float32(count - begun)
    return gaps[:count], weights[:count]


@njit(cache=True, nogil=True)
def _cholesky_solve(matrix, right):  # type: ignore[no-untyped-def]
    """Solve in place by the lower triangle of a positive definite matrix (float64)."""
    size = len(right)
    for j in range(size):
        total = matrix[j, j]
        for k in range(j):
            total -= matrix[j, k] * matrix[j, k]
        matrix[j, j] = np.sqrt(total)
        for i in range(j + 1, size):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / matrix[j, j]
    for i in range(size):
        for k in range(i):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= matrix[k, i] * right[k]
        right[i] /= matrix[i, i]


@njit(cache=True, nogil=True)
def fold_pairwise(gaps, weights, ridge, steps):  # type: ignore[no-untyped-def]
    """Take `steps` Newton steps from 0; returns (d + 1,) float32, the last component 1.

    Args:
        gaps, weights: see `gaps_of`. ridge: factor of |x|^2 / 2, above 0.
    """
    dim = gaps.shape[1] - 1
    x = np.zeros(dim, np.float32)
    curved = np.empty((dim, dim), np.float32)
    step = np.empty(dim, np.float64)
    for _ in range(steps):
        curved[:] = 0
        step[:] = 0
        for pair in range(len(gaps)):
            gap = gaps[pair]
            score = np.float64(gap[dim])
            for a in range(dim):
                score += gap[a] * x[a]
            chance = 1.0 / (1.0 + np.exp(-score))
            pull = weights[pair] * (1.0 - chance)
            bend = np.float32(pull * chance)
            for a in range(dim):
                step[a] += pull * gap[a]
                scaled = bend * gap[a]
                row = curved[a]
                for b in range(a + 1):
                    row[b] += scaled * gap[b]
        system = curved.astype(np.float64)
        for a in range(dim):
            system[a, a] += ridge
            step[a] -= ridge * x[a]
        _cholesky_solve(system, step)
        for a in range(dim):
            x[a] += np.float32(step[a])
    found = np.ones(dim + 1, np.float32)
    found[:dim] = x
    return found


def fold_pairwise_numpy(
    gaps: NDArray[np.float32], weights: NDArray[np.float32], ridge: float, steps: int
) -> NDArray[np.float32]:
    """Maximise sum of w log P - ridge |x|^2 / 2, P = 1 / (1 + exp(-g.(x, 1))), over the rows g of G:

    x += (G' W P (1 - P) G + ridge)^-1 (G' W (1 - P) - ridge x).
    """
    wide, lift = gaps[:, :-1].astype(np.float64), gaps[:, -1].astype(np.float64)
    x = np.zeros(wide.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-(wide @ x + lift)))
        system = (wide.T * (weights * chance * (1 - chance))) @ wide + ridge * np.eye(len(x))
        x += np.linalg.solve(system, wide.T @ (weights * (1 - chance)) - ridge * x)
    return np.append(x, 1).astype(np.float32)
