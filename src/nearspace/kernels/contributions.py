"""What each token of two texts adds to the score of their pooled vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def contributions(
    first: NDArray[np.float32], second: NDArray[np.float32], metric: str
) -> NDArray[np.float64]:
    """(s, t) parts of the score of the sums of the rows `first` (s, d) and `second` (t, d).

    They add up to the cosine of the sums, or to their dot product; zeros where a sum has no length.
    """
    # cos(sum_i a_i, sum_j b_j) = sum_ij a_i . b_j / (|sum a| |sum b|)
    parts = first.astype(np.float64) @ second.astype(np.float64).T
    if metric == "dot":
        return np.asarray(parts)
    lengths = np.linalg.norm(first.sum(axis=0, dtype=np.float64)) * np.linalg.norm(
        second.sum(axis=0, dtype=np.float64)
    )
    return np.asarray(parts / lengths if lengths > 0 else np.zeros_like(parts))
