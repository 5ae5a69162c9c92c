"""One round of UMAP's layout: each point gathers the pulls of its neighbours and the pushes of a few others.

McInnes, Healy, Melville, UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction,
2018. There the two ends of one edge are moved at a time, so the result depends on which comes first. Here a
part of all points moves at once, from where all were after the part before; so any number of threads gives
the same bytes. A point that sums its pulls at one place would overshoot; so its step is half implicit:

    y_i <- y_i + alpha / (1 + alpha/2 sum_j c_ij) * (sum_j c_ij (y_j - y_i) + sum_k r_ik (y_i - y_k))
    c = 2 * 2ab d^(2b-2) / (1 + a d^(2b)),   r = 2b / ((.001 + d^2) (1 + a d^(2b)))

It has the same resting place, and is UMAP's own step where alpha is small. Pulls count twice, since UMAP
moves both ends of an edge for each of its directions; a push is cut off at 4 along each axis, and so is the
step: the pushes of points that lie nearly upon each other would else add up and fling a point out of the map.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.layout_forces import mixed_numpy, pulls2, pulls3, pushes2, pushes3
from nearspace.kernels.sampling import mix
from nearspace.kernels.simd import LANES
from nearspace.kernels.threads import barrier, ticket

PARTS = 4  # points that move at once are a fourth of all
LEAP = np.float32(4)  # the farthest a point moves in a round, along each axis
ROOM = 1024  # pulls of a point that are summed at once
STEP = np.uint64(0x9E3779B97F4A7C15)

_HALF, _ONE = np.float32(0.5), np.float32(1)


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
    still: int = 0  # first points, which do not move
    pace: float = 1.0  # size of the first step


def new_room() -> NDArray[np.int32]:
    """Make what one thread writes the neighbours of a point into."""
    return np.zeros(ROOM + LANES, np.int32)


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _pulled(edges, turn, flat, own, plane, room):  # type: ignore[no-untyped-def]
    """Sum the pulls on a point: along x, y and z, their strength, and how many they are."""
    x = y = z = strength = np.float32(0)
    count = pulls = 0
    last = edges.first[own + 1] - 1
    for at in range(edges.first[own], last + 1):
        room[count] = edges.others[at]
        count += _counts(edges.rates[at], turn.number)
        if count == ROOM or at == last:
            if plane:
                force = pulls2(flat, own, room, count, turn.a, turn.b)
            else:
                force = pulls3(flat, own, room, count, turn.a, turn.b)
            x, y, z, strength = x + force[0], y + force[1], z + force[2], strength + force[3]
            pulls += count
            count = 0
    return x, y, z, strength, pulls


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def move(
    edges: Edges,
    turn: Round,
    places: NDArray[np.float32],
    moved: NDArray[np.float32],
    start: int,
    stop: int,
    among: int,
    plane: bool,
    room: NDArray[np.int32],
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
        plane: whether the third coordinate is 0 everywhere.
        room: is written.
    """
    flat = places.reshape(-1)
    begun = mix(np.uint64(turn.seed) + STEP * np.uint64(turn.number + 1))
    for own in range(start + (turn.part - start) % PARTS, stop, PARTS):
        x, y, z, strength, pulls = _pulled(edges, turn, flat, own, plane, room)
        state = mix(begun + np.uint64(own) * STEP) >> np.uint64(32)
        if plane:
            push = pushes2(flat, own, state, pulls * turn.pushes, among, turn.a, turn.b)
        else:
            push = pushes3(flat, own, state, pulls * turn.pushes, among, turn.a, turn.b)
        pace = turn.alpha / (_ONE + _HALF * turn.alpha * strength)
        moved[own, 0] = places[own, 0] + min(max(pace * (x - push[0]), -LEAP), LEAP)
        moved[own, 1] = places[own, 1] + min(max(pace * (y - push[1]), -LEAP), LEAP)
        moved[own, 2] = places[own, 2] + min(max(pace * (z - push[2]), -LEAP), LEAP)


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
    plane: bool,
    room: NDArray[np.int32],
    gate: NDArray[np.int64],
    threads: int,
) -> None:
    """Move points in the rounds first..last; `threads` threads call it at once, each with its own room.

    Args:
        edges: of all points.
        plan: of the layout.
        first: first round.
        last: one past the last.
        places: (n, 4) where all points are, and are afterwards.
        moved: (n, 4), is written.
        plane: whether the third coordinate is 0 everywhere.
        room: is written.
        gate: shared by the threads.
        threads: how many.
    """
    n = len(places)
    pieces = -(-(n - plan.still) // plan.share)
    for number in range(first, last):
        alpha = np.float32(plan.pace * (1 - number / plan.rounds))
        for part in range(PARTS):
            turn = Round(number, alpha, plan.a, plan.b, plan.pushes, plan.seed, part)
            piece = ticket(gate)
            while piece < pieces:
                start = plan.still + piece * plan.share
                move(edges, turn, places, moved, start, min(n, start + plan.share), n, plane, room)
                piece = ticket(gate)
            barrier(gate, threads)
            piece = ticket(gate)
            while piece < pieces:
                start = plan.still + piece * plan.share
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
            state = np.uint32(mix(begun + np.uint64(own) * STEP) >> np.uint64(32))
            draws = mixed_numpy(state + np.arange(len(others) * turn.pushes, dtype=np.uint32))
        drawn = (draws.astype(np.uint64) * np.uint64(among) >> np.uint64(32)).astype(np.int64)
        away = (places[own] - places[drawn]).astype(np.float64)[:, :3]
        square = np.maximum((away**2).sum(axis=1), 1e-12)
        push = 2 * b / ((0.001 + square) * (1 + a * square**b))
        force = (pull[:, None] * steps).sum(axis=0) + (push[:, None] * away).clip(-4, 4).sum(axis=0)
        leap = alpha / (1 + alpha / 2 * pull.sum()) * force
        moved[own, :3] = places[own, :3] + leap.clip(-float(LEAP), float(LEAP))
