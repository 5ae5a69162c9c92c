"""Sampling: against the twins, and against the probabilities it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.sampling import (
    ALWAYS,
    MASK,
    alias_table,
    block_state,
    mix,
    sample_negatives,
    sample_negatives_numpy,
    sample_words,
    sample_words_numpy,
)


def _sample(tokens, remap, keep, window, state):
    words, first, last = (np.empty(len(tokens), dtype=np.int32) for _ in range(3))
    count, after = sample_words(tokens, remap, keep, window, np.uint64(state), words, first, last)
    return words[:count], first[:count], last[:count], int(after)


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.lists(st.integers(-1, 5), max_size=60),
    chances=st.lists(st.sampled_from([0, 2**31, ALWAYS]), min_size=4, max_size=4),
    window=st.integers(1, 7),
    state=st.integers(0, MASK),
)
def test_words_equal_the_twin(tokens, chances, window, state):
    tokens = np.array(tokens, dtype=np.int32)
    remap = np.array([0, 1, -1, 2, 3, -1], dtype=np.int32)
    keep = np.array(chances, dtype=np.uint32)
    got = _sample(tokens, remap, keep, window, state)
    expected = sample_words_numpy(tokens, remap, keep, window, state)
    for mine, theirs in zip(got, expected, strict=True):
        assert np.array_equal(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0.01, 100), min_size=2, max_size=9),
    words=st.lists(st.integers(0, 1), max_size=20),
    negative=st.integers(1, 6),
    size=st.integers(1, 12),
    state=st.integers(0, MASK),
)
def test_negatives_equal_the_twin(weights, words, negative, size, state):
    accept, alias = alias_table(np.array(weights))
    pool, draws = np.empty(size, np.int32), np.empty(len(words) * negative, np.int32)
    rows = np.array(words, dtype=np.int32)
    after = sample_negatives(rows, len(words), accept, alias, negative, np.uint64(state), pool, draws)
    expected = sample_negatives_numpy(words, accept, alias, negative, state, size)
    assert (pool.tolist(), draws.tolist(), int(after)) == expected


def test_windows_stay_within_lines_and_around_their_centre():
    tokens = np.array([0, 1, 2, -1, 3, -1, 4, 5, -1], dtype=np.int32)
    identity, keep = np.arange(6, dtype=np.int32), np.full(6, ALWAYS, dtype=np.uint32)
    words, first, last, _ = _sample(tokens, identity, keep, 10, 7)
    assert words.tolist() == [0, 1, 2, 3, 4, 5]
    lines = [(0, 2)] * 3 + [(3, 3)] + [(4, 5)] * 2
    for at, (low, high) in enumerate(lines):
        assert low <= first[at] <= at <= last[at] <= high


def test_reach_is_uniform_and_words_are_kept_as_often_as_said():
    tokens = np.zeros(60_000, dtype=np.int32)
    keep = np.array([int(0.3 * 2**32)], dtype=np.uint32)
    words, first, last, _ = _sample(tokens, np.zeros(1, np.int32), keep, 4, 11)
    assert len(words) / 60_000 == pytest.approx(0.3, abs=0.01)
    inner = slice(10, -10)
    reach = (np.arange(len(words)) - first)[inner]
    assert np.array_equal(reach, (last - np.arange(len(words)))[inner])
    assert np.bincount(reach, minlength=5)[1:] / len(reach) == pytest.approx([0.25] * 4, abs=0.02)


def test_negatives_follow_the_weights_and_are_not_the_word_itself():
    weights = np.array([5.0, 3.0, 1.0, 1.0])
    accept, alias = alias_table(weights)
    words = np.zeros(20_000, dtype=np.int32)
    pool, draws = np.empty(5_000, np.int32), np.empty(100_000, np.int32)
    sample_negatives(words, len(words), accept, alias, 5, np.uint64(9), pool, draws)
    assert np.bincount(pool, minlength=4) / len(pool) == pytest.approx([0.5, 0.3, 0.1, 0.1], abs=0.02)
    shares = np.bincount(pool[draws], minlength=4) / len(draws)
    assert shares == pytest.approx([0.0, 0.6, 0.2, 0.2], abs=0.02)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=40))
def test_alias_tables_hold_exactly_the_weights(weights):
    weights = np.array(weights)
    accept, alias = alias_table(weights)
    share = accept / 2.0**32
    mass = np.zeros(len(weights))
    np.add.at(mass, np.arange(len(weights)), share)
    np.add.at(mass, alias, 1 - share)
    assert mass / len(weights) == pytest.approx(weights / weights.sum(), abs=1e-8)


def test_streams_of_blocks_and_seeds_differ():
    states = {int(block_state(seed, block)) for seed in range(40) for block in range(40)}
    assert len(states) == 1_600
    assert int(mix(np.uint64(0x9E3779B97F4A7C15))) == 0xE220A8397B1DCDAF  # SplitMix64 of seed 0
