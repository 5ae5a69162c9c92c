"""How good a head is on labelled rows: accuracy, macro F1, log loss, calibration, and what is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import Figure, Floats
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.proportion import Share
from nearspace.protocols import Progress, Quiet
from nearspace.results import Labels, Report
from nearspace.space import Space
from nearspace.transfer.calibration import calibration_error
from nearspace.transfer.classify import head_of
from nearspace.transfer.examples import examples_of
from nearspace.transfer.head import Head

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Weighted:
    """A figure of n rows as a function of how often each was drawn.

    Attributes:
        rows: how many.
        of: (n,) weights -> the figure.
    """

    rows: int
    of: Callable[[Floats], float]

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of all rows."""
        return (self.rows,)

    @property
    def cases(self) -> int:
        """All rows."""
        return self.rows

    @property
    def total(self) -> int:
        """All rows."""
        return self.rows

    @property
    def share(self) -> bool:
        """No."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, n) weights -> (b,) figures."""
        return np.array([self.of(row) for row in weights])


@dataclass(frozen=True, eq=False)
class Separation:
    """AUROC: the share of pairs of a known row and one from outside of which the known one fits better.

    Attributes:
        inside: (n,) fits of known rows.
        outside: (m,) fits of rows from outside.
    """

    inside: Floats
    outside: Floats

    @property
    def strata(self) -> tuple[int, ...]:
        """Known rows and those from outside are drawn separately."""
        return (len(self.inside), len(self.outside))

    @property
    def cases(self) -> int:
        """All rows."""
        return len(self.inside) + len(self.outside)

    @property
    def total(self) -> int:
        """All rows."""
        return self.cases

    @property
    def share(self) -> bool:
        """A share of pairs, not of cases."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, n + m) weights -> (b,) shares; ties count half."""
        order = np.argsort(self.outside, kind="stable")
        heavy = np.cumsum(weights[:, len(self.inside) :][:, order], axis=1)
        heavy = np.concatenate([np.zeros((len(weights), 1)), heavy], axis=1)
        below = np.searchsorted(self.outside[order], self.inside, side="left")
        upto = np.searchsorted(self.outside[order], self.inside, side="right")
        won = (heavy[:, below] + heavy[:, upto]) / 2
        mine = weights[:, : len(self.inside)]
        return np.asarray((mine * won).sum(axis=1) / (mine.sum(axis=1) * heavy[:, -1]))


def measure_head(
    space: Space,
    head: Head | str,
    labels: str | None = None,
    labelled: Any = None,
    *,
    text: str | None = None,
    key: str | None = None,
    outside: str | None = None,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure a head on labelled rows that it was not fitted on.

    Rows of a label that the head does not know, and those with the label `outside`, are out of scope: they
    should be called unknown. docs/evaluation.md explains every figure.

    Args:
        space: of the head.
        head: it, or its name in the saved Space.
        labels: column of the labels; None: the one that the head was fitted on.
        labelled, text, key: where they come from, as in `fit_head`.
        outside: label of what is out of scope; None: that of the head.
        seed, samples: of the bootstrap.
        progress: takes notes.

    Raises:
        InputError: a column is missing, or no row has a label that the head knows.
        EncoderMismatchError: the head was fitted on vectors of another encoder.
    """
    found = head_of(space, head)
    name = head if isinstance(head, str) else found.settings.column
    column = labels or found.settings.column
    rows = examples_of(space, column, labelled, text=text, key=key, progress=progress)
    number = {label: code for code, label in enumerate(found.classes)}
    codes = np.array([number.get(label, -1) for label in rows.labels], dtype=np.int64)
    beyond = codes < 0
    if beyond.all():
        raise InputError(
            f"none of the {len(codes):,} labelled rows has a label that the head knows",
            f"It knows: {', '.join(found.classes[:10])}.",
        )
    if strange := sorted({label for label in rows.labels if label not in number} - {outside}):
        progress.note(f"labels that the head does not know count as out of scope: {', '.join(strange[:5])}")
    made = found.classify(rows.vectors)
    figures = _figures(made, codes, beyond)
    baselines = _baselines(found, codes[~beyond])
    return Report(
        space.name,
        tuple(
            measured(f"{name}.{figure}", value, baselines[figure], seed=seed, samples=samples)
            for figure, value in figures.items()
        ),
    )


def _figures(made: Labels, codes: Codes, beyond: NDArray[np.bool_]) -> dict[str, Figure]:
    inside = np.flatnonzero(~beyond)
    own, chances = codes[inside], made.probabilities[inside].astype(np.float64)
    best = chances.argmax(axis=1)
    right = (best == own).astype(np.float64)
    losses = -np.log(np.maximum(chances[np.arange(len(own)), own], 1e-30))
    confidence, ones = chances.max(axis=1), np.ones(len(own))
    known = (made.codes[inside] >= 0).astype(np.float64)
    figures: dict[str, Figure] = {
        "accuracy": Share(right, ones, len(own)),
        "macro_f1": Weighted(len(own), lambda weights: macro_f1(own, best, weights)),
        "log_loss": Weighted(len(own), lambda weights: float((weights * losses).sum() / weights.sum())),
        "calibration_error": Weighted(
            len(own), lambda weights: calibration_error(confidence, right, weights)
        ),
        "kept": Share(known, ones, len(own)),
    }
    if beyond.any():
        refused = (made.codes[beyond] < 0).astype(np.float64)
        figures["refused"] = Share(refused, np.ones(len(refused)), len(refused))
        fits = np.where(np.isfinite(made.fits), made.fits, -1e9).astype(np.float64)
        figures["out_of_scope_auroc"] = Separation(fits[inside], fits[beyond])
    return figures


def macro_f1(own: Codes, best: Codes, weights: Floats) -> float:
    """The mean over labels of 2 right / (given + own); labels neither drawn nor given are left out."""
    most = int(max(own.max(), best.max())) + 1
    right = np.bincount(own, weights=weights * (own == best), minlength=most)
    total = np.bincount(own, weights=weights, minlength=most)
    total = total + np.bincount(best, weights=weights, minlength=most)
    return float((2 * right[total > 0] / total[total > 0]).mean())


def _baselines(head: Head, own: Codes) -> dict[str, dict[str, float]]:
    """The commonest label of the test, guessing evenly, and what it is to refuse nothing or by chance."""
    counts = np.bincount(own, minlength=len(head.classes))
    commonest = int(counts.argmax())
    share = float(counts[commonest] / len(own))
    always = np.full(len(own), commonest)
    return {
        "accuracy": {"commonest": share, "chance": 1 / len(head.classes)},
        "macro_f1": {"commonest": macro_f1(own, always, np.ones(len(own)))},
        "log_loss": {"chance": float(np.log(len(head.classes)))},
        "calibration_error": {"always_sure": 1 - share},
        "kept": {"refuse_nothing": 1.0},
        "refused": {"refuse_nothing": 0.0},
        "out_of_scope_auroc": {"chance": 0.5},
    }
