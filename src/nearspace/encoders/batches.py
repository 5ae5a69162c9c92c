"""Texts of about one length together, so that little is filled up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def length_batches(lengths: Sequence[int], budget: int, step: int = 1) -> list[NDArray[np.int64]]:
    """Give row numbers in batches, longest texts first, without those of length 0.

    A batch has at least one row, and at most `budget` tokens with all of its rows filled up to the longest,
    rounded up to a multiple of `step`.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    order = order[: np.count_nonzero(sizes)]
    made, begin = [], 0
    while begin < len(order):
        longest = -(-int(sizes[order[begin]]) // step) * step
        end = begin + max(1, budget // longest)
        made.append(order[begin:end])
        begin = end
    return made


EXACT = 31  # texts of so many tokens are not filled up


def bucket(length: int) -> int:
    """Give how many tokens a text of `length` is filled up to: 6 % more at most."""
    step = 1 << max(0, length.bit_length() - 5)
    return -(-length // step) * step


def row_bucket(rows: int) -> int:
    """Give how many rows a batch of `rows` is filled up to, so that few shapes come up: 25 % more at most."""
    step = 1 << max(0, rows.bit_length() - 3)
    return -(-rows // step) * step


def bucket_batches(
    lengths: Sequence[int] | NDArray[np.int64], budget: int
) -> list[tuple[int, NDArray[np.int64]]]:
    """Give (tokens of a row, row numbers) in batches, longest first, without rows of length 0.

    All rows of a batch are filled up to the same `bucket`, so how far depends on a text alone. A batch
    has `budget` tokens at most, or one row.
    """
    sizes = np.array([bucket(int(length)) if length else 0 for length in lengths], dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    order = order[: np.count_nonzero(sizes)]
    made, begin = [], 0
    edges = [*(np.flatnonzero(np.diff(sizes[order])) + 1).tolist(), len(order)]
    for end in edges if len(order) else []:
        width = int(sizes[order[begin]])
        most = max(1, budget // width)
        made += [(width, order[start : min(start + most, end)]) for start in range(begin, end, most)]
        begin = end
    return made


def filled(
    ids: Sequence[Sequence[int]], pad: int, width: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the numbers of tokens as one array (n, longest), and where they are (1) and are not (0)."""
    longest = max(len(row) for row in ids) if width is None else width
    rows = np.full((len(ids), longest), pad, dtype=np.int64)
    mask = np.zeros((len(ids), longest), dtype=np.int64)
    for place, row in enumerate(ids):
        rows[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return rows, mask


def blocks(texts: Sequence[str], characters: int, longest: int) -> Iterator[slice]:
    """Cut texts into runs of about `characters`, of which each text counts `longest` at most."""
    begin = total = 0
    for place, text in enumerate(texts):
        total += min(len(text), longest) + 16
        if total >= characters:
            yield slice(begin, place + 1)
            begin, total = place + 1, 0
    if begin < len(texts):
        yield slice(begin, len(texts))


def token_shares(
    modes: Sequence[str], lengths: NDArray[np.int64], width: int, skip: int = 0
) -> NDArray[np.float32]:
    """Give (n, modes, width), the share of each token in the vectors of n texts, by each pooling.

    The first `skip` tokens have none. For "max", whose shares differ by component, it is one for each token.
    """
    places = np.arange(width)
    there = (places >= skip) & (places < lengths[:, None])
    shares = np.empty((len(lengths), len(modes), width), dtype=np.float32)
    for number, mode in enumerate(modes):
        if mode in ("cls", "lasttoken"):
            shares[:, number] = places == (skip if mode == "cls" else lengths[:, None] - 1)
        elif mode == "weightedmean":
            weights = there * (places + 1)
            shares[:, number] = weights / weights.sum(axis=1, keepdims=True)
        else:
            count = there.sum(axis=1, keepdims=True)
            shares[:, number] = there / (np.sqrt(count) if mode == "mean_sqrt_len_tokens" else count)
    return shares


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of many texts in one array.

    Attributes:
        numbers: int32, one text after the other.
        starts: (n + 1,) int64, where the texts begin.
    """

    numbers: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, ids: Sequence[Sequence[int]]) -> Tokens:
        """Join the tokens of texts."""
        starts = np.zeros(len(ids) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in ids], out=starts[1:])
        return cls(np.fromiter(itertools.chain.from_iterable(ids), np.int32, int(starts[-1])), starts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) tokens of each text."""
        return np.diff(self.starts)

    def rows(self, chosen: NDArray[np.int64], width: int, pad: int) -> NDArray[np.int32]:
        """Give (chosen, width), filled up with `pad`."""
        places = np.arange(width)
        lengths = self.starts[chosen + 1] - self.starts[chosen]
        at = np.minimum(self.starts[chosen][:, None] + places, max(0, len(self.numbers) - 1))
        return np.where(places < lengths[:, None], self.numbers[at], np.int32(pad)).astype(np.int32)
