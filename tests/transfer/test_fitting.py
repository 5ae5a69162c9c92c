"""Heads on planted clusters: right, calibrated, and silent about what they have not seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transfer.planted import clusters

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.transfer.calibration import calibration_error, temperature_of, threshold_of
from nearspace.transfer.fitting import FOLDS, fit, fold_numbers
from nearspace.transfer.head import Head, HeadSettings
from nearspace.transfer.softmax import log_softmax

PLAIN = HeadSettings("planted", "cosine", "", "kind", 0.0)


def accuracy(head: Head, noise: float, metric: str = "cosine") -> float:
    points, labels = clusters(50, noise=noise, draw=9)
    made = head.classify(points)
    best = [row[0][0] for row in made.best(1)]
    return float(np.mean([one == other for one, other in zip(best, labels, strict=True)]))


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize(("each", "least"), [(1, 0.8), (4, 0.93), (8, 0.95)])
def test_few_examples_are_enough_for_planted_classes(each: int, least: float, metric: str) -> None:
    points, labels = clusters(each, noise=0.2)
    head = fit(points, labels, HeadSettings("planted", metric, "", "kind", 0.0))
    assert accuracy(head, 0.2) >= least


def test_more_examples_are_better() -> None:
    reached = [accuracy(fit(*clusters(each, noise=0.35), PLAIN), 0.35) for each in (1, 6, 24)]
    assert reached[0] < reached[1] < reached[2]


def test_probabilities_mean_what_they_say() -> None:
    head = fit(*clusters(16, noise=0.5), PLAIN)
    points, labels = clusters(300, noise=0.5, draw=9)
    made = head.classify(points)
    right = np.array([made.best(1)[row][0][0] == label for row, label in enumerate(labels)], dtype=float)
    assert 0.4 < right.mean() < 0.98
    assert calibration_error(made.probabilities.max(axis=1).astype(float), right) < 0.08
    assert made.probabilities.sum(axis=1) == pytest.approx(np.ones(len(labels)), abs=1e-5)


def test_what_is_of_no_class_is_unknown_and_known_things_are_not() -> None:
    points, labels = clusters(12)
    head = fit(points, labels, PLAIN)
    strange = np.random.default_rng(5).normal(size=(200, 24)).astype(np.float32)
    assert np.mean(head.classify(strange).codes < 0) > 0.95
    assert np.mean(head.classify(clusters(50, draw=9)[0]).codes >= 0) > 0.85


def test_examples_from_outside_set_the_threshold() -> None:
    points, labels = clusters(12, noise=0.2)
    beyond = clusters(5, noise=0.2, seed=77)[0]
    head = fit(points, labels, PLAIN, outside=beyond)
    assert head.held_out["refused"]["value"] >= 0.9
    more = clusters(40, noise=0.2, seed=77, draw=4)[0]
    assert np.mean(head.classify(more).codes < 0) > 0.9
    assert np.mean(head.classify(clusters(50, noise=0.2, draw=9)[0]).codes >= 0) > 0.8


def test_the_share_that_may_become_unknown_is_kept_to() -> None:
    points, labels = clusters(40, noise=0.3)
    asked = clusters(200, noise=0.3, draw=9)[0]
    lost = [
        np.mean(fit(points, labels, PLAIN, reject=share).classify(asked).codes < 0)
        for share in (0, 0.02, 0.2)
    ]
    assert lost[0] == 0
    assert 0 < lost[1] < 0.06 < 0.12 < lost[2] < 0.3


def test_one_example_a_label_gives_a_head_that_says_what_it_does_not_know() -> None:
    head = fit(*clusters(1), PLAIN)
    assert head.held_out == {}
    assert head.settings.threshold is None
    assert accuracy(head, 0.1) > 0.95


def test_a_label_with_one_example_among_others_is_never_held_back() -> None:
    points, labels = clusters(4)
    head = fit(points[3:], labels[3:], PLAIN)  # one of c0 is left
    assert head.counts.tolist() == [1, 4, 4, 4, 4, 4]
    assert head.held_out["accuracy"]["n"] == 20


def test_the_same_examples_and_seed_give_the_same_bytes() -> None:
    points, labels = clusters(8, noise=0.3)
    one, two = (fit(points, labels, PLAIN) for _ in range(2))
    assert one.linear.flat.tobytes() == two.linear.flat.tobytes()
    assert one.settings == two.settings
    assert one.held_out == two.held_out


def test_a_vector_without_direction_is_unknown_even_without_a_threshold() -> None:
    head = fit(*clusters(4), PLAIN, reject=0)
    assert head.classify(np.zeros((1, 24), np.float32)).labels == [None]


def test_bad_input_is_refused() -> None:
    points, labels = clusters(4)
    with pytest.raises(InputError, match="one label only: 'c0'"):
        fit(points[:4], labels[:4], PLAIN)
    with pytest.raises(SettingError, match="reject is 1"):
        fit(points, labels, PLAIN, reject=1.0)
    with pytest.raises(SettingError, match="strength is -1"):
        fit(points, labels, PLAIN, strength=-1.0)
    head = fit(points, labels, PLAIN)
    with pytest.raises(DimensionError, match=r"takes \(n, 24\)"):
        head.classify(points[:, :5])
    with pytest.raises(InputError, match="not finite"):
        head.classify(np.full((1, 24), np.nan, np.float32))


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_folds_hold_every_example_back_once_but_lone_ones(codes: list[int], seed: int) -> None:
    numbers = np.array(codes)
    folds = fold_numbers(numbers, seed)
    counts = np.bincount(numbers)
    for code in np.unique(numbers):
        mine = folds[numbers == code]
        if counts[code] == 1:
            assert mine.tolist() == [-1]
        else:
            spread = np.bincount(mine, minlength=FOLDS)
            assert mine.min() >= 0
            assert spread.max() - spread.min() <= 1


def test_the_temperature_is_found_again() -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=(4000, 5)) * 2
    chances = np.exp(log_softmax(scores))
    codes = np.array([random.choice(5, p=row) for row in chances])
    assert temperature_of(3 * scores, codes) == pytest.approx(3, rel=0.1)
    assert temperature_of(scores / 4, codes) == pytest.approx(0.25, rel=0.1)


def test_the_calibration_error_of_right_and_of_vain_confidence() -> None:
    right = np.tile([1.0, 0.0], 500)
    assert calibration_error(np.full(1000, 0.5), right) == pytest.approx(0, abs=0.02)
    assert calibration_error(np.full(1000, 0.9), right) == pytest.approx(0.4, abs=0.02)


def test_the_threshold_lies_between_what_is_inside_and_outside() -> None:
    inside, outside = np.array([0.8, 0.9, 1.0]), np.array([0.1, 0.2])
    assert threshold_of(inside, outside, 0.05) == pytest.approx(0.5)
    assert threshold_of(inside, outside[:0], 0.5) == pytest.approx(0.9)
