"""BPR: users and items from what users chose, by telling a chosen item from one that was not."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.encoders.recommender import FoldIn, RecommenderEncoder
from nearspace.engine.local import Threads, worker_count
from nearspace.errors import InputError, SettingError
from nearspace.kernels import bpr as kernel
from nearspace.kernels.sampling import alias_table
from nearspace.kernels.simd import LANES
from nearspace.kernels.threads import gate
from nearspace.learners.checks import check_counts, check_seed
from nearspace.learners.matrices import aligned, stride_of
from nearspace.learners.recommender_space import recommender_space
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space

MOST_PARTS = 32
PART_ITEMS = 128  # least items of a part; negative items come from the part of the positive one
FOLD_REG = 2.0  # new users are held back more than those that the items were trained with
LEAST_FOLD_REG = 1e-3
LEAST_RATE = 1e-4  # the step size falls linearly to this share of the first
_DEALS = 0xDEA1


@dataclass(frozen=True)
class BPR:
    """Vectors whose products put chosen items above others (Rendle and others 2009).

    Each epoch takes every pair of a user and an item once, whatever its weight, beside one item that the user
    did not choose. An item has a bias too: it is the last component of its vector; that of a user is 1.

    Attributes:
        dim: components of a vector, besides that of the bias.
        lr: first step size; it falls linearly to nearly nothing.
        reg: strength of the regularisation.
        epochs: passes over the pairs.
        popularity: an item to set beside a chosen one is drawn by its number of users to this power.
        seed: of everything random.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 64
    lr: float = 0.1
    reg: float = 0.01
    epochs: int = 50
    popularity: float = 0.5
    seed: int = 1

    name: ClassVar[str] = "bpr"

    def __post_init__(self) -> None:
        check_counts(self, "dim", "epochs")
        if not 0 < self.lr <= 1:
            raise SettingError(f"lr is {self.lr}, expected above 0 and at most 1")
        if not 0 <= self.reg < 1:
            raise SettingError(f"reg is {self.reg}, expected 0 or more and below 1")
        if not 0 <= self.popularity <= 2:
            raise SettingError(f"popularity is {self.popularity}, expected 0 to 2")
        check_seed(self)

    def fit(
        self, data: Interactions, *, workers: int | None = None, progress: Progress | None = None
    ) -> Space:
        """Learn a Space of items and users; the same bytes for any `workers`.

        Raises:
            InputError: there are fewer than two items.
        """
        began = time.monotonic()
        if len(data.items) < 2:
            raise InputError(
                f"{data.name} has {len(data.items)} item, expected at least 2",
                "BPR learns from items that a user did not choose: is the column of items the right one?",
            )
        run = _Run(self, data)
        run.train(worker_count(workers), progress or Quiet())
        items, users = run.finish()
        fold = FoldIn("pairwise", 0.0, max(FOLD_REG * self.reg, LEAST_FOLD_REG), self.popularity)
        encoder = RecommenderEncoder(data, items, fold)
        return recommender_space(encoder, users, asdict(self), self.name, began)


class _Run:
    """The matrices of one run of training, and where each item lies in them."""

    def __init__(self, settings: BPR, data: Interactions) -> None:
        self.settings, self.data = settings, data
        self.parts = max(1, min(MOST_PARTS, len(data.items) // PART_ITEMS))
        self.stride = stride_of(settings.dim)
        draw = np.random.default_rng(settings.seed)
        self.users = self._begin(draw, len(data.users))
        self.items = self._begin(draw, len(data.items))
        self.biases = np.zeros(len(data.items), np.float32)
        self.place = np.arange(len(data.items))
        self.noise = np.maximum(data.item_counts, 1).astype(np.float64) ** settings.popularity
        loads = np.bincount(np.arange(len(data.users)) % self.parts, data.user_counts, self.parts)
        bounds = np.zeros((self.parts, self.parts + 1), np.int64)
        bounds[1:, 0] = np.cumsum(loads)[:-1]
        self.pairs = kernel.Pairs(np.empty(len(data), np.int32), np.empty(len(data), np.int32), bounds)

    def _begin(self, draw: np.random.Generator, rows: int) -> NDArray[np.float32]:
        matrix = aligned(rows, self.stride)
        spread = np.float32(0.1 / np.sqrt(self.settings.dim))
        matrix[:, : self.settings.dim] = (
            draw.standard_normal((rows, self.settings.dim), dtype=np.float32) * spread
        )
        return matrix

    def deal(self, epoch: int) -> kernel.Deal:
        """Deal the items to parts for an epoch, and move their rows."""
        size = len(self.place)
        order = np.random.default_rng([self.settings.seed, _DEALS, epoch]).permutation(size)
        starts = np.arange(self.parts + 1) * size // self.parts
        place = np.empty(size, np.int64)
        place[order] = np.arange(size)
        part = np.empty(size, np.int16)
        part[order] = np.repeat(np.arange(self.parts, dtype=np.int16), np.diff(starts))
        from_ = self.place[order]
        self.items[:] = self.items[from_]
        self.biases[:] = self.biases[from_]
        self.place = place
        tables = [alias_table(self.noise[order[starts[q] : starts[q + 1]]]) for q in range(self.parts)]
        accept, alias = (np.concatenate(side) for side in zip(*tables, strict=True))
        return kernel.Deal(place.astype(np.int32), part, starts.astype(np.int64), accept, alias)

    def train(self, workers: int, progress: Progress) -> None:
        """Run all epochs."""
        settings = self.settings
        threads = min(workers, self.parts)
        rows = kernel.Rows(self.users.reshape(-1), self.items.reshape(-1), self.biases, self.stride)
        longest = -(-len(self.data.items) // self.parts)
        scratch = [
            (
                np.empty(longest, np.int32), np.empty((2, kernel.CHUNK), np.int32),
                aligned(LANES + self.stride), np.empty(self.parts, np.int64),
            )
            for _ in range(threads)
        ]  # fmt: skip
        with (
            Threads(threads) as engine,
            progress.task("learning", total=settings.epochs * len(self.data), unit="pairs") as task,
        ):
            for epoch in range(settings.epochs):
                rate = settings.lr * max(1 - epoch / settings.epochs, LEAST_RATE)
                pace = kernel.Pace(rate, settings.reg, settings.seed, epoch)
                right = self._epoch(engine, rows, self.deal(epoch), pace, scratch)
                task.advance(len(self.data), epoch=epoch + 1, right=right)

    def _epoch(
        self, engine: Threads, rows: kernel.Rows, deal: kernel.Deal, pace: kernel.Pace, scratch: list[Any]
    ) -> float:
        """Train one epoch; returns how often the chosen item was the better one."""
        stats, shared = np.zeros((self.parts, 2)), gate()

        def work(worker: int) -> None:
            kernel.run_epoch(
                *self.data.by_user[:2], self.pairs, deal, rows, pace, stats, scratch[worker],
                shared, engine.workers,
            )  # fmt: skip

        engine.map(work, range(engine.workers))
        wins, trained = stats.sum(axis=0)
        return float(wins / max(trained, 1))

    def finish(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors of items and users, with their biases and ones."""
        dim = self.settings.dim
        items = np.concatenate([self.items[self.place, :dim], self.biases[self.place, None]], axis=1)
        users = np.concatenate([self.users[:, :dim], np.ones((len(self.users), 1), np.float32)], axis=1)
        return items, users
