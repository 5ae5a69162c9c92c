"""Maximal marginal relevance: hits that are good and unlike each other (Carbonell and Goldstein 1998)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def pick_diverse(vectors, rows, scores, diversity, picks):  # type: ignore[no-untyped-def]
    """Write which candidates of each query are picked, in order.

    Args:
        vectors: (n, d) float32.
        rows: (q, c) int64 candidates of each query, best first; -1 fills up.
        scores: (q, c) float32 of the candidates.
        diversity: from 0, by score alone, to 1, by difference alone.
        picks: (q, k) int64, written: places in the row of candidates; -1 where there are no more.
    """
    dim = vectors.shape[1]
    most = rows.shape[1]
    units = np.empty((dim, most))
    relevance, nearest, cosines = np.empty(most), np.empty(most), np.empty(most)
    free = np.empty(most, np.bool_)
    for query in range(len(rows)):
        picks[query] = -1
        total = 0
        while total < most and rows[query, total] >= 0:
            total += 1
        if total == 0:
            continue
        low, high = np.float64(scores[query, total - 1]), np.float64(scores[query, 0])
        for c in range(total):
            row = rows[query, c]
            square = 0.0
            for i in range(dim):
                square += np.float64(vectors[row, i]) * np.float64(vectors[row, i])
            length = np.sqrt(square)
            for i in range(dim):
                units[i, c] = np.float64(vectors[row, i]) / length if length > 0 else 0.0
            relevance[c] = (np.float64(scores[query, c]) - low) / (high - low) if high > low else 1.0
            nearest[c] = 0.0
            free[c] = True
        for pick in range(min(picks.shape[1], total)):
            best, highest = -1, -np.inf
            for c in range(total):
                worth = (1.0 - diversity) * relevance[c] - diversity * nearest[c]
                if free[c] and worth > highest:
                    best, highest = c, worth
            picks[query, pick] = best
            free[best] = False
            cosines[:total] = 0.0
            for i in range(dim):
                own = units[i, best]
                for c in range(total):
                    cosines[c] += units[i, c] * own
            for c in range(total):
                nearest[c] = cosines[c] if pick == 0 else max(nearest[c], cosines[c])


def pick_diverse_numpy(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    diversity: float,
    picks: NDArray[np.int64],
) -> None:
    """The next pick maximises (1 - diversity) (s - low) / (high - low) - diversity max over picks p of cos.

    low and high are the worst and the best score of the candidates; the first pick has no such maximum.
    """
    picks[:] = -1
    for query, candidates in enumerate(rows):
        found = candidates[candidates >= 0]
        if not len(found):
            continue
        own = scores[query, : len(found)].astype(np.float64)
        span = own[0] - own[-1]
        relevance = (own - own[-1]) / span if span > 0 else np.ones(len(own))
        wide = vectors[found].T.astype(np.float64)
        lengths = np.sqrt(_sum(wide * wide))
        units = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)
        nearest, taken = np.zeros(len(found)), np.zeros(len(found), bool)
        for pick in range(min(picks.shape[1], len(found))):
            worth = (1.0 - diversity) * relevance - diversity * nearest
            best = int(np.argmax(np.where(taken, -np.inf, worth)))
            picks[query, pick], taken[best] = best, True
            cosines = _sum(units * units[:, best : best + 1])
            nearest = cosines if pick == 0 else np.maximum(nearest, cosines)


def _sum(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, m) -> (m,), added in order of d."""
    total = np.zeros(terms.shape[1])
    for line in terms:
        total += line
    return total
