"""The schedule: every position once an epoch, and merge weights between one and one over S."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearspace.errors import SettingError
from nearspace.learners.schedule import (
    ROUNDS_A_STEP,
    Rounds,
    Schedule,
    gram_weights,
    merge_weights,
    variety_of,
)


@given(
    length=st.integers(1, 5_000_000),
    epochs=st.integers(1, 3),
    block=st.integers(50, 5_000),
    shards=st.integers(1, 16),
    variety=st.floats(1, 50_000),
)
def test_every_position_is_read_once_an_epoch(length, epochs, block, shards, variety):
    rounds = Rounds.cut(
        Schedule(shards=shards, block=block, stretch=2_000), length, epochs, variety, workers=3
    )
    assert 1 <= rounds.shards <= shards
    spans: dict[int, list[tuple[int, int]]] = {}
    for step in rounds.steps():
        assert 0 < step.end - step.begin <= ROUNDS_A_STEP
        for shard in range(rounds.shards):
            begin, end = rounds.span(shard, step)
            if end > begin:
                spans.setdefault(step.epoch, []).append((begin, end))
    assert sorted(spans) == list(range(epochs))
    for read in spans.values():
        read.sort()
        assert read[0][0] == 0
        assert read[-1][1] == length
        assert all(left[1] == right[0] for left, right in itertools.pairwise(read))


def test_steps_can_be_taken_up_where_they_were_left():
    rounds = Rounds.cut(Schedule(block=100), 1_000_000, 2, 5_000, 1)
    steps = list(rounds.steps())
    assert list(rounds.steps(3)) == steps[3:]
    blocks = [rounds.first_block(step) for step in steps]
    sizes = [(step.end - step.begin) * rounds.shards for step in steps]
    assert blocks == np.concatenate([[0], np.cumsum(sizes)[:-1]]).tolist()


def test_step_size_falls_linearly_to_nearly_nothing():
    rounds = Rounds.cut(Schedule(block=100), 1_000_000, 2, 5_000, 1)
    rates = np.concatenate([rounds.rates(step, 0.05) for step in rounds.steps()])
    assert rates[0] == np.float32(0.05)
    assert np.all(np.diff(rates) < 0)
    assert 0 < rates[-1] < 0.05 / len(rates) * 1.01


@given(st.floats(0, 1e6), st.integers(1, 64))
def test_merge_weights_lie_between_a_mean_and_a_sum(expected, shards):
    (weight,) = merge_weights(np.array([expected]), 0.01, shards)
    assert 1 / shards - 1e-6 <= weight <= 1 + 1e-6
    (rare,) = merge_weights(np.array([0.0]), 0.01, shards)
    assert rare == pytest.approx(1, abs=1e-5)
    (frequent,) = merge_weights(np.array([1e9]), 0.01, shards)
    assert frequent == pytest.approx(1 / shards, rel=1e-4)


def test_many_small_shards_approach_the_gram_weight():
    expected = np.array([0.5, 20.0, 900.0])
    limit = merge_weights(expected / 10_000, 0.01, 10_000)
    assert np.allclose(gram_weights(expected, 0.01, 1), limit, rtol=1e-3)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="block is 0, expected at least 1"):
        Schedule(block=0)


def test_rounds_are_short_where_words_are_few():
    def cut(variety, length=10_000_000, **settings):
        return Rounds.cut(Schedule(**settings), length, 1, variety, 2)

    assert (cut(8_000).shards, cut(8_000).block) == (8, 1250)
    assert (cut(1_000).shards, cut(1_000).block) == (8, 312)
    assert cut(48).shards == 1
    assert cut(8_000, length=500_000).shards == 2
    assert cut(48, free_running=True).shards == 2


def test_variety_is_the_perplexity():
    assert variety_of(np.ones(50)) == pytest.approx(50)
    assert variety_of(np.array([1.0, 0.0])) == pytest.approx(1)
    assert 1 < variety_of(np.array([9.0, 1.0])) < 2
