"""Skip-gram with negative sampling, one centre word at a time as small matrix products.

All contexts of a centre share its negative words (Ji et al. 2016, "Parallelizing Word2Vec in Shared and
Distributed Memory"). With C the m context rows, O the rows of the centre and its negatives, y = (1, 0, ...):

    G = rate * (y - sigmoid(C O^T)),    C += G O,    O += G^T C    (right sides: the rows before the step)

The updates take six output rows at a time, and a word that is twice in a window twice: the later ones start
from the C that the earlier ones left.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import add, fma, load, mul, prefetch, sigmoid, splat, store, sub, sums12, zero

GROUP = 6  # output rows that are worked on together: two contexts by six rows fill the registers
LOSS_EVERY = 64  # the loss is taken from one centre in so many


def scratch_size(stride: int, window: int, negative: int) -> int:
    """Return the number of float32 that `train_skipgram` and `train_cbow` need as scratch."""
    groups = -(-(negative + 1) // GROUP)
    return groups * (GROUP * stride + 16 * (window + 1)) + 2 * stride + 32


@njit(cache=True, nogil=True, _nrt=False)
def load_outputs(outputs, stride, centre, draws, begin, negative, scratch):  # type: ignore[no-untyped-def]
    """Copy the output rows of a centre and its negatives to the beginning of the scratch."""
    for j in range(0, stride, 16):
        store(scratch, j, load(outputs, centre * stride + j))
    for k in range(negative):
        row = np.int64(draws[begin + k]) * stride
        for j in range(0, stride, 16):
            store(scratch, (k + 1) * stride + j, load(outputs, row + j))


@njit(cache=True, nogil=True, _nrt=False)
def fetch_outputs(outputs, stride, centre, draws, begin, negative):  # type: ignore[no-untyped-def]
    """Ask for the output rows of a centre to come."""
    for j in range(0, stride, 16):
        prefetch(outputs, np.int64(centre) * stride + j)
    for k in range(negative):
        row = np.int64(draws[begin + k]) * stride
        for j in range(0, stride, 16):
            prefetch(outputs, row + j)


@njit(cache=True, nogil=True, _nrt=False)
def label_vector(scratch, at):  # type: ignore[no-untyped-def]
    """Return a register with one at the lanes of the two true pairs; uses scratch[at : at + 16]."""
    for lane in range(16):
        scratch[at + lane] = np.float32(1.0 if lane == 0 or lane == GROUP else 0.0)
    return load(scratch, at)


@njit(cache=True, nogil=True, _nrt=False)
def _gradients(inputs, at, bt, scratch, o, stride, label, rate, slot):  # type: ignore[no-untyped-def]
    """Store rate * (label - sigmoid) of the context rows at `at` and `bt` against six output rows."""
    a0 = zero()
    a1 = zero()
    a2 = zero()
    a3 = zero()
    a4 = zero()
    a5 = zero()
    b0 = zero()
    b1 = zero()
    b2 = zero()
    b3 = zero()
    b4 = zero()
    b5 = zero()
    for j in range(0, stride, 16):
        x = load(inputs, at + j)
        y = load(inputs, bt + j)
        w = load(scratch, o + j)
        a0 = fma(x, w, a0)
        b0 = fma(y, w, b0)
        w = load(scratch, o + stride + j)
        a1 = fma(x, w, a1)
        b1 = fma(y, w, b1)
        w = load(scratch, o + 2 * stride + j)
        a2 = fma(x, w, a2)
        b2 = fma(y, w, b2)
        w = load(scratch, o + 3 * stride + j)
        a3 = fma(x, w, a3)
        b3 = fma(y, w, b3)
        w = load(scratch, o + 4 * stride + j)
        a4 = fma(x, w, a4)
        b4 = fma(y, w, b4)
        w = load(scratch, o + 5 * stride + j)
        a5 = fma(x, w, a5)
        b5 = fma(y, w, b5)
    dots = sums12(a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5)
    store(scratch, slot, mul(splat(rate), sub(label, sigmoid(dots))))


@njit(cache=True, nogil=True, _nrt=False)
def _all_gradients(inputs, words, i, lo, hi, stride, groups, label, rate, scratch):  # type: ignore[no-untyped-def]
    """Fill the slots: for each pair of contexts and each group of outputs, sixteen lanes, six a context."""
    slot = groups * GROUP * stride
    p = lo + (1 if lo == i else 0)
    while p <= hi:
        q = p + (2 if p + 1 == i else 1)
        at = np.int64(words[p]) * stride
        bt = np.int64(words[q]) * stride if q <= hi else at
        truth = label
        for g in range(groups):
            _gradients(inputs, at, bt, scratch, g * GROUP * stride, stride, truth, rate, slot)
            truth = zero()
            slot += 16
        p = q + (2 if q + 1 == i else 1)


@njit(cache=True, nogil=True, _nrt=False)
def _store_change(outputs, row, stride, j, change):  # type: ignore[no-untyped-def]
    at = np.int64(row) * stride + j
    store(outputs, at, add(load(outputs, at), change))


@njit(cache=True, nogil=True, _nrt=False)
def _update(  # type: ignore[no-untyped-def]
    inputs, outputs, words, i, lo, hi, centre, draws, begin, negative, stride, groups, g, scratch
):
    """Add the gradients of output rows 6 g to 6 g + 5 to contexts and outputs, column by column."""
    o = g * GROUP * stride
    k = begin + g * GROUP - 1  # draws[k + r] is output row r of the group; row 0 of group 0 is the centre
    rows = min(GROUP, negative + 1 - g * GROUP)
    for j in range(0, stride, 16):
        o0 = load(scratch, o + j)
        o1 = load(scratch, o + stride + j)
        o2 = load(scratch, o + 2 * stride + j)
        o3 = load(scratch, o + 3 * stride + j)
        o4 = load(scratch, o + 4 * stride + j)
        o5 = load(scratch, o + 5 * stride + j)
        d0 = zero()
        d1 = zero()
        d2 = zero()
        d3 = zero()
        d4 = zero()
        d5 = zero()
        e = groups * GROUP * stride + g * 16
        odd = False
        for p in range(lo, hi + 1):
            if p == i:
                continue
            at = np.int64(words[p]) * stride + j
            c = load(inputs, at)
            g0 = splat(scratch[e])
            g1 = splat(scratch[e + 1])
            g2 = splat(scratch[e + 2])
            g3 = splat(scratch[e + 3])
            g4 = splat(scratch[e + 4])
            g5 = splat(scratch[e + 5])
            even_sum = fma(g4, o4, fma(g2, o2, fma(g0, o0, c)))
            odd_sum = fma(g5, o5, fma(g3, o3, mul(g1, o1)))
            d0 = fma(g0, c, d0)
            d1 = fma(g1, c, d1)
            d2 = fma(g2, c, d2)
            d3 = fma(g3, c, d3)
            d4 = fma(g4, c, d4)
            d5 = fma(g5, c, d5)
            store(inputs, at, add(even_sum, odd_sum))
            e += 16 * groups - GROUP if odd else GROUP
            odd = not odd
        _store_change(outputs, centre if g == 0 else draws[k], stride, j, d0)
        if rows > 1:
            _store_change(outputs, draws[k + 1], stride, j, d1)
        if rows > 2:
            _store_change(outputs, draws[k + 2], stride, j, d2)
        if rows > 3:
            _store_change(outputs, draws[k + 3], stride, j, d3)
        if rows > 4:
            _store_change(outputs, draws[k + 4], stride, j, d4)
        if rows > 5:
            _store_change(outputs, draws[k + 5], stride, j, d5)


@njit(cache=True, nogil=True, _nrt=False)
def loss_of(scratch, slot, contexts, groups, negative, rate):  # type: ignore[no-untyped-def]
    """Return the sum of -log(1 - |y - sigmoid|) of `contexts` contexts from their stored gradients."""
    loss = 0.0
    for c in range(contexts):
        for k in range(negative + 1):
            at = slot + (c // 2 * groups + k // GROUP) * 16 + c % 2 * GROUP + k % GROUP
            loss -= math.log(max(1.0 - abs(scratch[at]) / rate, 1e-7))
    return loss


@njit(cache=True, nogil=True, _nrt=False)
def train_skipgram(  # type: ignore[no-untyped-def]
    inputs, outputs, stride, words, centres, first, last, draws, negative, count, rate, fetch, scratch, stats
):
    """Train on `count` centre words, in order.

    Args:
        inputs: flat float32, rows of `stride` numbers (a multiple of 16), changed in place.
        outputs: likewise, the rows of centre and negative words.
        words: (count,) int32 row of each word in `inputs`; centres: its row in `outputs`.
        first: (count,) int32 first word of each window; last: its last word.
        draws: (count * negative,) int32 negative rows of `outputs`.
        rate: float32 step size.
        fetch: ask for output rows ahead of time: worth it where the rows do not fit the second-level cache.
        scratch: float32, `scratch_size` long, aligned to 64 bytes.
        stats: (2,) float64; the sampled loss and the pairs it rests on are added.
    """
    groups = (negative + GROUP) // GROUP
    slots = groups * GROUP * stride
    scratch[:] = np.float32(0.0)
    label = label_vector(scratch, scratch.shape[0] - 16)
    for i in range(count):
        if fetch and i + 2 < count:
            fetch_outputs(outputs, stride, centres[i + 2], draws, (i + 2) * negative, negative)
        lo = np.int64(first[i])
        hi = np.int64(last[i])
        if hi <= lo:
            continue
        centre = np.int64(centres[i])
        begin = i * negative
        load_outputs(outputs, stride, centre, draws, begin, negative, scratch)
        _all_gradients(inputs, words, i, lo, hi, stride, groups, label, rate, scratch)
        if i % LOSS_EVERY == 0:
            stats[0] += loss_of(scratch, slots, hi - lo, groups, negative, rate)
            stats[1] += hi - lo
        for g in range(groups):
            _update(
                inputs, outputs, words, i, lo, hi, centre, draws, begin, negative, stride, groups, g, scratch
            )


def train_skipgram_numpy(
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    words: NDArray[Any],
    centres: NDArray[Any],
    first: NDArray[Any],
    last: NDArray[Any],
    draws: NDArray[Any],
    rate: float,
) -> None:
    """G = rate (y - sigmoid(C O^T)); C += G O; O += G^T C; matrices (rows, dim), draws (count, negative)."""
    for i in range(len(words)):
        context = [int(words[p]) for p in range(first[i], last[i] + 1) if p != i]
        rows = [int(centres[i]), *map(int, draws[i])]
        c, o = inputs[context], outputs[rows]
        truth = np.eye(1, len(rows), dtype=np.float32)
        gradient = np.float32(rate) * (truth - 1 / (1 + np.exp(-np.clip(c @ o.T, -20, 20))))
        for begin in range(0, len(rows), GROUP):
            six = slice(begin, begin + GROUP)
            change = np.zeros_like(o[six])
            for row, g in zip(context, gradient[:, six], strict=True):
                change += np.outer(g, inputs[row])
                inputs[row] += g @ o[six]
            np.add.at(outputs, rows[six], change)
