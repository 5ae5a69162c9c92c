"""The loop: batches, gradients, steps of AdamW, and when to stop; a stopped run goes on where it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.interrupts import Deferred
from nearspace.errors import Interrupted
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.contrastive.batching import batches
from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.mining import mine
from nearspace.learners.contrastive.models import Trained
from nearspace.learners.contrastive.objective import Objective
from nearspace.learners.contrastive.settings import Contrastive
from nearspace.learners.contrastive.steps import Steps
from nearspace.learners.contrastive.text_file import Ids
from nearspace.optional import require
from nearspace.protocols import Progress

WARM_UP = 0.1  # share of the steps in which the step size rises
PATIENCE = 2  # epochs without a better figure, after which it stops
LONGEST = 1.0  # norm that gradients are cut to
_FIGURES = 5  # step, epoch, batch of the epoch, best figure, epochs since


@dataclass
class Course:
    """How a run went.

    Attributes:
        steps: that were made.
        losses: mean of each epoch.
        figures: of the held-out choice at first and after each epoch.
        best: epoch whose weights were kept; 0: none was complete, and the weights are as they were.
        stopped: why before the last epoch, or "".
    """

    steps: int = 0
    losses: list[float] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    best: int = 0
    stopped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give all by name."""
        return {
            "steps": self.steps,
            "losses": [round(loss, 6) for loss in self.losses],
            "figures": [round(figure, 6) for figure in self.figures],
            "best_epoch": self.best,
            "stopped": self.stopped,
        }


class Trainer:
    """Trains a model on examples.

    Args:
        model: what is trained.
        examples: those to learn from.
        settings: how.
        tokens: that are in memory at once.
        judge: gives the figure of the held-out choice with the weights as they are; larger is better.
        run: what identifies the run, for its checkpoint.
    """

    def __init__(
        self,
        model: Trained,
        examples: Examples,
        settings: Contrastive,
        *,
        tokens: int,
        judge: Callable[[], float],
        run: dict[str, Any],
    ) -> None:
        torch = require("torch", extra="texts", purpose="training an encoder")
        self._torch, self._model, self._examples, self._settings = torch, model, examples, settings
        self._judge, self._run = judge, run
        torch.manual_seed(settings.seed)
        self._objective = Objective(torch, model, examples, settings)
        self._weights = [*model.parameters(), *self._objective.parameters()]
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.step_size, weight_decay=0.01)
        self._steps = Steps(torch, model, tokens)
        self._best = [one.detach().clone() for one in self._weights]
        self._course = Course()
        self._losses: list[float] = []
        self._epoch = self._batch = self._since = 0
        self._mined = -1
        self._of_epoch = max(1, math.ceil(len(examples) / settings.batch))

    @property
    def loss_name(self) -> str:
        """Name of the loss."""
        return type(self._objective.loss).__name__

    def fit(self, checkpoint: Checkpoint | None, progress: Progress) -> Course:
        """Train, and leave the model with the weights of its best epoch.

        Raises:
            Interrupted: Ctrl-C; the checkpoint, if there is one, has the run.
        """
        self._model.begin(self._examples.texts)
        if checkpoint is not None and checkpoint.resume:
            self._load(checkpoint)
        else:
            self._course.figures.append(self._judge())
        total = self._settings.epochs * self._of_epoch
        with Deferred() as stop, progress.task("training the encoder", total=total, unit="steps") as task:
            if self._course.steps:
                task.advance(self._course.steps)
            while self._epoch < self._settings.epochs and not self._course.stopped:
                for rows in self._left():
                    loss = self._step(rows)
                    if self._course.stopped:
                        break
                    task.advance(1, loss=loss)
                    if stop.asked or (checkpoint is not None and checkpoint.due()):
                        self._save(checkpoint, stop.asked)
                else:
                    self._end_epoch(progress)
        self._restore()
        self._model.finish()
        return self._course

    def _left(self) -> Iterator[Ids]:
        """Give the batches of the epoch that are left, negatives mined before."""
        self._mine()
        settings = self._settings
        made = batches(self._examples, settings.batch, settings.seed, self._epoch)
        for number, rows in enumerate(made):
            if number >= self._batch:
                yield rows

    def _mine(self) -> None:
        mining = self._settings.mining
        if mining is None or self._mined == self._epoch // mining.every:
            return
        self._mined = self._epoch // mining.every
        self._objective.negatives = mine(self._model, self._examples, mining)

    def _step(self, rows: Ids) -> float:
        torch, course = self._torch, self._course
        self._optimizer.zero_grad(set_to_none=True)
        self._model.train(True)
        ids = self._objective.texts(rows)
        seed = self._settings.seed * 1_000_003 + course.steps
        loss = self._steps.backward(ids, lambda vectors: self._objective.of(rows, vectors), seed)
        self._model.train(False)
        norm = float(torch.nn.utils.clip_grad_norm_(self._weights, LONGEST))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            course.stopped = f"the loss or its gradient is not finite at step {course.steps + 1:,}"
            return loss
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.step_size * self._rise(course.steps)
        self._optimizer.step()
        course.steps += 1
        self._batch += 1
        self._losses.append(loss)
        return loss

    def _rise(self, step: int) -> float:
        """Give the share of the largest step size: up in a line, then down to zero in a line."""
        total = self._settings.epochs * self._of_epoch
        warm = max(1, round(WARM_UP * total))
        return min((step + 1) / warm, max(0.0, (total - step) / max(1, total - warm)))

    def _end_epoch(self, progress: Progress) -> None:
        course = self._course
        self._epoch, self._batch = self._epoch + 1, 0
        course.losses.append(float(np.mean(self._losses)) if self._losses else 0.0)
        self._losses = []
        figure = self._judge()
        better = figure > max(course.figures[1:], default=-math.inf)
        course.figures.append(figure)
        progress.note(
            f"epoch {self._epoch}: loss {course.losses[-1]:.4f}, held out {figure:.4f} "
            f"(before {course.figures[0]:.4f})"
        )
        if better:
            course.best, self._since = self._epoch, 0
            self._best = [one.detach().clone() for one in self._weights]
            return
        self._since += 1
        if self._since >= PATIENCE and self._epoch < self._settings.epochs:
            course.stopped = f"no better on the held-out choice for {PATIENCE} epochs"

    def _restore(self) -> None:
        with self._torch.no_grad():
            for one, kept in zip(self._weights, self._best, strict=True):
                one.copy_(kept)

    # the checkpoint: weights, their best, the moments of AdamW, mined negatives, and where the run is

    def _save(self, checkpoint: Checkpoint | None, stopped: bool) -> None:
        if checkpoint is not None:
            checkpoint.save(self._course.steps, self._run, self._arrays())
        if stopped:
            raise Interrupted(
                f"interrupted after {self._course.steps:,} steps; nothing was written",
                f"The run is kept in {str(checkpoint.path)!r}: the same command with --resume goes on."
                if checkpoint is not None
                else "Give a checkpoint to be able to go on later.",
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        made: dict[str, NDArray[Any]] = {}
        for number, one in enumerate(self._weights):
            state = self._optimizer.state.get(one, {})
            zero = self._torch.zeros_like(one)
            moments = [state.get(name, zero) for name in ("exp_avg", "exp_avg_sq")]
            for name, value in zip(_PARTS, [one, self._best[number], *moments], strict=True):
                made[f"{name}-{number}"] = value.detach().cpu().numpy().copy()
        course, epochs = self._course, self._settings.epochs
        numbers = np.zeros(_FIGURES + 2 * epochs + 1 + self._of_epoch * 4, dtype=np.float64)
        places = (course.steps, self._epoch, self._batch, course.best, self._since)
        numbers[:_FIGURES] = places
        numbers[_FIGURES : _FIGURES + len(course.figures)] = course.figures
        numbers[_FIGURES + epochs + 1 :][: len(course.losses)] = course.losses
        numbers[_FIGURES + 2 * epochs + 1 :][: len(self._losses)] = self._losses
        mining = self._settings.mining
        shape = (len(self._examples), 0 if mining is None else mining.negatives)
        negatives = self._objective.negatives
        made["negatives"] = negatives if negatives.shape == shape else np.zeros(shape, dtype=np.int64)
        made["course"] = numbers
        return made

    def _load(self, checkpoint: Checkpoint) -> None:
        torch, course, epochs = self._torch, self._course, self._settings.epochs
        arrays = self._arrays()
        checkpoint.load(self._run, arrays)
        numbers = arrays["course"]
        course.steps, self._epoch, self._batch, course.best, self._since = map(int, numbers[:_FIGURES])
        course.figures = numbers[_FIGURES:][: self._epoch + 1].tolist()
        course.losses = numbers[_FIGURES + epochs + 1 :][: self._epoch].tolist()
        self._losses = numbers[_FIGURES + 2 * epochs + 1 :][: self._batch].tolist()
        if self._settings.mining is not None:
            self._objective.negatives = arrays["negatives"]
            self._mined = self._epoch // self._settings.mining.every if self._batch else -1
        with torch.no_grad():
            for number, one in enumerate(self._weights):
                weight, best, first, second = (
                    torch.from_numpy(arrays[f"{name}-{number}"]).to(one.device) for name in _PARTS
                )
                one.copy_(weight)
                self._best[number].copy_(best)
                self._optimizer.state[one] = {
                    "step": torch.tensor(float(course.steps)),
                    "exp_avg": first.clone(),
                    "exp_avg_sq": second.clone(),
                }


_PARTS = ("weight", "best", "first", "second")
