"""Schedule: how the text is cut into shards, blocks and rounds, and how the changes of shards are merged.

It depends on the data and the settings, never on the workers, so neither does the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError

LEAST_BLOCK = 250  # tokens; shards of less are not worth their merging
ROUNDS_A_STEP = 64  # rounds between two returns to Python; the unit of progress and of checkpoints
LEAST_RATE = 1e-4  # the step size falls linearly to this share of the first


@dataclass(frozen=True)
class Schedule:
    """Settings of seeded parallel training.

    Attributes:
        shards: most blocks that are worked on at the same time, so also the most workers that can help.
        block: most tokens of a block; shards * block tokens make a round.
        spread: a round is not longer than the text in which a typical word comes so often; where words are
            few, shards would otherwise all move the same rows and overshoot.
        stretch: least tokens of a shard; a small corpus has fewer, since it has few rounds to merge in.
        reuse: how often a negative word that was drawn for a block is used again within it.
        input_damping: kappa of the input rows, for a step size of 1, see `merge_weights`.
        output_damping: kappa of the output rows.
        free_running: lock-free threads instead: no two runs are equal.
    """

    shards: int = 8
    block: int = 1250
    spread: float = 2.5
    stretch: int = 250_000
    reuse: int = 8
    input_damping: float = 0.2
    output_damping: float = 0.2
    free_running: bool = False

    def __post_init__(self) -> None:
        for name in ("shards", "block", "stretch", "reuse"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}, expected at least 1")


class Step(NamedTuple):
    """A run of rounds of one epoch."""

    number: int
    epoch: int
    begin: int
    end: int  # rounds begin..end - 1 of the epoch


@dataclass(frozen=True)
class Rounds:
    """A corpus of `length` stream positions cut by a Schedule for `epochs` epochs.

    Each shard reads its own stretch of the text, from front to back, once an epoch.
    """

    length: int
    epochs: int
    block: int
    shards: int

    @classmethod
    def cut(cls, schedule: Schedule, length: int, epochs: int, variety: float, workers: int) -> Rounds:
        """Cut a corpus of a `variety`, see `variety_of`; `workers` counts only when running free."""
        if schedule.free_running:
            return cls(length, epochs, schedule.block, max(1, min(workers, length // schedule.block)))
        most = int(schedule.spread * variety)  # tokens of a round
        shards = max(1, min(schedule.shards, length // schedule.stretch, most // LEAST_BLOCK))
        block = schedule.block if shards == 1 else min(schedule.block, most // shards)
        return cls(length, epochs, block, shards)

    @property
    def stretch(self) -> int:
        """Stream positions of a shard."""
        return -(-self.length // self.shards)

    @property
    def per_epoch(self) -> int:
        """Rounds of an epoch."""
        return -(-self.stretch // self.block)

    def steps(self, first: int = 0) -> Iterator[Step]:
        """Give the steps in order, from number `first` on."""
        number = 0
        for epoch in range(self.epochs):
            for begin in range(0, self.per_epoch, ROUNDS_A_STEP):
                if number >= first:
                    yield Step(number, epoch, begin, min(begin + ROUNDS_A_STEP, self.per_epoch))
                number += 1

    def span(self, shard: int, step: Step) -> tuple[int, int]:
        """Stream positions begin, end of a shard's text in a step."""
        low, high = shard * self.stretch, min((shard + 1) * self.stretch, self.length)
        return min(low + step.begin * self.block, high), min(low + step.end * self.block, high)

    def rates(self, step: Step, first_rate: float) -> NDArray[np.float32]:
        """(rounds of the step,) float32 step sizes, falling linearly over all epochs."""
        done = step.epoch * self.per_epoch + np.arange(step.begin, step.end)
        left = 1 - done / (self.per_epoch * self.epochs)
        return np.asarray(first_rate * np.maximum(left, LEAST_RATE), dtype=np.float32)

    def first_block(self, step: Step) -> int:
        """Number of the first block of a step: blocks are counted over all epochs."""
        return (step.epoch * self.per_epoch + step.begin) * self.shards


def variety_of(weights: NDArray[np.float64]) -> float:
    """Return the perplexity of a distribution: as many equally frequent words would be as hard to guess."""
    shares = weights[weights > 0] / weights.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def merge_weights(expected: NDArray[np.float64], damping: float, shards: int) -> NDArray[np.float32]:
    """Return the weight of each row's summed changes.

    A row that a shard updates n times in a round goes the fraction f = 1 - exp(-damping * n) of its way, and
    S shards together should go 1 - (1 - f)^S; so their sum is weighted by (1 - (1 - f)^S) / (S f): 1 for rare
    rows, 1 / S for frequent ones.

    Args:
        expected: (rows,) expected updates of a row by one shard in a round.
        damping: kappa times the step size.
        shards: S.
    """
    x = np.maximum(damping * expected, 1e-9)
    return np.asarray(np.expm1(-shards * x) / (shards * np.expm1(-x)), dtype=np.float32)


def gram_weights(expected: NDArray[np.float64], damping: float, shards: int) -> NDArray[np.float32]:
    """Return the weight of each n-gram row's summed changes.

    The changes come from many words and shards, a little from each: the limit (1 - exp(-x)) / x of
    `merge_weights`, x = damping * expected * shards.
    """
    x = np.maximum(damping * shards * expected, 1e-9)
    return np.asarray(-np.expm1(-x) / x, dtype=np.float32)
