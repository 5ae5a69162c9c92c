"""Sessions: any cut of the stream gives the lines of the users, in time or shuffled."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.data.interactions import Interactions
from nearspace.data.sessions import Sessions
from nearspace.kernels.sessions import write_sessions, write_sessions_numpy
from nearspace.keys import Keys


def made(timed: bool) -> Interactions:
    draw = np.random.default_rng(1)
    rows, columns = (part.astype(np.int32) for part in np.nonzero(draw.random((20, 15)) < 0.4))
    names = Keys([f"u{n}" for n in range(20)]), Keys([f"i{n}" for n in range(15)])
    times = draw.integers(0, 9, len(rows)) if timed else None
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), times)


def lines(entries) -> list[list[int]]:
    ends = np.flatnonzero(entries < 0)
    return [part[:-1].tolist() for part in np.split(entries, ends + 1)[:-1]]


@pytest.mark.parametrize("timed", [True, False])
def test_any_cut_gives_the_same_entries(timed):
    sessions = Sessions(made(timed), 3, 5)
    whole = sessions.read(0, sessions.length)
    for size in (1, 7, 50, 1000):
        parts = [sessions.read(at, at + size) for at in range(0, sessions.length, size)]
        assert np.array_equal(np.concatenate(parts), whole)
    assert len(sessions.read(sessions.length, sessions.length + 5)) == 0


@pytest.mark.parametrize("timed", [True, False])
def test_each_pass_has_each_user_once(timed):
    data = made(timed)
    sessions = Sessions(data, 2, 5)
    passes = [lines(sessions.read(n * sessions.entries, (n + 1) * sessions.entries)) for n in range(2)]
    starts, columns, _ = data.by_user
    parts = [slice(starts[user], starts[user + 1]) for user in range(len(data.users))]
    sets = sorted(columns[part].tolist() for part in parts)
    for told in passes:
        assert sorted(sorted(line) for line in told) == sets
    assert passes[0] != passes[1]
    if timed:
        by_time = [columns[part][np.argsort(data.times[part], kind="stable")].tolist() for part in parts]
        assert sorted(passes[0]) == sorted(passes[1]) == sorted(by_time)


@pytest.mark.parametrize("shuffled", [True, False])
def test_kernel_equals_twin(shuffled):
    data = made(False)
    users = np.random.default_rng(2).permutation(len(data.users))
    lengths = data.user_counts[users] + 1
    begins = np.cumsum(lengths) - lengths
    for begin, end in ((0, int(lengths.sum())), (5, 60)):
        fast, slow = np.zeros(end - begin, np.int32), np.zeros(end - begin, np.int32)
        first = int(np.searchsorted(begins, begin, side="right")) - 1
        options = first, begin, end, shuffled, 9, 4
        write_sessions(data.by_user.starts, data.by_user.columns, users, begins, *options, fast)
        write_sessions_numpy(data.by_user.starts, data.by_user.columns, users, begins, *options, slow)
        assert np.array_equal(fast, slow)
