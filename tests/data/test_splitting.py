"""Splits: deterministic, without leaks, and each holds out what it says."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.events import read_interactions
from nearspace.data.interactions import Interactions
from nearspace.data.splitting import WAYS, Split, moment_of, split
from nearspace.errors import InputError, SettingError
from nearspace.kernels.holding_out import hold_out, hold_out_numpy

rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60)


def read(table) -> Interactions:
    return read_interactions([{"user": u, "item": f"i{i}", "time": t} for u, i, t in table], time="time")


def told(data: Interactions) -> dict[tuple[str, str], tuple[float, int]]:
    starts, columns, weights = data.by_user
    users = data.users.names(np.repeat(np.arange(len(data.users)), np.diff(starts)))
    values = zip(weights.tolist(), data.times.tolist(), strict=True)
    return dict(zip(zip(users, data.items.names(columns), strict=True), values, strict=True))


def of_users(pairs):
    found = {}
    for (user, item), (_, stamp) in pairs.items():
        found.setdefault(user, {})[item] = stamp
    return found


@settings(deadline=None)
@given(rows, st.sampled_from(WAYS), st.integers(0, 3))
def test_no_pair_is_lost_or_in_two_parts(table, how, seed):
    whole = read(table)
    try:
        parts = split(whole, how, seed=seed)
    except InputError:
        return
    found = {}
    for part in parts.parts().values():
        assert not found.keys() & told(part).keys()
        assert (part.user_counts > 0).all()
        assert (part.item_counts > 0).all()
        assert len(part)
        found |= told(part)
    assert found == told(whole)
    again = split(read(table[::-1]), how, seed=seed)  # read in another order
    for part, same in zip(parts.parts().values(), again.parts().values(), strict=True):
        assert told(part) == told(same)


@settings(deadline=None)
@given(rows, st.integers(1, 3), st.sampled_from(["last", "random"]))
def test_items_of_each_user(table, n, how):
    whole = of_users(told(read(table)))
    if all(len(items) == 1 for items in whole.values()):
        with pytest.raises(InputError, match="users has one item, and one stays"):
            split(read(table), how, n=n)
        return
    parts = split(read(table), how, n=n)
    train, test = of_users(told(parts.train)), of_users(told(parts.test))
    for user, items in whole.items():
        assert len(test.get(user, {})) == min(n, len(items) - 1)
        if how == "last" and user in test:
            assert max(train[user].values()) <= min(test[user].values())


@settings(deadline=None)
@given(rows, st.floats(0.1, 0.9))
def test_by_time(table, share):
    whole = read(table)
    if len(set(whole.times.tolist())) == 1:
        return
    try:
        parts = split(whole, "time", share=share)
    except InputError as error:
        assert "all pairs" in error.message
        return
    moment = parts.test.times.min()
    assert parts.train.times.max() < moment
    assert len(parts.test) >= round(share * len(whole))
    assert np.count_nonzero(whole.times > moment) < max(round(share * len(whole)), 1)
    assert told(split(whole, "time", after=int(moment)).test) == told(parts.test)


@settings(deadline=None)
@given(rows, st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_by_users(table, share, fold_in):
    whole = read(table)
    able = {user for user, items in of_users(told(whole)).items() if len(items) > 1}
    wanted = max(round(share * len(whole.users)), 1)
    if len(able) < wanted or wanted == len(whole.users):
        with pytest.raises(InputError, match="users should be held out"):
            split(whole, "users", share=share)
        return
    parts = split(whole, "users", share=share, fold_in=fold_in)
    train, test, known = (of_users(told(part)) for part in (parts.train, parts.test, parts.fold_in))
    assert test.keys() == known.keys()
    assert test.keys() <= able
    assert len(test) == wanted
    assert not test.keys() & train.keys()
    for user in test:
        count = len(test[user]) + len(known[user])
        assert len(known[user]) == min(max(round(fold_in * count), 1), count - 1)


def many(users=2000, items=20) -> Interactions:
    return read([(u, i, 0) for u in range(users) for i in range(items)])


def test_draws_are_even_and_follow_the_seed():
    whole = many()
    first, other = (split(whole, "random", seed=seed).test for seed in (1, 2))
    counts = first.item_counts
    assert len(counts) == 20
    assert abs(counts - 100).max() < 50  # 5 standard deviations of 100 expected
    same = len(told(first).keys() & told(other).keys())
    assert abs(same - 100) < 50
    chosen = [set(split(whole, "users", seed=seed).test.users) for seed in (1, 2)]
    assert [len(one) for one in chosen] == [200, 200]
    assert abs(len(chosen[0] & chosen[1]) - 20) < 20


def test_equal_times_are_drawn_evenly():
    """Of equal last times not the most popular item is held out each time."""
    counts = split(many(), "last").test.item_counts
    assert abs(counts - 100).max() < 50


@settings(deadline=None)
@given(rows, st.booleans(), st.integers(0, 1 << 63))
def test_the_kernel_is_its_twin(table, timed, seed):
    whole = read(table)
    times = whole.times if timed else np.empty(0, np.int64)
    rng = np.random.default_rng(1)
    codes = [rng.integers(0, 1 << 63, len(side)).astype(np.uint64) for side in (whole.users, whole.items)]
    counts = whole.user_counts // 2
    held = [np.ones(len(whole), np.bool_) for _ in range(2)]
    for hold, out in zip((hold_out, hold_out_numpy), held, strict=True):
        hold(*whole.by_user[:2], times, *codes, np.uint64(seed), counts, out)
    assert np.array_equal(*held)
    assert held[0].sum() == counts.sum()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("2026-03-01", 1772323200),
        ("2026-03-01T01:00:00+01:00", 1772323200),
        ("1772323200", 1772323200),
        (1772323200.5, 1772323200),
        (datetime.date(2026, 3, 1), 1772323200),
        (datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC), 1772323200),
    ],
    ids=["day", "zone", "digits", "float", "date", "datetime"],
)
def test_moments(given, seconds):
    assert moment_of(given) == seconds


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"how": "odd"}, "how is 'odd'"),
        ({"how": "time", "n": 2}, "n has no effect on a split by 'time'"),
        ({"how": "last", "share": 0.2}, "share has no effect"),
        ({"how": "last", "after": 3}, "after has no effect"),
        ({"how": "random", "fold_in": 0.5}, "fold_in has no effect"),
        ({"how": "random", "n": 0}, "n is 0"),
        ({"how": "time", "share": 1.0}, "share is 1.0"),
        ({"how": "users", "fold_in": 0.0}, "fold_in is 0.0"),
        ({"how": "time", "share": 0.5, "after": 3}, "share and after are both given"),
        ({"how": "time", "after": "soon"}, "after is 'soon', which is no time"),
        ({"how": "time", "after": float("nan")}, "after is nan"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_settings_out_of_range(chosen, message):
    with pytest.raises(SettingError, match=re.escape(message)) as caught:
        split(read([(1, 1, 1), (1, 2, 5)]), **chosen)
    assert caught.value.hint


def test_what_cannot_be_split():
    bare = read_interactions([{"user": 1, "item": 2}, {"user": 1, "item": 3}])
    with pytest.raises(InputError, match="a split by 'last' needs times"):
        split(bare)
    assert isinstance(split(bare, "random"), Split)
    data = read([(1, 1, 1), (1, 2, 5)])
    with pytest.raises(InputError, match="no pairs are from 1970-01-01 00:00:06 or later"):
        split(data, "time", after=6)
    with pytest.raises(InputError, match="all pairs are from 1970-01-01 00:00:01 or later"):
        split(data, "time", after=1)
