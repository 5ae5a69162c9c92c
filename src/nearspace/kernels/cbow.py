"""Continuous bag of words with negative sampling.

With C the m context rows, h = mean(C), O the rows of the centre and its negatives, y = (1, 0, ..., 0)
(Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space"):

    g = rate * (y - sigmoid(O h)),    C += O^T g  (each row),    O += g h^T    (right sides: before the step)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import add, fma, load, mul, sigmoid, splat, store, sub, sums6, zero
from nearspace.kernels.skipgram import GROUP, LOSS_EVERY, fetch_outputs, label_vector, load_outputs, loss_of


@njit(cache=True, nogil=True, _nrt=False)
def _mean(inputs, words, i, lo, hi, stride, scratch, h):  # type: ignore[no-untyped-def]
    """scratch[h : h + stride] = mean of the context rows."""
    share = splat(np.float32(1.0) / np.float32(hi - lo))
    for j in range(0, stride, 16):
        a = zero()
        for p in range(lo, hi + 1):
            if p != i:
                a = add(a, load(inputs, np.int64(words[p]) * stride + j))
        store(scratch, h + j, mul(a, share))


@njit(cache=True, nogil=True, _nrt=False)
def _gradients(scratch, h, o, stride, label, rate, slot):  # type: ignore[no-untyped-def]
    """Store rate * (label - sigmoid) of the mean row against six output rows."""
    a0 = zero()
    a1 = zero()
    a2 = zero()
    a3 = zero()
    a4 = zero()
    a5 = zero()
    for j in range(0, stride, 16):
        x = load(scratch, h + j)
        a0 = fma(x, load(scratch, o + j), a0)
        a1 = fma(x, load(scratch, o + stride + j), a1)
        a2 = fma(x, load(scratch, o + 2 * stride + j), a2)
        a3 = fma(x, load(scratch, o + 3 * stride + j), a3)
        a4 = fma(x, load(scratch, o + 4 * stride + j), a4)
        a5 = fma(x, load(scratch, o + 5 * stride + j), a5)
    dots = sums6(a0, a1, a2, a3, a4, a5)
    store(scratch, slot, mul(splat(rate), sub(label, sigmoid(dots))))


@njit(cache=True, nogil=True, _nrt=False)
def _step(outputs, at, scratch, o, g, x, total):  # type: ignore[no-untyped-def]
    """outputs += g x at one place; returns total + g o, o being the output row before the step."""
    store(outputs, at, fma(g, x, load(outputs, at)))
    return fma(g, load(scratch, o), total)


@njit(cache=True, nogil=True, _nrt=False)
def _update(outputs, stride, centre, draws, begin, negative, slots, g, scratch, h, change):  # type: ignore[no-untyped-def]
    """O += g h^T for output rows 6 g to 6 g + 5; scratch[change :] += O^T g."""
    k = begin + g * GROUP - 1  # draws[k + r] is output row r of the group; row 0 of group 0 is the centre
    rows = min(GROUP, negative + 1 - g * GROUP)
    r0 = (centre if g == 0 else np.int64(draws[k])) * stride
    r1 = np.int64(draws[k + 1]) * stride if rows > 1 else r0
    r2 = np.int64(draws[k + 2]) * stride if rows > 2 else r0
    r3 = np.int64(draws[k + 3]) * stride if rows > 3 else r0
    r4 = np.int64(draws[k + 4]) * stride if rows > 4 else r0
    r5 = np.int64(draws[k + 5]) * stride if rows > 5 else r0
    e = slots + g * 16
    g0 = splat(scratch[e])
    g1 = splat(scratch[e + 1])
    g2 = splat(scratch[e + 2])
    g3 = splat(scratch[e + 3])
    g4 = splat(scratch[e + 4])
    g5 = splat(scratch[e + 5])
    for j in range(0, stride, 16):
        x = load(scratch, h + j)
        o = g * GROUP * stride + j
        total = _step(outputs, r0 + j, scratch, o, g0, x, load(scratch, change + j))
        if rows > 1:
            total = _step(outputs, r1 + j, scratch, o + stride, g1, x, total)
        if rows > 2:
            total = _step(outputs, r2 + j, scratch, o + 2 * stride, g2, x, total)
        if rows > 3:
            total = _step(outputs, r3 + j, scratch, o + 3 * stride, g3, x, total)
        if rows > 4:
            total = _step(outputs, r4 + j, scratch, o + 4 * stride, g4, x, total)
        if rows > 5:
            total = _step(outputs, r5 + j, scratch, o + 5 * stride, g5, x, total)
        store(scratch, change + j, total)


@njit(cache=True, nogil=True, _nrt=False)
def _update_contexts(inputs, words, i, lo, hi, stride, scratch, change):  # type: ignore[no-untyped-def]
    """Add scratch[change :] to every context row, and clear it."""
    for p in range(lo, hi + 1):
        if p != i:
            row = np.int64(words[p]) * stride
            for j in range(0, stride, 16):
                store(inputs, row + j, add(load(inputs, row + j), load(scratch, change + j)))
    for j in range(0, stride, 16):
        store(scratch, change + j, zero())


@njit(cache=True, nogil=True, _nrt=False)
def train_cbow(  # type: ignore[no-untyped-def]
    inputs, outputs, stride, words, centres, first, last, draws, negative, count, rate, scratch, stats
):
    """Train on `count` centre words, in order; the arguments are those of `train_skipgram`."""
    groups = (negative + GROUP) // GROUP
    slots = groups * GROUP * stride
    scratch[:] = np.float32(0.0)
    h = slots + groups * 16
    change = h + stride
    label = label_vector(scratch, scratch.shape[0] - 16)
    for i in range(count):
        if i + 2 < count:
            fetch_outputs(outputs, stride, centres[i + 2], draws, (i + 2) * negative, negative)
        lo = np.int64(first[i])
        hi = np.int64(last[i])
        if hi <= lo:
            continue
        centre = np.int64(centres[i])
        begin = i * negative
        load_outputs(outputs, stride, centre, draws, begin, negative, scratch)
        _mean(inputs, words, i, lo, hi, stride, scratch, h)
        truth = label
        for g in range(groups):
            _gradients(scratch, h, g * GROUP * stride, stride, truth, rate, slots + g * 16)
            truth = zero()
        if i % LOSS_EVERY == 0:
            stats[0] += loss_of(scratch, slots, 1, groups, negative, rate)
            stats[1] += 1
        for g in range(groups):
            _update(outputs, stride, centre, draws, begin, negative, slots, g, scratch, h, change)
        _update_contexts(inputs, words, i, lo, hi, stride, scratch, change)


def train_cbow_numpy(
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
    words: NDArray[Any],
    centres: NDArray[Any],
    first: NDArray[Any],
    last: NDArray[Any],
    draws: NDArray[Any],
    rate: float,
) -> None:
    """g = rate (y - sigmoid(O h)); C += O^T g; O += g h^T; matrices (rows, dim), draws (count, negative)."""
    for i in range(len(words)):
        context = [int(words[p]) for p in range(first[i], last[i] + 1) if p != i]
        if not context:
            continue
        rows = [int(centres[i]), *map(int, draws[i])]
        h, o = inputs[context].mean(axis=0), outputs[rows]
        truth = np.eye(1, len(rows), dtype=np.float32)[0]
        gradient = np.float32(rate) * (truth - 1 / (1 + np.exp(-np.clip(o @ h, -20, 20))))
        np.add.at(inputs, context, gradient @ o)
        np.add.at(outputs, rows, np.outer(gradient, h))
