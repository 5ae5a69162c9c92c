"""Hits that are unlike each other, picked among the best by maximal marginal relevance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.kernels.diversity import pick_diverse

LEAST = 200  # candidates, and
TIMES = 10  # times k, whichever is more
_BLOCK = 64  # queries a piece


def check_diversity(value: Any) -> float:
    """Give `diversity` as a float.

    Raises:
        SettingError: it is no number from 0 to 1.
    """
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise SettingError(
            f"diversity is {value!r}", "Give a number from 0 (by score alone) to 1 (by difference alone)."
        )
    return float(value)


def pool_of(k: int, diversity: float) -> int:
    """Give how many hits are needed to pick k."""
    return k if diversity == 0 else max(TIMES * k, LEAST)


def diverse(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    k: int,
    diversity: float,
    workers: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pick k of c hits of each query (q, c), in the order of the picks; scores stay what they were."""
    if diversity == 0:
        return rows[:, :k], scores[:, :k]
    picks = np.empty((len(rows), k), np.int64)
    flat = np.ascontiguousarray(vectors)

    def go(start: int) -> None:
        part = slice(start, start + _BLOCK)
        pick_diverse(flat, rows[part], scores[part], diversity, picks[part])

    with ThreadPoolExecutor(max(1, workers)) as pool:
        for _ in pool.map(go, range(0, len(rows), _BLOCK)):
            pass
    filled = np.concatenate([rows, np.full((len(rows), 1), -1)], axis=1)
    valued = np.concatenate([scores, np.full((len(rows), 1), -np.inf, np.float32)], axis=1)
    return np.take_along_axis(filled, picks, axis=1), np.take_along_axis(valued, picks, axis=1)
