"""ALS: users and items from what users chose, by alternating least squares on implicit feedback."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.recommender import USER, FoldIn, RecommenderEncoder
from nearspace.engine.local import worker_count
from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.learners.least_squares import Side
from nearspace.learners.matrices import aligned, fill_rows, stride_of, unpadded
from nearspace.learners.spectral_start import spectral_start
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.space import Recipe, Space

MOST_STEPS, EXACT = 60, 1e-11  # the last solution of the users: steps, and |r|^2 beside |b|^2


@dataclass(frozen=True)
class ALS:
    """Vectors of users and items whose products tell who chose what (Hu, Koren and Volinsky 2008).

    Attributes:
        dim: components of a vector.
        unobserved: weight of the pairs that are no events, beside 1 for an event of mean weight.
        reg: strength of the regularisation.
        power: 0: the same for all rows, 1: in proportion to their events (Rendle and others 2022).
        sweeps: passes over users and items.
        steps: steps of conjugate gradients a row and sweep.
        seed: of the first factors.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 64
    unobserved: float = 0.1
    reg: float = 0.003
    power: float = 1.0
    sweeps: int = 10
    steps: int = 3
    seed: int = 1

    name: ClassVar[str] = "als"

    def __post_init__(self) -> None:
        for name in ("dim", "sweeps", "steps"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}, expected at least 1")
        for name in ("unobserved", "reg"):
            if not 0 <= getattr(self, name) < np.inf:
                raise SettingError(f"{name} is {getattr(self, name)}, expected a number from 0 on")
        if self.unobserved + self.reg == 0:
            raise SettingError("unobserved and reg are 0, expected one above 0", "Leave them out.")

    def fit(
        self, data: Interactions, *, workers: int | None = None, progress: Progress | None = None
    ) -> Space:
        """Learn a Space of items and users; the same bytes for any `workers`.

        The vectors of users are in the end exactly (to float32) those of a fold-in of their events.
        """
        began = time.monotonic()
        scale = float(np.mean(data.by_user.weights, dtype=np.float64))
        fold = FoldIn("least-squares", self.unobserved, self.reg, self.power, scale)
        by_user, by_item = scaled(data.by_user, scale), scaled(data.by_item, scale)
        stride = stride_of(self.dim)
        items = aligned(len(data.items) * stride)
        with ThreadPoolExecutor(worker_count(workers)) as pool:
            fill_rows(items, stride, 0, spectral_start(by_user, by_item, self.dim, self.seed, pool))
        users = aligned(len(data.users) * stride)
        self.sweep(data, fold, users, items, stride, worker_count(workers), progress or Quiet())
        encoder = RecommenderEncoder(data, unpadded(items, stride, self.dim), fold)
        vectors = unpadded(users, stride, self.dim)
        return recommender_space(encoder, vectors, asdict(self), self.name, began)

    def sweep(
        self, data: Interactions, fold: FoldIn, users: NDArray[np.float32], items: NDArray[np.float32],
        stride: int, workers: int, progress: Progress,
    ) -> None:  # fmt: skip
        """Go over users and items in turn, in place, and over the users once more until they are exact."""
        by_user, by_item = scaled(data.by_user, fold.scale), scaled(data.by_item, fold.scale)
        ridges = fold.ridge(data.user_counts, len(data.items)), fold.ridge(data.item_counts, len(data.users))
        user_side = Side(by_user, ridges[0], fold.unobserved, stride)
        item_side = Side(by_item, ridges[1], fold.unobserved, stride)
        rows = len(data.users) + len(data.items)
        total = self.sweeps * rows + len(data.users)
        with ThreadPoolExecutor(workers) as pool, progress.task("learning", total=total, unit="rows") as task:
            for _ in range(self.sweeps):
                for done in user_side.solve(items, users, self.steps, 0.0, pool):
                    task.advance(done)
                for done in item_side.solve(users, items, self.steps, 0.0, pool):
                    task.advance(done)
            for done in user_side.solve(items, users, MOST_STEPS, EXACT, pool):
                task.advance(done)


def scaled(matrix: Sparse, scale: float) -> Sparse:
    """Give a matrix with its weights divided by `scale`."""
    return matrix if scale == 1 else matrix._replace(weights=matrix.weights / np.float32(scale))


def recommender_space(
    encoder: RecommenderEncoder,
    users: NDArray[np.float32],
    settings: dict[str, object],
    learner: str,
    began: float,
    metric: str = "dot",
) -> Space:
    """Put items and users into one Space: items first, by their events, then users, by theirs.

    Items have their own names as keys, users "user:" and theirs. Columns: kind ("item" or "user") and count
    (pairs of the row in the training).
    """
    history = encoder.history
    keys = Keys([*history.items, *(USER + name for name in history.users)])
    kinds = np.repeat(["item", "user"], [len(history.items), len(history.users)])
    return Space(
        keys,
        np.concatenate([encoder.factors, users]),
        metric,
        columns={"kind": kinds, "count": np.concatenate([history.item_counts, history.user_counts])},
        encoder=encoder,
        recipe=Recipe(
            learner, settings, _seed(settings), history.fingerprint,
            versions("numpy", "numba"), time.monotonic() - began,
        ),
        name=history.name,
    )  # fmt: skip


def _seed(settings: dict[str, object]) -> int | None:
    seed = settings.get("seed")
    return seed if isinstance(seed, int) else None
