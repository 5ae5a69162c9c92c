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


@njit(cache=True, nogil=True)
def _mean(inputs, words, i, lo, hi, stride, scratch, h):  # type: ignore[no-untyped-def]
    """scratch[h : h + stride] = mean of the context rows."""
    share = splat(np.float32(1.0) / np.float32(hi - lo))
    for j in range(0, stride, 16):
        a = zero()
        for p in range(lo, hi + 1):
            if p != i:
                a = add(a, load(inputs, np.int64(words[p]) * stride + j))
        store(scratch, h + j, mul(a, share))


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _update(outputs, centre, draws, begin, negative, stride, slots, scratch, h, change):  # type: ignore[no-untyped-def]
    """scratch[change :] = O^T g; O += g h^T."""
    for j in range(0, stride, 16):
        x = load(scratch, h + j)
        total = zero()
        for k in range(negative + 1):
            g = splat(scratch[slots + k // GROUP * 16 + k % GROUP])
            row = centre if k == 0 else np.int64(draws[begin + k - 1])
            total = fma(g, load(scratch, k * stride + j), total)
            at = row * stride + j
            store(outputs, at, fma(g, x, load(outputs, at)))
        store(scratch, change + j, total)


@njit(cache=True, nogil=True)
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
        _update(outputs, centre, draws, begin, negative, stride, slots, scratch, h, change)
        for p in range(lo, hi + 1):
            if p != i:
                row = np.int64(words[p]) * stride
                for j in range(0, stride, 16):
                    store(inputs, row + j, add(load(inputs, row + j), load(scratch, change + j)))


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
