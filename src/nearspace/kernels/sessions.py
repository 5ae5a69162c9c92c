"""Lines of the items of users, written a piece at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.sampling import STEP, Stream, below, block_state, mix


@njit(cache=True, nogil=True)
def write_sessions(  # type: ignore[no-untyped-def]
    starts, items, users, begins, first, begin, end, shuffled, seed, number, found
):
    """Write entries begin..end of a pass to `found`: the items of each user in turn, and -1 after them.

    Args:
        starts, items: the items by user. users: (U,) the order of users.
        begins: (U,) where the line of users[n] begins in the pass.
        first: n of the line that holds entry `begin`.
        shuffled: whether the items of a user come in an order drawn from the seed and the number of the pass.
    """
    room = np.empty(1, np.int32)
    line = first
    while line < users.shape[0] and begins[line] < end:
        user = users[line]
        size = starts[user + 1] - starts[user]
        if room.shape[0] < size:
            room = np.empty(2 * size, np.int32)
        room[:size] = items[starts[user] : starts[user + 1]]
        if shuffled:
            state = block_state(seed, number * np.int64(users.shape[0]) + user)
            for last in range(size - 1, 0, -1):
                state += np.uint64(STEP)
                other = below(mix(state), last + 1)
                room[last], room[other] = room[other], room[last]
        for at in range(max(begin - begins[line], 0), min(end - begins[line], size)):
            found[begins[line] + at - begin] = room[at]
        if begin <= begins[line] + size < end:
            found[begins[line] + size - begin] = -1
        line += 1


def write_sessions_numpy(
    starts: NDArray[np.int64],
    items: NDArray[np.int32],
    users: NDArray[np.int64],
    begins: NDArray[np.int64],
    first: int,
    begin: int,
    end: int,
    shuffled: bool,
    seed: int,
    number: int,
    found: NDArray[np.int32],
) -> None:
    """The whole pass, cut; items shuffled from the end (Fisher & Yates)."""
    lines: list[int] = []
    for user in users.tolist():
        line = items[starts[user] : starts[user + 1]].tolist()
        if shuffled:
            stream = Stream(int(block_state(seed, number * len(users) + user)))
            for last in range(len(line) - 1, 0, -1):
                other = stream.below(last + 1)
                line[last], line[other] = line[other], line[last]
        lines += [*line, -1]
    found[:] = lines[begin:end]
