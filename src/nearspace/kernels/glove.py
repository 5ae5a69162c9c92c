"""GloVe's update: weighted least squares on logarithms of counts, with one AdaGrad step size a row."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import LANES, fma, load, splat, store, zero

ENTRY_BITS = 16


@njit(cache=True, nogil=True)
def train_block(
    codes: NDArray[np.uint32],
    logs: NDArray[np.float32],
    weights: NDArray[np.float32],
    words: NDArray[np.float32],
    contexts: NDArray[np.float32],
    word_sums: NDArray[np.float32],
    context_sums: NDArray[np.float32],
    width: int,
    dim: int,
    rate: float,
) -> float:
    """Train on entries in their order; returns the sum of their losses before each one's update.

    codes: local row << 16 | local column. words, contexts: flat (rows * width,) float32, width a multiple of
    16, zeros beyond `dim`. word_sums, context_sums: (rows, 3) float32: bias, the bias's sum of squared
    gradients, the row's mean sum of squared gradients; both sums start above zero. With rate 0 vectors and
    biases stay as they are.
    """
    loss = 0.0
    lanes = np.empty(3 * LANES, dtype=np.float32)
    step = np.float32(rate)
    scale = np.float32(1.0) / np.float32(dim)
    for entry in range(len(codes)):
        row = np.int64(codes[entry]) >> ENTRY_BITS
        column = np.int64(codes[entry]) & ((1 << ENTRY_BITS) - 1)
        word, context = row * width, column * width
        dots, word_squares, context_squares = zero(), zero(), zero()
        for lane in range(0, width, LANES):
            x, y = load(words, word + lane), load(contexts, context + lane)
            dots = fma(x, y, dots)
            word_squares = fma(x, x, word_squares)
            context_squares = fma(y, y, context_squares)
        store(lanes, 0, dots)
        store(lanes, LANES, word_squares)
        store(lanes, 2 * LANES, context_squares)
        dot, word_square, context_square = np.float32(0), np.float32(0), np.float32(0)
        for lane in range(LANES):
            dot += lanes[lane]
            word_square += lanes[LANES + lane]
            context_square += lanes[2 * LANES + lane]
        miss = dot + word_sums[row, 0] + context_sums[column, 0] - logs[entry]
        pull = weights[entry] * miss
        loss += 0.5 * np.float64(pull) * np.float64(miss)
        square = pull * pull
        word_sums[row, 1] += square
        context_sums[column, 1] += square
        word_sums[row, 2] += square * context_square * scale
        context_sums[column, 2] += square * word_square * scale
        pull = -step * pull
        word_sums[row, 0] += pull / np.sqrt(word_sums[row, 1])
        context_sums[column, 0] += pull / np.sqrt(context_sums[column, 1])
        by_word = splat(pull / np.sqrt(word_sums[row, 2]))
        by_context = splat(pull / np.sqrt(context_sums[column, 2]))
        for lane in range(0, width, LANES):
            x, y = load(words, word + lane), load(contexts, context + lane)
            store(words, word + lane, fma(by_word, y, x))
            store(contexts, context + lane, fma(by_context, x, y))
    return loss


def train_block_numpy(
    codes: NDArray[np.uint32],
    logs: NDArray[np.float32],
    weights: NDArray[np.float32],
    words: NDArray[np.float32],
    contexts: NDArray[np.float32],
    word_sums: NDArray[np.float32],
    context_sums: NDArray[np.float32],
    width: int,
    dim: int,
    rate: float,
) -> float:
    """J = sum of f(x) (w.c + b + b' - log x)^2 / 2, one entry at a time; for a row w with gradient g

    w -= rate g / sqrt(G), G += |g|^2 / dim (G before the step), and the same for c, b and b'.
    """
    w, c = words.reshape(-1, width), contexts.reshape(-1, width)
    loss = 0.0
    for code, log, weight in zip(codes.tolist(), logs.tolist(), weights.tolist(), strict=True):
        i, j = code >> ENTRY_BITS, code & ((1 << ENTRY_BITS) - 1)
        miss = float(w[i] @ c[j]) + word_sums[i, 0] + context_sums[j, 0] - log
        pull = weight * miss
        loss += 0.5 * pull * miss
        word_sums[i, 1:] += pull**2, pull**2 * (c[j] @ c[j]) / dim
        context_sums[j, 1:] += pull**2, pull**2 * (w[i] @ w[i]) / dim
        for sums, at in ((word_sums, i), (context_sums, j)):
            sums[at, 0] -= rate * pull / np.sqrt(sums[at, 1])
        word, context = w[i].copy(), c[j].copy()
        w[i] = word - rate * pull / np.sqrt(word_sums[i, 2]) * context
        c[j] = context - rate * pull / np.sqrt(context_sums[j, 2]) * word
    return loss
