from __future__ import annotations

from math import asin, pi

import numpy as np

from nearspace.evaluation.bootstrap import draws, percentile, resampled, stream, value_of
from nearspace.evaluation.correlation import Correlation


def test_each_stratum_is_drawn_to_its_own_size() -> None:
    weights = np.concatenate(list(draws((3, 50, 1), np.random.default_rng(0), 5000)))
    assert weights.shape == (5000, 54)
    for start, end in ((0, 3), (3, 53), (53, 54)):
        assert (weights[:, start:end].sum(axis=1) == end - start).all()
    np.testing.assert_allclose(weights[:, :53].mean(axis=0), 1, atol=0.1)


def test_streams_depend_on_seed_and_purpose_only() -> None:
    first = stream(1, "a", "b").integers(0, 2**62, 4).tolist()
    assert first == stream(1, "a", "b").integers(0, 2**62, 4).tolist()
    assert first != stream(2, "a", "b").integers(0, 2**62, 4).tolist()
    assert first != stream(1, "a", "c").integers(0, 2**62, 4).tolist()


def test_an_interval_leaves_out_nan_and_contains_its_value() -> None:
    assert percentile(np.array([np.nan, np.nan]), 0.5) == (0.5, 0.5)
    assert percentile(np.array([0.4, np.nan, 0.6]), 0.9)[1] == 0.9
    low, high = percentile(np.arange(1001) / 1000, 0.5)
    assert (round(low, 3), round(high, 3)) == (0.025, 0.975)


def test_the_interval_of_a_correlation_covers_the_truth_nineteen_times_of_twenty() -> None:
    generator = np.random.default_rng(3)
    r, n, trials, hits = 0.6, 60, 300, {True: 0, False: 0}
    truth = {True: 6 / pi * asin(r / 2), False: r}  # Spearman and Pearson of a bivariate normal
    for _ in range(trials):
        left = generator.standard_normal(n)
        right = r * left + (1 - r * r) ** 0.5 * generator.standard_normal(n)
        for ranked in (True, False):
            figure = Correlation(left, right, ranked, n)
            low, high = percentile(resampled(figure, generator, 300), value_of(figure))
            hits[ranked] += low <= truth[ranked] <= high
    assert 0.90 <= hits[True] / trials <= 0.99
    assert 0.90 <= hits[False] / trials <= 0.99
