"""Truncated singular value decomposition of a matrix that is only known by its products.

Randomised subspace iteration (Halko, Martinsson & Tropp 2011) with dynamic shifts (Feng, Yu, Xie & Tang
2024). Everything that grows with the number of rows is summed over fixed ranges of rows in a fixed order,
so the number of workers changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.data.ordered import in_order
from nearspace.kernels.svd import gram, rotate

LANES = 16
SHARD = 4096
AHEAD = 16
_NEGLIGIBLE = 1e-10

Product = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Factors:
    """Singular vectors and values, largest first: the matrix is about left @ diag(values) @ right.T.

    Attributes:
        left: (n, d) float32.
        values: (d,) float64.
        right: (m, d) float32.
    """

    left: NDArray[np.float32]
    values: NDArray[np.float64]
    right: NDArray[np.float32]


def truncated_svd(
    product: Product,
    transposed: Product,
    columns: int,
    dim: int,
    *,
    iterations: int,
    seed: int,
    pool: ThreadPoolExecutor,
    oversampling: int = 12,
) -> Factors:
    """Compute the `dim` largest singular values and vectors of a matrix with `columns` columns.

    `product` maps (columns, w) to (rows, w), `transposed` the other way; w is a multiple of 16. Directions
    whose singular value is zero to working precision come back as zeros.
    """
    width = -(-(dim + oversampling) // LANES) * LANES
    start = np.random.Generator(np.random.Philox(seed)).standard_normal((columns, width), dtype=np.float32)
    left, _ = orthonormal(product(start), pool)
    del start
    shift = 0.0
    for _ in range(iterations):
        image = product(transposed(left))
        image -= np.float32(shift) * left
        left, stretches = orthonormal(image, pool)
        # The stretches estimate squared singular values less the shift; half of the last one is a safe shift.
        shift = max(shift, (shift + float(stretches[-1])) / 2)
    right = transposed(left)
    squares, turn = _descending(_gram(right, pool))
    values = np.sqrt(squares)
    keep = values > values[0] * np.sqrt(_NEGLIGIBLE)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=keep)
    _rotate(left, turn, pool)
    _rotate(right, turn * inverse, pool)
    return Factors(left[:, :dim], values[:dim], right[:, :dim])


def orthonormal(
    tall: NDArray[np.float32], pool: ThreadPoolExecutor
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Make the columns of `tall` orthonormal, in place, keeping their span; superfluous columns become zero.

    Returns it and its former singular values, largest first.

    The inverse square root of the Gram matrix (Stathopoulos & Wu 2002), twice for accuracy.
    """
    stretches = np.empty(0)
    for attempt in range(2):
        total = _gram(tall, pool)
        if attempt == 0:
            stretches = np.sqrt(_descending(total)[0])
        norms = np.sqrt(np.diag(total))
        scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
        squares, turn = _descending(total * scale * scale[:, None])
        keep = squares > squares[0] * _NEGLIGIBLE
        inverse = np.divide(1.0, np.sqrt(squares), out=np.zeros_like(squares), where=keep)
        _rotate(tall, scale[:, None] * turn * inverse, pool)
    return tall, stretches


def _descending(symmetric: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues, largest first and none below zero, and eigenvectors, largest components positive."""
    values, vectors = np.linalg.eigh(symmetric)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    largest = np.argmax(np.abs(vectors), axis=0)
    return values, vectors * np.where(vectors[largest, np.arange(len(values))] < 0, -1.0, 1.0)


def _shards(tall: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [tall[start : start + SHARD] for start in range(0, len(tall), SHARD)]


def _gram(tall: NDArray[np.float32], pool: ThreadPoolExecutor) -> NDArray[np.float64]:
    total = np.zeros((tall.shape[1], tall.shape[1]))
    for part in in_order(pool, gram, _shards(tall), AHEAD):
        total += part
    return total


def _rotate(tall: NDArray[np.float32], matrix: NDArray[np.float64], pool: ThreadPoolExecutor) -> None:
    matrix = np.ascontiguousarray(matrix)
    for _ in in_order(pool, lambda part: rotate(part, matrix), _shards(tall), AHEAD):
        pass
