"""ALS: users and items from what users chose, by alternating least squares on implicit feedback."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.recommender import FoldIn, RecommenderEncoder
from nearspace.engine.local import worker_count
from nearspace.errors import DimensionError, SettingError
from nearspace.learners.checks import check_counts, check_seed
from nearspace.learners.least_squares import Side
from nearspace.learners.matrices import aligned, fill_rows, stride_of, unpadded
from nearspace.learners.recommender_space import recommender_space
from nearspace.learners.spectral_start import spectral_start
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space

MOST_STEPS, EXACT = 60, 1e-13  # the last solution of the users: steps, and |r|^2 beside |b|^2


@dataclass(frozen=True)
class ALS:
    """Vectors of users and items whose products tell who chose what (Hu, Koren and Volinsky 2008).

    Attributes:
        dim: components of a vector.
        unobserved: weight of the pairs that are no events, beside 1 for an event of mean weight.
        reg: strength of the regularisation.
        power: 0: the same for all rows, 1: in proportion to their events (Rendle and others 2022).
        activity: 0: what users did not choose weighs the same for all, 1: in proportion to their items.
        sweeps: passes over users and items.
        steps: steps of conjugate gradients a row and sweep.
        seed: of the first factors.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 128
    unobserved: float = 0.3
    reg: float = 0.003
    power: float = 1.0
    activity: float = 1.0
    sweeps: int = 4
    steps: int = 3
    seed: int = 1

    name: ClassVar[str] = "als"

    def __post_init__(self) -> None:
        check_counts(self, "dim", "sweeps", "steps")
        check_seed(self)
        for name in ("unobserved", "reg", "power", "activity"):
            if not 0 <= getattr(self, name) < np.inf:
                raise SettingError(f"{name} is {getattr(self, name)}, expected a number from 0 on")
        if self.unobserved + self.reg == 0:
            raise SettingError("unobserved and reg are 0, expected one above 0", "Leave them out.")

    def fit(
        self,
        data: Interactions,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        start: NDArray[np.float32] | None = None,
        after: Callable[[int], None] | None = None,
    ) -> Space:
        """Learn a Space of items and users; the same bytes for any `workers`.

        The vectors of users are in the end exactly (to float32) those of a fold-in of their events.

        Args:
            data: who chose what.
            workers: threads; None for all cores.
            progress: where the sweeps are shown.
            start: (I, dim) vectors of the items to begin from, zeros for new ones; None: singular vectors.
            after: called with the number of sweeps that are done, from 0 (the start).

        Raises:
            DimensionError: `start` has another shape.
        """
        began = time.monotonic()
        threads = worker_count(workers)
        with ThreadPoolExecutor(threads) as pool:
            run = _Run(self, data, pool, start)
            run.sweep(progress or Quiet(), after or (lambda _: None))
        encoder = RecommenderEncoder(data, unpadded(run.items, run.stride, self.dim), run.fold)
        vectors = unpadded(run.users, run.stride, self.dim)
        return recommender_space(encoder, vectors, asdict(self), self.name, began)


class _Run:
    """One run: the factors of users and items, and the systems that they solve."""

    def __init__(
        self, settings: ALS, data: Interactions, pool: ThreadPoolExecutor, start: NDArray[np.float32] | None
    ) -> None:
        self.settings, self.pool, self.stride = settings, pool, stride_of(settings.dim)
        scale = float(np.mean(data.by_user.weights, dtype=np.float64))
        self.fold = FoldIn(
            "least-squares", settings.unobserved, settings.reg, settings.power, scale, settings.activity,
            len(data) / len(data.users),
        )  # fmt: skip
        by_user, by_item = scaled(data.by_user, scale), scaled(data.by_item, scale)
        self.users = aligned(len(data.users) * self.stride)
        self.items = aligned(len(data.items) * self.stride)
        if start is None:
            start = spectral_start(by_user, by_item, settings.dim, settings.seed, pool)
        if start.shape != (len(data.items), settings.dim):
            raise DimensionError(
                f"start has the shape {start.shape}, expected ({len(data.items)}, {settings.dim})"
            )
        fill_rows(self.items, self.stride, 0, start)
        share = self.fold.share(data.user_counts)
        user_ridge = self.fold.ridge(data.user_counts, share * len(data.items))
        item_ridge = self.fold.ridge(data.item_counts, float(share.sum()))
        shares, ones = share.astype(np.float32), np.ones(len(data.items), np.float32)
        self.user_side = Side(by_user, user_ridge, shares, ones, self.stride)
        self.item_side = Side(by_item, item_ridge, ones, shares, self.stride)

    def sweep(self, progress: Progress, after: Callable[[int], None]) -> None:
        """Go over users and items in turn, and over the users once more until they are exact."""
        settings, pool = self.settings, self.pool
        rows = (len(self.users) + len(self.items)) // self.stride
        total = settings.sweeps * rows + len(self.users) // self.stride
        with progress.task("learning", total=total, unit="rows") as task:
            after(0)
            for sweep in range(settings.sweeps):
                for done in self.user_side.solve(self.items, self.users, settings.steps, 0.0, pool):
                    task.advance(done)
                for done in self.item_side.solve(self.users, self.items, settings.steps, 0.0, pool):
                    task.advance(done)
                after(sweep + 1)
            for done in self.user_side.solve(self.items, self.users, MOST_STEPS, EXACT, pool):
                task.advance(done)


def scaled(matrix: Sparse, scale: float) -> Sparse:
    """Give a matrix with its weights divided by `scale`."""
    return matrix if scale == 1 else matrix._replace(weights=matrix.weights / np.float32(scale))
