from __future__ import annotations

import numpy as np
import pytest

from nearspace.evaluation.bootstrap import percentile, resampled, value_of
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.proportion import CrossedShare, Crossing, Share, wilson


@pytest.mark.parametrize(
    ("right", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_equals_published_values(right: int, cases: int, low: float, high: float) -> None:
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857, table I for 81 of 263
    assert wilson(right / cases, cases) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("truth", "cases"), [(0.5, 20), (0.1, 100), (0.97, 300)])
def test_wilson_covers_the_truth(truth: float, cases: int) -> None:
    right = np.random.default_rng(1).binomial(cases, truth, 2000)
    ends = np.array([wilson(share / cases, cases) for share in right])
    covered = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    assert 0.90 <= covered <= 0.99


def everyone(pairs: int, right: np.ndarray) -> Crossing:
    first, second = np.nonzero(~np.eye(pairs, dtype=bool))
    return Crossing(pairs, first, second, right)


def test_drawing_pairs_equals_writing_the_drawn_questions_out() -> None:
    generator = np.random.default_rng(0)
    sections = [everyone(5, generator.integers(0, 2, 20).astype(float)) for _ in range(2)]
    figure = CrossedShare(sections, 40)
    weights = generator.integers(0, 4, (3, 10)).astype(float)
    for line, value in zip(weights, figure(weights), strict=True):
        outcomes: list[float] = []
        for number, section in enumerate(sections):
            times = line[number * 5 : number * 5 + 5].astype(int)
            for one, other, right in zip(section.first, section.second, section.right, strict=True):
                outcomes += [right] * (times[one] * times[other])
        assert value == pytest.approx(np.mean(outcomes))
    assert value_of(figure) == pytest.approx(np.mean([section.right for section in sections]))


def test_pairs_that_share_luck_need_the_longer_interval() -> None:
    generator = np.random.default_rng(5)
    pairs, spread, trials = 23, 1.0, 200
    effects = generator.normal(0, spread * 2**0.5, 400_000)
    truth = float(np.mean(1 / (1 + np.exp(-effects))))
    honest = naive = 0
    for number in range(trials):
        one, other = generator.normal(0, spread, (2, pairs))
        first, second = np.nonzero(~np.eye(pairs, dtype=bool))
        chance = 1 / (1 + np.exp(-(one[first] + other[second])))
        right = (generator.random(len(first)) < chance).astype(float)
        figure = CrossedShare([Crossing(pairs, first, second, right)], len(right))
        measure = measured(f"trial {number}", figure, {"none": 0.0}, seed=1, samples=200)
        honest += measure.low <= truth <= measure.high
        low, high = wilson(measure.value, measure.n)
        naive += low <= truth <= high
    assert 0.90 <= honest / trials <= 0.99
    assert naive / trials < 0.75  # what an interval over questions would give


def test_groups_that_share_luck_are_drawn_together() -> None:
    generator = np.random.default_rng(6)
    truth = float(np.mean(1 / (1 + np.exp(-(0.8 + generator.normal(0, 1, 400_000))))))
    covered, trials = 0, 300
    for number in range(trials):
        chance = 1 / (1 + np.exp(-(0.8 + generator.normal(0, 1, 25))))
        figure = Share(generator.binomial(4, chance).astype(float), np.full(25, 4.0), 100)
        measure = measured(f"trial {number}", figure, {"none": 0.0}, seed=1, samples=200)
        covered += measure.low <= truth <= measure.high
    assert 0.90 <= covered / trials <= 0.99


def test_nothing_drawn_is_nan_and_left_out() -> None:
    lonely = CrossedShare([Crossing(2, np.array([0]), np.array([1]), np.array([1.0]))], 1)
    values = resampled(lonely, np.random.default_rng(0), 200)
    assert np.isnan(values).any()
    assert percentile(values, 1.0) == (1.0, 1.0)
    measure = measured("one question", lonely, {"none": 0.0}, seed=1, samples=200)
    assert measure.low < 0.25 < measure.high == 1.0
