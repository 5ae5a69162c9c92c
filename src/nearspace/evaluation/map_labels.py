"""Categories of points, and how often the neighbours of a point vote for its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.evaluation.bootstrap import value_of
from nearspace.evaluation.proportion import Share

MOST = 200  # categories of a column that was not named
EACH = 5  # points of a category, at least on average, of a column that was not named
_NEARER = 1e-6  # what a place nearer adds to a vote, so that ties go to the nearer ones

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labels:
    """The categories of n points.

    Attributes:
        column: where they come from.
        codes: (n,) number of the category, -1 for none.
        count: how many categories.
    """

    column: str
    codes: Rows
    count: int

    def vote(self, asked: Rows, near: Rows, total: int) -> Share:
        """Give how often the nearest (q, k) of the asked points (q,) vote for its category.

        Points without a category are not asked and have no vote; ties go to the nearer ones.
        """
        own, votes = self.codes[asked], np.zeros((len(asked), self.count + 1))
        k = near.shape[1]
        for place in range(k):
            votes[np.arange(len(asked)), self.codes[near[:, place]]] += 1 + _NEARER * (k - place)
        right = votes[:, : self.count].argmax(axis=1) == own
        judged = own >= 0
        return Share(right[judged].astype(np.float64), np.ones(int(judged.sum())), total)

    def baselines(self, asked: Rows, near: Rows, total: int) -> dict[str, float]:
        """Give the share of the commonest category, and the vote of the nearest in the Space."""
        own = self.codes[asked]
        commonest = np.bincount(self.codes[self.codes >= 0]).argmax()
        share = float((own[own >= 0] == commonest).mean())
        return {"commonest": share, "space": value_of(self.vote(asked, near, total))}


def labels_of(columns: Mapping[str, NDArray[Any]], named: str | None) -> Iterator[Labels]:
    """Give the categories of the named column, or of every column of texts with few different values."""
    for column, values in columns.items():
        if named is not None and column != named:
            continue
        if named is None and values.dtype.kind not in "OUb":
            continue
        texts = ["" if value is None or value != value else str(value) for value in values.tolist()]
        names, codes = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        if "" in names:
            codes = np.where(codes > 0, codes - 1, -1)  # "" comes first
            names = names[1:]
        few = 2 <= len(names) <= MOST and len(texts) >= EACH * len(names)
        if len(names) and (named is not None or few):
            yield Labels(column, codes.astype(np.int64), len(names))
