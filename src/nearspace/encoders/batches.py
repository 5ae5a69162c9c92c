"""Texts of about one length together, so that little is filled up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def bucket(length: int) -> int:
    """Give how many tokens a text of `length` is filled up to: 6 % more at most."""
    step = 1 << max(0, length.bit_length() - 5)
    return -(-length // step) * step


def bucket_batches(lengths: Sequence[int], budget: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Give (tokens of a row, row numbers) in batches, longest first, without rows of length 0.

    All rows of a batch are filled up to the same `bucket`, so how far depends on a text alone. A batch
    has `budget` tokens at most, or one row.
    """
    sizes = np.array([bucket(length) if length else 0 for length in lengths], dtype=np.int64)
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


def token_shares(mode: str, length: int) -> NDArray[np.float32]:
    """Give the share (length,) of each token in the vector of a text that is pooled by `mode`.

    For "max", whose shares differ by component, it is one for each token.
    """
    shares = np.zeros(length, dtype=np.float32)
    if mode == "cls":
        shares[0] = 1
    elif mode == "lasttoken":
        shares[-1] = 1
    elif mode == "weightedmean":
        shares[:] = np.arange(1, length + 1) / (length * (length + 1) / 2)
    elif mode == "mean_sqrt_len_tokens":
        shares[:] = 1 / np.sqrt(length)
    else:
        shares[:] = 1 / length
    return shares
