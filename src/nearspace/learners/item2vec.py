"""Item2Vec: items that the same users chose lie close, by skip-gram over the users' items."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.data.sessions import Sessions
from nearspace.encoders.recommender import FoldIn, RecommenderEncoder
from nearspace.engine.local import worker_count
from nearspace.errors import SettingError
from nearspace.learners.checks import check_counts, check_seed
from nearspace.learners.matrices import aligned, fill_uniform, stride_of, unpadded
from nearspace.learners.recommender_space import recommender_space
from nearspace.learners.schedule import Schedule
from nearspace.learners.training import Matrices, Objective, Training
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space


@dataclass(frozen=True)
class Item2Vec:
    """Vectors from which the other items of a user can be told (Barkan & Koenigstein 2016).

    Where the events have times, a user's items come in that order and a window holds neighbours in time;
    else they are a set, in another order in each epoch, and a window holds some others of the set. The vector
    of an item is the sum of its two, as centre and as context, each of length 1; that of a user is the
    weighted mean of the own items.

    Attributes:
        dim: components of a vector.
        window: most items to either side that count as context; each centre draws 1 to `window`.
        negative: negative items a centre.
        epochs: passes over the users.
        lr: first step size; it falls linearly to nearly nothing.
        sample: share of the events above which an item is thinned (0: none is).
        noise: negative items are drawn by their number of users to this power.
        seed: of everything random.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 64
    window: int = 5
    negative: int = 5
    epochs: int = 20
    lr: float = 0.025
    sample: float = 1e-4
    noise: float = 0.75
    seed: int = 1

    name: ClassVar[str] = "item2vec"

    def __post_init__(self) -> None:
        check_counts(self, "dim", "window", "negative", "epochs")
        if not 0 < self.lr < 10:
            raise SettingError(f"lr is {self.lr}, expected above 0 and below 10")
        if not 0 <= self.sample <= 1:
            raise SettingError(f"sample is {self.sample}, expected 0 to 1")
        if not -2 <= self.noise <= 2:
            raise SettingError(f"noise is {self.noise}, expected -2 to 2")
        check_seed(self)

    def fit(
        self, data: Interactions, *, workers: int | None = None, progress: Progress | None = None
    ) -> Space:
        """Learn a Space of items and users; the same bytes for any `workers`.

        Raises:
            InputError: no user has two items.
        """
        began = time.monotonic()
        sessions = Sessions(data, self.epochs, self.seed)
        stride = stride_of(self.dim)
        inputs, outputs = aligned(len(data.items) * stride), aligned(len(data.items) * stride)
        fill_uniform(inputs, stride, self.dim, 0, self.seed)
        none = np.empty(0, np.int64)
        matrices = Matrices(inputs, outputs, stride, none, none.astype(np.int32))
        # all passes are one stream, so for the schedule they are one epoch
        objective = Objective(
            self.window, self.negative, self.sample, self.lr, 1, self.seed, False, self.noise
        )
        counts = np.maximum(data.item_counts, 1)
        Training(sessions, counts, matrices, objective, Schedule(), worker_count(workers)).run(
            progress=progress or Quiet()
        )
        items = _unit(unpadded(inputs, stride, self.dim)) + _unit(unpadded(outputs, stride, self.dim))
        encoder = RecommenderEncoder(data, items, FoldIn("mean"))
        users = encoder.fold_in(data.by_user)
        return recommender_space(encoder, users, asdict(self), self.name, began, metric="cosine")


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-9))[:, None])
