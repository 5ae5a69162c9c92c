"""similarity and doesnt_match: compare given items with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.index.linear import SCORERS
from nearspace.search.terms import place, units
from nearspace.space import Space


@dataclass(frozen=True)
class OddOneOut:
    """Which of several keys fits least.

    Attributes:
        key: the one that fits least.
        keys: all that were compared, in the order given.
        scores: the cosine of each to the mean of the unit vectors of all; the smallest is that of `key`.
    """

    key: str
    keys: tuple[str, ...]
    scores: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Give {"key", "scores": {key: score}}."""
        pairs = zip(self.keys, self.scores, strict=True)
        return {"key": self.key, "scores": {key: round(score, 6) for key, score in pairs}}


@overload
def similarity(space: Space, a: str, b: str) -> float: ...


@overload
def similarity(
    space: Space, a: str | Sequence[Any] | NDArray[Any], b: str | Sequence[Any] | NDArray[Any]
) -> float | NDArray[np.float32]: ...


def similarity(
    space: Space, a: str | Sequence[Any] | NDArray[Any], b: str | Sequence[Any] | NDArray[Any]
) -> float | NDArray[np.float32]:
    """Score pairs by the metric of the Space: cosine, dot product or negative distance; larger is nearer.

    Args:
        space: gives the metric and the vectors of keys; unseen words go through its encoder.
        a: a key, a vector (d,), a list of keys or vectors (q, d).
        b: the same; one item is compared with each of several on the other side.

    Returns:
        A float if both sides are one key or one vector (d,), else (q,) float32. The scores equal those of
        `nearest`.

    Raises:
        UnknownKeyError: a word is no key and cannot be encoded; the error suggests keys like it.
        DimensionError: a vector has another dimension than the Space.
        InputError: the sides are not equally long, one is empty, or a vector has NaN or infinity.
    """
    left, right = place(space, a).vectors, place(space, b).vectors
    if len(left) != len(right) and 1 not in (len(left), len(right)):
        raise InputError(f"{len(left)} items came to be compared with {len(right)}", "Give equally many.")
    pairs = max(len(left), len(right)) if len(left) and len(right) else 0
    norms = np.ones(len(right), dtype=np.float32)  # not used for exact scores
    scorer = SCORERS[space.metric](left, right, norms)
    numbers = np.arange(pairs, dtype=np.int64)
    scores = scorer.exact(numbers % max(1, len(left)), numbers % max(1, len(right)))
    return float(scores[0]) if _is_one(a) and _is_one(b) else scores


def doesnt_match(space: Space, keys: Sequence[str]) -> OddOneOut:
    """Find the key that fits least: the one farthest by angle from the mean of the unit vectors of all.

    Args:
        space: where the keys are; unseen words go through its encoder.
        keys: at least 3; of equally distant ones the first is given.

    Raises:
        UnknownKeyError: a word is no key and cannot be encoded; the error suggests keys like it.
        InputError: there are fewer than 3 keys.
    """
    listed = [keys] if isinstance(keys, str) else list(keys)
    if len(listed) < 3:
        raise InputError(f"{len(listed)} keys came to find the odd one out", "Give at least 3 keys.")
    vectors = units(place(space, listed).vectors)
    middle = units(vectors.mean(axis=0, keepdims=True))[0]
    scores = np.einsum("nd,d->n", vectors, middle).astype(np.float32)
    return OddOneOut(listed[int(scores.argmin())], tuple(listed), tuple(scores.tolist()))


def _is_one(item: Any) -> bool:
    return isinstance(item, str) or (np.ndim(item) == 1 and not isinstance(item[0], str))
