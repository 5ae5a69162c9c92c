"""The best items of each user, of all that the user did not have before: never of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.engine.local import Threads, worker_count
from nearspace.evaluation.baselines import Baseline
from nearspace.evaluation.held_out import Trial, rows_of
from nearspace.index.lists import Lists
from nearspace.kernels.best import best_of
from nearspace.protocols import Progress, Quiet
from nearspace.search.catalogue import ITEM, catalogue_of

Ints = NDArray[np.int64]
_BATCH = 4096  # users that are searched for at once
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
    """(m, k) numbers among the choice, best first, of some users of the trial; -1 pads, ties by row."""
    choice, items = trial.choice, catalogue_of(trial.choice.space, ITEM)
    place = np.where(choice.rows >= 0, items.place_of[choice.rows], -1)
    number = np.full(len(items) + 1, -1)
    number[place[place >= 0]] = np.flatnonzero(place >= 0)
    found = np.empty((len(users), k), np.int64)
    with progress.task(f"ranking by {choice.space.name}", total=len(users), unit="users") as task:
        for start in range(0, len(users), _BATCH):
            part = users[start : start + _BATCH]
            places, _ = items.search(
                trial.vectors[part], k, exclude=_placed(rows_of(trial.seen, part), place),
                workers=worker_count(workers),
            )  # fmt: skip
            found[start : start + _BATCH] = number[places]
            task.advance(len(part))
    return found


def _placed(seen: Sparse, place: Ints) -> Lists:
    """Turn numbers of items into places of the catalogue, ascending in each row."""
    found = place[seen.columns]
    whose = np.repeat(np.arange(len(seen.starts) - 1), np.diff(seen.starts))
    order = np.lexsort((found, whose)) if (np.diff(place) != 1).any() else np.arange(len(found))
    return Lists(seen.starts, found[order])  # -1, deleted, is no row


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
    history = trial.choice.history
    scorer = baseline.fit(history, workers=workers, progress=progress)
    wide, narrow = len(trial.choice.items), len(history.items)
    missing = np.flatnonzero(~trial.choice.offered)
    found = np.empty((len(users), k), np.int64)
    size = max(1, min(_MOST, _CELLS // wide))

    def piece(first: int) -> None:
        seen = rows_of(trial.seen, users[first : first + size])
        scored = np.full((len(seen.starts) - 1, wide), -np.inf, np.float32)
        scored[:, :narrow] = scorer.scores(_before(seen, narrow))
        scored[np.repeat(np.arange(len(scored)), np.diff(seen.starts)), seen.columns] = -np.inf
        scored[:, missing] = -np.inf
        best_of(scored, k, found[first : first + size], np.empty((len(scored), k), np.float32))

    with (
        Threads(worker_count(workers)) as engine,
        progress.task(f"ranking by {baseline.name}", total=len(users), unit="users") as task,
    ):
        for start in range(0, len(users), _ROUND * size):
            stop = min(start + _ROUND * size, len(users))
            engine.map(piece, range(start, stop, size))
            task.advance(stop - start)
    return found


def _before(seen: Sparse, items: int) -> Sparse:
    """Give the entries of the first so many columns."""
    kept = seen.columns < items
    starts = np.concatenate(([0], np.cumsum(kept)))[seen.starts]
    return Sparse(starts, seen.columns[kept], seen.weights[kept])
