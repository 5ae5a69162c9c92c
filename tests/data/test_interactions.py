"""Interactions: events sorted, equal pairs added up, and turned around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.interactions import Interactions
from nearspace.errors import DimensionError, InputError
from nearspace.kernels.events import transpose, transpose_numpy
from nearspace.keys import Keys

USERS, ITEMS = Keys(["ann", "bob", "cem", "nobody"]), Keys(["tea", "milk", "rum"])
events = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 9), st.integers(0, 99)), min_size=1
)


def made(rows) -> Interactions:
    table = np.array(rows, dtype=np.int64)
    pairs = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    return Interactions.from_pairs(USERS, ITEMS, pairs, table[:, 2].astype(np.float32), table[:, 3])


@settings(deadline=None)
@given(events)
def test_every_pair_once_with_the_sum_of_its_weights_and_its_last_time(rows):
    data = made(rows)
    told = {}
    for number, user in enumerate(data.users):
        for entry in range(data.by_user.starts[number], data.by_user.starts[number + 1]):
            item = data.items[int(data.by_user.columns[entry])]
            told[user, item] = float(data.by_user.weights[entry]), int(data.times[entry])
    expected = {}
    for user, item, weight, stamp in rows:
        before = expected.get((USERS[user], ITEMS[item]), (0.0, 0))
        expected[USERS[user], ITEMS[item]] = before[0] + weight, max(before[1], stamp)
    assert told == expected
    assert len(data) == len(expected)


@settings(deadline=None)
@given(events)
def test_items_turned_around_are_the_same_pairs(rows):
    data = made(rows)
    dense = np.zeros((len(data.users), len(data.items)), np.float32)
    for number in range(len(data.users)):
        part = slice(data.by_user.starts[number], data.by_user.starts[number + 1])
        assert (np.diff(data.by_user.columns[part]) > 0).all()
        dense[number, data.by_user.columns[part]] = data.by_user.weights[part]
    turned = np.zeros_like(dense)
    for number in range(len(data.items)):
        part = slice(data.by_item.starts[number], data.by_item.starts[number + 1])
        assert (np.diff(data.by_item.columns[part]) > 0).all()
        turned[data.by_item.columns[part], number] = data.by_item.weights[part]
    assert np.array_equal(dense, turned)
    assert np.array_equal(data.item_counts, (dense > 0).sum(axis=0))


def test_rows_with_most_events_come_first_and_those_without_are_left_out():
    data = made([(2, 1, 1, 0), (2, 1, 1, 5), (2, 0, 1, 1), (0, 1, 1, 2)])
    assert list(data.users) == ["cem", "ann"]
    assert list(data.items) == ["milk", "tea"]
    assert data.fingerprint != made([(2, 1, 1, 0)]).fingerprint


def test_some_entries_are_kept():
    data = made([(0, 0, 1, 0), (0, 1, 1, 0), (1, 0, 1, 0)])
    part = data.where(data.by_user.columns == data.items.row("tea"))
    assert len(part) == 2
    assert part.by_user.starts.tolist() == [0, 1, 2]
    assert part.items == data.items


def test_more_events_are_joined_and_rows_stay():
    old, new = made([(2, 1, 1, 0), (2, 0, 1, 5), (0, 1, 2, 1)]), made([(1, 2, 4, 9), (0, 1, 3, 7)])
    both = old.joined(new)
    assert list(both.users) == ["cem", "ann", "bob"]
    assert list(both.items) == ["milk", "tea", "rum"]
    told = {
        (both.users[user], both.items[int(both.by_user.columns[entry])]): (
            both.by_user.weights[entry],
            both.times[entry],
        )
        for user in range(3)
        for entry in range(both.by_user.starts[user], both.by_user.starts[user + 1])
    }
    assert told == {
        ("cem", "milk"): (1, 0), ("cem", "tea"): (1, 5), ("ann", "milk"): (5, 7), ("bob", "rum"): (4, 9)
    }  # fmt: skip


def test_no_events_and_misfits():
    none = np.empty(0, np.int32)
    with pytest.raises(InputError, match="x has no events"):
        Interactions.from_pairs(USERS, ITEMS, (none, none), np.empty(0, np.float32), name="x")
    with pytest.raises(DimensionError, match=r"4 users came with Sparse\(1 rows, 1 entries"):
        Interactions(USERS, ITEMS, made([(0, 0, 1, 1)]).by_user)


@settings(deadline=None)
@given(st.lists(st.integers(0, 6)), st.booleans())
def test_the_kernels_are_their_twins(rows, ordered):
    array = np.array(rows, dtype=np.int32)
    order = np.random.default_rng(1).permutation(len(rows)) if ordered else np.empty(0, np.int64)
    for mine, twin in zip(transpose(array, 7, order), transpose_numpy(array, 7, order), strict=True):
        assert np.array_equal(mine, twin)
