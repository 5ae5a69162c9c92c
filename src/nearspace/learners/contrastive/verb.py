"""`learn.encoder`: pairs in, an encoder out that is better on them and no worse in general."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import InputError, WorseError
from nearspace.files import new_folder
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.contrastive import probes
from nearspace.learners.contrastive.blending import choose
from nearspace.learners.contrastive.differences import Difference, cases_of, difference, value
from nearspace.learners.contrastive.examples import Examples, read_examples
from nearspace.learners.contrastive.models import TrainedHead, TrainedTransformer, trained_of
from nearspace.learners.contrastive.objective import chosen_loss
from nearspace.learners.contrastive.outcome import WORSE, Training, judged
from nearspace.learners.contrastive.settings import Contrastive, Machine
from nearspace.learners.contrastive.splitting import Split, split, split_given, without_texts
from nearspace.learners.contrastive.tasks import Figures, Task, task_of
from nearspace.learners.contrastive.training import Trainer
from nearspace.learners.contrastive.writing import is_training, write_trained
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet

_HELD = "held_out"
Judged = list[tuple[Task, Figures]]


def encoder(
    data: Any,
    base: str | Path,
    output: str | Path,
    *,
    kind: str | None = None,
    columns: Sequence[str] | None = None,
    settings: Contrastive = Contrastive(),  # noqa: B008
    held_out: float | Any = 0.2,
    probe: Sequence[Any] = (),
    keep_worse: bool = False,
    overwrite: bool = False,
    checkpoint: Checkpoint | str | Path | None = None,
    resume: bool = False,
    machine: Machine = Machine(),  # noqa: B008
    progress: Progress = Quiet(),  # noqa: B008
) -> Training:
    """Train an encoder of texts on pairs that are similar, and write it if it did no harm.

    Part of the examples is held out, in groups without a common text. Half of it says when to stop and how
    far to go from the old weights to the new; the other half, and a general probe, are measured before and
    after. The same data, settings, versions, device and number of torch's threads give the same bytes.

    Args:
        data: a table, as `read_table` takes it: pairs (a, b), triplets (a, positive, negative), scored pairs
            (a, b, score), labelled texts (text, label), or with `kind` bare texts.
        base: the model to begin with, as `find_model` takes it.
        output: folder of the new model.
        kind: "pairs", "triplets", "scored", "labels" or "texts"; None: told by the columns.
        columns: those of the texts, then that of the score or label; None: told by their names.
        settings: see `Contrastive`.
        held_out: share of the examples, or a table of others.
        probe: tables of your own that are probed beside the packaged probe.
        keep_worse: write the model also if it is worse.
        overwrite: replace a model that was trained here.
        checkpoint: folder where the run is kept every few minutes and on Ctrl-C.
        resume: go on from there, to the same result.
        machine: where and how it computes.
        progress: where it is shown.

    Raises:
        WorseError: the new model is worse than its base, or no better; nothing was written.
        InputError: the table or the model is not what it should be, or too few examples can be held out.
        SettingError: a setting is out of its range or does not fit the examples.
        Interrupted: Ctrl-C.
    """
    began = time.monotonic()
    with contextlib.suppress(_EnoughError), new_folder(output, overwrite=overwrite, replaceable=is_training):
        raise _EnoughError
    with _folder() as folder, _closing() as opened:
        examples = read_examples(data, _below(folder, "data"), kind=kind, columns=columns)
        opened.append(examples)
        chosen_loss(settings, examples.kind)
        cut = _split(examples, held_out, settings, _below(folder, "held"), opened, progress)
        start = TransformerEncoder.open(base, engine="torch", device=machine.device)
        model = trained_of(start, settings.tuned, machine, _below(folder, "vectors"), settings.seed)
        tasks = [*probes.packaged(), *probes.given(probe, folder)]
        kept = _checkpoint(checkpoint, resume)
        made = _Run(model, cut, tasks, settings, machine, progress).train(kept, examples, start)
        training = dataclasses.replace(
            made, base=Path(start.model.path).name, seconds=time.monotonic() - began
        )
        worse = training.verdict == WORSE
        if worse and not keep_worse:
            raise WorseError(training.why, training)
        training = dataclasses.replace(training, path=Path(output))
        write_trained(Path(output), model, training, overwrite=overwrite)
    if kept is not None:
        kept.remove()
    return training


class _Run:
    """Measures, trains, blends, measures again."""

    def __init__(
        self,
        model: TrainedTransformer | TrainedHead,
        cut: Split,
        probe: list[Task],
        settings: Contrastive,
        machine: Machine,
        progress: Progress,
    ) -> None:
        self.model, self.cut, self.probe = model, cut, probe
        self.settings, self.machine, self.progress = settings, machine, progress
        seed = settings.seed
        self.choice = task_of(cut.choice, cut.choice_groups, cut.train, _HELD, seed)
        self.test = task_of(cut.test, cut.groups, cut.train, _HELD, seed)

    def train(self, kept: Checkpoint | None, examples: Examples, start: TransformerEncoder) -> Training:
        """Give the outcome, not written yet."""
        model, cut, seed = self.model, self.cut, self.settings.seed
        before = self._judged([self.test, *self.probe], "measuring before")
        floor = value(self.choice, cases_of(self.choice, model.encode))
        old = model.weights()
        trainer = Trainer(
            model,
            cut.train,
            self.settings,
            tokens=self.machine.tokens,
            judge=lambda: value(self.choice, cases_of(self.choice, model.encode)),
            run={
                "data": examples.fingerprint,
                "base": start.fingerprint,
                "settings": self.settings.to_json(),
                "train": len(cut.train),
            },
        )
        course = trainer.fit(kept, self.progress)
        alpha, blends = choose(model, old, self.choice, floor, before[1:], seed)
        after = self._differences(before)
        verdict, why = judged(after[0], after[1:], alpha, blends, course)
        counts = {"train": len(cut.train), "choice": len(cut.choice), "test": len(cut.test)}
        return Training(
            None, verdict, why, after[0], after[1:], alpha, tuple(blends), course,
            {**counts, "left_out": examples.left_out},
            {**self.settings.to_json(), "loss": trainer.loss_name, "kind": examples.kind},
            "", examples.fingerprint, versions("torch", "transformers", "tokenizers", "numpy"), 0.0,
        )  # fmt: skip

    def _judged(self, tasks: list[Task], shown: str) -> Judged:
        made = []
        with self.progress.task(shown, total=len(tasks), unit="sets") as bar:
            for task in tasks:
                made.append((task, cases_of(task, self.model.encode)))
                bar.advance(1)
        return made

    def _differences(self, before: Judged) -> tuple[Difference, ...]:
        after = self._judged([task for task, _ in before], "measuring after")
        return tuple(
            difference(task, then, now, self.settings.seed)
            for (task, then), (_, now) in zip(before, after, strict=True)
        )


def _split(
    examples: Examples,
    held_out: Any,
    settings: Contrastive,
    folder: Path,
    opened: list[Examples],
    progress: Progress,
) -> Split:
    if examples.left_out:
        progress.note(f"{examples.left_out:,} rows were left out: a text is empty or the value is missing")
    if isinstance(held_out, int | float):
        return split(examples, float(held_out), settings.seed)
    held = read_examples(held_out, folder, kind=examples.kind)
    opened.append(held)
    train = without_texts(examples, held)
    if len(train) < len(examples):
        progress.note(f"{len(examples) - len(train):,} examples share a text with held-out ones: left out")
    if not len(train):
        raise InputError(
            f"{examples.name}: every example shares a text with {held.name}", "Hold out other examples."
        )
    return split_given(train, held, settings.seed)


class _EnoughError(Exception):
    """The output could be made."""


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nearspace-", ignore_cleanup_errors=True) as place:
        yield Path(place)


@contextlib.contextmanager
def _closing() -> Iterator[list[Examples]]:
    opened: list[Examples] = []
    try:
        yield opened
    finally:
        for one in opened:
            one.texts.close()


def _below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _checkpoint(checkpoint: Checkpoint | str | Path | None, resume: bool) -> Checkpoint | None:
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        return checkpoint
    return Checkpoint(Path(checkpoint), resume=resume)
