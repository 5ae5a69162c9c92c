"""How good lists of hits are, one figure a query; and the correlation of two series. Pure numpy.

A list is a row of `gains`: the grade of each hit in its order, 0 for one that is not relevant, and for places
that are not filled. nDCG as in trec_eval and BEIR: the gain is the grade itself (Järvelin and Kekäläinen
2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gains_of(rows: NDArray[np.int64], grades: Sequence[Mapping[int, float]], k: int) -> tuple[Floats, Floats]:
    """Give the gains (q, k) of the hits `rows` (q, at least k, -1 pads), and the best that they could be.

    `grades` holds of each query row -> grade, above 0. The second array, the ideal, is (q, widest) with all
    grades of a query, largest first, 0 pads: so the count of its positive cells is that of the relevant rows.
    """
    gains = np.zeros((len(grades), k))
    ideal = np.zeros((len(grades), max([k, *map(len, grades)])))
    for number, known in enumerate(grades):
        found = rows[number, :k].tolist()
        gains[number, : len(found)] = [known.get(row, 0.0) for row in found]
        ideal[number, : len(known)] = sorted(known.values(), reverse=True)
    return gains, ideal


def recall_at(gains: Floats, ideal: Floats, k: int) -> Floats:
    """(q,) share of the relevant rows that are among the first k hits; 0 for a query without any."""
    found = (gains[:, :k] > 0).sum(axis=1)
    relevant = (ideal > 0).sum(axis=1)
    return np.asarray(found / np.maximum(relevant, 1), dtype=np.float64)


def ndcg_at(gains: Floats, ideal: Floats, k: int) -> Floats:
    """(q,) sum over places r up to k of grade / log2(1 + r), over that of the best order; 0 without any."""
    discount = 1 / np.log2(np.arange(2, k + 2))
    got = gains[:, :k] @ discount[: gains[:, :k].shape[1]]
    best = ideal[:, :k] @ discount[: ideal[:, :k].shape[1]]
    return np.asarray(np.divide(got, best, out=np.zeros(len(gains)), where=best > 0))


def reciprocal_rank(gains: Floats) -> Floats:
    """(q,) 1 / place of the first relevant hit; 0 where the list has none."""
    hit = gains > 0
    first = hit.argmax(axis=1) + 1 if gains.shape[1] else np.ones(len(gains))
    return np.asarray(np.where(hit.any(axis=1), 1 / first, 0.0))


def average_precision(gains: Floats, ideal: Floats) -> Floats:
    """(q,) mean over the relevant rows of the precision down to each; 0 for one that is not hit.

    The divisor is the count of relevant rows, at most the width of `gains`, so that 1 can be reached.
    """
    hit = gains > 0
    precision = np.cumsum(hit, axis=1) / np.arange(1, gains.shape[1] + 1)
    relevant = np.minimum((ideal > 0).sum(axis=1), gains.shape[1])
    return np.asarray((precision * hit).sum(axis=1) / np.maximum(relevant, 1))


def midranks(values: Floats, weights: Floats) -> Floats:
    """(b, n) ranks of `values` from 1, ties averaged, when value i occurs `weights[:, i]` times.

    `weights` is (b, n); with all weights 1 these are the ordinary average ranks.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.add.reduceat(weights[:, order], first, axis=1)
    middle = np.cumsum(sizes, axis=1) - sizes / 2 + 0.5
    group = np.empty(len(values), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(values))))
    return np.asarray(middle[:, group])


def pearson(left: Floats, right: Floats, weights: Floats) -> Floats:
    """(b,) product-moment correlations under `weights` (b, n); 0 where a series is constant.

    `left` and `right` are (n,) or (b, n).
    """
    total = weights.sum(axis=1, keepdims=True)
    left = left - (weights * left).sum(axis=1, keepdims=True) / total
    right = right - (weights * right).sum(axis=1, keepdims=True) / total
    cross = (weights * left * right).sum(axis=1)
    spread_left = (weights * left**2).sum(axis=1)
    spread_right = (weights * right**2).sum(axis=1)
    product = np.sqrt(spread_left * spread_right)
    return np.asarray(np.divide(cross, product, out=np.zeros_like(cross), where=product > 1e-300))


def spearman(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two series (n,), ties averaged; 0 where one is constant."""
    even = np.ones((1, len(left)))
    one, other = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    return float(pearson(midranks(one, even), midranks(other, even), even)[0])
