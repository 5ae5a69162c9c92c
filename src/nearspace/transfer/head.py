"""Head: labels for vectors of one Space, with calibrated probabilities, and "unknown" where none fits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, FormatVersionError, InputError
from nearspace.results import Labels
from nearspace.space import norms_of
from nearspace.tensors import Tensors, write_tensors
from nearspace.transfer.softmax import Linear, log_softmax

ARRAYS = "head.safetensors"
ABOUT = "head.json"
VERSION = 1
SHARE_OF_CHANCE = 0.1  # of the log of the largest probability in `fits`; docs/decisions/few-labels.md
_BLOCK = 4_096


@dataclass(frozen=True)
class HeadSettings:
    """How a head was fitted, and what it has to know of its Space.

    Attributes:
        space: name of the Space.
        metric: of the Space; under cosine only directions count.
        encoder: fingerprint of what made the vectors, "" if the Space has no encoder.
        column: where the labels come from.
        strength: C of the logistic regression, larger: weights are held back less.
        temperature: scores are divided by it before they become probabilities; 1 where nothing was held out.
        threshold: items whose fit is below are unknown; None: none is.
        seed: of the folds.
        outside: the label of examples that are of no class, or None.
    """

    space: str
    metric: str
    encoder: str
    column: str
    strength: float
    temperature: float = 1.0
    threshold: float | None = None
    seed: int = 1
    outside: str | None = None


@dataclass(frozen=True, eq=False)
class Head:
    """Linear scores of K classes on vectors of d components.

    A vector is brought to length 1 (cosine), the mean of the examples is taken off, and it is divided by
    their root mean square length; the linear scores of that, over the temperature, are the logits.

    Attributes:
        classes: the K labels, sorted.
        counts: (K,) int64 examples of each.
        linear: scores on prepared vectors.
        centers: (K, d) float32 of length 1, directions of the classes' means; zeros: none.
        center: (d,) float32 mean of the examples.
        scale: their root mean square distance from it.
        settings: see HeadSettings.
        held_out: name -> Measure as a dict, of examples that the folds kept back; empty with one a class.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    linear: Linear
    centers: NDArray[np.float32]
    center: NDArray[np.float32]
    scale: float
    settings: HeadSettings
    held_out: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """Components of the vectors that it takes."""
        return len(self.center)

    def prepare(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) vectors of the Space -> (n, d) points of about unit scale."""
        return prepared(vectors, self.settings.metric, self.center, self.scale)

    def classify(self, vectors: NDArray[np.float32], items: Sequence[str] | None = None) -> Labels:
        """Label vectors (n, d); `items` are their names, numbers if not given. One of zeros is unknown.

        Raises:
            DimensionError: they have another dimension.
            InputError: a vector is not finite.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise DimensionError(
                f"vectors of shape {vectors.shape} came to a head that takes (n, {self.dim})",
                "Give vectors of the Space that the head was fitted on.",
            )
        if not np.isfinite(vectors).all():
            raise InputError("a vector to be labelled is not finite (NaN or infinity)", "Make it again.")
        names = tuple(map(str, range(len(vectors)))) if items is None else tuple(items)
        probabilities = np.empty((len(vectors), len(self.classes)), dtype=np.float32)
        fits = np.empty(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            part = np.asarray(vectors[start : start + _BLOCK], dtype=np.float32)
            points = self.prepare(part)
            chances = log_softmax(self.linear(points))
            fits[start : start + _BLOCK] = np.where(
                part.any(axis=1), fits_of(points, chances, self.centers), -np.inf
            )
            calm = log_softmax(chances / self.settings.temperature)
            probabilities[start : start + _BLOCK] = np.exp(calm)
        codes = probabilities.argmax(axis=1).astype(np.int64)
        line = -np.inf if self.settings.threshold is None else self.settings.threshold
        codes[~(fits > line)] = -1
        return Labels(names, self.classes, probabilities, codes, fits)

    def save(self, folder: Path) -> None:
        """Write head.json and head.safetensors into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.linear.weights.astype(np.float32),
            "biases": self.linear.biases.astype(np.float32),
            "centers": self.centers,
            "center": self.center,
            "counts": self.counts,
        }
        about = {
            "format_version": VERSION,
            "classes": list(self.classes),
            "scale": self.scale,
            "settings": {one.name: getattr(self.settings, one.name) for one in fields(HeadSettings)},
            "held_out": {name: dict(values) for name, values in self.held_out.items()},
        }
        write_tensors(folder / ARRAYS, arrays)
        text = json.dumps(about, indent=1, ensure_ascii=False)
        (folder / ABOUT).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Head:
        """Read what `save` wrote.

        Raises:
            FormatVersionError: a newer nearspace wrote it.
            InputError: a file is missing or damaged.
        """
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            if about["format_version"] > VERSION:
                raise FormatVersionError(
                    f"{str(folder)!r} has head format {about['format_version']}, and this nearspace reads "
                    f"up to {VERSION}",
                    "Upgrade with: pip install -U nearspace",
                )
            arrays = Tensors(folder / ARRAYS)
            head = cls(
                classes=tuple(map(str, about["classes"])),
                counts=arrays["counts"],
                linear=Linear(arrays["weights"].astype(np.float64), arrays["biases"].astype(np.float64)),
                centers=arrays["centers"],
                center=arrays["center"],
                scale=float(about["scale"]),
                settings=HeadSettings(**about["settings"]),
                held_out=about["held_out"],
            )
            head._check()
            return head
        except (OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, FormatVersionError):
                raise
            raise InputError(f"the head in {str(folder)!r} is damaged: {error}", "Fit it again.") from error

    def _check(self) -> None:
        count, dim = len(self.classes), self.dim
        shapes = {
            "weights": (self.linear.weights.shape, (count, dim)),
            "biases": (self.linear.biases.shape, (count,)),
            "centers": (self.centers.shape, (count, dim)),
            "counts": (self.counts.shape, (count,)),
        }
        for name, (found, expected) in shapes.items():
            if found != expected:
                raise ValueError(f"{name} has shape {found}, expected {expected}")
        if not self.scale > 0 or not self.settings.temperature > 0:
            raise ValueError("scale and temperature must be positive")


def prepared(
    vectors: NDArray[np.float32], metric: str, center: NDArray[np.float32], scale: float
) -> NDArray[np.float32]:
    """(n, d) -> (n, d) float32: of length 1 under cosine, less `center`, over `scale`."""
    return np.asarray((directed(vectors, metric) - center) / np.float32(scale), dtype=np.float32)


def directed(vectors: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """(n, d) -> (n, d) of length 1 under cosine, else as they are; rows of zeros stay."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if metric != "cosine":
        return vectors
    norms = norms_of(vectors)
    return np.asarray(vectors / np.where(norms > 0, norms, 1)[:, None], dtype=np.float32)


def fits_of(
    points: NDArray[np.float32], chances: NDArray[np.float64], centers: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n,) how much each prepared point is like what was seen.

    The cosine with the nearest class mean, plus a tenth of the log of the largest probability before the
    temperature: near a class, and not between two.
    """
    near = (directed(points, "cosine") @ centers.T).max(axis=1)
    return np.asarray(near + SHARE_OF_CHANCE * chances.max(axis=1), dtype=np.float32)


def class_centers(points: NDArray[np.float32], codes: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """(K, d) float32 of length 1: directions of the means of the classes; zeros for one without points."""
    sums = np.zeros((classes, points.shape[1]))
    for code in range(classes):
        mine = points[codes == code]
        if len(mine):
            sums[code] = mine.sum(axis=0, dtype=np.float64)
    return directed(sums.astype(np.float32), "cosine")
