"""Dense parts of a truncated singular value decomposition: tall, narrow float32 arrays, sums in float64."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def gram(tall: NDArray[np.float32]) -> NDArray[np.float64]:
    """tall.T @ tall, (width, width)."""
    width = tall.shape[1]
    total = np.zeros((width, width))
    wide = np.empty(width)
    for row in range(len(tall)):
        for column in range(width):
            wide[column] = tall[row, column]
        for left in range(width):
            factor = wide[left]
            sums = total[left]
            for right in range(width):
                sums[right] += factor * wide[right]
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
        for left in range(width):
            factor = np.float64(tall[row, left])
            weights = matrix[left]
            for right in range(width):
                sums[right] += factor * weights[right]
        for column in range(width):
            tall[row, column] = sums[column]


def rotate_numpy(tall: NDArray[np.float32], matrix: NDArray[np.float64]) -> None:
    """Y <- Y M."""
    tall[:] = tall.astype(np.float64) @ matrix
