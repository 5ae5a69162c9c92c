"""Newcomers: items that nobody has chosen yet, placed among the others by what is known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.table import open_encoder
from nearspace.errors import DimensionError, FormatVersionError, InputError
from nearspace.protocols import Encoder
from nearspace.tensors import Tensors, write_tensors
from nearspace.transfer.ridge import Floats, Ridge, fit_ridge

ABOUT, ARRAYS, ENCODER = "newcomers.json", "newcomers.safetensors", "encoder"
VERSION = 1
NEAREST, SHARPNESS = 20, 8  # neighbours of an item by its features; power of their cosines as weights
_LEAST = 1e-6
_BLOCK, _STEPS = 512, 100_000


@dataclass(frozen=True, eq=False)
class Known:
    """Items whose vectors are known, as seen from their features.

    Attributes:
        features: (n, f) float32 of length 1.
        directions: (n, d) float32 of length 1, of their vectors.
        lengths: (n,) float64 logarithms of the lengths of their vectors.
        counts: (n,) float64 users of each.
    """

    features: NDArray[np.float32]
    directions: NDArray[np.float32]
    lengths: Floats
    counts: Floats

    def select(self, chosen: NDArray[np.bool_]) -> Known:
        """Give some of them."""
        return Known(
            self.features[chosen], self.directions[chosen], self.lengths[chosen], self.counts[chosen]
        )

    def points(self, features: NDArray[np.float32], *, own: bool = False) -> Floats:
        """(q, f) features -> (q, f + d + 1): these, and the mean of vectors and lengths of the nearest items.

        Args:
            own: the q items are these items themselves; none is its own neighbour.
        """
        near, scores = self._nearest(features, own)
        shares = np.maximum(scores, _LEAST) ** SHARPNESS * np.log1p(self.counts[near])
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        means = np.zeros((len(features), self.directions.shape[1]))
        for place in range(near.shape[1]):  # (q, neighbours, d) at once would be large
            means += shares[:, place, None] * self.directions[near[:, place]]
        lengths = (shares * self.lengths[near]).sum(axis=1)
        return np.concatenate([features.astype(np.float64), means, lengths[:, None]], axis=1)

    def _nearest(self, features: NDArray[np.float32], own: bool) -> tuple[NDArray[np.int64], Floats]:
        """Rows and cosines, rounded to 5 places, of the nearest items, ties by row: (q, neighbours) each."""
        size = len(self.counts)
        count = min(NEAREST, size - own)
        near = np.empty((len(features), count), np.int64)
        cosines = np.empty((len(features), count))
        for begin in range(0, len(features), _BLOCK):
            part = features[begin : begin + _BLOCK]
            steps = np.rint((part @ self.features.T) * _STEPS).astype(np.int64)
            if own:
                at = np.arange(len(part))
                steps[at, begin + at] = -2 * _STEPS
            places = np.arange(size)
            order = places - steps * size  # all different, so nothing depends on the other queries
            best = np.sort(np.take_along_axis(order, np.argpartition(order, count - 1)[:, :count], 1), axis=1)
            near[begin : begin + _BLOCK] = best % size
            cosines[begin : begin + _BLOCK] = -(best // size) / _STEPS
        return near, cosines


@dataclass(frozen=True, eq=False)
class Newcomers:
    """A bridge from features of items into the item vectors of a Space.

    The direction and the logarithm of the length of a vector are two ridge regressions on the item's
    features, of length 1, and on weighted means of the directions and lengths of its nearest items by these.

    Attributes:
        known: the items that it was fitted on.
        direction, length: the regressions.
        space: name of the Space.
        encoder: makes features of texts; None: features are given.
        text: columns whose texts, joined, it reads.
        held_out: name -> Measure as a dict, of items that folds held back.
    """

    known: Known
    direction: Ridge
    length: Ridge
    space: str
    encoder: Encoder | None = None
    text: tuple[str, ...] = ()
    held_out: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, known: Known, space: str, encoder: Encoder | None = None, text: tuple[str, ...] = ()
    ) -> Newcomers:
        """Fit both regressions: directions by log counts as weights, lengths by counts."""
        points = known.points(known.features, own=True)
        direction = fit_ridge(points, known.directions.astype(np.float64), np.log1p(known.counts))
        length = fit_ridge(points, known.lengths[:, None], known.counts)
        return cls(known, direction, length, space, encoder, text)

    @property
    def dim(self) -> int:
        """Components of the vectors that it gives."""
        return int(self.known.directions.shape[1])

    def place(self, rows: Sequence[str] | NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Place items by their texts, or by their features (n, f): (n, d); zeros where these are empty.

        Raises:
            DimensionError: the features have another dimension.
            InputError: texts came, but the bridge was fitted on given features; or a feature is not finite.
        """
        features = self._features(rows)
        placed = np.zeros((len(features), self.dim), np.float32)
        here = np.flatnonzero(features.any(axis=1))
        if len(here):
            points = self.known.points(unit(features[here]))
            lengths = np.exp(
                np.clip(self.length(points)[:, 0], self.known.lengths.min(), self.known.lengths.max())
            )
            placed[here] = unit(self.direction(points).astype(np.float32)) * lengths[:, None].astype(
                np.float32
            )
        return placed

    def _features(self, rows: Sequence[str] | NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        if not isinstance(rows, np.ndarray):
            if self.encoder is None:
                raise InputError(
                    f"the bridge of {self.space!r} was fitted on given vectors, and texts came",
                    "Give the vectors (n, f) of the items.",
                )
            return self.encoder.encode(list(rows))
        size = self.known.features.shape[1]
        if rows.ndim != 2 or rows.shape[1] != size:
            raise DimensionError(f"features of shape {rows.shape} came to a bridge that takes (n, {size})")
        if not np.isfinite(rows).all():
            raise InputError("a feature of an item is not finite (NaN or infinity)", "Make it again.")
        return np.asarray(rows, np.float32)

    def save(self, folder: Path) -> None:
        """Write newcomers.json, newcomers.safetensors and encoder/ into an existing folder."""
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self.known, name) for name in ("features", "directions", "lengths", "counts")
        }
        for side in ("direction", "length"):
            arrays |= {
                f"{side}.{name}": getattr(getattr(self, side), name)
                for name in ("weights", "center", "level")
            }
        about: dict[str, Any] = {
            "format_version": VERSION,
            "space": self.space,
            "text": list(self.text),
            "encoder": None if self.encoder is None else self.encoder.kind,
            "strengths": [self.direction.strength, self.length.strength],
            "held_out": {name: dict(values) for name, values in self.held_out.items()},
        }
        write_tensors(folder / ARRAYS, arrays)
        if self.encoder is not None:
            (folder / ENCODER).mkdir()
            self.encoder.save(folder / ENCODER)
        text = json.dumps(about, indent=1, ensure_ascii=False)
        (folder / ABOUT).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Newcomers:
        """Read what `save` wrote.

        Raises:
            FormatVersionError: a newer nearspace wrote it.
            InputError: a file is missing or damaged.
        """
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            if about["format_version"] > VERSION:
                raise FormatVersionError(
                    f"{str(folder)!r} has bridge format {about['format_version']}, and this nearspace reads "
                    f"up to {VERSION}",
                    "Upgrade with: pip install -U nearspace",
                )
            arrays = Tensors(folder / ARRAYS)
            known = Known(*(arrays[name] for name in ("features", "directions", "lengths", "counts")))
            direction, length = (
                Ridge(arrays[f"{side}.weights"], arrays[f"{side}.center"], arrays[f"{side}.level"], strength)
                for side, strength in zip(("direction", "length"), about["strengths"], strict=True)
            )
            encoder = None if about["encoder"] is None else open_encoder(about["encoder"], folder / ENCODER)
            return cls(
                known, direction, length, about["space"], encoder, tuple(about["text"]), about["held_out"]
            )
        except FormatVersionError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{str(folder)!r} is no bridge for newcomers, or is damaged ({error!r})", "Fit it again."
            ) from error


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring rows to length 1; zeros stay."""
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    return np.asarray(rows / np.maximum(lengths, 1e-30)[:, None], np.float32)
