"""How many points of a sample lie nearer to a point than some of its neighbours do.

Lanes run over the points of the sample, which lie component by component in panels, so that vectors of two
components fill the registers as well as those of a thousand. All sums run over the components in order and
with one rounding a step: a point is never nearer than itself, and rows of equal vectors are equally near.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import LANES, fma, fused, load, splat, store, sub

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

PANEL = 4 * LANES  # points of the sample that lie together
CHUNK = 64  # components that are summed for many points while they lie in the first cache


def panels_of(sample: Floats) -> Floats:
    """(m, d) -> flat panels: component c of point j of panel p at (p d + c) PANEL + j; NaN fills the last."""
    m, d = sample.shape
    count = -(-m // PANEL)
    padded = np.full((count * PANEL, d), np.nan, dtype=np.float32)
    padded[:m] = sample
    return np.ascontiguousarray(padded.reshape(count, PANEL, d).transpose(0, 2, 1)).ravel()


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _limits(points: Floats, d: int, one: int, near: Rows, place: int, product: bool, limits: Floats) -> None:
    """Write how far each neighbour near[place] is from point `one`, four at a time."""
    start, k = one * d, near.shape[1]
    for t in range(0, k, 4):
        p0, p1 = near[place, t] * d, near[place, min(t + 1, k - 1)] * d
        p2, p3 = near[place, min(t + 2, k - 1)] * d, near[place, min(t + 3, k - 1)] * d
        f0, f1, f2, f3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        if product:
            for c in range(d):
                x = -points[start + c]
                f0, f1 = fused(x, points[p0 + c], f0), fused(x, points[p1 + c], f1)
                f2, f3 = fused(x, points[p2 + c], f2), fused(x, points[p3 + c], f3)
        else:
            for c in range(d):
                x = points[start + c]
                u0, u1, u2, u3 = (
                    x - points[p0 + c],
                    x - points[p1 + c],
                    x - points[p2 + c],
                    x - points[p3 + c],
                )
                f0, f1, f2, f3 = fused(u0, u0, f0), fused(u1, u1, f1), fused(u2, u2, f2), fused(u3, u3, f3)
        for at, found in enumerate((f0, f1, f2, f3)):
            if t + at < k:
                limits[t + at] = found


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def _add_far(
    points: Floats,
    one: int,
    two: int,
    panels: Floats,
    at: int,
    count: int,
    product: bool,
    out: Floats,
    first: int,
    second: int,
) -> None:
    """Add how far a panel is from two points in `count` components, to out[first..] and out[second..].

    `one` and `two` are the places of the first of these components in `points`, and `at` is that in `panels`.
    """
    a0, a1 = load(out, first), load(out, first + LANES)
    a2, a3 = load(out, first + 2 * LANES), load(out, first + 3 * LANES)
    b0, b1 = load(out, second), load(out, second + LANES)
    b2, b3 = load(out, second + 2 * LANES), load(out, second + 3 * LANES)
    if product:
        for c in range(count):
            x, y = splat(-points[one + c]), splat(-points[two + c])
            s0, s1 = load(panels, at), load(panels, at + LANES)
            s2, s3 = load(panels, at + 2 * LANES), load(panels, at + 3 * LANES)
            a0, a1, a2, a3 = fma(x, s0, a0), fma(x, s1, a1), fma(x, s2, a2), fma(x, s3, a3)
            b0, b1, b2, b3 = fma(y, s0, b0), fma(y, s1, b1), fma(y, s2, b2), fma(y, s3, b3)
            at += PANEL
    else:
        for c in range(count):
            x, y = splat(points[one + c]), splat(points[two + c])
            s0, s1 = load(panels, at), load(panels, at + LANES)
            s2, s3 = load(panels, at + 2 * LANES), load(panels, at + 3 * LANES)
            u0, u1, u2, u3 = sub(x, s0), sub(x, s1), sub(x, s2), sub(x, s3)
            v0, v1, v2, v3 = sub(y, s0), sub(y, s1), sub(y, s2), sub(y, s3)
            a0, a1, a2, a3 = fma(u0, u0, a0), fma(u1, u1, a1), fma(u2, u2, a2), fma(u3, u3, a3)
            b0, b1, b2, b3 = fma(v0, v0, b0), fma(v1, v1, b1), fma(v2, v2, b2), fma(v3, v3, b3)
            at += PANEL
    store(out, first, a0)
    store(out, first + LANES, a1)
    store(out, first + 2 * LANES, a2)
    store(out, first + 3 * LANES, a3)
    store(out, second, b0)
    store(out, second + LANES, b1)
    store(out, second + 2 * LANES, b2)
    store(out, second + 3 * LANES, b3)


@njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
def count_nearer(
    points: Floats,
    d: int,
    asked: Rows,
    near: Rows,
    panels: Floats,
    own: Rows,
    product: bool,
    start: int,
    stop: int,
    limits: Floats,
    room: Floats,
    out: NDArray[np.int32],
) -> None:
    """Count, for points asked[start..stop], the points of the sample that are nearer than each neighbour.

    Args:
        points: flat (n d) float32, all points.
        d: components of a point.
        asked: (q,) int64, the points that are asked about.
        near: (q, k) int64, neighbours of each.
        panels: the sample, see `panels_of`.
        own: (q,) int64, the place of the point itself in the sample, or -1: it is not counted.
        product: near means a large scalar product; else a small sum of squared differences.
        start: first of the asked points to answer.
        stop: one past the last.
        limits: (stop - start, k) float32, room.
        room: ((stop - start + 1) PANEL,) float32, room.
        out: (q, k) int32, zeros; rows start..stop are written.
    """
    k = near.shape[1]
    for place in range(start, stop):
        _limits(points, d, asked[place], near, place, product, limits[place - start])
    for panel in range(len(panels) // (d * PANEL)):
        room[:] = 0
        for low in range(0, d, CHUNK):
            count, at = min(CHUNK, d - low), (panel * d + low) * PANEL
            for place in range(start, stop, 2):
                one, first = asked[place] * d + low, (place - start) * PANEL
                two = asked[min(place + 1, stop - 1)] * d + low
                _add_far(points, one, two, panels, at, count, product, room, first, first + PANEL)
        for place in range(start, stop):
            begin, itself = (place - start) * PANEL, own[place] - panel * PANEL
            if 0 <= itself < PANEL:
                room[begin + itself] = np.nan
            for t in range(k):
                limit, found = limits[place - start, t], np.int32(0)
                for lane in range(begin, begin + PANEL):
                    found += np.int32(room[lane] < limit)
                out[place, t] += found


def count_nearer_numpy(
    points: Floats,
    d: int,
    asked: Rows,
    near: Rows,
    panels: Floats,
    own: Rows,
    product: bool,
    start: int,
    stop: int,
    limits: Floats,
    room: Floats,
    out: NDArray[np.int32],
) -> None:
    """Do the same as `count_nearer`, in float64.

    out_it = |{s : s in the sample, s != i, far(i, s) < far(i, near_it)}|
    far(x, y) = -x.y if product, else sum_c (x_c - y_c)^2
    """

    def far(one: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        if product:
            return np.asarray(-(others @ one))
        return np.asarray(((others - one) ** 2).sum(axis=1))

    wide = points.reshape(-1, d).astype(np.float64)
    sample = panels.reshape(-1, d, PANEL).transpose(0, 2, 1).reshape(-1, d).astype(np.float64)
    for place in range(start, stop):
        one = wide[asked[place]]
        distances = far(one, sample)
        if own[place] >= 0:
            distances[own[place]] = np.nan
        out[place] += (distances < far(one, wide[near[place]])[:, None]).sum(axis=1).astype(np.int32)
