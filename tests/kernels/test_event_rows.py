"""Events in rows of a matrix: each kernel is its twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.event_rows import (
    added,
    core,
    core_numpy,
    count_rows,
    merge_rows,
    merge_rows_numpy,
    place_events,
    place_events_numpy,
    turn_around,
    turn_around_numpy,
)

events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 9), st.integers(-9, 9)))


def arrays(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    users, items = (np.ascontiguousarray(table[:, side], dtype=np.int32) for side in (0, 1))
    return users, items, table[:, 2].astype(np.float32), table[:, 3].copy()


def matrix(rows):
    """A matrix of 5 by 6 without equal columns in a row."""
    pairs = sorted({(user, item) for user, item, _, _ in rows})
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    starts = np.concatenate(([0], np.cumsum(np.bincount(table[:, 0], minlength=5)))).astype(np.int64)
    return starts, table[:, 1].astype(np.int32), np.arange(1, len(table) + 1, dtype=np.float32)


@settings(deadline=None)
@given(events, st.booleans(), st.booleans())
def test_events_are_placed_behind_those_of_their_row(rows, weighted, timed):
    users, items, weights, times = arrays(rows)
    weights, times = weights[: len(rows) * weighted], times[: len(rows) * timed]
    places = np.array([3, 1, 0, 2, 4], np.int32), np.array([5, 4, 3, 2, 1, 0], np.int32)
    counts = np.zeros(5, np.int64)
    count_rows(places[0][users], counts)
    made = []
    for place in (place_events, place_events_numpy):
        ends = np.concatenate(([0], np.cumsum(counts)[:-1]))
        out = (
            np.zeros(len(rows), np.int32),
            np.zeros(len(weights), np.float32),
            np.zeros(len(times), np.int64),
        )
        for part in (slice(0, 3), slice(3, None)):
            place(users[part], items[part], weights[part], times[part], 0.3, places, ends, *out)
        made.append((ends, *out))
    for mine, twin in zip(*made, strict=True):
        assert np.array_equal(mine, twin)


@settings(deadline=None)
@given(events, st.booleans(), st.booleans())
def test_equal_pairs_are_merged(rows, unit, timed):
    rows = sorted(rows, key=lambda row: row[0])
    users, items, weights, times = arrays(rows)
    starts = np.concatenate(([0], np.cumsum(np.bincount(users, minlength=5)))).astype(np.int64)
    times = times[: len(rows) * timed]
    made = []
    for merge in (merge_rows, merge_rows_numpy):
        out = items.copy(), weights.copy(), times.copy()
        left = merge(starts, *out, unit)
        made.append((left, *(one[: left[-1]] for one in out)))
    for mine, twin in zip(*made, strict=True):
        assert np.array_equal(mine, twin)


@settings(deadline=None)
@given(events, st.integers(1, 4), st.integers(1, 4))
def test_a_core_is_the_largest_part_in_which_all_have_enough(rows, least, fewest):
    starts, columns, _ = matrix(rows)
    kept, items = core(starts, columns, 6, least, fewest)
    for mine, twin in zip((kept, items), core_numpy(starts, columns, 6, least, fewest), strict=True):
        assert np.array_equal(mine, twin)
    dense = np.zeros((5, 6), bool)
    dense[np.repeat(np.arange(5), np.diff(starts)), columns] = True
    inside = dense & kept[:, None] & items
    assert (inside.sum(axis=1)[kept] >= least).all()
    assert (inside.sum(axis=0)[items] >= fewest).all()


@settings(deadline=None)
@given(events)
def test_a_matrix_is_turned_around(rows):
    starts, columns, weights = matrix(rows)
    turned = turn_around(starts, columns, weights, 6)
    for mine, twin in zip(turned, turn_around_numpy(starts, columns, weights, 6), strict=True):
        assert np.array_equal(mine, twin)
    back = turn_around(*turned, 5)
    for mine, before in zip(back, (starts, columns, weights), strict=True):
        assert np.array_equal(mine, before)


def test_sums_do_not_depend_on_the_cut():
    values = np.random.default_rng(1).random(1000)
    whole = added(0.0, values)
    assert added(added(0.0, values[:123]), values[123:]) == whole
    assert abs(whole - values.sum()) < 1e-9
