"""New points on a fixed map, one round of forces after the other, for UMAP and for t-SNE.

The points of the map do not move and new points do not act on each other; so where a point lands depends on
nothing but its own neighbours. Inner loops run over new points, each of which adds up its own
forces in one order: so they vectorise, and a point lands at the same bits alone or among many.

UMAP: as `kernels/umap_layout.py`, with every neighbour pulling in every round by its weight, and the same few
points of the map pushing all new ones in a round:

    y <- y + alpha / (1 + alpha/2 sum_j w_j c_j) * (sum_j w_j c_j (y_j - y) + s sum_t clip(r_t (y - y_t)))

t-SNE: the gradient of a point of a map that has settled, Z the sum of all q_kl of the map, over n points:

    y <- y + pace * (sum_j p_j q_j (y_j - y) + n/Z sum_k q_k^2 (y - y_k)) / sum_j p_j q_j
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 64  # new points whose forces are summed together
CUT = np.float32(4)
NEAR = np.float32(0.001)

_HALF, _ONE, _TWO, _ZERO = np.float32(0.5), np.float32(1), np.float32(2), np.float32(0)
_LEAST = np.float32(1e-12)


class Curve(NamedTuple):
    """What is the same for all rounds of UMAP."""

    a: np.float32  # the curve 1 / (1 + a d^(2b)) that nearness follows on the map
    b: np.float32
    pushes: np.float32  # for each pull


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


@njit(cache=True, nogil=True, error_model="numpy")
def place_umap(
    near: NDArray[np.float32],
    weights: NDArray[np.float32],
    pushers: NDArray[np.float32],
    curve: Curve,
    points: NDArray[np.float32],
) -> None:
    """Move up to LANES new points from where they are to where they rest.

    Args:
        near: (3, k, m) coordinates of their neighbours.
        weights: (k, m) how surely each is one.
        pushers: (rounds, 3, t) coordinates of the points of the map that push in each round.
        curve: what nearness follows.
        points: (3, m), is written.
    """
    k, m = weights.shape
    rounds, t = pushers.shape[0], pushers.shape[2]
    shares = np.zeros(m, np.float32)
    for at in range(k):
        for i in range(m):
            shares[i] += weights[at, i] * curve.pushes / np.float32(t)
    sums = np.empty((4, m), np.float32)
    x, y, z = points[0], points[1], points[2]
    sum_x, sum_y, sum_z, strength = sums[0], sums[1], sums[2], sums[3]
    factor = np.float32(4) * curve.a * curve.b
    for number in range(rounds):
        alpha = _ONE - np.float32(number) / np.float32(rounds)
        sums[:] = _ZERO
        for at in range(t):
            push_x, push_y, push_z = pushers[number, 0, at], pushers[number, 1, at], pushers[number, 2, at]
            for i in range(m):
                step_x, step_y, step_z = x[i] - push_x, y[i] - push_y, z[i] - push_z
                square = max(step_x * step_x + step_y * step_y + step_z * step_z, _LEAST)
                r = _TWO * curve.b / ((NEAR + square) * (_ONE + curve.a * _power(square, curve.b)))
                sum_x[i] += min(max(r * step_x, -CUT), CUT)
                sum_y[i] += min(max(r * step_y, -CUT), CUT)
                sum_z[i] += min(max(r * step_z, -CUT), CUT)
        for i in range(m):
            sum_x[i] *= shares[i]
            sum_y[i] *= shares[i]
            sum_z[i] *= shares[i]
        for at in range(k):
            for i in range(m):
                step_x, step_y, step_z = near[0, at, i] - x[i], near[1, at, i] - y[i], near[2, at, i] - z[i]
                square = max(step_x * step_x + step_y * step_y + step_z * step_z, _LEAST)
                power = _power(square, curve.b)
                c = weights[at, i] * factor * power / ((_ONE + curve.a * power) * square)
                sum_x[i] += c * step_x
                sum_y[i] += c * step_y
                sum_z[i] += c * step_z
                strength[i] += c
        for i in range(m):
            pace = alpha / (_ONE + _HALF * alpha * strength[i])
            x[i] += pace * sum_x[i]
            y[i] += pace * sum_y[i]
            z[i] += pace * sum_z[i]


def place_umap_numpy(
    near: NDArray[np.float32],
    weights: NDArray[np.float32],
    pushers: NDArray[np.float32],
    curve: Curve,
    points: NDArray[np.float32],
) -> None:
    """Do the same as `place_umap`, in float64 with exact powers; see the formulas above."""
    a, b = float(curve.a), float(curve.b)
    rounds, pushed = len(pushers), pushers.shape[2]
    for i in range(points.shape[1]):
        y, w, neighbors = points[:, i].astype(np.float64), weights[:, i].astype(np.float64), near[:, :, i].T
        for number in range(rounds):
            alpha = 1 - number / rounds
            steps = neighbors - y
            square = np.maximum((steps**2).sum(axis=1), 1e-12)
            c = w * 4 * a * b * square ** (b - 1) / (1 + a * square**b)
            away = y - pushers[number].T
            square = np.maximum((away**2).sum(axis=1), 1e-12)
            r = 2 * b / ((0.001 + square) * (1 + a * square**b))
            push = (r[:, None] * away).clip(-4, 4).sum(axis=0) * w.sum() * float(curve.pushes) / pushed
            y = y + alpha / (1 + alpha / 2 * c.sum()) * ((c[:, None] * steps).sum(axis=0) + push)
        points[:, i] = y


@njit(cache=True, nogil=True, error_model="numpy")
def place_tsne(
    near: NDArray[np.float32],
    weights: NDArray[np.float32],
    places: NDArray[np.float32],
    scale: np.float32,
    rounds: int,
    points: NDArray[np.float32],
) -> None:
    """Move up to LANES new points from where they are to where they rest.

    Args:
        near: (3, k, m) coordinates of their neighbours.
        weights: (k, m) p_j, which sum to 1 for each point.
        places: (3, n) coordinates of all points of the map.
        scale: n / Z.
        rounds: how often all forces are summed; the pace is 1 in the first half and then falls to 0.
        points: (3, m), is written.
    """
    k, m = weights.shape
    x, y, z = points[0], points[1], points[2]
    sums = np.empty((4, m), np.float32)
    sum_x, sum_y, sum_z, strength = sums[0], sums[1], sums[2], sums[3]
    for number in range(rounds):
        pace = min(_ONE, _TWO * (_ONE - np.float32(number) / np.float32(rounds)))
        sums[:] = _ZERO
        for at in range(places.shape[1]):
            own_x, own_y, own_z = places[0, at], places[1, at], places[2, at]
            for i in range(m):
                step_x, step_y, step_z = x[i] - own_x, y[i] - own_y, z[i] - own_z
                q = _ONE / (_ONE + step_x * step_x + step_y * step_y + step_z * step_z)
                q *= q
                sum_x[i] += q * step_x
                sum_y[i] += q * step_y
                sum_z[i] += q * step_z
        for i in range(m):
            sum_x[i] *= scale
            sum_y[i] *= scale
            sum_z[i] *= scale
        for at in range(k):
            for i in range(m):
                step_x, step_y, step_z = near[0, at, i] - x[i], near[1, at, i] - y[i], near[2, at, i] - z[i]
                q = weights[at, i] / (_ONE + step_x * step_x + step_y * step_y + step_z * step_z)
                sum_x[i] += q * step_x
                sum_y[i] += q * step_y
                sum_z[i] += q * step_z
                strength[i] += q
        for i in range(m):
            step = pace / max(strength[i], _LEAST)
            x[i] += step * sum_x[i]
            y[i] += step * sum_y[i]
            z[i] += step * sum_z[i]


def place_tsne_numpy(
    near: NDArray[np.float32],
    weights: NDArray[np.float32],
    places: NDArray[np.float32],
    scale: np.float32,
    rounds: int,
    points: NDArray[np.float32],
) -> None:
    """Do the same as `place_tsne`, in float64; see the formulas above."""
    for i in range(points.shape[1]):
        y, p, neighbors = points[:, i].astype(np.float64), weights[:, i].astype(np.float64), near[:, :, i].T
        for number in range(rounds):
            pace = min(1.0, 2 * (1 - number / rounds))
            steps, away = neighbors - y, y - places.T
            pull = p / (1 + (steps**2).sum(axis=1))
            q = 1 / (1 + (away**2).sum(axis=1))
            force = (pull[:, None] * steps).sum(axis=0) + float(scale) * (q[:, None] ** 2 * away).sum(axis=0)
            y = y + pace * force / max(pull.sum(), 1e-12)
        points[:, i] = y
