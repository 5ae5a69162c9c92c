"""One round of UMAP's layout: each point gathers the pulls of its neighbours and the pushes of a few others.

McInnes, Healy, Melville, UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction,
2018. There the two ends of one edge are moved at a time, so the result depends on which comes first. Here a
part of all points moves at once, from where all were after the part before; so any number of threads gives
the same bytes. A point that sums its pulls at one place would overshoot; so its step is half implicit:

    y_i <- y_i + alpha / (1 + alpha/2 sum_j c_ij) * (sum_j c_ij (y_j - y_i) + sum_k r_ik (y_i - y_k))
    c = 2 * 2ab d^(2b-2) / (1 + a d^(2b)),   r = 2b / ((.001 + d^2) (1 + a d^(2b)))

It has the same resting place, and is UMAP's own step where alpha is small. Pulls count twice, since UMAP
moves both ends of an edge for each of its directions; a push is cut off at 4 along each axis.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.sampling import mix
from nearspace.kernels.threads import barrier, ticket

CUT = np.float32(4)
NEAR = np.float32(0.001)
PARTS = 4  # points that move at once are a fourth of all
ROOM = 4096  # pulls or pushes whose strength is computed at once
STEP = np.uint64(0x9E3779B97F4A7C15)

_HALF, _ONE, _TWO, _ZERO = np.float32(0.5), np.float32(1), np.float32(2), np.float32(0)


class Edges(NamedTuple):
    """The neighbour graph in compressed sparse rows, both directions of each edge."""

    first: Any  # (n + 1,) int64
    others: Any  # (m,) int32
    rates: Any  # (m,) uint32: how often an edge counts in a round, times 2^32


class Round(NamedTuple):
    """What is the same for all points in one round."""

    number: int  # 0, 1, 2, ...
    alpha: np.float32  # size of the step
    a: np.float32  # the curve 1 / (1 + a d^(2b)) that nearness follows on the map
    b: np.float32
    pushes: int  # for each pull
    seed: int
    part: int  # which points move: 0 to PARTS - 1


class Plan(NamedTuple):
    """What is the same in all rounds."""

    rounds: int  # of the whole layout: steps shrink to nothing
    a: np.float32  # as in Round
    b: np.float32
    pushes: int
    seed: int
    share: int  # points that a thread takes at once


class Room(NamedTuple):
    """What one thread writes into; the sums are of the points of a block."""

    x: Any  # (ROOM,) float32 steps along each axis
    y: Any
    z: Any
    strength: Any  # (ROOM,) float32
    owners: Any  # (ROOM,) int32: whose the step is
    others: Any  # (ROOM,) int32: where it leads
    sums: Any  # (block, 4) float32: three axes, and the strength of all pulls
    pulls: Any  # (block,) int32


def new_room(block: int) -> Room:
    """Make the room for blocks of so many points."""
    x, y, z, strength = (np.empty(ROOM, np.float32) for _ in range(4))
    owners, others = np.empty(ROOM, np.int32), np.empty(ROOM, np.int32)
    sums, pulls = np.empty((block, 4), np.float32), np.empty(block, np.int32)
    return Room(x, y, z, strength, owners, others, sums, pulls)


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _power(x: Any, exponent: Any) -> Any:
    """x^exponent of a positive float32, as 2^(exponent log2(x)), both by polynomials; error below 1e-4."""
    bits = np.float32(x).view(np.int32)
    part = np.int32((bits & np.int32(0x007FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    log = np.float32(-0.024825985)
    log = log * part + np.float32(0.26686278)
    log = log * part + np.float32(-1.2342799)
    log = log * part + np.float32(3.2188698)
    log = log * part + np.float32(-5.2641556)
    log = log * part + np.float32(6.0658588)
    log = log * part + np.float32(-3.0283249)
    power = exponent * (np.float32((bits >> 23) - np.int32(127)) + log)
    power = min(max(power, np.float32(-100)), np.float32(100))
    below = np.floor(power)
    rest = power - below
    value = np.float32(0.0013333558)
    value = value * rest + np.float32(0.009618129)
    value = value * rest + np.float32(0.05550411)
    value = value * rest + np.float32(0.24022651)
    value = value * rest + np.float32(0.6931472)
    value = value * rest + _ONE
    return value * np.int32((np.int32(below) + np.int32(127)) << np.int32(23)).view(np.float32)


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _pull(room: Room, places: Any, start: int, count: int, turn: Round) -> None:
    """Add the first `count` pulls to the sums of their owners."""
    x, y, z, strength = room.x, room.y, room.z, room.strength
    _steps(room, places, start, count)
    factor = np.float32(4) * turn.a * turn.b
    for at in range(np.uint64(count)):
        square = max(x[at] * x[at] + y[at] * y[at] + z[at] * z[at], np.float32(1e-12))
        power = _power(square, turn.b)
        strength[at] = factor * power / ((_ONE + turn.a * power) * square)
    for at in range(count):
        own = room.owners[at]
        room.sums[own, 0] += strength[at] * x[at]
        room.sums[own, 1] += strength[at] * y[at]
        room.sums[own, 2] += strength[at] * z[at]
        room.sums[own, 3] += strength[at]


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _push(room: Room, places: Any, start: int, count: int, turn: Round) -> None:
    """Take the first `count` pushes from the sums of their owners."""
    x, y, z = room.x, room.y, room.z
    _steps(room, places, start, count)
    for at in range(np.uint64(count)):
        square = max(x[at] * x[at] + y[at] * y[at] + z[at] * z[at], np.float32(1e-12))
        power = _power(square, turn.b)
        strength = _TWO * turn.b / ((NEAR + square) * (_ONE + turn.a * power))
        x[at] = min(max(strength * x[at], -CUT), CUT)
        y[at] = min(max(strength * y[at], -CUT), CUT)
        z[at] = min(max(strength * z[at], -CUT), CUT)
    for at in range(count):
        own = room.owners[at]
        room.sums[own, 0] -= x[at]
        room.sums[own, 1] -= y[at]
        room.sums[own, 2] -= z[at]


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _steps(room: Room, places: Any, start: int, count: int) -> None:
    """Write the steps from the owners to the others."""
    for at in range(np.uint64(count)):
        own, other = np.uint64(start + room.owners[at]), np.uint64(room.others[at])
        room.x[at] = places[other, 0] - places[own, 0]
        room.y[at] = places[other, 1] - places[own, 1]
        room.z[at] = places[other, 2] - places[own, 2]


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def move(
    edges: Edges,
    turn: Round,
    places: NDArray[np.float32],
    moved: NDArray[np.float32],
    start: int,
    stop: int,
    among: int,
    room: Room,
) -> None:
    """Write where the points of a part are after a round.

    Args:
        edges: of all points.
        turn: the round, and which points move: those whose number leaves `turn.part` modulo PARTS.
        places: (n, 4) where all points are; the third is 0 on a plane, the fourth is not used.
        moved: (n, 4), the rows of the points that move are written.
        start: first point.
        stop: one past the last.
        among: pushes come from the first so many points.
        room: is written.
    """
    room.sums[:] = _ZERO
    first = start + (turn.part - start) % PARTS
    count = 0
    for own in range(first, stop, PARTS):
        pulls = 0
        for at in range(edges.first[own], edges.first[own + 1]):
            if count == ROOM:
                _pull(room, places, start, count, turn)
                count = 0
            room.others[count] = edges.others[at]
            room.owners[count] = own - start
            hit = _counts(edges.rates[at], turn.number)
            count += hit
            pulls += hit
        room.pulls[own - start] = pulls
    _pull(room, places, start, count, turn)
    count = 0
    for own in range(first, stop, PARTS):
        state = mix(np.uint64(turn.seed) + STEP * np.uint64(turn.number + 1)) + np.uint64(own) * STEP
        begun = mix(state)
        for number in range(room.pulls[own - start] * turn.pushes):
            draw = mix(begun + np.uint64(number >> 1))
            half = draw >> np.uint64(32) if number & 1 == 0 else draw & np.uint64(0xFFFFFFFF)
            if count == ROOM:
                _push(room, places, start, count, turn)
                count = 0
            room.others[count] = (half * np.uint64(among)) >> np.uint64(32)
            room.owners[count] = own - start
            count += 1
    _push(room, places, start, count, turn)
    for own in range(first, stop, PARTS):
        pace = turn.alpha / (_ONE + _HALF * turn.alpha * room.sums[own - start, 3])
        for axis in range(3):
            moved[own, axis] = places[own, axis] + pace * room.sums[own - start, axis]


@njit(cache=True, nogil=True, _nrt=False)
def _counts(rate: Any, number: int) -> Any:
    """Whether an edge counts in a round (1 or 0): (number + 1) * rate passes a multiple of 2^32."""
    whole = np.uint64(0xFFFFFFFF)
    return np.int64(((np.uint64(rate) * np.uint64(number + 1)) & whole) < np.uint64(rate))


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def move_rounds(
    edges: Edges,
    plan: Plan,
    first: int,
    last: int,
    places: NDArray[np.float32],
    moved: NDArray[np.float32],
    room: Room,
    gate: NDArray[np.int64],
    threads: int,
) -> None:
    """Move all points in the rounds first..last; `threads` threads call it at once, each with its own room.

    Args:
        edges: of all points.
        plan: of the layout.
        first: first round.
        last: one past the last.
        places: (n, 4) where all points are, and are afterwards.
        moved: (n, 4), is written.
        room: for `plan.share` points.
        gate: shared by the threads.
        threads: how many.
    """
    n = len(places)
    pieces = -(-n // plan.share)
    for number in range(first, last):
        alpha = np.float32(1 - number / plan.rounds)
        for part in range(PARTS):
            turn = Round(number, alpha, plan.a, plan.b, plan.pushes, plan.seed, part)
            piece = ticket(gate)
            while piece < pieces:
                start = piece * plan.share
                move(edges, turn, places, moved, start, min(n, start + plan.share), n, room)
                piece = ticket(gate)
            barrier(gate, threads)
            piece = ticket(gate)
            while piece < pieces:
                start = piece * plan.share
                for own in range(start + (part - start) % PARTS, min(n, start + plan.share), PARTS):
                    for axis in range(3):
                        places[own, axis] = moved[own, axis]
                piece = ticket(gate)
            barrier(gate, threads)


def move_numpy(
    edges: Edges,
    turn: Round,
    places: NDArray[np.float32],
    moved: NDArray[np.float32],
    start: int,
    stop: int,
    among: int,
) -> None:
    """Do the same as `move`, in float64 with exact powers; see the formulas above."""
    a, b, alpha = float(turn.a), float(turn.b), float(turn.alpha)
    with np.errstate(over="ignore"):
        begun = mix(np.uint64(turn.seed) + STEP * np.uint64(turn.number + 1))
    for own in range(start + (turn.part - start) % PARTS, stop, PARTS):
        mine = slice(edges.first[own], edges.first[own + 1])
        counted = [(int(rate) * (turn.number + 1)) % 2**32 < int(rate) for rate in edges.rates[mine]]
        others = edges.others[mine][np.array(counted, dtype=bool)]
        steps = (places[others] - places[own]).astype(np.float64)[:, :3]
        square = np.maximum((steps**2).sum(axis=1), 1e-12)
        pull = 4 * a * b * square ** (b - 1) / (1 + a * square**b)
        with np.errstate(over="ignore"):
            state = mix(begun + np.uint64(own) * STEP)
            pairs = [int(mix(state + np.uint64(t))) for t in range((len(others) * turn.pushes + 1) // 2)]
        halves = [half for pair in pairs for half in (pair >> 32, pair & 0xFFFFFFFF)]
        drawn = np.array([half * among >> 32 for half in halves[: len(others) * turn.pushes]], dtype=np.int64)
        away = (places[own] - places[drawn]).astype(np.float64)[:, :3]
        square = np.maximum((away**2).sum(axis=1), 1e-12)
        push = 2 * b / ((0.001 + square) * (1 + a * square**b))
        force = (pull[:, None] * steps).sum(axis=0) + (push[:, None] * away).clip(-4, 4).sum(axis=0)
        moved[own, :3] = places[own, :3] + alpha / (1 + alpha / 2 * pull.sum()) * force
