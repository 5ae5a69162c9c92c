"""Sums of float64 in one order that is written out, so that any code that follows it gives the same bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PARTS = 8


def sums_in_order(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, m) -> (m,) sums over d.

    Term i goes to partial sum i mod 8, in order of i; the eight are added in pairs, 0+4, 1+5, 2+6, 3+7, then
    0+2, 1+3, then the two.
    """
    parts = np.zeros((PARTS, terms.shape[1]))
    for start in range(0, len(terms), PARTS):
        some = terms[start : start + PARTS]
        parts[: len(some)] += some
    for half in (4, 2, 1):
        parts = parts[:half] + parts[half : 2 * half]
    total: NDArray[np.float64] = parts[0]
    return total
