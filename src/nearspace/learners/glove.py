"""GloVe: word vectors whose products fit the logarithms of co-occurrence counts."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.cooccurrence import MEMORY, Window, count_cooccurrences
from nearspace.data.corpus import Prepared
from nearspace.engine.local import Threads, worker_count
from nearspace.errors import SettingError
from nearspace.kernels.glove import train_block
from nearspace.learners.blocks import Blocks, Weighting, cut
from nearspace.learners.matrices import aligned, fill_uniform, stride_of
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.space import Recipe, Space

FIRST_SUM = 0.3
_DIAGONALS = 0xD1A6


@dataclass(frozen=True)
class GloVe:
    """Weighted least squares on log counts with AdaGrad (Pennington, Socher & Manning 2014).

    Differences from the paper, measured in docs/decisions/glove.md: a row has one AdaGrad step size, not one
    a component; the biases begin at the logarithms of the words' totals, so that the vectors need not learn
    frequency first; the step size falls to zero.

    Attributes:
        dim: components of a vector.
        window: pairs up to this many words apart count, a pair at distance d 1 / d.
        epochs: passes over all pairs.
        lr: AdaGrad's first step size; it falls linearly to zero.
        x_max: the count from which a pair has full weight.
        alpha: how the weight falls below x_max.
        seed: of the first vectors and of the order of pairs.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 100
    window: int = 10
    epochs: int = 10
    lr: float = 0.3
    x_max: float = 10.0
    alpha: float = 0.75
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("dim", "window", "epochs"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}", f"Give a {name} of at least 1.")
        for name in ("lr", "x_max", "alpha"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SettingError(f"{name} is {getattr(self, name)}", f"Give a {name} above 0.")
        if self.seed < 0:
            raise SettingError(f"seed is {self.seed}", "Give a seed of 0 or more.")

    def fit(
        self,
        data: Prepared,
        *,
        folder: Path | None = None,
        memory: float = MEMORY,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> Space:
        """Learn a Space from a prepared corpus: sums of word and context vectors.

        Args:
            data: vocabulary and stream.
            folder: an existing folder for scratch files, which take some 35 bytes a distinct pair; None: one
                in the system's temporary folder, removed at the end.
            memory: size of the buffers for counting in MB.
            workers: threads; they change nothing but the time.
            progress: where the work is shown.

        Raises:
            OutputError: the scratch folder is full.
        """
        if folder is None:
            with tempfile.TemporaryDirectory(prefix="nearspace-") as scratch:
                return self.fit(data, folder=Path(scratch), memory=memory, workers=workers, progress=progress)
        began = time.perf_counter()
        workers, progress = worker_count(workers), progress or Quiet()
        counts = count_cooccurrences(
            data.stream, len(data.vocabulary), Window(self.window, "harmonic"),
            folder=folder, memory=memory, workers=workers, progress=progress,
        )  # fmt: skip
        blocks = cut(
            counts, Weighting(self.x_max, self.alpha),
            seed=self.seed, path=folder / "blocks.tmp", workers=workers, progress=progress,
        )  # fmt: skip
        counts.remove()
        order = blocks.parts.order
        model = Model.start(counts.totals[order], self.dim, self.seed)
        try:
            self._train(model, blocks, workers, progress)
        finally:
            blocks.path.unlink(missing_ok=True)
        vectors, contexts = model.finish(order)
        recipe = Recipe(
            "glove", asdict(self), self.seed, data.stream.fingerprint, versions("numpy", "numba"),
            round(time.perf_counter() - began, 3),
        )  # fmt: skip
        return Space(
            data.vocabulary.keys,
            vectors,
            columns={"count": data.vocabulary.counts},
            recipe=recipe,
            state={"context": contexts},
        )

    def _train(self, model: Model, blocks: Blocks, workers: int, progress: Progress) -> None:
        generator = np.random.Generator(np.random.Philox([self.seed, _DIAGONALS]))
        with (
            Threads(workers) as threads,
            progress.task("training", total=float(self.epochs) * blocks.entries, unit="pairs") as task,
        ):
            steps, step = self.epochs * blocks.parts.count, 0
            for epoch in range(1, self.epochs + 1):
                loss, seen = 0.0, 0
                for diagonal in generator.permutation(blocks.parts.count).tolist():
                    rate = self.lr * (1 - step / steps)
                    step += 1
                    results = model.train_diagonal(blocks, diagonal, rate, threads)
                    loss += sum(part for part, _ in results)
                    amount = sum(entries for _, entries in results)
                    seen += amount
                    task.advance(amount, epoch=epoch, loss=loss / seen)


@dataclass(eq=False)
class Model:
    """What GloVe learns; rows are words in the order of `Parts`.

    Attributes:
        words: (n, stride) float32, zero beyond `dim`.
        contexts: the same.
        word_sums: (n, 3) float32: bias, its sum of squared gradients, the row's mean
            sum of squared gradients.
        context_sums: the same.
        dim: components of a vector.
    """

    words: NDArray[np.float32]
    contexts: NDArray[np.float32]
    word_sums: NDArray[np.float32]
    context_sums: NDArray[np.float32]
    dim: int

    @classmethod
    def start(cls, totals: NDArray[np.float64], dim: int, seed: int) -> Model:
        """Small random vectors; biases log x_i - log(sum x) / 2, so that a pair begins at independence."""
        size, stride = len(totals), stride_of(dim)
        words, contexts = aligned(size * stride), aligned(size * stride)
        fill_uniform(words, stride, dim, 0, seed)
        fill_uniform(contexts, stride, dim, 0, seed + 1)
        sums = np.full((size, 3), FIRST_SUM, dtype=np.float32)
        sums[:, 0] = np.log(np.maximum(totals, 1e-9)) - np.log(totals.sum()) / 2
        return cls(words.reshape(size, stride), contexts.reshape(size, stride), sums, sums.copy(), dim)

    def train_diagonal(
        self, blocks: Blocks, diagonal: int, rate: float, threads: Threads
    ) -> list[tuple[float, int]]:
        """Train the blocks (p, p + diagonal mod P); returns the loss and the number of entries of each."""
        parts = blocks.parts

        def work(part: int) -> tuple[float, int]:
            column = (part + diagonal) % parts.count
            rows, columns = parts.rows(part), parts.rows(column)
            loss, entries = 0.0, 0
            for codes, logs, weights in blocks.pieces(part, column):
                loss += train_block(
                    codes, logs, weights,
                    self.words[rows].reshape(-1), self.contexts[columns].reshape(-1),
                    self.word_sums[rows], self.context_sums[columns],
                    self.words.shape[1], self.dim, rate,
                )  # fmt: skip
                entries += len(codes)
            return loss, entries

        return threads.map(work, range(parts.count))

    def finish(self, order: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sums of word and context vectors, and context vectors, (n, dim) each, in the vocabulary's order.

        The model is used up: its matrices are freed one by one.
        """
        self.words += self.contexts
        contexts = self._ordered(self.contexts, order)
        self.contexts = self.words[:0]
        return self._ordered(self.words, order), contexts

    def _ordered(self, matrix: NDArray[np.float32], order: NDArray[np.int64]) -> NDArray[np.float32]:
        rows = np.empty((len(order), self.dim), dtype=np.float32)
        rows[order] = matrix[:, : self.dim]
        return rows
