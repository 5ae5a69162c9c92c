"""The matrices that a training run begins with: random, or those of a Space that is continued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import DimensionError, SettingError
from nearspace.kernels.ngrams import ngram_rows
from nearspace.keys import Keys
from nearspace.learners.matrices import aligned, checked, fill_rows, fill_uniform, stride_of
from nearspace.space import Space


class SubwordSettings(Protocol):
    """The part of the settings that says which n-grams there are."""

    @property
    def min_n(self) -> int:
        """Characters of the shortest n-gram."""

    @property
    def max_n(self) -> int:
        """Characters of the longest n-gram."""

    @property
    def buckets(self) -> int:
        """Number of hash buckets."""


@dataclass(frozen=True, eq=False)
class Grams:
    """The n-grams of a vocabulary of V words.

    Attributes:
        starts: (V + 1,) int64 into `rows`; empty without subwords.
        rows: int32, for each word the rows of its n-grams in the input matrix (V and up).
        buckets: (g,) int32, the hash bucket of row V + i, ascending.
    """

    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    buckets: NDArray[np.int32]


def grams_of(keys: Keys, subwords: SubwordSettings | None) -> Grams:
    """Find the n-grams of the words and give each bucket in use a row."""
    if subwords is None:
        return Grams(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    ids, starts = ngram_rows(keys.data, keys.offsets, subwords.min_n, subwords.max_n, subwords.buckets)
    buckets, places = np.unique(ids, return_inverse=True)
    return Grams(starts, (places + len(keys)).astype(np.int32), buckets)


def begin_matrices(
    keys: Keys, grams: Grams, dim: int, seed: int, start: Space | None, learner: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flat inputs (words, then n-grams) and outputs; rows of `start` are taken over, new ones random.

    Raises:
        DimensionError: `start` has another dimension.
        SettingError: `start` was not made by this learner, or lacks what is needed to continue.
    """
    stride = stride_of(dim)
    inputs = aligned((len(keys) + len(grams.buckets)) * stride)
    outputs = aligned(len(keys) * stride)
    known = 0
    if start is not None:
        known = len(start)
        words, context = _continued(start, dim, learner, bool(len(grams.starts)))
        fill_rows(inputs, stride, 0, words)
        fill_rows(outputs, stride, 0, context)
    fill_uniform(inputs, stride, dim, known, seed)
    if start is not None and (encoder := _subwords(start)) is not None:
        _take_grams(inputs.reshape(-1, stride)[len(keys) :, :dim], grams.buckets, encoder)
    return inputs, outputs


def _continued(start: Space, dim: int, learner: str, subwords: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    if start.dim != dim:
        raise DimensionError(
            f"the Space {start.name!r} has {start.dim} dimensions, the settings say {dim}",
            f"Continue with dim={start.dim}.",
        )
    encoder = _subwords(start)
    if start.recipe.learner != learner or subwords != (encoder is not None):
        made = start.recipe.learner + (" with subwords" if start.encoder is not None else "")
        raise SettingError(
            f"the Space {start.name!r} was made by {made}, not by {learner}{' with subwords' * subwords}",
            "Continue with the method and the subwords it was made with.",
        )
    context = checked(start.state, "context", len(start), dim)
    words = start.vectors if encoder is None else encoder.word_rows
    if context is None or words is None:
        raise SettingError(
            f"the Space {start.name!r} does not hold what is needed to continue training",
            "Only a Space saved by `learn words` does; imported vectors do not.",
        )
    return words, context


def _subwords(space: Space) -> SubwordEncoder | None:
    """Return the subword encoder of a Space, also of one that was opened from a folder."""
    if space.encoder is None or space.encoder.kind != SubwordEncoder.kind:
        return None
    return cast(SubwordEncoder, space.encoder)


def _take_grams(rows: NDArray[np.float32], buckets: NDArray[np.int32], encoder: SubwordEncoder) -> None:
    """Copy the rows of buckets that the encoder has."""
    old = encoder.bucket_rows
    if old is None:
        rows[:] = encoder.rows[buckets]
        return
    at = np.minimum(np.searchsorted(old, buckets), len(old) - 1)
    have = old[at] == buckets
    rows[have] = encoder.rows[at[have]]
