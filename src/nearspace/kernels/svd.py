"""Dense parts of a truncated singular value decomposition: tall, narrow float32 arrays, sums in float64."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def gram(tall: NDArray[np.float32]) -> NDArray[np.float64]:
    """tall.T @ tall, (width, width); four rows at a time, so that a sum is loaded once for four products."""
    width = tall.shape[1]
    total = np.zeros((width, width))
    wide = np.empty((4, width))
    for first in range(0, len(tall), 4):
        for row in range(4):
            for column in range(width):
                wide[row, column] = tall[first + row, column] if first + row < len(tall) else 0.0
        one, two, three, four = wide[0], wide[1], wide[2], wide[3]
        for left in range(width):
            a, b, c, d = one[left], two[left], three[left], four[left]
            sums = total[left]
            for right in range(left, width):
                sums[right] += (a * one[right] + b * two[right]) + (c * three[right] + d * four[right])
    for left in range(width):
        for right in range(left):
            total[left, right] = total[right, left]
    return total


def gram_numpy(tall: NDArray[np.float32]) -> NDArray[np.float64]:
    """G[i, j] = sum over rows r of Y[r, i] Y[r, j]."""
    wide = tall.astype(np.float64)
    return np.asarray(wide.T @ wide)


@njit(cache=True, nogil=True)
def rotate(tall: NDArray[np.float32], matrix: NDArray[np.float64]) -> None:
    """Replace every row of `tall` by row @ matrix; `matrix` is (width, width)."""
    width = tall.shape[1]
    sums = np.empty(width)
    for row in range(len(tall)):
        sums[:] = 0.0
        for left in range(0, width - 3, 4):
            a, b = np.float64(tall[row, left]), np.float64(tall[row, left + 1])
            c, d = np.float64(tall[row, left + 2]), np.float64(tall[row, left + 3])
            one, two, three, four = matrix[left], matrix[left + 1], matrix[left + 2], matrix[left + 3]
            for right in range(width):
                sums[right] += (a * one[right] + b * two[right]) + (c * three[right] + d * four[right])
        for left in range(width // 4 * 4, width):
            factor, weights = np.float64(tall[row, left]), matrix[left]
            for right in range(width):
                sums[right] += factor * weights[right]
        for column in range(width):
            tall[row, column] = sums[column]


def rotate_numpy(tall: NDArray[np.float32], matrix: NDArray[np.float64]) -> None:
    """Y <- Y M."""
    tall[:] = tall.astype(np.float64) @ matrix
