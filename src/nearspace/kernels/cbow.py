"""Continuous bag of words with negative sampling.

With C the m context rows, h = mean(C), O the rows of the centre and its negatives, y = (1, 0, ..., 0)
(Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space"):

    g = rate * (y - sigmoid(O h)),    C += O^T g  (each row),    O += g h^T    (right sides: before the step)

Output rows are updated one after the other, six after six: one that is drawn twice counts in O^T g, the
second time, with its first update.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import add, fma, load, mul, sigmoid, splat, store, sub, sums6, zero
from nearspace.kernels.skipgram import GROUP, LOSS_EVERY, fetch_outputs, label_vector, loss_of


@njit(cache=True, nogil=True, _nrt=False)
def _mean(inputs, words, i, lo, hi, stride, scratch, h):  # type: ignore[no-untyped-def]
    """scratch[h : h + stride] = mean of the context rows."""
    share = splat(np.float32(1.0) / np.float32(hi - lo))
    for j in range(0, stride, 16):
        before = zero()
        after = zero()
        for p in range(lo, i):
            before = add(before, load(inputs, np.int64(words[p]) * stride + j))
        for p in range(i + 1, hi + 1):
            after = add(after, load(inputs, np.int64(words[p]) * stride + j))
        store(scratch, h + j, mul(add(before, after), share))


@njit(cache=True, nogil=True, _nrt=False)
def _row(centre, draws, begin, k, negative):  # type: ignore[no-untyped-def]
    """Return the row of output number k of a centre: itself, a negative, or (beyond the last) itself."""
    if k == 0 or k > negative:
        return centre
    return np.int64(draws[begin + k - 1])


@njit(cache=True, nogil=True, _nrt=False)
def _group(  # type: ignore[no-untyped-def]
    outputs, stride, centre, draws, begin, negative, g, label, rate, scratch, slot, h, change
):
    """Gradients and updates of output rows 6 g to 6 g + 5; scratch[change :] += O^T g.

    Rows beyond the last negative stand for the centre and get the gradient 0.
    """
    k = g * GROUP
    r0 = _row(centre, draws, begin, k, negative) * stride
    r1 = _row(centre, draws, begin, k + 1, negative) * stride
    r2 = _row(centre, draws, begin, k + 2, negative) * stride
    r3 = _row(centre, draws, begin, k + 3, negative) * stride
    r4 = _row(centre, draws, begin, k + 4, negative) * stride
    r5 = _row(centre, draws, begin, k + 5, negative) * stride
    a0 = zero()
    a1 = zero()
    a2 = zero()
    a3 = zero()
    a4 = zero()
    a5 = zero()
    for j in range(0, stride, 16):
        x = load(scratch, h + j)
        a0 = fma(x, load(outputs, r0 + j), a0)
        a1 = fma(x, load(outputs, r1 + j), a1)
        a2 = fma(x, load(outputs, r2 + j), a2)
        a3 = fma(x, load(outputs, r3 + j), a3)
        a4 = fma(x, load(outputs, r4 + j), a4)
        a5 = fma(x, load(outputs, r5 + j), a5)
    dots = sums6(a0, a1, a2, a3, a4, a5)
    store(scratch, slot, mul(splat(rate), sub(label, sigmoid(dots))))
    for lane in range(negative + 1 - k, GROUP):
        scratch[slot + lane] = np.float32(0.0)
    g0 = splat(scratch[slot])
    g1 = splat(scratch[slot + 1])
    g2 = splat(scratch[slot + 2])
    g3 = splat(scratch[slot + 3])
    g4 = splat(scratch[slot + 4])
    g5 = splat(scratch[slot + 5])
    for j in range(0, stride, 16):
        x = load(scratch, h + j)
        o = load(outputs, r0 + j)
        total = fma(g0, o, load(scratch, change + j))
        store(outputs, r0 + j, fma(g0, x, o))
        o = load(outputs, r1 + j)
        total = fma(g1, o, total)
        store(outputs, r1 + j, fma(g1, x, o))
        o = load(outputs, r2 + j)
        total = fma(g2, o, total)
        store(outputs, r2 + j, fma(g2, x, o))
        o = load(outputs, r3 + j)
        total = fma(g3, o, total)
        store(outputs, r3 + j, fma(g3, x, o))
        o = load(outputs, r4 + j)
        total = fma(g4, o, total)
        store(outputs, r4 + j, fma(g4, x, o))
        o = load(outputs, r5 + j)
        total = fma(g5, o, total)
        store(outputs, r5 + j, fma(g5, x, o))
        store(scratch, change + j, total)


@njit(cache=True, nogil=True, _nrt=False)
def _add_to(inputs, row, stride, scratch, change):  # type: ignore[no-untyped-def]
    for j in range(0, stride, 16):
        store(inputs, row + j, add(load(inputs, row + j), load(scratch, change + j)))


@njit(cache=True, nogil=True, _nrt=False)
def train_cbow(  # type: ignore[no-untyped-def]
    inputs, outputs, stride, words, centres, first, last, draws, negative, count, rate, fetch, scratch, stats
):
    """Train on `count` centre words, in order; the arguments are those of `train_skipgram`."""
    groups = (negative + GROUP) // GROUP
    h = groups * 16
    change = h + stride
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
        _mean(inputs, words, i, lo, hi, stride, scratch, h)
        for j in range(0, stride, 16):
            store(scratch, change + j, zero())
        truth = label
        for g in range(groups):
            _group(
                outputs, stride, centre, draws, begin, negative, g, truth, rate, scratch, g * 16, h, change
            )
            truth = zero()
        if i % LOSS_EVERY == 0:
            stats[0] += loss_of(scratch, 0, 1, groups, negative, rate)
            stats[1] += 1
        for p in range(lo, i):
            _add_to(inputs, np.int64(words[p]) * stride, stride, scratch, change)
        for p in range(i + 1, hi + 1):
            _add_to(inputs, np.int64(words[p]) * stride, stride, scratch, change)


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
        h, change = inputs[context].mean(axis=0), np.zeros_like(inputs[0])
        for begin in range(0, len(rows), GROUP):
            six = rows[begin : begin + GROUP]
            truth = (np.arange(begin, begin + len(six)) == 0).astype(np.float32)
            gradient = np.float32(rate) * (truth - 1 / (1 + np.exp(-np.clip(outputs[six] @ h, -20, 20))))
            for row, g in zip(six, gradient, strict=True):
                change += g * outputs[row]
                outputs[row] += g * h
        np.add.at(inputs, context, change)
