"""Half a sweep of alternating least squares: all rows of one side, run by threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.kernels.als import add_gram, room_size, solve_rows
from nearspace.learners.matrices import aligned

SLICES = 64  # of the rows whose products are summed side by side; never depends on the workers
PIECES = 256  # of the rows that are solved side by side
_ROW = 24  # entries whose work a row takes beside that of its own

Floats = NDArray[np.float32]


def gram_of(rows: Floats, weights: Floats, stride: int, pool: ThreadPoolExecutor) -> NDArray[np.float64]:
    """(stride, stride) float64: the sum of w y yT over rows y of a flat array; the same bits for any pool."""
    count = len(rows) // stride
    edges = np.linspace(0, count, min(SLICES, max(1, count)) + 1).astype(np.int64)

    def work(piece: int) -> NDArray[np.float64]:
        found = np.zeros((stride, stride))
        add_gram(rows, weights, stride, edges[piece], edges[piece + 1], found, aligned(stride * stride))
        return found

    total = np.zeros((stride, stride))
    for found in pool.map(work, range(len(edges) - 1)):
        total += found
    upper = np.triu(total)
    return np.asarray(upper + np.triu(total, 1).T)


class Side:
    """The rows of one side, users or items, and their systems.

    Args:
        matrix: this side by the other.
        ridge: (rows,) the factor of |x|^2 of each.
        share: (rows,) what their unobserved pairs weigh.
        others: (columns,) and those of the columns; the pair (r, c) weighs share[r] others[c].
        stride: float32 a row of factors.
    """

    def __init__(self, matrix: Sparse, ridge: Floats, share: Floats, others: Floats, stride: int) -> None:
        self.matrix, self.ridge, self.share, self.others, self.stride = matrix, ridge, share, others, stride
        rows = len(matrix.starts) - 1
        load = matrix.starts + _ROW * np.arange(rows + 1)
        edges = np.searchsorted(load, np.linspace(0, load[-1], PIECES + 1))
        self.edges = np.unique(np.concatenate(([0], edges[1:-1], [rows])))

    def solve(
        self, others: Floats, factors: Floats, steps: int, tolerance: float, pool: ThreadPoolExecutor
    ) -> Iterator[int]:
        """Improve the factors of all rows in place; yields how many are done, piece by piece."""
        gram = gram_of(others, self.others, self.stride, pool).astype(np.float32).reshape(-1)

        def work(piece: int) -> int:
            first, last = int(self.edges[piece]), int(self.edges[piece + 1])
            solve_rows(
                *self.matrix, self.ridge, self.share, others, gram, self.stride, steps, np.float32(tolerance),
                first, last, factors, aligned(room_size(self.stride)),
            )  # fmt: skip
            return last - first

        yield from pool.map(work, range(len(self.edges) - 1))
