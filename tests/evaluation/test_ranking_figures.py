"""Figures of lists over users drawn again: that of coverage is not too small, and its interval holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.evaluation.bootstrap import percentile, resampled, stream, value_of
from nearspace.evaluation.ranking_figures import Average, Covered, Lift

CHANCES = 1 / np.arange(1, 61)
CHANCES /= CHANCES.sum()


def lists(users: int, random: np.random.Generator) -> np.ndarray:
    """Lists of 4 of 60 items, some of them rare."""
    chances = np.log(CHANCES) + random.gumbel(size=(users, 60))
    return np.argsort(-chances, axis=1)[:, :4]


def test_coverage_is_the_share_of_items_in_any_list() -> None:
    figure = Covered(np.array([[0, 1], [1, -1], [4, 0]]), 6)
    assert value_of(figure) == pytest.approx(3 / 6)
    assert figure.cases == 3 and not figure.share
    none = figure(np.array([[0.0, 1.0, 0.0]]))
    assert none == pytest.approx(1 / 6)  # nobody twice: as it is


def test_the_interval_of_coverage_covers_what_other_users_would_get() -> None:
    random = np.random.default_rng(5)
    users, trials = 40, 120
    truth = np.mean([value_of(Covered(lists(users, random), 60)) for _ in range(1500)])
    covered = 0
    for trial in range(trials):
        figure = Covered(lists(users, random), 60)
        drawn = resampled(figure, stream(trial, "test"), 200)
        assert abs(drawn.mean() - value_of(figure)) < 0.02  # neither too small nor too large
        low, high = percentile(drawn, value_of(figure))
        covered += low <= truth <= high
    assert 0.9 <= covered / trials <= 0.99


@given(st.lists(st.integers(1, 50), min_size=2, max_size=20), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_a_lift_is_that_of_the_means_and_0_where_they_are_equal(counts: list[int], seed: int) -> None:
    values = np.array(counts, float)
    assert value_of(Lift(values, len(values), values)) == pytest.approx(0)
    assert value_of(Lift(3 * values, len(values), values)) == pytest.approx(2)
    drawn = resampled(Lift(values, len(values), values[::-1].copy()), stream(seed, "lift"), 100)
    assert np.isfinite(drawn).all() and (drawn > -1).all()
    assert not Average(values, len(values)).share
