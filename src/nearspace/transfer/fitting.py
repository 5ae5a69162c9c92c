"""Fitting a head: its strength, temperature and threshold come from examples that folds hold back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet
from nearspace.transfer.calibration import calibration_error, log_losses, temperature_of, threshold_of
from nearspace.transfer.head import Head, HeadSettings, class_centers, directed, fits_of, prepared
from nearspace.transfer.softmax import Linear, fit_softmax, log_softmax

STRENGTHS = (1.0, 10.0, 100.0)
USUAL, USUAL_HEAT = 10.0, 0.4  # where nothing can be held back; docs/decisions/few-labels.md
FOLDS = 5
MOST_HELD = 10_000  # examples that the folds use; more would tell them nothing new
REJECT = 0.05
_SAMPLES = 1_000

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HeldBack:
    """What folds say of the examples that they held back.

    Attributes:
        codes: (m,) their classes.
        scores: (m, K) of scores fitted without them.
        fits: (m,) as in `fits_of`.
    """

    codes: Codes
    scores: NDArray[np.float32]
    fits: NDArray[np.float32]


def fit(
    vectors: NDArray[np.float32],
    labels: Sequence[str],
    settings: HeadSettings,
    *,
    outside: NDArray[np.float32] | None = None,
    strength: float | None = None,
    reject: float | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Head:
    """Fit a head to vectors (n, d) and their labels.

    Args:
        vectors: of the examples; none of zeros.
        labels: (n,), at least two different ones.
        settings: what the head keeps of its Space; strength, temperature and threshold are set here.
        outside: (m, d) vectors of examples that are of no class.
        strength: C; None: the one of `STRENGTHS` with the least held-back log loss.
        reject: share of held-back examples that may become unknown; None: `REJECT`, or with `outside` what
            keeps and refuses best.
        progress: where it is shown.

    Raises:
        InputError: there is one class only.
        SettingError: reject or strength is out of its range.
    """
    _check(strength, reject)
    names = sorted(set(labels))
    if len(names) < 2:
        raise InputError(
            f"the examples have {'one label only: ' + repr(names[0]) if names else 'no label at all'}",
            "A head tells two labels or more apart: label some rows with another one.",
        )
    number = {name: code for code, name in enumerate(names)}
    codes = np.array([number[label] for label in labels], dtype=np.int64)
    counts = np.bincount(codes, minlength=len(names))
    with progress.task("fitting a head", unit="fits") as task:
        chosen, held = _choose(vectors, codes, len(names), settings, strength, task)
        head = fit_one(vectors, codes, tuple(names), counts, replace(settings, strength=chosen))
        task.advance(1)
    if held is None:
        progress.note("one example a label: nothing can be held back, so no probability is calibrated")
    return calibrated(head, held, outside, reject)


def fit_one(
    vectors: NDArray[np.float32], codes: Codes, names: tuple[str, ...], counts: Codes, settings: HeadSettings
) -> Head:
    """Fit at the strength of `settings`, without a threshold."""
    points, center, scale = _prepare(vectors, settings.metric)
    linear = fit_softmax(points, codes, len(names), settings.strength)
    centers = class_centers(points, codes, len(names))
    return Head(names, counts.astype(np.int64), linear, centers, center, scale, settings)


def _prepare(
    vectors: NDArray[np.float32], metric: str
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    plain = directed(vectors, metric)
    center = plain.mean(axis=0, dtype=np.float64).astype(np.float32)
    points = plain - center
    scale = float(np.sqrt(np.einsum("nd,nd->n", points, points).mean(dtype=np.float64))) or 1.0
    return prepared(vectors, metric, center, scale), center, scale


def held_back(
    vectors: NDArray[np.float32], codes: Codes, back: NDArray[np.bool_], classes: int, settings: HeadSettings
) -> HeldBack:
    """Fit on what is not in `back` at the strength of `settings`, and say what it says of the rest."""
    folds = np.where(back, 0, -1)
    held = _hold_back(vectors, codes, folds, classes, settings.metric, (settings.strength,))
    return held[settings.strength]


def _choose(
    vectors: NDArray[np.float32],
    codes: Codes,
    classes: int,
    settings: HeadSettings,
    strength: float | None,
    task: Any,
) -> tuple[float, HeldBack | None]:
    """Give the strength, and what is held back at it; None where every class has one example."""
    folds = fold_numbers(codes, settings.seed)
    if not (folds >= 0).any():
        return strength or USUAL, None
    used = _sample(folds, settings.seed)
    vectors, codes, folds = vectors[used], codes[used], folds[used]
    held = _hold_back(vectors, codes, folds, classes, settings.metric, (strength,) if strength else STRENGTHS)
    task.advance(len(held) * FOLDS)
    losses = {value: _least_loss(back) for value, back in held.items()}
    best = min(losses, key=lambda value: losses[value])
    return best, held[best]


def fold_numbers(codes: Codes, seed: int) -> Codes:
    """(n,) the fold that holds each example back; -1: always fitted on, as the only one of its class."""
    random = np.random.default_rng([seed, 1])
    order = np.lexsort((random.permutation(len(codes)), codes))
    counts = np.bincount(codes)
    firsts = np.cumsum(counts) - counts
    place = np.arange(len(codes)) - firsts[codes[order]]
    offset = random.integers(0, FOLDS, len(counts))
    folds = np.empty(len(codes), dtype=np.int64)
    folds[order] = (place + offset[codes[order]]) % FOLDS
    folds[counts[codes] < 2] = -1
    return folds


def _sample(folds: Codes, seed: int) -> Codes:
    """Rows that the folds use: all, or `MOST_HELD` drawn ones."""
    if len(folds) <= MOST_HELD:
        return np.arange(len(folds))
    return np.sort(np.random.default_rng([seed, 2]).choice(len(folds), MOST_HELD, replace=False))


def _hold_back(
    vectors: NDArray[np.float32],
    codes: Codes,
    folds: Codes,
    classes: int,
    metric: str,
    strengths: Sequence[float],
) -> dict[float, HeldBack]:
    """Fit on all folds but one, for each fold and strength, from the weakest strength on."""
    rows = np.flatnonzero(folds >= 0)
    scores = {value: np.empty((len(codes), classes), dtype=np.float32) for value in strengths}
    fits = {value: np.empty(len(codes), dtype=np.float32) for value in strengths}
    for fold in np.unique(folds[rows]).tolist():
        back, rest = folds == fold, folds != fold
        points, center, scale = _prepare(vectors[rest], metric)
        asked = prepared(vectors[back], metric, center, scale)
        centers = class_centers(points, codes[rest], classes)
        linear: Linear | None = None
        for value in strengths:
            linear = fit_softmax(points, codes[rest], classes, value, start=linear)
            scores[value][back] = found = linear(asked)
            fits[value][back] = fits_of(asked, log_softmax(found), centers)
    return {value: HeldBack(codes[rows], scores[value][rows], fits[value][rows]) for value in strengths}


def _least_loss(held: HeldBack) -> float:
    calm = log_softmax(held.scores / temperature_of(held.scores, held.codes))
    return float(log_losses(calm, held.codes).mean())


def calibrated(
    head: Head, held: HeldBack | None, outside: NDArray[np.float32] | None, reject: float | None
) -> Head:
    """Give the head with the temperature, threshold and figures that held-back examples tell."""
    settings = head.settings
    beyond = np.empty(0, np.float32) if outside is None else head.classify(outside).fits
    if held is None:
        return replace(head, settings=replace(settings, temperature=USUAL_HEAT))
    heat = temperature_of(held.scores, held.codes)
    line = threshold_of(held.fits, beyond if reject is None else beyond[:0], reject or REJECT)
    settings = replace(settings, temperature=heat, threshold=None if reject == 0 else line)
    return replace(head, settings=settings, held_out=_figures(held, heat, line, beyond, settings.seed))


def _figures(
    held: HeldBack, heat: float, line: float, beyond: NDArray[np.float32], seed: int
) -> dict[str, dict[str, float]]:
    """Accuracy, log loss, calibration error and what is kept, with 95 % bootstrap intervals."""
    chances = log_softmax(held.scores / heat)
    right = (chances.argmax(axis=1) == held.codes).astype(np.float64)
    confidence, losses = np.exp(chances.max(axis=1)), log_losses(chances, held.codes)
    kept = (held.fits > line).astype(np.float64)
    random = np.random.default_rng([seed, 3])
    count = len(right)
    drawn = [random.integers(0, count, count) for _ in range(_SAMPLES)]
    figures = {
        "accuracy": _interval(float(right.mean()), [float(right[at].mean()) for at in drawn], count),
        "log_loss": _interval(float(losses.mean()), [float(losses[at].mean()) for at in drawn], count),
        "calibration_error": _interval(
            calibration_error(confidence, right),
            [calibration_error(confidence[at], right[at]) for at in drawn[:200]],
            count,
        ),
        "kept": _interval(float(kept.mean()), [float(kept[at].mean()) for at in drawn], count),
    }
    if len(beyond):
        refused = (beyond <= line).astype(np.float64)
        again = [float(refused[random.integers(0, len(refused), len(refused))].mean()) for _ in drawn]
        figures["refused"] = _interval(float(refused.mean()), again, len(refused))
    return figures


def _interval(value: float, again: Sequence[float], count: int) -> dict[str, float]:
    low, high = np.quantile(np.array(again), [0.025, 0.975])
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value), "n": count}


def _check(strength: float | None, reject: float | None) -> None:
    if strength is not None and not strength > 0:
        raise SettingError(f"strength is {strength}", "It must be above 0; 10 is usual.")
    if reject is not None and not 0 <= reject < 1:
        raise SettingError(f"reject is {reject}", "It is a share of examples, from 0 to below 1.")
