"""A new user in a space learned by BPR: the vector that training would give, with the items as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.kernels.pairwise_fold import fold_pairwise, gaps_of

RIVALS = 4096  # items to compare with, drawn once for all users
PAIRS = 1024  # about so many comparisons a user, between 4 and 32 an item
STEPS = 3


def draw_rivals(history: Interactions, power: float) -> NDArray[np.int32]:
    """(RIVALS,) rows of items, drawn by their number of users to the power `power`; always the same."""
    weights = np.maximum(history.item_counts, 1).astype(np.float64) ** power
    drawn = np.random.default_rng(0).choice(len(weights), RIVALS, p=weights / weights.sum())
    return drawn.astype(np.int32)


def place_pairwise(
    factors: NDArray[np.float32], columns: NDArray[np.int32], rivals: NDArray[np.int32], reg: float
) -> NDArray[np.float32]:
    """Give the vector of a user who chose the rows `columns` (ascending): (d,), its last component 1.

    A user whose items leave no rival to compare with gets zeros.
    """
    each = min(max(PAIRS // len(columns), 4), 32)
    gaps, weights = gaps_of(np.ascontiguousarray(factors), np.asarray(columns), rivals, each)
    if not len(gaps):
        return np.zeros(factors.shape[1], np.float32)
    found: NDArray[np.float32] = fold_pairwise(gaps, weights, reg * len(columns), STEPS)
    return found
