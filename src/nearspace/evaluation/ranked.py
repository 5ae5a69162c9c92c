"""The best items of each user, of all that the user did not have before: never of a sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.engine.local import Threads, worker_count
from nearspace.evaluation.baselines import Baseline
from nearspace.evaluation.held_out import Trial, rows_of
from nearspace.kernels.best import best_of
from nearspace.protocols import Progress, Quiet

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
_CELLS = 4_000_000  # scores that one thread holds at a time
_MOST = 256  # users of a piece
_ROUND = 8  # pieces between two looks at the progress


def lists_of_space(
    trial: Trial,
    users: Ints,
    k: int,
    *,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Ints:
    """(m, k) numbers in the catalogue, best first, of some users of the trial; -1 pads, ties by number."""
    items = trial.catalogue.vectors
    squares = np.einsum("nd,nd->n", items, items) / 2 if trial.catalogue.space.metric == "euclidean" else None

    def scores(part: Ints, _: Sparse) -> Floats:
        products = trial.vectors[part] @ items.T
        return products if squares is None else products - squares

    return _lists(trial, users, k, scores, trial.catalogue.space.name, workers, progress)


def lists_of_baseline(
    trial: Trial,
    baseline: Baseline,
    users: Ints,
    k: int,
    *,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Ints:
    """(m, k) as `lists_of_space` gives them, of a baseline that learns from what the Space was trained on."""
    history = trial.catalogue.history
    scorer = baseline.fit(history, workers=workers, progress=progress)
    wide, narrow = len(trial.catalogue.items), len(history.items)

    def scores(_: Ints, seen: Sparse) -> Floats:
        if wide == narrow:
            return scorer.scores(seen)
        starts = np.concatenate(([0], np.cumsum(seen.columns < narrow)))[seen.starts]
        old = seen.columns < narrow
        found = scorer.scores(Sparse(starts, seen.columns[old], seen.weights[old]))
        return np.pad(found, ((0, 0), (0, wide - narrow)), constant_values=-np.inf)

    return _lists(trial, users, k, scores, baseline.name, workers, progress)


def _lists(
    trial: Trial,
    users: Ints,
    k: int,
    scores: Callable[[Ints, Sparse], Floats],
    name: str,
    workers: int | None,
    progress: Progress,
) -> Ints:
    items = len(trial.catalogue.items)
    missing = np.flatnonzero(~trial.catalogue.offered)
    found = np.empty((len(users), k), np.int64)
    size = max(1, min(_MOST, _CELLS // items))

    def piece(first: int) -> None:
        part = users[first : first + size]
        seen = rows_of(trial.seen, part)
        scored = np.ascontiguousarray(scores(part, seen), np.float32)
        scored[np.repeat(np.arange(len(part)), np.diff(seen.starts)), seen.columns] = -np.inf
        scored[:, missing] = -np.inf
        best = np.empty((len(part), k), np.float32)
        best_of(scored, k, found[first : first + size], best)

    with (
        Threads(worker_count(workers)) as engine,
        progress.task(f"ranking by {name}", total=len(users), unit="users") as task,
    ):
        for start in range(0, len(users), _ROUND * size):
            stop = min(start + _ROUND * size, len(users))
            engine.map(piece, range(start, stop, size))
            task.advance(stop - start)
    return found
