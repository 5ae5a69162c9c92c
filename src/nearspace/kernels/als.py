"""Rows of a least-squares factorisation: conjugate gradients on the normal equations of eight rows at once.

Row r minimises sum over its entries of w (1 - x.y)^2 + x.G x + ridge |x|^2, so A x = b with

    A = sum of w y yT + G + ridge I        b = sum of w y

(Hu, Koren and Volinsky 2008; Takács, Pilászy and Tikk 2011). A is never formed: a product with it goes once
over the y of the row, which stay in the cache from one product to the next, and G is multiplied with eight
rows at once, so it is read once for them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import (
    LANES,
    add,
    fma,
    load,
    mul,
    prefetch,
    splat,
    store,
    sub,
    sums8,
    total,
    zero,
)

ROWS = 8  # rows that are solved together
_AHEAD = 16  # entries between asking memory for a y and using it
_BLOCK = 2048  # entries whose terms are summed before the sum is added to a total
_CACHED = 1 << 18  # float32 of y that stay in the second-level cache from one product to the next


@njit(cache=True, nogil=True)
def _ask(columns, others, stride, entry):  # type: ignore[no-untyped-def]
    """Ask memory for the y of eight entries."""
    for ahead in range(entry, min(entry + 8, len(columns))):
        far = np.int64(columns[ahead]) * stride
        for lane in range(0, stride, LANES):
            prefetch(others, far + lane)


@njit(cache=True, nogil=True)
def _terms(columns, weights, begin, end, others, stride, base, sign, x, at, out, sums, ask):  # type: ignore[no-untyped-def]
    """out[at : at + stride] += sum of w (base + sign y.x) y over entries begin to end, x at x[at].

    `sums` is (>= stride + 16,) of room; `ask`: memory is asked for the y ahead.
    """
    one = splat(np.float32(1))
    for block in range(begin, end, _BLOCK):
        last = min(end, block + _BLOCK)
        for lane in range(0, stride, LANES):
            store(sums, lane, zero())
        for entry in range(block, last, 8):
            if ask:
                _ask(columns, others, stride, entry + _AHEAD)
            left = last - entry
            y0 = np.int64(columns[entry]) * stride
            y1 = np.int64(columns[entry + 1]) * stride if left > 1 else y0
            y2 = np.int64(columns[entry + 2]) * stride if left > 2 else y0
            y3 = np.int64(columns[entry + 3]) * stride if left > 3 else y0
            y4 = np.int64(columns[entry + 4]) * stride if left > 4 else y0
            y5 = np.int64(columns[entry + 5]) * stride if left > 5 else y0
            y6 = np.int64(columns[entry + 6]) * stride if left > 6 else y0
            y7 = np.int64(columns[entry + 7]) * stride if left > 7 else y0
            d0 = d1 = d2 = d3 = d4 = d5 = d6 = d7 = zero()
            for lane in range(0, stride, LANES):
                v = load(x, at + lane)
                d0 = fma(load(others, y0 + lane), v, d0)
                d1 = fma(load(others, y1 + lane), v, d1)
                d2 = fma(load(others, y2 + lane), v, d2)
                d3 = fma(load(others, y3 + lane), v, d3)
                d4 = fma(load(others, y4 + lane), v, d4)
                d5 = fma(load(others, y5 + lane), v, d5)
                d6 = fma(load(others, y6 + lane), v, d6)
                d7 = fma(load(others, y7 + lane), v, d7)
            store(
                sums, stride, fma(sums8(d0, d1, d2, d3, d4, d5, d6, d7), splat(sign), mul(one, splat(base)))
            )
            c0 = splat(weights[entry] * sums[stride])
            c1 = splat(weights[entry + 1] * sums[stride + 1] if left > 1 else np.float32(0))
            c2 = splat(weights[entry + 2] * sums[stride + 2] if left > 2 else np.float32(0))
            c3 = splat(weights[entry + 3] * sums[stride + 3] if left > 3 else np.float32(0))
            c4 = splat(weights[entry + 4] * sums[stride + 4] if left > 4 else np.float32(0))
            c5 = splat(weights[entry + 5] * sums[stride + 5] if left > 5 else np.float32(0))
            c6 = splat(weights[entry + 6] * sums[stride + 6] if left > 6 else np.float32(0))
            c7 = splat(weights[entry + 7] * sums[stride + 7] if left > 7 else np.float32(0))
            for lane in range(0, stride, LANES):
                even = fma(c0, load(others, y0 + lane), load(sums, lane))
                odd = mul(c1, load(others, y1 + lane))
                even = fma(c2, load(others, y2 + lane), even)
                odd = fma(c3, load(others, y3 + lane), odd)
                even = fma(c4, load(others, y4 + lane), even)
                odd = fma(c5, load(others, y5 + lane), odd)
                even = fma(c6, load(others, y6 + lane), even)
                odd = fma(c7, load(others, y7 + lane), odd)
                store(sums, lane, add(even, odd))
        for lane in range(0, stride, LANES):
            store(out, at + lane, add(load(out, at + lane), load(sums, lane)))


@njit(cache=True, nogil=True)
def _gram_times(gram, stride, x, out):  # type: ignore[no-untyped-def]
    """out[r] = G x[r] of eight rows, each `stride` long; G is symmetric."""
    for lane in range(0, stride, LANES):
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = zero()
        for k in range(stride):
            g = load(gram, k * stride + lane)
            a0 = fma(splat(x[k]), g, a0)
            a1 = fma(splat(x[stride + k]), g, a1)
            a2 = fma(splat(x[2 * stride + k]), g, a2)
            a3 = fma(splat(x[3 * stride + k]), g, a3)
            a4 = fma(splat(x[4 * stride + k]), g, a4)
            a5 = fma(splat(x[5 * stride + k]), g, a5)
            a6 = fma(splat(x[6 * stride + k]), g, a6)
            a7 = fma(splat(x[7 * stride + k]), g, a7)
        store(out, lane, a0)
        store(out, stride + lane, a1)
        store(out, 2 * stride + lane, a2)
        store(out, 3 * stride + lane, a3)
        store(out, 4 * stride + lane, a4)
        store(out, 5 * stride + lane, a5)
        store(out, 6 * stride + lane, a6)
        store(out, 7 * stride + lane, a7)


@njit(cache=True, nogil=True)
def _gram_times_one(gram, stride, x, out):  # type: ignore[no-untyped-def]
    """The same of one row."""
    whole = stride // (4 * LANES) * (4 * LANES)
    for lane in range(0, whole, 4 * LANES):
        a0 = a1 = a2 = a3 = zero()
        for k in range(stride):
            at, v = k * stride + lane, splat(x[k])
            a0 = fma(v, load(gram, at), a0)
            a1 = fma(v, load(gram, at + LANES), a1)
            a2 = fma(v, load(gram, at + 2 * LANES), a2)
            a3 = fma(v, load(gram, at + 3 * LANES), a3)
        store(out, lane, a0)
        store(out, lane + LANES, a1)
        store(out, lane + 2 * LANES, a2)
        store(out, lane + 3 * LANES, a3)
    for lane in range(whole, stride, LANES):
        a0 = zero()
        for k in range(stride):
            a0 = fma(splat(x[k]), load(gram, k * stride + lane), a0)
        store(out, lane, a0)


@njit(cache=True, nogil=True)
def _gram_times_four(gram, stride, x, out):  # type: ignore[no-untyped-def]
    """The same of four rows."""
    for lane in range(0, stride, LANES):
        a0 = a1 = a2 = a3 = zero()
        for k in range(stride):
            g = load(gram, k * stride + lane)
            a0 = fma(splat(x[k]), g, a0)
            a1 = fma(splat(x[stride + k]), g, a1)
            a2 = fma(splat(x[2 * stride + k]), g, a2)
            a3 = fma(splat(x[3 * stride + k]), g, a3)
        store(out, lane, a0)
        store(out, stride + lane, a1)
        store(out, 2 * stride + lane, a2)
        store(out, 3 * stride + lane, a3)


@njit(cache=True, nogil=True)
def _gram_of_rows(gram, stride, count, x, out):  # type: ignore[no-untyped-def]
    """out[r] = G x[r] of `count` rows; the bits of a row do not depend on how many there are."""
    if count == 1:
        _gram_times_one(gram, stride, x, out)
    elif count <= 4:
        _gram_times_four(gram, stride, x, out)
    else:
        _gram_times(gram, stride, x, out)


@njit(cache=True, nogil=True)
def _dot(a, b, at, stride):  # type: ignore[no-untyped-def]
    found = zero()
    for lane in range(0, stride, LANES):
        found = fma(load(a, at + lane), load(b, at + lane), found)
    return total(found)


@njit(cache=True, nogil=True)
def solve_rows(  # type: ignore[no-untyped-def]
    starts, columns, weights, ridge, share, others, gram, stride, steps, tolerance, first, last, factors, room
):
    """Improve factors[first:last] by `steps` steps of conjugate gradients from where they are.

    A row without entries becomes zeros.

    Args:
        starts, columns, weights: the sparse matrix by rows, weights float32.
        ridge, share: (rows,) float32; the G of a row is `share` times `gram`.
        others: flat float32, `stride` a column of the matrix; gram: flat (stride * stride,) G.
        stride: float32 a row, a multiple of 16.
        tolerance: a row is done when |r|^2 falls to `tolerance` |b|^2; 0: never before `steps`.
        factors: flat float32, changed in place.
        room: (room_size(stride),) float32 for this call alone.
    """
    size = ROWS * stride
    x, r, p, q = room[:size], room[size : 2 * size], room[2 * size : 3 * size], room[3 * size : 4 * size]
    sums = room[4 * size :]
    norms, limits = np.zeros(ROWS, np.float32), np.zeros(ROWS, np.float32)
    row, after = first, first
    while after < last:
        row, most = after, starts[after] + _CACHED // stride
        after += 1
        while after < min(row + ROWS, last) and starts[after + 1] <= most:
            after += 1
        count = after - row
        x[: count * stride] = factors[row * stride : (row + count) * stride]
        x[count * stride :] = 0
        for i in range(count):
            if starts[row + i] == starts[row + i + 1]:
                x[i * stride : (i + 1) * stride] = 0  # so r is 0 too, and the row done
        _gram_of_rows(gram, stride, count, x, q)
        for i in range(count):
            at = i * stride
            for lane in range(0, stride, LANES):
                held = mul(splat(share[row + i]), load(q, at + lane))
                held = fma(splat(ridge[row + i]), load(x, at + lane), held)
                store(r, at + lane, sub(zero(), held))
            _terms(
                columns, weights, starts[row + i], starts[row + i + 1], others, stride, np.float32(1),
                np.float32(-1), x, at, r, sums, True,
            )  # fmt: skip
            norms[i] = _dot(r, r, at, stride)
            limits[i] = 0
            if tolerance > 0:
                begin, end = starts[row + i], starts[row + i + 1]
                limits[i] = tolerance * _right_side(
                    columns, weights, begin, end, others, stride, x, at, q, sums
                )
        p[:] = r
        for _ in range(steps):
            busy = 0
            for i in range(count):
                busy += norms[i] > limits[i]
            if busy == 0:
                break
            _gram_of_rows(gram, stride, count, p, q)
            for i in range(count):
                if norms[i] > limits[i]:
                    begin, end = starts[row + i], starts[row + i + 1]
                    norms[i] = _step(
                        columns, weights, begin, end, others, stride, ridge[row + i], share[row + i],
                        i * stride, x, r, p, q, sums, norms[i],
                    )  # fmt: skip
        factors[row * stride : (row + count) * stride] = x[: count * stride]


@njit(cache=True, nogil=True)
def _right_side(columns, weights, begin, end, others, stride, x, at, q, sums):  # type: ignore[no-untyped-def]
    """|b|^2 of a row; its place in `q` is used."""
    for lane in range(0, stride, LANES):
        store(q, at + lane, zero())
    base, sign = np.float32(1), np.float32(0)
    _terms(columns, weights, begin, end, others, stride, base, sign, x, at, q, sums, False)
    return _dot(q, q, at, stride)


@njit(cache=True, nogil=True)
def _step(columns, weights, begin, end, others, stride, ridge, share, at, x, r, p, q, sums, norm):  # type: ignore[no-untyped-def]
    """One step of conjugate gradients of the row at `at`, q = G p; returns the new |r|^2."""
    for lane in range(0, stride, LANES):
        store(q, at + lane, fma(splat(ridge), load(p, at + lane), mul(splat(share), load(q, at + lane))))
    far = (end - begin) * stride > _CACHED
    _terms(columns, weights, begin, end, others, stride, np.float32(0), np.float32(1), p, at, q, sums, far)
    curved = _dot(p, q, at, stride)
    if not curved > np.float32(0):
        return np.float32(0)
    length = splat(norm / curved)
    found = zero()
    for lane in range(0, stride, LANES):
        store(x, at + lane, fma(length, load(p, at + lane), load(x, at + lane)))
        rest = sub(load(r, at + lane), mul(length, load(q, at + lane)))
        store(r, at + lane, rest)
        found = fma(rest, rest, found)
    fresh = total(found)
    turn = splat(fresh / norm)
    for lane in range(0, stride, LANES):
        store(p, at + lane, fma(turn, load(p, at + lane), load(r, at + lane)))
    return fresh


def room_size(stride: int) -> int:
    """Float32 of room that `solve_rows` needs."""
    return 4 * ROWS * stride + stride + LANES


def solve_rows_numpy(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    ridge: NDArray[np.float32],
    share: NDArray[np.float32],
    others: NDArray[np.float32],
    gram: NDArray[np.float32],
    stride: int,
    steps: int,
    tolerance: float,
    first: int,
    last: int,
    factors: NDArray[np.float32],
    room: NDArray[np.float32],
) -> None:
    """Conjugate gradients (Hestenes and Stiefel 1952) on A x = b, in float64; `room` is not used."""
    y_all, whole = others.reshape(-1, stride).astype(float), gram.reshape(stride, stride).astype(float)
    for row in range(first, last):
        part = slice(int(starts[row]), int(starts[row + 1]))
        y, w = y_all[columns[part]], weights[part].astype(float)
        a = (y.T * w) @ y + float(share[row]) * whole + float(ridge[row]) * np.eye(stride)
        x = factors[row * stride : (row + 1) * stride].astype(float) * (len(w) > 0)
        r = w @ y - a @ x
        p, norm = r.copy(), r @ r
        limit = tolerance * ((w @ y) @ (w @ y))
        for _ in range(steps):
            if not norm > limit:
                break
            q = a @ p
            length = norm / (p @ q)
            x, r = x + length * p, r - length * q
            p, norm = r + (r @ r) / norm * p, r @ r
        factors[row * stride : (row + 1) * stride] = x


@njit(cache=True, nogil=True)
def add_gram(rows, weights, stride, first, last, found, room):  # type: ignore[no-untyped-def]
    """found += sum of w y yT over rows first to last of flat `rows`; float64, (stride, stride).

    Partial sums of `PIECE` rows are of float32. `room`: (stride * stride,) float32.
    """
    for piece in range(first, last, PIECE):
        end = min(last, piece + PIECE)
        for i in range(0, stride, 8):
            for lane in range(i // LANES * LANES, stride, LANES):
                _tile(rows, weights, stride, piece, end, i, lane, room)
        for i in range(stride):
            for j in range(i // LANES * LANES, stride):
                found[i, j] += room[i * stride + j]


PIECE = 256  # rows whose products are summed in float32; they stay in the second-level cache


@njit(cache=True, nogil=True)
def _tile(rows, weights, stride, first, last, i, lane, out):  # type: ignore[no-untyped-def]
    """out[i : i + 8, lane : lane + 16] = sum of w y[i : i + 8] y[lane : lane + 16]T."""
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = zero()
    for row in range(first, last):
        at = row * stride
        v = mul(splat(weights[row]), load(rows, at + lane))
        a0 = fma(splat(rows[at + i]), v, a0)
        a1 = fma(splat(rows[at + i + 1]), v, a1)
        a2 = fma(splat(rows[at + i + 2]), v, a2)
        a3 = fma(splat(rows[at + i + 3]), v, a3)
        a4 = fma(splat(rows[at + i + 4]), v, a4)
        a5 = fma(splat(rows[at + i + 5]), v, a5)
        a6 = fma(splat(rows[at + i + 6]), v, a6)
        a7 = fma(splat(rows[at + i + 7]), v, a7)
    at = i * stride + lane
    store(out, at, a0)
    store(out, at + stride, a1)
    store(out, at + 2 * stride, a2)
    store(out, at + 3 * stride, a3)
    store(out, at + 4 * stride, a4)
    store(out, at + 5 * stride, a5)
    store(out, at + 6 * stride, a6)
    store(out, at + 7 * stride, a7)


def add_gram_numpy(
    rows: NDArray[np.float32],
    weights: NDArray[np.float32],
    stride: int,
    first: int,
    last: int,
    found: NDArray[np.float64],
    room: NDArray[np.float32],
) -> None:
    """YT W Y of some rows, as far as the kernel fills it: from the block of 16 of the diagonal on."""
    part = rows.reshape(-1, stride)[first:last].astype(np.float64)
    product = (part.T * weights[first:last]) @ part
    for i in range(stride):
        found[i, i // LANES * LANES :] += product[i, i // LANES * LANES :]
