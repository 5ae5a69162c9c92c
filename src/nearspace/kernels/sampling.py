"""Seeded sampling for word training: frequent-word subsampling, reduced windows, negative words.

Random numbers are SplitMix64 (Steele, Lea & Flood 2014), one stream for each block of text, so a block is
sampled the same way wherever and whenever it is worked on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF
ALWAYS = 0xFFFFFFFF  # keep[row] of a word that is never left out
TRIES = 8  # draws of a negative word before one equal to the centre is taken


@njit(cache=True, nogil=True, _nrt=False)
def mix(state):  # type: ignore[no-untyped-def]
    """Return the SplitMix64 output of a state."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, _nrt=False)
def block_state(seed, block):  # type: ignore[no-untyped-def]
    """Return the first state of the stream of a block."""
    return mix(mix(np.uint64(seed) + np.uint64(STEP)) + np.uint64(block) * np.uint64(STEP))


@njit(cache=True, nogil=True, _nrt=False)
def below(z, limit):  # type: ignore[no-untyped-def]
    """Return a number 0 <= number < limit from the upper half of a draw."""
    return np.int64((z >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32))


@njit(cache=True, nogil=True, _nrt=False)
def _windows(state, begin, end, window, first, last):  # type: ignore[no-untyped-def]
    for i in range(begin, end):
        state += np.uint64(STEP)
        reach = 1 + below(mix(state), window)
        first[i] = max(begin, i - reach)
        last[i] = min(end - 1, i + reach)
    return state


@njit(cache=True, nogil=True, _nrt=False)
def sample_words(tokens, remap, keep, window, state, words, first, last):  # type: ignore[no-untyped-def]
    """Keep words with probability keep / 2^32 and give each a window of 1 to `window` words to either side.

    Args:
        tokens: (t,) int32 provisional ids; -1 ends a line. remap: provisional id -> row, or -1.
        keep: (V,) uint32, `ALWAYS` keeps without a draw.
        state: uint64, first state of the stream.
        words, first, last: outputs, at least t long; windows do not cross the end of a line.

    Returns:
        (number of words kept, state after the last draw).
    """
    count = 0
    begin = 0
    for t in range(tokens.shape[0]):
        token = tokens[t]
        if token < 0:
            state = _windows(state, begin, count, window, first, last)
            begin = count
            continue
        row = remap[token]
        if row < 0:
            continue
        if keep[row] != np.uint32(ALWAYS):
            state += np.uint64(STEP)
            if mix(state) >> np.uint64(32) >= np.uint64(keep[row]):
                continue
        words[count] = row
        count += 1
    state = _windows(state, begin, count, window, first, last)
    return count, state


@njit(cache=True, nogil=True, _nrt=False)
def sample_negatives(words, count, accept, alias, negative, state, pool, draws):  # type: ignore[no-untyped-def]
    """Fill a pool of negative rows by Walker's alias method, then draw from the pool for each word.

    Args:
        accept, alias: (V,) uint32 and int32, see `alias_table`.
        pool: (p,) int32 output, rows. draws: output (>= count * negative,) int32, numbers within the pool;
            a draw whose row is the word itself is repeated.

    Returns:
        the state after the last draw.
    """
    for p in range(pool.shape[0]):
        state += np.uint64(STEP)
        z = mix(state)
        slot = below(z, accept.shape[0])
        pool[p] = slot if z & np.uint64(ALWAYS) < np.uint64(accept[slot]) else alias[slot]
    for i in range(count):
        for k in range(i * negative, (i + 1) * negative):
            for _ in range(TRIES):
                state += np.uint64(STEP)
                draws[k] = below(mix(state), pool.shape[0])
                if pool[draws[k]] != words[i]:
                    break
    return state


@njit(cache=True)
def alias_table(weights):  # type: ignore[no-untyped-def]
    """Return Walker's tables (Vose 1991): slot s is taken if a 32-bit draw < accept[s], else alias[s]."""
    n = weights.shape[0]
    share = weights * (n / weights.sum())
    accept = np.full(n, ALWAYS, dtype=np.uint32)
    alias = np.arange(n).astype(np.int32)
    order = np.empty(n, dtype=np.int64)  # small ones from the left, large ones from the right
    small = 0
    large = n
    for i in range(n):
        if share[i] < 1.0:
            order[small] = i
            small += 1
        else:
            large -= 1
            order[large] = i
    while small > 0 and large < n:
        small -= 1
        poor = order[small]
        rich = order[large]
        accept[poor] = np.uint32(min(share[poor] * 4294967296.0, 4294967295.0))
        alias[poor] = rich
        share[rich] -= 1.0 - share[poor]
        if share[rich] < 1.0:
            large += 1
            order[small] = rich
            small += 1
    return accept, alias


class Stream:
    """SplitMix64 in Python integers: the twin's random numbers."""

    def __init__(self, state: int) -> None:
        self.state = state

    def draw(self) -> int:
        """Return the next 64 bits."""
        self.state = (self.state + STEP) & MASK
        z = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, limit: int) -> int:
        """Return 0 <= number < limit."""
        return (self.draw() >> 32) * limit >> 32


def sample_words_numpy(
    tokens: NDArray[Any], remap: NDArray[Any], keep: NDArray[Any], window: int, state: int
) -> tuple[list[int], list[int], list[int], int]:
    """Twin of `sample_words`: P(keep word) = keep / 2^32; reach uniform in 1..window."""
    stream = Stream(state)
    words: list[int] = []
    first: list[int] = []
    last: list[int] = []
    for token in [*map(int, tokens), -1]:
        if token < 0:
            begin, end = len(first), len(words)
            for i in range(begin, end):
                reach = 1 + stream.below(window)
                first.append(max(begin, i - reach))
                last.append(min(end - 1, i + reach))
            continue
        row = int(remap[token])
        if row >= 0 and (int(keep[row]) == ALWAYS or stream.draw() >> 32 < int(keep[row])):
            words.append(row)
    return words, first, last, stream.state


def sample_negatives_numpy(
    words: list[int], accept: NDArray[Any], alias: NDArray[Any], negative: int, state: int, size: int
) -> tuple[list[int], list[int], int]:
    """Twin of `sample_negatives`: P(pool row) by the alias tables, then uniform draws from the pool."""
    stream = Stream(state)
    pool = []
    for _ in range(size):
        z = stream.draw()
        slot = (z >> 32) * len(accept) >> 32
        pool.append(slot if z & ALWAYS < int(accept[slot]) else int(alias[slot]))
    draws = []
    for word in words:
        for _ in range(negative):
            tries = (stream.below(size) for _ in range(TRIES))
            for draw in tries:
                if pool[draw] != word:
                    break
            draws.append(draw)
    return pool, draws, stream.state
