"""measure.index: how much of the exact answer an index finds, and how fast, on the user's queries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import Floats, stream
from nearspace.evaluation.evidence import measured
from nearspace.index.exact import check_count
from nearspace.protocols import Index, Progress, Quiet
from nearspace.results import Report
from nearspace.search.filters import matching
from nearspace.search.indexes import chosen, index_of
from nearspace.search.terms import place
from nearspace.space import Space

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_TIMED = 200  # queries that the exact index is timed on, one by one
_WARM = 5


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean of one value a query."""

    values: Floats
    total: int

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of all queries."""
        return (len(self.values),)

    @property
    def cases(self) -> int:
        """How many queries."""
        return len(self.values)

    @property
    def share(self) -> bool:
        """Yes, of at least as many cases as there are queries."""
        return True

    def __call__(self, weights: Floats) -> Floats:
        """(b, queries) weights -> (b,) means."""
        return np.asarray((weights @ self.values) / weights.sum(axis=1))


@dataclass(frozen=True, eq=False)
class Quantile(Mean):
    """A quantile of one value a query: the least value that this share of the queries do not exceed."""

    level: float = 0.5

    @property
    def share(self) -> bool:
        """No."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, queries) weights -> (b,) quantiles."""
        order = np.argsort(self.values)
        below = np.cumsum(weights[:, order], axis=1)
        at = (below >= self.level * below[:, -1:]).argmax(axis=1)
        return np.asarray(self.values[order][at])


def index(
    space: Space,
    queries: Sequence[str] | NDArray[Any] | None = None,
    *,
    kind: str = "auto",
    k: int = 10,
    where: str | None = None,
    n: int = 1000,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure an index of a Space against exact search.

    Figures: recall@k, the share of the k exact nearest rows that were found (a row that is exactly as near
    as the last of them counts); the latency of single queries in milliseconds; queries a second in one batch.
    Intervals are those of the queries drawn again; times are of this machine, now. Baselines are random rows
    for the recall and the exact index for the times.

    Args:
        space: opened from where it is saved, or in memory (a graph is then built first).
        queries: keys, texts or vectors (q, d): the user's own. None: a sample of the rows themselves, which
            are easier to find than other queries.
        kind: the index; see `search.indexes.index_of`.
        k: hits a query.
        where: SQL condition that hits must meet.
        n: how many rows to sample if no queries are given.
        seed: of the sample and the bootstrap.
        samples: of the bootstrap.
        progress: where the work is shown.

    Raises:
        InputError: the Space has no rows, or no row meets the condition.
        UnknownKeyError, DimensionError: a query cannot be placed.
        SettingError: k or kind is not accepted.
    """
    wanted = check_count("k", k)
    name = chosen(space, kind)
    vectors, exclude = _queries(space, queries, n, seed)
    allowed = None if where is None else matching(space, where)
    possible = len(space) if allowed is None else int(allowed.sum())
    if not possible:
        raise InputError(f"no row of {space.name!r} can be a hit", "Give another condition, or add rows.")
    subject, exact = index_of(space, name), index_of(space, "exact")
    asking: dict[str, Any] = {"allowed": allowed}
    with progress.task(f"measuring the {name} index", total=3 * len(vectors), unit="queries") as task:
        true_rows, true_scores = exact.search(vectors, wanted, None, exclude, **asking)
        task.advance(len(vectors))
        _warm(subject, vectors, wanted, exclude, asking)
        began = time.perf_counter()
        rows, scores = subject.search(vectors, wanted, None, exclude, **asking)
        batch = time.perf_counter() - began
        task.advance(len(vectors))
        times = _times(subject, vectors, wanted, exclude, asking)
        task.advance(len(vectors))
    slow = _times(exact, vectors[:_TIMED], wanted, exclude[:_TIMED], asking)
    recall = Mean(recalls(rows, scores, true_rows, true_scores), len(vectors))
    chance = {"random": min(1.0, wanted / possible)}
    found = [measured(f"{name}.recall@{wanted}", recall, chance, seed=seed, samples=samples)]
    for label, level in QUANTILES.items():
        figure = Quantile(times, len(times), level)
        baseline = {"exact": float(np.quantile(slow, level))}
        found.append(measured(f"{name}.latency_ms.{label}", figure, baseline, seed=seed, samples=samples))
    rates, baseline = _speeds(subject, exact, vectors, wanted, exclude, asking, batch)
    speed = Quantile(rates, len(rates), 0.5)
    found.append(measured(f"{name}.queries_per_second", speed, baseline, seed=seed, samples=samples))
    return Report(space.name, tuple(found))


def recalls(
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    true_rows: NDArray[np.int64],
    true_scores: NDArray[np.float32],
) -> Floats:
    """(q,) the share of the true rows (q, k) that were found; one that ties with the last of them counts."""
    found = np.zeros(len(rows))
    for query in range(len(rows)):
        real = true_rows[query] >= 0
        if not real.any():
            found[query] = 1.0
            continue
        last = true_scores[query][real].min()
        right = np.isin(rows[query], true_rows[query][real]) | ((rows[query] >= 0) & (scores[query] == last))
        found[query] = min(1.0, right.sum() / real.sum())
    return found


def _queries(
    space: Space, queries: Sequence[str] | NDArray[Any] | None, n: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the vectors to ask with, and the rows that are no hits of each."""
    if not len(space):
        raise InputError(f"{space.name!r} has no rows", "Add rows first.")
    if queries is not None:
        placed = place(space, queries)
        return placed.vectors, placed.rows[:, None]
    count = min(check_count("n", n), len(space))
    rows = np.sort(stream(seed, "index", "queries").choice(len(space), count, replace=False))
    return space.take(rows), rows[:, None]


def _warm(subject: Index, vectors: Any, k: int, exclude: Any, asking: dict[str, Any]) -> None:
    """Let files be mapped and kernels be loaded before the clock runs."""
    for number in range(min(_WARM, len(vectors))):
        one = slice(number, number + 1)
        subject.search(vectors[one], k, None, exclude[one], **asking)


def _times(subject: Index, vectors: Any, k: int, exclude: Any, asking: dict[str, Any]) -> Floats:
    """(q,) milliseconds of each query alone."""
    _warm(subject, vectors, k, exclude, asking)
    times = np.empty(len(vectors))
    for number in range(len(vectors)):
        one = slice(number, number + 1)
        began = time.perf_counter()
        subject.search(vectors[one], k, None, exclude[one], **asking)
        times[number] = 1e3 * (time.perf_counter() - began)
    return times


def _speeds(
    subject: Index, exact: Index, vectors: Any, k: int, exclude: Any, asking: dict[str, Any], first: float
) -> tuple[Floats, dict[str, float]]:
    """(5,) queries a second of one batch, repeated; and those of the exact index."""
    rates = [len(vectors) / first]
    for _ in range(4):
        began = time.perf_counter()
        subject.search(vectors, k, None, exclude, **asking)
        rates.append(len(vectors) / (time.perf_counter() - began))
    began = time.perf_counter()
    exact.search(vectors, k, None, exclude, **asking)
    return np.array(rates), {"exact": len(vectors) / (time.perf_counter() - began)}
