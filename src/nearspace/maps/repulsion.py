"""How all points of a t-SNE map push each other: over all pairs, or by a potential on a grid.

The push on a point is the slope of a potential,

    sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2 = -1/2 grad phi(y_i),   phi(y) = sum_j 1 / (1 + |y - y_j|^2)

and the sum of phi over all points is the normalisation. So, as in particle-mesh methods, one charge a point,
one grid and one pair of Fourier transforms give all forces (Linderman et al. 2019 take four charges).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.forces import repel
from nearspace.kernels.spline_grid import (
    TOUCHED,
    Sorted,
    interpolate,
    sort_points,
    spread,
)
from nearspace.maps.convolution import Convolution, good_size

Floats = NDArray[np.float64]

SHARD = 512  # points whose forces one thread sums up at a time; the sums stay in the first cache
ROWS, POINTS = 16, 4096  # rows of nodes, and points, that a thread takes at once
WIDTH = 1 / 3  # of a cell, where the map is large enough; the length over which a push changes is 1
LEAST_WIDTH = 1e-7  # below it rounding is felt
FEWEST_CELLS = 48  # along the map's longest side: a small map has smaller cells
MARGIN = 8  # nodes that are left free: what the splines' inverse reaches
MOST_CELLS = 2500  # along the longest side; a larger map has larger cells


class Repulsion(Protocol):
    """What the descent asks for."""

    def __call__(self, points: Floats) -> tuple[Floats, float]:
        """(n, d) -> the push on each point (n, d), not normalised, and sum_q over all pairs i != j."""
        ...


def each(pool: ThreadPoolExecutor, work: Callable[[int], object], starts: range) -> None:
    """Call `work` on all starts; a single one without a thread."""
    if len(starts) <= 1:
        for start in starts:
            work(start)
        return
    for _ in pool.map(work, starts):
        pass


class ExactRepulsion:
    """All pairs, 16 at a time in a vector register; each point sums its own pushes in row order.

    Args:
        pool: threads that are used.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def __call__(self, points: Floats) -> tuple[Floats, float]:
        """Sum up all pairs."""
        n, d = points.shape
        flat = np.ascontiguousarray(points.T, dtype=np.float32)
        deep = flat[2] if d == 3 else flat[0, :0]
        away, total = np.empty((n, d)), np.empty(n)

        def shard(start: int) -> None:
            repel(flat[0], flat[1], deep, start, min(n, start + SHARD), away, total)

        each(self._pool, shard, range(0, n, SHARD))
        return away, float(total.sum())


class GridRepulsion:
    """In the plane: charges on a grid by cubic splines, their potential by Fourier transforms, and its slope.

    Args:
        pool: threads that are used.
        width: of a cell, in a map that is wide enough.
    """

    def __init__(self, pool: ThreadPoolExecutor, width: float = WIDTH) -> None:
        self._pool = pool
        self._width = width
        self._convolution: Convolution | None = None

    def __call__(self, points: Floats) -> tuple[Floats, float]:
        """Sum up all pairs, with errors as docs/decisions/tsne.md has them."""
        n, low = len(points), points.min(axis=0)
        convolution = self._fitting(float((points.max(axis=0) - low).max()))
        cells = sort_points(points, low, convolution.width, convolution.nodes - TOUCHED)
        potential = convolution(self._charges(cells, convolution.nodes))
        value, slope = np.empty(n), np.empty((n, 2))

        def block(start: int) -> None:
            interpolate(cells, potential, start, min(n, start + POINTS), value, slope)

        each(self._pool, block, range(0, n, POINTS))
        slope *= -0.5 / convolution.width
        return slope, float(value.sum()) - n

    def _charges(self, cells: Sorted, nodes: int) -> Floats:
        grid = np.empty((nodes, nodes))
        each(
            self._pool,
            lambda start: spread(cells, start, min(nodes, start + ROWS), grid),
            range(0, nodes, ROWS),
        )
        return grid

    def _fitting(self, span: float) -> Convolution:
        """Give the convolution for a map so wide: the last one, as long as its grid would be chosen again."""
        # steps of the root of 2, so that a grid serves for some time
        if span < self._width * FEWEST_CELLS:
            least = max(span, LEAST_WIDTH * FEWEST_CELLS)
            steps = np.ceil(2 * np.log2(self._width * FEWEST_CELLS / least))
        else:
            steps = -np.ceil(2 * np.log2(max(1.0, span / (self._width * MOST_CELLS))))
        width = float(self._width * 2 ** (-steps / 2))
        nodes = good_size(int(span / width) + 1 + TOUCHED + MARGIN)
        last = self._convolution
        if last is None or (last.width, last.nodes) != (width, nodes):
            self._convolution = last = Convolution(nodes, width, self._pool)
        return last
