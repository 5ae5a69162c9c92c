"""The training loop of word models with negative sampling: steps of rounds, run by threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus_stream import Lines
from nearspace.engine.local import Threads, cores
from nearspace.kernels import rounds as kernel
from nearspace.kernels.sampling import ALWAYS, alias_table
from nearspace.kernels.skipgram import scratch_size
from nearspace.kernels.threads import gate
from nearspace.learners.matrices import aligned
from nearspace.learners.schedule import Rounds, Schedule, Step, gram_weights, merge_weights, variety_of
from nearspace.protocols import Progress

NOISE_POWER = 0.75  # negative words are drawn by count ** 0.75 (Mikolov et al. 2013)


@dataclass(frozen=True)
class Objective:
    """What is learned: the numbers that the kernels need; negatives come by count to the power `noise`."""

    window: int
    negative: int
    sample: float
    lr: float
    epochs: int
    seed: int
    cbow: bool
    noise: float = NOISE_POWER


@dataclass(frozen=True, eq=False)
class Matrices:
    """The rows that are learned.

    Attributes:
        inputs: flat float32, one row a word, then one row an n-gram.
        outputs: flat float32, one row a word.
        stride: float32 a row.
        starts: (V + 1,) int64 into `grams`, or (0,) without subwords.
        grams: int32 rows of `inputs`: the n-grams of each word.
    """

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    stride: int
    starts: NDArray[np.int64]
    grams: NDArray[np.int32]


def keep_probabilities(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """Return the chance of each word to be kept: sqrt(t / f) + t / f, at most 1 (word2vec's subsampling).

    Args:
        counts: (V,) counts. sample: t, the share of the corpus above which words are thinned; 0 keeps all.
    """
    if sample <= 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.asarray(np.minimum(np.sqrt(ratio) + ratio, 1.0))


class Training:
    """One run of training over a stream; `run` changes the matrices in place.

    Args:
        stream: the encoded corpus.
        counts: (V,) int64 counts of the words.
        matrices: what is learned.
        objective, schedule: settings.
        workers: threads to use; they change nothing but the time (unless the schedule is free-running).
    """

    def __init__(
        self,
        stream: Lines,
        counts: NDArray[np.int64],
        matrices: Matrices,
        objective: Objective,
        schedule: Schedule,
        workers: int,
    ) -> None:
        self.stream, self.objective, self.schedule = stream, objective, schedule
        self.matrices = matrices
        keep = keep_probabilities(counts, objective.sample)
        variety = variety_of(keep * counts)
        self.rounds = Rounds.cut(schedule, stream.length, objective.epochs, variety, workers)
        self.threads = self.rounds.shards
        if not schedule.free_running:
            self.threads = min(workers, cores(), self.rounds.shards)
        noise = counts.astype(np.float64) ** objective.noise
        accept, alias = alias_table(noise)
        self._tables = kernel.Tables(
            stream.remap, _threshold(keep), accept, alias, matrices.starts, matrices.grams
        )
        self._plan = kernel.Plan(
            matrices.stride, objective.window, objective.negative, self.rounds.block,
            self.rounds.shards, objective.cbow, objective.seed,
        )  # fmt: skip
        self._expected(counts, keep, noise)
        self._make_room(len(counts))

    def _expected(
        self, counts: NDArray[np.int64], keep: NDArray[np.float64], noise: NDArray[np.float64]
    ) -> None:
        """Work out how often a shard is expected to update each row in a round."""
        kept = self.rounds.block * keep * counts / counts.sum()
        pairs = 1 if self.objective.cbow else self.objective.window + 1  # contexts of a centre, on average
        contexts = self.objective.window + 1
        self._input_counts = kept * contexts
        self._output_counts = pairs * (kept + kept.sum() * self.objective.negative * noise / noise.sum())
        starts, grams = self.matrices.starts, self.matrices.grams
        if len(starts):
            owners = np.repeat(np.arange(len(counts)), np.diff(starts))
            size = len(self.matrices.inputs) // self.matrices.stride
            shares = np.bincount(grams, self._input_counts[owners], size)
            self._gram_counts = shares[len(counts) :].astype(np.float64)

    def _make_room(self, words: int) -> None:
        block, shards = self.rounds.block, self.rounds.shards
        pool = max(1, block * self.objective.negative // self.schedule.reuse)
        free, stride = self.schedule.free_running, self.matrices.stride

        def ids(*shape: int) -> NDArray[np.int32]:
            return np.zeros(shape, dtype=np.int32)

        copies = 0 if free else block + pool
        self._shards = kernel.Shards(
            ids(shards, block), ids(shards, block), ids(shards, block), ids(shards, block),
            ids(shards, block * self.objective.negative), ids(shards, pool),
            ids(shards, block), ids(shards, copies), np.zeros((shards, 2), dtype=np.int64),
            aligned(shards, 0 if free and not len(self.matrices.starts) else block * stride),
            aligned(shards, copies * stride),
            aligned(shards, block * stride if len(self.matrices.starts) else 0), np.zeros((shards, 2)),
        )  # fmt: skip
        size = scratch_size(stride, self.objective.window, self.objective.negative)
        self._places = [np.full((2, words), -1, dtype=np.int32) for _ in range(self.threads)]
        self._touched = np.zeros((2, words), dtype=np.int32)
        self._scratch = [aligned(size) for _ in range(self.threads)]

    def run(
        self, *, progress: Progress, first: int = 0, after: Callable[[Step], None] = lambda _: None
    ) -> float:
        """Train from step number `first` to the end; returns the mean loss of the last epoch.

        Args:
            progress: shows words, loss and time left.
            first: steps that were done before.
            after: called after every step, with the matrices as that step left them; may raise to stop.
        """
        total = self.stream.length * self.objective.epochs
        losses: dict[int, NDArray[np.float64]] = {}
        steps = list(self.rounds.steps(first))
        with (
            progress.task("training", total=total, unit="words") as task,
            ThreadPoolExecutor(1, thread_name_prefix="nearspace-reader") as reader,
            Threads(self.threads) as engine,
        ):
            if steps and steps[0].number:
                done = steps[0].epoch * self.rounds.per_epoch + steps[0].begin
                task.advance(min(done * self.rounds.block * self.rounds.shards, total))
            coming = reader.submit(self._read, steps[0]) if steps else None
            for at, step in enumerate(steps):
                text, lengths = _result(coming)
                coming = reader.submit(self._read, steps[at + 1]) if at + 1 < len(steps) else None
                self._shards.stats[:] = 0
                self._run_step(engine, step, text, lengths)
                losses[step.epoch] = losses.get(step.epoch, np.zeros(2)) + self._shards.stats.sum(axis=0)
                loss = _mean(losses[step.epoch])
                task.advance(float(lengths.sum()), loss=loss, epoch=step.epoch + 1)
                after(step)
        return _mean(losses[max(losses)]) if losses else 0.0

    def _read(self, step: Step) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Read the text of a step: (shards, positions) ids and how many each shard has."""
        size = (step.end - step.begin) * self.rounds.block
        text = np.empty((self.rounds.shards, size), dtype=np.int32)
        lengths = np.zeros(self.rounds.shards, dtype=np.int64)
        for shard in range(self.rounds.shards):
            begin, end = self.rounds.span(shard, step)
            text[shard, : end - begin] = self.stream.read(begin, end)
            lengths[shard] = end - begin
        return text, lengths

    def _model(self, rate: float) -> kernel.Model:
        """Give the matrices with the merge weights for a step size."""
        shards = 1 if self.schedule.free_running else self.rounds.shards
        damping = self.schedule.input_damping * rate
        inputs = merge_weights(self._input_counts, damping, shards)
        if len(self.matrices.starts):
            inputs = np.concatenate([inputs, gram_weights(self._gram_counts, damping, shards)])
        outputs = merge_weights(self._output_counts, self.schedule.output_damping * rate, shards)
        return kernel.Model(self.matrices.inputs, self.matrices.outputs, inputs, outputs)

    def _run_step(
        self, engine: Threads, step: Step, text: NDArray[np.int32], lengths: NDArray[np.int64]
    ) -> None:
        rates = self.rounds.rates(step, self.objective.lr)
        model = self._model(float(rates[0]))
        block = self.rounds.first_block(step)
        shared = gate()

        def work(worker: int) -> None:
            places, scratch = self._places[worker], self._scratch[worker]
            if self.schedule.free_running:
                own = text[worker, : lengths[worker]]
                first = block + worker * len(rates)
                kernel.run_free(
                    self._plan, self._tables, model, self._shards, worker, own, rates, first, places, scratch
                )
            else:
                kernel.run_rounds(
                    self._plan, self._tables, model, self._shards, text, lengths, rates, block, places,
                    self._touched, scratch, shared, self.threads,
                )  # fmt: skip

        engine.map(work, range(self.threads))


def _threshold(keep: NDArray[np.float64]) -> NDArray[np.uint32]:
    return np.minimum(keep * 2.0**32, float(ALWAYS)).astype(np.uint32)


def _mean(loss: NDArray[np.float64]) -> float:
    return float(loss[0] / max(loss[1], 1.0))


def _result(
    coming: Future[tuple[NDArray[np.int32], NDArray[np.int64]]] | None,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    assert coming is not None
    return coming.result()
