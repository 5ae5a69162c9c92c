"""The gradient descent of t-SNE (van der Maaten and Hinton 2008), each point gathering its own forces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.affinities import Affinities
from nearspace.kernels.descent import Pace, attract, divergence, move
from nearspace.maps.repulsion import Repulsion, each
from nearspace.protocols import Task

Floats = NDArray[np.float64]

EXAGGERATION = 12.0  # of the pull in the first steps (Linderman and Steinerberger 2019)
MOMENTUM = 0.8
POINTS = 1024  # that a thread moves at once
EVERY = 50  # steps between two reports of the loss


class Descent:
    """A layout on its way down the Kullback-Leibler divergence.

    The step is n / exaggeration (Belkina et al. 2019), the gradient without its factor 4, and no point
    moves by more than 5.

    Args:
        affinities: of all points.
        start: (n, d) float64 coordinates, not changed.
        repulsion: how points push each other.
        pool: threads that are used; no byte depends on them.
        still: how many of the first points do not move; if some, the layout is not centred.
    """

    def __init__(
        self,
        affinities: Affinities,
        start: Floats,
        repulsion: Repulsion,
        pool: ThreadPoolExecutor,
        still: int = 0,
    ) -> None:
        self.affinities, self.points = affinities, start.copy() if still else start - start.mean(axis=0)
        self._repulsion, self._pool, self._still = repulsion, pool, still

    def run(self, iterations: int, exaggeration: float, task: Task, *, pace: float = 1.0) -> None:
        """Take so many steps, `pace` times the usual size; momentum and gains begin anew."""
        steps, gains, done = np.zeros_like(self.points), np.ones_like(self.points), 0
        for number in range(1, iterations + 1):
            away, sum_q = self._repulsion(self.points)
            if number % EVERY == 0 or number == iterations:
                task.advance(number - done, loss=self._loss(sum_q))
                done = number
            rate = pace * len(self.points) / exaggeration
            self._step(away, Pace(exaggeration, sum_q, rate, MOMENTUM), steps, gains)

    def _step(self, away: Floats, pace: Pace, steps: Floats, gains: Floats) -> None:
        """Move every point that is not still once, from where all were."""
        n, near = len(self.points), np.empty_like(self.points)
        flat = np.ascontiguousarray(self.points.T, dtype=np.float32)
        deep = flat[2] if len(flat) == 3 else flat[0, :0]

        def block(start: int) -> None:
            stop = min(n, start + POINTS)
            attract(self.affinities, flat[0], flat[1], deep, start, stop, near)
            move(near, away, pace, start, stop, self.points, steps, gains)

        each(self._pool, block, range(self._still, n, POINTS))
        if not self._still:
            self.points -= self.points.mean(axis=0)

    def _loss(self, sum_q: float) -> float:
        n, parts = len(self.points), np.empty(len(self.points))
        each(
            self._pool,
            lambda start: divergence(self.affinities, self.points, start, min(n, start + POINTS), parts),
            range(0, n, POINTS),
        )
        return float(parts.sum()) + float(np.log(sum_q))
