"""Points of a map that move on: some of them, or all gently, each gathering its own forces.

The forces of UMAP are those of `kernels/placing.py` with every edge pulling by its weight in every round, and
pushes from points that are drawn anew for each point and round. A fourth of the points moves at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.placing import CUT, NEAR, Curve, _power
from nearspace.kernels.sampling import STEP, mix

PARTS = 4

_HALF, _ONE, _TWO, _ZERO = np.float32(0.5), np.float32(1), np.float32(2), np.float32(0)
_LEAST = np.float32(1e-12)


class Turn(NamedTuple):
    """What is the same for all points in one round."""

    number: int  # 0, 1, 2, ...
    alpha: np.float32  # size of the step
    drawn: int  # points that push each
    seed: int
    part: int  # which points move: those whose number leaves it modulo PARTS


@njit(cache=True, nogil=True, error_model="numpy")
def settle_umap(
    graph: Any,
    places: NDArray[np.float32],
    curve: Curve,
    turn: Turn,
    start: int,
    stop: int,
    moved: NDArray[np.float32],
) -> None:
    """Write where the points of a part are after a round.

    Args:
        graph: a FuzzyGraph of all points.
        places: (n, 3) where they are.
        curve: what nearness follows.
        turn: the round.
        start: first point.
        stop: one past the last.
        moved: (n, 3), the rows of the points that move are written.
    """
    n = places.shape[0]
    factor = np.float32(4) * curve.a * curve.b
    step, total = np.empty(3, np.float32), np.empty(3, np.float32)
    begun = mix(np.uint64(turn.seed) + np.uint64(STEP) * np.uint64(turn.number + 1))
    for own in range(start + (turn.part - start) % PARTS, stop, PARTS):
        total[:] = _ZERO
        weight, strength = _ZERO, _ZERO
        for at in range(graph.first[own], graph.first[own + 1]):
            square = _ZERO
            for axis in range(3):
                step[axis] = places[graph.others[at], axis] - places[own, axis]
                square += step[axis] * step[axis]
            square = max(square, _LEAST)
            power = _power(square, curve.b)
            pull = graph.weights[at] * factor * power / ((_ONE + curve.a * power) * square)
            weight += graph.weights[at]
            strength += pull
            for axis in range(3):
                total[axis] += pull * step[axis]
        share = weight * curve.pushes / np.float32(turn.drawn)
        state = mix(begun + np.uint64(own) * np.uint64(STEP))
        for number in range(turn.drawn):
            other = ((mix(state + np.uint64(number)) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
            square = _ZERO
            for axis in range(3):
                step[axis] = places[own, axis] - places[other, axis]
                square += step[axis] * step[axis]
            square = max(square, _LEAST)
            push = _TWO * curve.b / ((NEAR + square) * (_ONE + curve.a * _power(square, curve.b)))
            for axis in range(3):
                total[axis] += share * min(max(push * step[axis], -CUT), CUT)
        pace = turn.alpha / (_ONE + _HALF * turn.alpha * strength)
        for axis in range(3):
            moved[own, axis] = places[own, axis] + pace * total[axis]


def settle_umap_numpy(
    graph: Any,
    places: NDArray[np.float32],
    curve: Curve,
    turn: Turn,
    start: int,
    stop: int,
    moved: NDArray[np.float32],
) -> None:
    """Do the same as `settle_umap`, in float64 with exact powers."""
    a, b, alpha = float(curve.a), float(curve.b), float(turn.alpha)
    with np.errstate(over="ignore"):
        begun = mix(np.uint64(turn.seed) + np.uint64(STEP) * np.uint64(turn.number + 1))
    for own in range(start + (turn.part - start) % PARTS, stop, PARTS):
        mine = slice(graph.first[own], graph.first[own + 1])
        w, steps = graph.weights[mine].astype(float), places[graph.others[mine]].astype(float) - places[own]
        square = np.maximum((steps**2).sum(axis=1), 1e-12)
        pull = w * 4 * a * b * square ** (b - 1) / (1 + a * square**b)
        with np.errstate(over="ignore"):
            state = mix(begun + np.uint64(own) * np.uint64(STEP))
            draws = [int(mix(state + np.uint64(number))) >> 32 for number in range(turn.drawn)]
        away = places[own].astype(float) - places[[draw * len(places) >> 32 for draw in draws]]
        square = np.maximum((away**2).sum(axis=1), 1e-12)
        push = 2 * b / ((0.001 + square) * (1 + a * square**b))
        share = w.sum() * float(curve.pushes) / turn.drawn
        total = (pull[:, None] * steps).sum(axis=0) + share * (push[:, None] * away).clip(-4, 4).sum(axis=0)
        moved[own] = places[own] + alpha / (1 + alpha / 2 * pull.sum()) * total
