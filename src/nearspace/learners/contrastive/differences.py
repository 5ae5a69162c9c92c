"""Before and after on the same cases: the difference, and how far it could have come out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nearspace.kernels.resampling import draws, percentile, stream
from nearspace.learners.contrastive.tasks import Figures, Floats, Task

SAMPLES = 2_000
Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class Difference:
    """One figure before and after.

    Attributes:
        name: for example "probe.encyclopedia.ndcg@10".
        before: with the base model.
        after: with the trained one.
        low: lower end of the 95 % interval of after - before, from drawing groups of cases again.
        high: upper end.
        n: cases.
        groups: of cases without a common text.
    """

    name: str
    before: float
    after: float
    low: float
    high: float
    n: int
    groups: int

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def better(self) -> bool:
        """The whole interval is above zero."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """The whole interval is below zero."""
        return self.high < 0

    def to_json(self) -> dict[str, Any]:
        """Give all figures by name."""
        return {**asdict(self), "change": self.change}


def value(task: Task, cases: Figures) -> float:
    """Give the figure on the cases as they are."""
    return float(task.figure(cases, np.ones((1, len(cases))))[0])


def difference(task: Task, before: Figures, after: Figures, seed: int) -> Difference:
    """Compare what the cases were judged by, with a paired bootstrap over groups of cases."""
    numbers, group = np.unique(task.groups, return_inverse=True)
    changes = []
    for weights in draws((len(numbers),), stream(seed, task.name), SAMPLES):
        each = weights[:, group]
        changes.append(task.figure(after, each) - task.figure(before, each))
    old, new = value(task, before), value(task, after)
    low, high = percentile(np.concatenate(changes), new - old)
    return Difference(task.name, old, new, low, high, len(before), len(numbers))


def cases_of(task: Task, encode: Encode) -> Figures:
    """Encode the texts of a task and judge its cases."""
    return task.cases(encode(task.texts))
