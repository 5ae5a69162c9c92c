"""Calibration: probabilities that mean what they say, measured and made on examples that were held back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.transfer.softmax import Floats, log_softmax

Codes = NDArray[np.int64]

_BINS = 15
_RANGE = (-4.0, 4.0)  # of the logarithm of a temperature
_STEPS = 60


def temperature_of(scores: NDArray[np.floating], codes: Codes) -> float:
    """The temperature at which the log loss of scores (n, K) is least, by golden section.

    The loss is convex in 1 / temperature, hence has one valley in its logarithm too. Guo et al.: On
    Calibration of Modern Neural Networks (ICML 2017).
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = _RANGE
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = _loss_at(scores, codes, left), _loss_at(scores, codes, right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = _loss_at(scores, codes, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = _loss_at(scores, codes, right)
        if high - low < 1e-3:
            break
    return float(np.exp((low + high) / 2))


def log_losses(chances: Floats, codes: Codes) -> Floats:
    """(n,) minus the log of the probability of the right class; `chances` are logs (n, K)."""
    return np.asarray(-chances[np.arange(len(codes)), codes])


def calibration_error(confidence: Floats, right: Floats, weights: Floats | None = None) -> float:
    """The expected calibration error: how far confidence and accuracy lie apart, in 15 bins of equal counts.

    sum over bins of (share of the cases) * |mean confidence - mean right|. Naeini et al. (AAAI 2015), with
    bins of equal counts as Nguyen and O'Connor (EMNLP 2015) have them.
    """
    weight = np.ones(len(right)) if weights is None else weights
    total = 0.0
    for part in np.array_split(np.argsort(confidence, kind="stable"), min(_BINS, len(right))):
        total += abs(float((weight[part] * (confidence[part] - right[part])).sum()))
    return total / max(float(weight.sum()), 1.0)


def threshold_of(inside: NDArray[np.floating], outside: NDArray[np.floating], reject: float) -> float:
    """The fit below which an item is called unknown.

    Without examples from outside: the quantile at which the share `reject` of held-back examples is lost.
    With them: where the mean of the shares (kept inside, refused outside) is largest, in the middle
    between two fits.
    """
    if not len(outside):
        return float(np.quantile(inside.astype(np.float64), reject))
    fits = np.unique(np.concatenate([inside, outside]).astype(np.float64))
    lines = np.concatenate([[fits[0] - 1e-6], (fits[1:] + fits[:-1]) / 2, [fits[-1] + 1e-6]])
    kept = 1 - np.searchsorted(np.sort(inside), lines, side="right") / max(1, len(inside))
    refused = np.searchsorted(np.sort(outside), lines, side="right") / len(outside)
    return float(lines[int(np.argmax(kept + refused))])


def _loss_at(scores: NDArray[np.floating], codes: Codes, log_temperature: float) -> float:
    chances = log_softmax(scores / np.exp(log_temperature))
    return float(log_losses(chances, codes).mean())
