"""One step of t-SNE's gradient descent: the pull of the neighbours, and the move with momentum and gains."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.affinities import LANES, Affinities
from nearspace.kernels.simd import div, fma, gather, load, splat, sub, total, zero

LEAST_GAIN = 0.01
FARTHEST = 5.0  # a step of one point at most


class Pace(NamedTuple):
    """What is the same for all points in one step."""

    exaggeration: float  # of the pull
    sum_q: float  # the normalisation of the push
    rate: float
    momentum: float


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def attract(
    affinities: Affinities, x: Any, y: Any, z: Any, start: int, stop: int, force: NDArray[np.float64]
) -> None:
    """Write how their neighbours pull points start..stop, sixteen at a time.

    Args:
        affinities: of all points.
        x: (n,) float32 coordinates of all points.
        y: (n,) float32.
        z: (n,) float32, or empty in two dimensions.
        start: first point.
        stop: one past the last.
        force: (n, 2 or 3) float64, rows start..stop are written.
    """
    first, others, weights = affinities.first, affinities.others, affinities.weights
    one = splat(np.float32(1))
    if len(z) == 0:
        for i in range(start, stop):
            own_x, own_y = splat(x[i]), splat(y[i])
            sum_x, sum_y = zero(), zero()
            for at in range(first[i], first[i + 1], LANES):
                step_x, step_y = sub(own_x, gather(x, others, at)), sub(own_y, gather(y, others, at))
                nearness = fma(step_y, step_y, fma(step_x, step_x, one))
                pull = div(load(weights, at), nearness)
                sum_x, sum_y = fma(pull, step_x, sum_x), fma(pull, step_y, sum_y)
            force[i, 0], force[i, 1] = total(sum_x), total(sum_y)
    else:
        for i in range(start, stop):
            own_x, own_y, own_z = splat(x[i]), splat(y[i]), splat(z[i])
            sum_x, sum_y, sum_z = zero(), zero(), zero()
            for at in range(first[i], first[i + 1], LANES):
                step_x, step_y = sub(own_x, gather(x, others, at)), sub(own_y, gather(y, others, at))
                step_z = sub(own_z, gather(z, others, at))
                nearness = fma(step_z, step_z, fma(step_y, step_y, fma(step_x, step_x, one)))
                pull = div(load(weights, at), nearness)
                sum_x, sum_y = fma(pull, step_x, sum_x), fma(pull, step_y, sum_y)
                sum_z = fma(pull, step_z, sum_z)
            force[i, 0], force[i, 1], force[i, 2] = total(sum_x), total(sum_y), total(sum_z)


def attract_numpy(
    affinities: Affinities, x: Any, y: Any, z: Any, start: int, stop: int, force: NDArray[np.float64]
) -> None:
    """Do the same as `attract`, in float64: force_i = sum_j p_ij (y_i - y_j) / (1 + |y_i - y_j|^2)."""
    points = np.stack([x, y, z] if len(z) else [x, y], axis=1).astype(np.float64)
    for i in range(start, stop):
        near = slice(affinities.first[i], affinities.first[i + 1])
        steps = points[i] - points[affinities.others[near]]
        pull = affinities.weights[near] / (1 + (steps**2).sum(axis=1))
        force[i] = (pull[:, None] * steps).sum(axis=0)


@njit(cache=True, nogil=True, error_model="numpy")
def divergence(
    affinities: Affinities, points: NDArray[np.float64], start: int, stop: int, out: NDArray[np.float64]
) -> None:
    """Write the part of points start..stop in the Kullback-Leibler divergence, less the log of sum_q.

    Args:
        affinities: of all points.
        points: (n, d) float64.
        start: first point.
        stop: one past the last.
        out: (n,), entries start..stop are written.
    """
    for i in range(start, stop):
        own = 0.0
        for at in range(affinities.first[i], affinities.first[i + 1]):
            p = float(affinities.weights[at])
            if p > 0.0:
                square = 0.0
                for axis in range(points.shape[1]):
                    step = points[i, axis] - points[affinities.others[at], axis]
                    square += step * step
                own += p * np.log(p * (1.0 + square))
        out[i] = own


def divergence_numpy(
    affinities: Affinities, points: NDArray[np.float64], start: int, stop: int, out: NDArray[np.float64]
) -> None:
    """Do the same as `divergence`: out_i = sum_j p_ij log(p_ij (1 + |y_i - y_j|^2))."""
    for i in range(start, stop):
        near = slice(affinities.first[i], affinities.first[i + 1])
        p = affinities.weights[near].astype(np.float64)
        square = ((points[i] - points[affinities.others[near]]) ** 2).sum(axis=1)
        out[i] = (p * np.log(np.where(p > 0, p * (1 + square), 1))).sum()


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def move(
    near: NDArray[np.float64],
    away: NDArray[np.float64],
    pace: Pace,
    start: int,
    stop: int,
    points: NDArray[np.float64],
    steps: NDArray[np.float64],
    gains: NDArray[np.float64],
) -> None:
    """Move points start..stop against the gradient, with momentum and a gain for each axis (Jacobs 1988).

    Args:
        near: (n, d) pull.
        away: (n, d) push, not normalised.
        pace: of this step.
        start: first point.
        stop: one past the last.
        points: (n, d) float64, rows start..stop are changed.
        steps: (n, d) last steps, changed too.
        gains: (n, d), changed too.
    """
    d = points.shape[1]
    for i in range(start, stop):
        length = 0.0
        for axis in range(d):
            slope = pace.exaggeration * near[i, axis] - away[i, axis] / pace.sum_q
            gain, step = gains[i, axis], steps[i, axis]
            gain = gain * 0.8 + LEAST_GAIN if np.sign(slope) == np.sign(step) else gain + 0.2
            step = pace.momentum * step - pace.rate * gain * slope
            gains[i, axis], steps[i, axis] = gain, step
            length += step * step
        shrink = FARTHEST / np.sqrt(length) if length > FARTHEST * FARTHEST else 1.0
        for axis in range(d):
            steps[i, axis] *= shrink
            points[i, axis] += steps[i, axis]


def move_numpy(
    near: NDArray[np.float64],
    away: NDArray[np.float64],
    pace: Pace,
    start: int,
    stop: int,
    points: NDArray[np.float64],
    steps: NDArray[np.float64],
    gains: NDArray[np.float64],
) -> None:
    """Do the same as `move`.

    gain <- .8 gain + .01 where slope and last step agree in sign, gain + .2 elsewhere;
    step <- momentum * step - rate * gain * slope, at most 5 long
    """
    own = slice(start, stop)
    slope = pace.exaggeration * near[own] - away[own] / pace.sum_q
    agree = np.sign(slope) == np.sign(steps[own])
    gains[own] = np.where(agree, gains[own] * 0.8 + LEAST_GAIN, gains[own] + 0.2)
    step = pace.momentum * steps[own] - pace.rate * gains[own] * slope
    length = np.linalg.norm(step, axis=1, keepdims=True)
    steps[own] = step * np.where(length > FARTHEST, FARTHEST / np.maximum(length, FARTHEST), 1)
    points[own] += steps[own]
