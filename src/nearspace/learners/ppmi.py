"""Word vectors by counting: positive pointwise mutual information and a singular value decomposition."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.cooccurrence import MEMORY, Cooccurrence, Window, count_cooccurrences
from nearspace.data.corpus import Prepared
from nearspace.data.ordered import in_order
from nearspace.data.svd import truncated_svd
from nearspace.engine.local import worker_count
from nearspace.errors import SettingError
from nearspace.kernels.sparse import ppmi_product
from nearspace.learners.matrices import aligned
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet, Task
from nearspace.space import Recipe, Space

BAND = 1 << 18
AHEAD = 16


@dataclass(frozen=True)
class PPMI:
    """Truncated SVD of shifted positive PMI with smoothed contexts (Levy, Goldberg & Dagan 2015).

    The cell of word i and context j is max(0, log(x_ij S / (x_i x_j ** smoothing)) - log(shift)) with S the
    sum of all x_j ** smoothing; a word's vector is its row of U Sigma ** power.

    Attributes:
        dim: components of a vector.
        window: pairs up to this many words apart count, a pair at distance d 1 / d.
        shift: as many negative samples; 1 is no shift.
        smoothing: below 1, rare contexts weigh less.
        power: weight of the singular values: 1 keeps the matrix' distances, 0 makes all directions equal.
        iterations: of the subspace; more are more exact.
        seed: of the first subspace.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 100
    window: int = 10
    shift: float = 1.0
    smoothing: float = 0.75
    power: float = 0.25
    iterations: int = 4
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("dim", "window"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}", f"Give a {name} of at least 1.")
        if not 1 <= self.shift < float("inf"):
            raise SettingError(f"shift is {self.shift}", "Give a shift of at least 1; 1 is no shift.")
        for name in ("smoothing", "power"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} is {getattr(self, name)}", f"Give a {name} from 0 to 1.")
        for name in ("iterations", "seed"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} is {getattr(self, name)}", f"Give {name} of 0 or more.")

    def fit(
        self,
        data: Prepared,
        *,
        folder: Path | None = None,
        memory: float = MEMORY,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> Space:
        """Learn a Space from a prepared corpus.

        Args:
            data: vocabulary and stream.
            folder: an existing folder for scratch files, which take some 25 bytes a distinct pair; None: one
                in the system's temporary folder, removed at the end.
            memory: size of the buffers for counting in MB.
            workers: threads; they change nothing but the time.
            progress: where the work is shown.

        Raises:
            SettingError: the vocabulary is smaller than `dim`.
            OutputError: the scratch folder is full.
        """
        if folder is None:
            with tempfile.TemporaryDirectory(prefix="nearspace-") as scratch:
                return self.fit(data, folder=Path(scratch), memory=memory, workers=workers, progress=progress)
        began = time.perf_counter()
        size = len(data.vocabulary)
        if size < self.dim:
            raise SettingError(
                f"dim is {self.dim}, but the vocabulary has only {size:,} words",
                "Give a smaller dim, a lower min_count or more text.",
            )
        workers, progress = worker_count(workers), progress or Quiet()
        counts = count_cooccurrences(
            data.stream, size, Window(self.window, "harmonic"),
            folder=folder, memory=memory, workers=workers, progress=progress,
        )  # fmt: skip
        try:
            vectors = self._decompose(counts, workers, progress)
        finally:
            counts.remove()
        recipe = Recipe(
            "ppmi", asdict(self), self.seed, data.stream.fingerprint, versions("numpy", "numba"),
            round(time.perf_counter() - began, 3),
        )  # fmt: skip
        columns = {"count": data.vocabulary.counts}
        return Space(data.vocabulary.keys, vectors, columns=columns, recipe=recipe)

    def _decompose(self, counts: Cooccurrence, workers: int, progress: Progress) -> NDArray[np.float32]:
        words, contexts = terms(counts.totals, self.smoothing, self.shift)
        products = 2 * self.iterations + 2
        with (
            ThreadPoolExecutor(workers) as pool,
            progress.task("decomposing", total=float(products) * counts.entries, unit="pairs") as task,
        ):
            factors = truncated_svd(
                multiply(counts, words, contexts, pool, task),
                multiply(counts, contexts, words, pool, task),
                counts.size, self.dim, iterations=self.iterations, seed=self.seed, pool=pool,
            )  # fmt: skip
        return np.ascontiguousarray(factors.left * (factors.values**self.power).astype(np.float32))


def terms(
    totals: NDArray[np.float64], smoothing: float, shift: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is taken from log x_ij for word i and for context j, (n,) each."""
    logs = np.log(np.maximum(totals, 1e-9))
    smoothed = smoothing * logs
    contexts = smoothed - np.log(np.exp(smoothed).sum()) + np.log(shift)
    return logs.astype(np.float32), contexts.astype(np.float32)


def multiply(
    counts: Cooccurrence,
    row_terms: NDArray[np.float32],
    column_terms: NDArray[np.float32],
    pool: ThreadPoolExecutor,
    task: Task,
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Give the function X -> max(0, log counts - row terms - column terms) @ X.

    The counts are symmetric, so exchanging the terms transposes the matrix.
    """
    blocks = counts.row_blocks(BAND)

    def product(dense: NDArray[np.float32]) -> NDArray[np.float32]:
        width = dense.shape[1]
        flat, out = dense.reshape(-1), aligned(counts.size, width)

        def work(block: tuple[int, int]) -> int:
            start, stop = block
            _, columns, values = counts.rows(np.arange(start, stop))
            ppmi_product(
                counts.pointers[start : stop + 1], columns, np.log(values, out=values),
                row_terms[start:stop], column_terms, flat, width, out[start:stop].reshape(-1),
            )  # fmt: skip
            return len(columns)

        for entries in in_order(pool, work, blocks, AHEAD):
            task.advance(entries)
        return out

    return product
