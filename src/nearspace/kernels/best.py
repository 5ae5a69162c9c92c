"""The best of each row of scores, ties by their place."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def best_of(scores, k, places, found):  # type: ignore[no-untyped-def]
    """Find the k largest of each row of `scores` (q, n), largest first, of equal ones the first.

    Args:
        scores: (q, n) float32; -inf and nan are never found.
        k: width of the next two.
        places: (q, k) int64, written: columns of `scores`, -1 where there are fewer.
        found: (q, k) float32, written: their scores, -inf where there are fewer.
    """
    for row in range(scores.shape[0]):
        places[row, :] = -1
        found[row, :] = -np.inf
        least = np.float32(-np.inf)
        for column in range(scores.shape[1]):
            score = scores[row, column]
            if score > least:
                at = k - 1
                while at > 0 and found[row, at - 1] < score:
                    found[row, at] = found[row, at - 1]
                    places[row, at] = places[row, at - 1]
                    at -= 1
                found[row, at] = score
                places[row, at] = column
                least = found[row, k - 1]


def best_of_numpy(
    scores: NDArray[np.float32], k: int, places: NDArray[np.int64], found: NDArray[np.float32]
) -> None:
    """A stable sort of -scores, cut after k."""
    held = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-held, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(held, order, axis=1)
    places[:], found[:] = -1, -np.inf
    places[:, : order.shape[1]] = np.where(best > -np.inf, order, -1)
    found[:, : order.shape[1]] = best
