"""The descent of t-SNE in three dimensions by a tree of cells, through openTSNE: for very many points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.affinities import Affinities
from nearspace.optional import require
from nearspace.protocols import Task

Floats = NDArray[np.float64]

PURPOSE = "a t-SNE map of so many points in three dimensions"
EVERY = 10  # iterations between two reports of progress


def barnes_hut(
    ties: Affinities, start: Floats, iterations: int, start_iterations: int, workers: int, task: Task
) -> Floats:
    """(n, d) start -> (n, d) layout after both phases (van der Maaten 2014), the same for any workers.

    Raises:
        MissingExtraError: openTSNE is not installed.
    """
    opentsne = require("openTSNE", extra="maps", purpose=PURPOSE)
    affinity = require("openTSNE.affinity", extra="maps", purpose=PURPOSE)
    sparse = require("scipy.sparse", extra="maps", purpose=PURPOSE)
    n = len(start)
    tied = np.flatnonzero(ties.weights > 0)
    first = np.searchsorted(tied, ties.first).astype(np.int32)
    matrix = sparse.csr_matrix(
        (ties.weights[tied].astype(np.float64), ties.others[tied], first), shape=(n, n)
    )
    layout = opentsne.TSNE(
        n_components=start.shape[1],
        n_iter=iterations,
        early_exaggeration_iter=start_iterations,
        negative_gradient_method="bh",
        n_jobs=workers,
        callbacks=_Report(task),
        callbacks_every_iters=EVERY,
    )
    found = layout.fit(
        affinities=affinity.PrecomputedAffinities(matrix, normalize=False), initialization=start.copy()
    )
    task.advance(iterations % EVERY + start_iterations % EVERY)
    return np.asarray(found)


class _Report:
    """A callback of openTSNE that shows its iterations and loss."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, iteration: int, error: float, embedding: Any) -> bool:
        self.task.advance(EVERY, loss=float(error))
        return False
