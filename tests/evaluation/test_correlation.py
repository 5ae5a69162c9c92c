from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.evaluation.bootstrap import value_of
from nearspace.evaluation.correlation import Correlation
from nearspace.kernels.ranking_scores import midranks, pearson

values = st.lists(st.integers(-5, 5), min_size=3, max_size=30)


def ones(n: int) -> np.ndarray:
    return np.ones((1, n))


def test_midranks_average_ties() -> None:
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0]), ones(4)).tolist() == [[3.5, 1.0, 3.5, 2.0]]


@given(values, st.integers(0, 2**32))
@settings(deadline=None)
def test_weights_mean_repetition(listed: list[int], seed: int) -> None:
    series = np.array(listed, dtype=float)
    counts = np.random.default_rng(seed).integers(0, 4, len(series))
    counts[0] = max(1, counts[0])
    repeated = np.repeat(series, counts)
    ranks = midranks(series, counts[None, :].astype(float))[0]
    expected = midranks(repeated, ones(len(repeated)))[0]
    np.testing.assert_allclose(np.repeat(ranks, counts), expected)
    other = np.sin(series * 3) + np.arange(len(series))
    weighted = pearson(series, other, counts[None, :].astype(float))
    plain = pearson(repeated, np.repeat(other, counts), ones(len(repeated)))
    np.testing.assert_allclose(weighted, plain, atol=1e-9)


@pytest.mark.extras
@given(values, st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_both_correlations_equal_scipy(listed: list[int], seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    left = np.array(listed, dtype=float)
    right = np.round(left + np.random.default_rng(seed).normal(0, 3, len(left)))
    if len(set(left)) < 2 or len(set(right)) < 2:
        return
    spearman = value_of(Correlation(left, right, True, len(left)))
    assert spearman == pytest.approx(stats.spearmanr(left, right).statistic, abs=1e-12)
    product = value_of(Correlation(left, right, False, len(left)))
    assert product == pytest.approx(stats.pearsonr(left, right).statistic, abs=1e-12)


def test_a_constant_series_tells_nothing() -> None:
    assert value_of(Correlation(np.arange(5.0), np.zeros(5), True, 5)) == 0.0
    assert value_of(Correlation(np.arange(5.0), np.full(5, 0.1), False, 5)) == 0.0


def test_spearman_sees_only_the_order_and_pearson_more() -> None:
    left = np.arange(1.0, 30)
    assert value_of(Correlation(left, np.exp(left), True, 29)) == pytest.approx(1)
    assert value_of(Correlation(left, np.exp(left), False, 29)) < 0.6
    assert value_of(Correlation(left, -np.exp(left), True, 29)) == pytest.approx(-1)
