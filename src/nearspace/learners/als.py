"""ALS: users and items from what users chose, by alternating least squares on implicit feedback."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.recommender import USER, FoldIn, RecommenderEncoder
from nearspace.engine.local import worker_count
from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.space import Recipe, Space


@dataclass(frozen=True)
class ALS:
    """Vectors of users and items whose products tell who chose what (Hu, Koren and Volinsky 2008).

    Attributes:
        dim: components of a vector.
        unobserved: weight of the pairs that are no events, beside 1 for an event of mean weight.
        reg: strength of the regularisation.
        power: 0: the same for all rows, 1: in proportion to their events (Rendle and others 2022).
        sweeps: passes over users and items.
        seed: of the first factors.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 64
    unobserved: float = 0.1
    reg: float = 0.003
    power: float = 1.0
    sweeps: int = 10
    seed: int = 1

    name: ClassVar[str] = "als"

    def __post_init__(self) -> None:
        for name in ("dim", "sweeps"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}, expected at least 1")

    def fit(
        self, data: Interactions, *, workers: int | None = None, progress: Progress | None = None
    ) -> Space:
        """Learn a Space of items and users; the same bytes for any `workers`."""
        began = time.monotonic()
        progress = progress or Quiet()
        worker_count(workers)
        scale = float(np.mean(data.by_user.weights, dtype=np.float64))
        fold = FoldIn("least-squares", self.unobserved, self.reg, self.power, scale)
        draw = np.random.default_rng(self.seed)
        items = (draw.standard_normal((len(data.items), self.dim)) * 0.1).astype(np.float32)
        users = np.zeros((len(data.users), self.dim), np.float32)
        with progress.task("learning", total=self.sweeps, unit="sweeps") as task:
            for _ in range(self.sweeps):
                users = _solved(data.by_user, items, fold)
                items = _solved(data.by_item, users, fold)
                task.advance(1)
        users = _solved(data.by_user, items, fold)
        encoder = RecommenderEncoder(data, items, fold)
        return recommender_space(encoder, users, asdict(self), self.name, began)


def _solved(matrix: Sparse, others: NDArray[np.float32], fold: FoldIn) -> NDArray[np.float32]:
    wide = others.astype(np.float64)
    gram = fold.unobserved * (wide.T @ wide)
    ridge = fold.ridge(np.diff(matrix.starts), len(others))
    found = np.zeros((len(matrix.starts) - 1, others.shape[1]), np.float32)
    for row in range(len(found)):
        part = slice(matrix.starts[row], matrix.starts[row + 1])
        if part.stop == part.start:
            continue
        chosen, weights = wide[matrix.columns[part]], matrix.weights[part] / fold.scale
        system = gram + (chosen.T * weights) @ chosen + ridge[row] * np.eye(others.shape[1])
        found[row] = np.linalg.solve(system, weights @ chosen)
    return found


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
