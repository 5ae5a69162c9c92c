"""The area under the ROC curve, for many weightings at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_auc(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(b,) areas when case i occurs `weights[:, i]` times: (n,) scores, (n,) answers, (b, n) weights.

    The share of pairs of a positive and a negative case in which the positive one has the larger score, equal
    ones counting half (Mann and Whitney); nan where there is no such pair.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    drawn, good = weights[:, order], positive[order]
    hits = np.add.reduceat(drawn * good, first, axis=1)
    misses = np.add.reduceat(drawn * ~good, first, axis=1)
    lower = np.cumsum(misses, axis=1) - misses / 2
    pairs = hits.sum(axis=1) * misses.sum(axis=1)
    won = (hits * lower).sum(axis=1)
    return np.asarray(np.divide(won, pairs, out=np.full_like(won, np.nan), where=pairs > 0))
