"""Skip-gram and CBOW with negative sampling, with or without subwords."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus import Prepared
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.engine.interrupts import Deferred
from nearspace.engine.local import worker_count
from nearspace.errors import Interrupted, SettingError
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.checks import check_counts, check_seed
from nearspace.learners.matrices import stride_of, unpadded
from nearspace.learners.schedule import Schedule, Step
from nearspace.learners.start import Grams, begin_matrices, grams_of
from nearspace.learners.training import Matrices, Objective, Training
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.space import Recipe, Space


@dataclass(frozen=True)
class Subwords:
    """Character n-grams that words share, hashed into buckets as fastText does.

    Attributes:
        min_n: characters of the shortest n-gram, the word's boundary marks < and > included.
        max_n: characters of the longest.
        buckets: number of hash buckets; only those that the vocabulary uses take memory.
    """

    min_n: int = 3
    max_n: int = 6
    buckets: int = 2_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.min_n <= self.max_n:
            raise SettingError(
                f"min_n is {self.min_n} and max_n is {self.max_n}", "Expected 1 <= min_n <= max_n."
            )
        if not 1 <= self.buckets < 2**31:
            raise SettingError(f"buckets is {self.buckets}", "Expected 1 to 2147483647.")


@dataclass(frozen=True)
class SkipGram:
    """Vectors from which the words around a word can be told (Mikolov et al. 2013, negative sampling).

    Attributes:
        dim: components of a vector.
        window: most words to either side that count as context; each centre draws 1 to `window`.
        negative: negative words a centre.
        epochs: passes over the text.
        lr: first step size; it falls linearly to nearly nothing.
        sample: share of the text above which a word is thinned (0: no word is).
        seed: of everything random.
        subwords: learn rows for n-grams too, so that unseen and misspelt words get vectors.

    Raises:
        SettingError: a setting is out of its range.
    """

    dim: int = 100
    window: int = 5
    negative: int = 5
    epochs: int = 5
    lr: float = 0.025
    sample: float = 1e-3
    seed: int = 1
    subwords: Subwords | None = None

    name: ClassVar[str] = "skipgram"

    def __post_init__(self) -> None:
        check_counts(self, "dim", "window", "negative", "epochs")
        if not 0 < self.lr < 10:
            raise SettingError(f"lr is {self.lr}, expected above 0 and below 10")
        if not 0 <= self.sample <= 1:
            raise SettingError(f"sample is {self.sample}, expected 0 to 1")
        check_seed(self)

    def fit(
        self,
        data: Prepared,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        schedule: Schedule | None = None,
        start: Space | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Space:
        """Learn a Space of words; the same bytes for any `workers` unless the schedule is free-running.

        Args:
            data: vocabulary and encoded text, see `nearspace.data.corpus.prepare`.
            workers: threads; None for all cores.
            progress: where the training is shown.
            schedule: how the text is cut; the default suits all sizes.
            start: a Space to continue from; its keys are the first rows of the vocabulary.
            checkpoint: where the run is saved now and then, and on Ctrl-C.

        Raises:
            Interrupted: the user stopped the run; the checkpoint, if there is one, was saved.
            SettingError, DimensionError: `start` does not fit the settings.
        """
        run = _Run(self, data, schedule or Schedule(), start, worker_count(workers))
        run.train(progress or Quiet(), checkpoint)
        return run.space()


@dataclass(frozen=True)
class CBOW(SkipGram):
    """Vectors whose mean over a window tells the word in its middle (Mikolov et al. 2013).

    The settings are those of SkipGram; the first step size is larger.
    """

    lr: float = 0.05

    name: ClassVar[str] = "cbow"


class _Run:
    """One run of training: matrices, their training, and the Space made of them."""

    def __init__(
        self, settings: SkipGram, data: Prepared, schedule: Schedule, start: Space | None, workers: int
    ) -> None:
        self.began = time.monotonic()
        self.settings, self.data, self.schedule, self.start = settings, data, schedule, start
        self.stride = stride_of(settings.dim)
        self.grams: Grams = grams_of(data.vocabulary.keys, settings.subwords)
        inputs, outputs = begin_matrices(
            data.vocabulary.keys, self.grams, settings.dim, settings.seed, start, settings.name
        )
        self.matrices = Matrices(inputs, outputs, self.stride, self.grams.starts, self.grams.rows)
        objective = Objective(
            settings.window, settings.negative, settings.sample, settings.lr, settings.epochs,
            settings.seed, settings.name == "cbow",
        )  # fmt: skip
        self.training = Training(
            data.stream, data.vocabulary.counts, self.matrices, objective, schedule, workers
        )
        self.loss = 0.0

    def _identity(self) -> dict[str, Any]:
        return {
            "learner": self.settings.name,
            "settings": asdict(self.settings),
            "schedule": asdict(self.schedule),
            "data": self.data.stream.fingerprint,
            "words": len(self.data.vocabulary),
            "start": self.start.recipe.to_json() if self.start is not None else None,
        }

    def train(self, progress: Progress, checkpoint: Checkpoint | None) -> None:
        arrays = {"inputs": self.matrices.inputs, "outputs": self.matrices.outputs}
        first = checkpoint.load(self._identity(), arrays) if checkpoint and checkpoint.resume else 0
        with Deferred() as interrupt:

            def after(step: Step) -> None:
                if checkpoint and (interrupt.asked or checkpoint.due()):
                    checkpoint.save(step.number + 1, self._identity(), arrays)
                if interrupt.asked:
                    raise _interrupted(checkpoint)

            self.loss = self.training.run(progress=progress, first=first, after=after)

    def space(self) -> Space:
        """Make the Space; the matrices are used up."""
        settings, words, dim = self.settings, len(self.data.vocabulary), self.settings.dim
        rows = unpadded(self.matrices.inputs, self.stride, dim)
        state: dict[str, NDArray[Any]] = {"context": unpadded(self.matrices.outputs, self.stride, dim)}
        encoder, vectors = None, rows
        if settings.subwords is not None:
            encoder = SubwordEncoder(
                rows[words:],
                settings.subwords.min_n,
                settings.subwords.max_n,
                settings.subwords.buckets,
                self.grams.buckets,
                self.data.vocabulary.keys,
                rows[:words],
            )
            vectors = np.concatenate(list(encoder.encode_words()))
        return Space(
            self.data.vocabulary.keys,
            vectors,
            columns={"count": self.data.vocabulary.counts},
            encoder=encoder,
            recipe=self._recipe(),
            state=state,
        )

    def _recipe(self) -> Recipe:
        past = () if self.start is None else (*self.start.recipe.history, _alone(self.start.recipe))
        return Recipe(
            self.settings.name,
            asdict(self.settings) | {"schedule": asdict(self.schedule), "loss": round(self.loss, 6)},
            None if self.schedule.free_running else self.settings.seed,
            self.data.stream.fingerprint,
            versions("numpy", "numba"),
            round(time.monotonic() - self.began, 3),
            past,
        )


def _alone(recipe: Recipe) -> Recipe:
    return Recipe(recipe.learner, recipe.settings, recipe.seed, recipe.data, recipe.versions, recipe.seconds)


def _interrupted(checkpoint: Checkpoint | None) -> Interrupted:
    if checkpoint is None:
        return Interrupted(
            "training was stopped; nothing was saved", "Give a checkpoint to be able to go on."
        )
    return Interrupted(
        f"training was stopped; its state is in {checkpoint.path}",
        "Resume with the same text and settings (--resume) to get the same result as an unbroken run.",
    )
