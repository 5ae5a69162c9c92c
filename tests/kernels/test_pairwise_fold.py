"""Newton's method for a new user of BPR, against its twin and the gradient."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.kernels.pairwise_fold import fold_pairwise, fold_pairwise_numpy, gaps_of

FACTORS = np.random.default_rng(4).standard_normal((50, 9)).astype(np.float32)
CHOSEN = np.array([2, 7, 30], np.int32)
RIVALS = np.random.default_rng(5).integers(0, 50, 20).astype(np.int32)


def test_gaps_are_of_chosen_items_and_rivals_that_are_not():
    gaps, weights = gaps_of(FACTORS, CHOSEN, RIVALS, 10)
    rivals = np.resize(RIVALS, 30).reshape(3, 10)
    told = [
        (item, rival)
        for item, row in zip(CHOSEN, rivals, strict=True)
        for rival in row
        if rival not in CHOSEN
    ]
    expected = np.array([FACTORS[item] - FACTORS[rival] for item, rival in told])
    assert np.array_equal(gaps, expected)
    assert weights.sum() == pytest.approx(3)


@pytest.mark.parametrize("steps", [1, 3])
def test_kernel_equals_twin(steps):
    gaps, weights = gaps_of(FACTORS, CHOSEN, RIVALS, 10)
    fast, slow = (fold(gaps, weights, 0.3, steps) for fold in (fold_pairwise, fold_pairwise_numpy))
    np.testing.assert_allclose(fast, slow, rtol=2e-4, atol=1e-5)
    assert fast[-1] == 1


@pytest.mark.parametrize("fold", [fold_pairwise, fold_pairwise_numpy])
def test_nothing_is_left_of_the_gradient(fold):
    gaps, weights = gaps_of(FACTORS, CHOSEN, RIVALS, 10)
    found = fold(gaps, weights, 0.3, 8).astype(np.float64)
    chance = 1 / (1 + np.exp(-gaps.astype(np.float64) @ found))
    gradient = gaps[:, :-1].T @ (weights * (1 - chance)) - 0.3 * found[:-1]
    assert np.abs(gradient).max() < 1e-4


def test_a_user_who_chose_every_rival_has_no_pairs():
    gaps, weights = gaps_of(FACTORS, np.arange(50, dtype=np.int32), RIVALS, 4)
    assert gaps.shape == (0, 9) and len(weights) == 0
