"""BPR's update on blocks of users and items that share no row, so that threads need no merging.

Users are dealt to P parts for good, items to P parts anew each epoch. Block (p, q) holds the events of the
users of part p with items of part q, and a negative item is drawn from q too; so the P blocks (p, p + s mod
P) of a diagonal touch different rows, and threads that train them at once give what one after the other gives
(Gemulla, Nijkamp, Haas & Sismanis 2011). The rows of a part of the items lie together and stay in the cache.

`_nrt=False`: arrays come from Python and are never kept, so no call needs to count references to them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.sampling import ALWAYS, STEP, Stream, below, block_state, mix
from nearspace.kernels.simd import LANES, fma, load, mul, prefetch, sigmoid, splat, store, sub, total, zero
from nearspace.kernels.threads import barrier, ticket

TRIES = 16  # draws of a negative item before an event is left out
CHUNK = LANES  # events of a user that are scored before the next update


class Pairs(NamedTuple):
    """The events of one epoch, sorted by the part of their user, then that of their item, then by user."""

    users: Any  # (n,) int32
    items: Any  # (n,) int32 places of the items: rows of `Rows.items`
    bounds: Any  # (P, P + 1) int64: block (p, q) is bounds[p, q] to bounds[p, q + 1]


class Deal(NamedTuple):
    """Which item lies where in one epoch, and how negative ones are drawn."""

    place: Any  # (I,) int32: row of each item; those of a part lie together
    part: Any  # (I,) int16
    starts: Any  # (P + 1,) int64: part q has the places starts[q] to starts[q + 1]
    accept: Any  # (I,) uint32 by place: the alias table of each part
    alias: Any  # (I,) int32 by place: numbers within the part


class Rows(NamedTuple):
    """What is learned."""

    users: Any  # flat float32, `stride` a row
    items: Any  # flat float32, `stride` a row, by place
    biases: Any  # (I,) float32 by place
    stride: int  # a multiple of 16


class Pace(NamedTuple):
    """Step size and regularisation of an epoch, and its random stream."""

    rate: float
    reg: float
    seed: int
    epoch: int


@njit(cache=True, nogil=True, _nrt=False)
def deal_part(starts, columns, deal, part, parts, pairs, counts):  # type: ignore[no-untyped-def]
    """Sort the events of the users `part`, `part` + P, ... by the part of their item.

    Args:
        starts, columns: the events by user. pairs: `bounds[part, 0]` says where the part begins.
        counts: (P,) int64 scratch.
    """
    users = starts.shape[0] - 1
    counts[:] = 0
    for user in range(part, users, parts):
        for entry in range(starts[user], starts[user + 1]):
            counts[deal.part[columns[entry]]] += 1
    at = pairs.bounds[part, 0]
    for q in range(parts):
        pairs.bounds[part, q] = at
        at += counts[q]
        counts[q] = pairs.bounds[part, q]
    pairs.bounds[part, parts] = at
    for user in range(part, users, parts):
        for entry in range(starts[user], starts[user + 1]):
            item = columns[entry]
            q = deal.part[item]
            pairs.users[counts[q]] = user
            pairs.items[counts[q]] = deal.place[item]
            counts[q] += 1


@njit(cache=True, nogil=True, _nrt=False)
def draw_negative(deal, first, size, marks, stamp, state):  # type: ignore[no-untyped-def]
    """Draw an item of a part that is not marked: (its number in the part or -1, state after the draws)."""
    for _ in range(TRIES):
        state += np.uint64(STEP)
        z = mix(state)
        slot = below(z, size)
        if z & np.uint64(ALWAYS) >= np.uint64(deal.accept[first + slot]):
            slot = np.int64(deal.alias[first + slot])
        if marks[slot] != stamp:
            return slot, state
    return np.int64(-1), state


@njit(cache=True, nogil=True, _nrt=False)
def update(rows, user, positives, negatives, count, pace, lanes):  # type: ignore[no-untyped-def]
    """Update a user and `count` pairs of a positive and a negative item; returns the sum of their losses.

    All pairs are scored before the first update. lanes: (16 + stride,) float32 scratch.
    """
    stride = rows.stride
    x = np.int64(user) * stride
    for k in range(count):
        better, worse = np.int64(positives[k]) * stride, np.int64(negatives[k]) * stride
        dots = zero()
        for lane in range(0, stride, LANES):
            gap = sub(load(rows.items, better + lane), load(rows.items, worse + lane))
            dots = fma(gap, load(rows.users, x + lane), dots)
        lanes[k] = total(dots) + (rows.biases[positives[k]] - rows.biases[negatives[k]])
    store(lanes, 0, sigmoid(load(lanes, 0)))
    for lane in range(0, stride, LANES):
        store(lanes, LANES + lane, zero())
    rate, kept = np.float32(pace.rate), np.float32(1.0 - pace.rate * pace.reg)
    shrink = splat(kept)
    wins = 0.0
    for k in range(count):
        wins += lanes[k]
        pull = rate * (np.float32(1.0) - lanes[k])
        rows.biases[positives[k]] = rows.biases[positives[k]] * kept + pull
        rows.biases[negatives[k]] = rows.biases[negatives[k]] * kept - pull
        up, down = splat(pull), splat(-pull)
        better, worse = np.int64(positives[k]) * stride, np.int64(negatives[k]) * stride
        for lane in range(0, stride, LANES):
            i, j, u = (
                load(rows.items, better + lane),
                load(rows.items, worse + lane),
                load(rows.users, x + lane),
            )
            store(lanes, LANES + lane, fma(up, sub(i, j), load(lanes, LANES + lane)))
            store(rows.items, better + lane, fma(up, u, mul(shrink, i)))
            store(rows.items, worse + lane, fma(down, u, mul(shrink, j)))
    left = splat(np.float32(1.0 - pace.rate * pace.reg * count))
    for lane in range(0, stride, LANES):
        moved = fma(left, load(rows.users, x + lane), load(lanes, LANES + lane))
        store(rows.users, x + lane, moved)
    return wins


@njit(cache=True, nogil=True, _nrt=False)
def train_block(pairs, deal, rows, pace, p, q, marks, chosen, lanes):  # type: ignore[no-untyped-def]
    """Train the events of block (p, q), user by user.

    Args:
        marks: int32 scratch, at least as long as the longest part. chosen: (2, CHUNK) int32 scratch.

    Returns:
        sum of the probabilities that the positive item is the better one, and number of events trained.
    """
    first = deal.starts[q]
    size = deal.starts[q + 1] - first
    marks[:size] = -1
    parts = deal.starts.shape[0] - 1
    state = block_state(pace.seed, (pace.epoch * parts + p) * parts + q)
    wins, trained = 0.0, 0
    entry, end = pairs.bounds[p, q], pairs.bounds[p, q + 1]
    while entry < end:
        user = pairs.users[entry]
        stop = entry
        while stop < end and pairs.users[stop] == user:
            marks[pairs.items[stop] - first] = user
            stop += 1
        if stop < end:
            ahead = np.int64(pairs.users[stop]) * rows.stride
            for lane in range(0, rows.stride, LANES):
                prefetch(rows.users, ahead + lane)
        while entry < stop:
            count = 0
            while entry < stop and count < CHUNK:
                slot, state = draw_negative(deal, first, size, marks, user, state)
                if slot >= 0:
                    chosen[0, count] = pairs.items[entry]
                    chosen[1, count] = first + slot
                    count += 1
                entry += 1
            if count:
                wins += update(rows, user, chosen[0], chosen[1], count, pace, lanes)
                trained += count
    return wins, trained


@njit(cache=True, nogil=True, _nrt=False)
def run_epoch(starts, columns, pairs, deal, rows, pace, stats, scratch, gate, threads):  # type: ignore[no-untyped-def]
    """Train one epoch; called by `threads` threads at once, each with its own scratch.

    Args:
        stats: (P, 2) float64, what `train_block` returned, summed over the blocks of each part of users.
        scratch: marks, chosen, lanes of `train_block` and counts of `deal_part`.
        gate: see `threads.gate`.
    """
    marks, chosen, lanes, counts = scratch
    parts = deal.starts.shape[0] - 1
    p = ticket(gate)
    while p < parts:
        deal_part(starts, columns, deal, p, parts, pairs, counts)
        p = ticket(gate)
    barrier(gate, threads)
    for diagonal in range(parts):
        p = ticket(gate)
        while p < parts:
            wins, trained = train_block(
                pairs, deal, rows, pace, p, (p + diagonal) % parts, marks, chosen, lanes
            )
            stats[p, 0] += wins
            stats[p, 1] += trained
            p = ticket(gate)
        barrier(gate, threads)


def deal_part_numpy(
    starts: NDArray[np.int64], columns: NDArray[np.int32], deal: Deal, part: int, parts: int, pairs: Pairs
) -> None:
    """A stable sort of the part's events by the part of their item."""
    users = [np.full(starts[u + 1] - starts[u], u) for u in range(part, len(starts) - 1, parts)]
    items = [columns[starts[u] : starts[u + 1]] for u in range(part, len(starts) - 1, parts)]
    rows, chosen = np.concatenate(users), np.concatenate(items)
    order = np.argsort(deal.part[chosen], kind="stable")
    begin = pairs.bounds[part, 0]
    pairs.bounds[part, 1:] = begin + np.cumsum(np.bincount(deal.part[chosen], minlength=parts))
    pairs.users[begin : begin + len(rows)] = rows[order]
    pairs.items[begin : begin + len(rows)] = deal.place[chosen[order]]


def update_numpy(
    rows: Rows, user: int, positives: NDArray[np.int32], negatives: NDArray[np.int32], pace: Pace
) -> float:
    """For each pair (i, j) with P = 1 / (1 + exp(-(x.(y_i - y_j) + b_i - b_j))), gradients of log P:

    y_i += rate ((1 - P) x - reg y_i), y_j -= rate ((1 - P) x + reg y_j), b_i and b_j alike with 1 for x, in
    turn; and x += rate (sum of (1 - P) (y_i - y_j) - count reg x). Each P is that before the first update.
    """
    users, items = rows.users.reshape(-1, rows.stride), rows.items.reshape(-1, rows.stride)
    x, b, rate = users[user].astype(np.float64), rows.biases, pace.rate
    wins = 1 / (1 + np.exp(-((items[positives] - items[negatives]) @ x + b[positives] - b[negatives])))
    moved = x * (1 - rate * pace.reg * len(wins))
    for win, i, j in zip(wins, positives, negatives, strict=True):
        moved += rate * (1 - win) * (items[i] - items[j])
        items[i] += rate * ((1 - win) * x - pace.reg * items[i])
        items[j] -= rate * ((1 - win) * x + pace.reg * items[j])
        b[i] += rate * ((1 - win) - pace.reg * b[i])
        b[j] -= rate * ((1 - win) + pace.reg * b[j])
    users[user] = moved
    return float(wins.sum())


def train_block_numpy(pairs: Pairs, deal: Deal, rows: Rows, pace: Pace, p: int, q: int) -> tuple[float, int]:
    """Users in turn, each in chunks; negative items by Walker's alias method, none that the user chose."""
    first, size = int(deal.starts[q]), int(deal.starts[q + 1] - deal.starts[q])
    parts = len(deal.starts) - 1
    stream = Stream(int(block_state(pace.seed, (pace.epoch * parts + p) * parts + q)))
    block = slice(*pairs.bounds[p, q : q + 2])
    users, items = pairs.users[block], pairs.items[block]
    wins, trained = 0.0, 0
    for user in dict.fromkeys(users.tolist()):
        own = items[users == user].tolist()
        drawn = []
        for item in own:
            for _ in range(TRIES):
                z = stream.draw()
                slot = (z >> 32) * size >> 32
                slot = slot if z & ALWAYS < int(deal.accept[first + slot]) else int(deal.alias[first + slot])
                if first + slot not in own:
                    drawn.append((item, first + slot))
                    break
        for begin in range(0, len(drawn), CHUNK):
            chunk = np.array(drawn[begin : begin + CHUNK], np.int32)
            wins += update_numpy(rows, user, chunk[:, 0], chunk[:, 1], pace)
            trained += len(chunk)
    return wins, trained
