"""Texts to vectors: the words of each text looked up in a fixed table, and weighted sums of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.token_table import BASIS, PRIME
from nearspace.kernels.tokens import (
    CODE,
    LONGEST,
    PAGE,
    SINGLE,
    STATE_SIZE,
    WORD,
    _class_at,
    _read_word,
    split_text_numpy,
)

ROOM = LONGEST + 1000  # bytes of a scratch buffer for one word
TEXT, WORDS, UNKNOWN, TAIL, LACKING = 0, 1, 2, 3, 4  # entries of the progress
PROGRESS_SIZE = 5

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, _nrt=False)
def _find(
    length: int,
    code: Any,
    word: NDArray[np.uint8],
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    slots: NDArray[np.uint64],
) -> Any:
    """The id of word[:length] in a table made by `token_table.rebuild`, or -1."""
    mask = np.int64(slots.size - 1)
    at = np.int64(code & _LOW) & mask
    upper = code >> _HALF
    while slots[at] != 0:
        if slots[at] >> _HALF == upper:
            known = np.int64(slots[at] & _LOW) - 1
            begin = starts[known]
            if starts[known + 1] - begin == length:
                same = True
                for position in range(length):
                    if names[begin + position] != word[position]:
                        same = False
                        break
                if same:
                    return known
        at = (at + 1) & mask
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def _next_word(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    word: NDArray[np.uint8],
    state: NDArray[np.int64],
) -> Any:
    """Copy the word at `at` to `word`; give where it ends, its bytes, its hash and whether a page is lacking.

    Where no word begins, pass over one character and give 0 bytes.
    """
    low = fast[data[at]]
    if low == 1:
        return at + 1, 0, BASIS, False
    if low == 0:
        entry, size, point = _class_at(data, at, stop, True, chars)
        if size <= 0:  # cut off
            return at + 1, 0, BASIS, False
        if entry == 0:
            state[CODE] = point
            return at, 0, BASIS, True
        if entry & 7 != WORD and entry & 7 != SINGLE:
            return at + size, 0, BASIS, False
    end, length, code = at, 0, BASIS
    limit = min(stop, at + LONGEST)
    while low > 1:  # the fast road: a word of ASCII letters and digits
        word[length] = low
        length += 1
        code = (code ^ np.uint64(low)) * PRIME
        end += 1
        low = fast[data[end]] if end < limit else 1 if end == stop else 0
    if low == 1:
        return end, length, code, False
    end, length, code, status = _read_word(data, at, stop, True, fast, chars, word, 0, state)
    return end, length, code, status == PAGE


@njit(cache=True, nogil=True)
def look_up_words(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    slots: NDArray[np.uint64],
    ids: NDArray[np.int64],
    text_starts: NDArray[np.int64],
    unknown: NDArray[np.uint8],
    unknown_starts: NDArray[np.int64],
    progress: NDArray[np.int64],
) -> bool:
    """Split texts into the words of the default tokenizer and look them up; go on where it stopped before.

    data[offsets[i]:offsets[i + 1]] is text i, UTF-8; bytes that are no UTF-8 separate words. The words of
    text i get ids[text_starts[i]:text_starts[i + 1]]; a word that the table (names, starts, slots) lacks gets
    -1, or, if `unknown_starts` has room, -2 - u, and is copied to unknown[unknown_starts[u]:unknown_starts[u
    + 1]]. False: the page of the character progress[LACKING] is to be filled in, and the call repeated.
    """
    word = np.empty(ROOM, dtype=np.uint8)
    state = np.zeros(STATE_SIZE, dtype=np.int64)
    while progress[TEXT] < offsets.size - 1:
        text = progress[TEXT]
        at, stop = offsets[text], offsets[text + 1]
        count, others, tail = progress[WORDS], progress[UNKNOWN], progress[TAIL]
        text_starts[text] = count
        while at < stop:
            at, length, code, lacking = _next_word(data, at, stop, fast, chars, word, state)
            if lacking:
                progress[LACKING] = state[CODE]
                return False
            if length == 0:
                continue
            known = _find(length, code, word, names, starts, slots)
            if known < 0 and unknown_starts.size > 1:
                for position in range(length):
                    unknown[tail + position] = word[position]
                tail += length
                others += 1
                unknown_starts[others] = tail
                known = -1 - others
            ids[count] = known
            count += 1
        progress[WORDS], progress[UNKNOWN], progress[TAIL] = count, others, tail
        progress[TEXT] += 1
        text_starts[progress[TEXT]] = count
    return True


def look_up_words_numpy(texts: list[bytes], words: list[bytes], chars: NDArray[np.int32]) -> list[list[Any]]:
    """Lists of the ids that `look_up_words` gives, but with the words themselves where they have none."""
    # ids(text) = [row of w in the table, else w, for w in tokens(text)]
    rows = {word: row for row, word in enumerate(words)}
    return [
        [rows.get(word, word) for line in split_text_numpy(text, chars, replace=True) for word in line]
        for text in texts
    ]


@njit(cache=True, nogil=True)
def weighted_means(
    ids: NDArray[np.int64],
    starts: NDArray[np.int64],
    rows: NDArray[np.float32],
    weights: NDArray[np.float32],
    others: NDArray[np.float32],
    weight: np.float32,
    common: NDArray[np.float32],
    unit: bool,
    means: NDArray[np.float32],
) -> None:
    """Weighted means of the rows of words, without a common direction: see `weighted_means_numpy`."""
    dim = rows.shape[1]
    for text in range(starts.size - 1):
        mean = means[text]
        mean[:] = 0
        count = 0
        for at in range(starts[text], starts[text + 1]):
            row = ids[at]
            if row >= 0:
                scale = weights[row]
                for component in range(dim):
                    mean[component] += scale * rows[row, component]
            elif row < -1:
                for component in range(dim):
                    mean[component] += weight * others[-2 - row, component]
            count += row != -1
        if count == 0:
            continue
        scale = np.float32(1.0 / count)
        for component in range(dim):
            mean[component] *= scale
        if common.size:
            along = 0.0
            for component in range(dim):
                along += np.float64(mean[component]) * common[component]
            for component in range(dim):
                mean[component] -= np.float32(along * common[component])
        if unit:
            square = 0.0
            for component in range(dim):
                square += np.float64(mean[component]) * mean[component]
            if square > 0.0:
                scale = np.float32(1.0 / np.sqrt(square))
                for component in range(dim):
                    mean[component] *= scale


def weighted_means_numpy(
    ids: NDArray[np.int64],
    starts: NDArray[np.int64],
    rows: NDArray[np.float32],
    weights: NDArray[np.float32],
    others: NDArray[np.float32],
    weight: np.float32,
    common: NDArray[np.float32],
    unit: bool,
    means: NDArray[np.float32],
) -> None:
    """Fill `means` (n, d) with a vector for each text.

    ids (m,) and starts (n + 1,): the words of text i are ids[starts[i]:starts[i + 1]]; id >= 0 is a row of
    `rows` (w, d) with its weight in `weights` (w,), id <= -2 is row -2 - id of `others` (u, d) with `weight`,
    -1 is left out. `common`: (d,) of length 1, or empty. `unit`: scale to length 1; zeros stay.
    """
    # m_i = mean over the words w of text i of weight_w * row_w;  v_i = m_i - (m_i . c) c;  v_i / |v_i|
    for text in range(len(starts) - 1):
        own = ids[starts[text] : starts[text + 1]]
        own = own[own != -1]
        terms = [weights[row] * rows[row] if row >= 0 else weight * others[-2 - row] for row in own]
        mean = np.mean(terms, axis=0, dtype=np.float64) if terms else np.zeros(rows.shape[1])
        if len(common) and terms:
            mean = mean - (mean @ common) * common
        length = np.linalg.norm(mean)
        means[text] = mean / length if unit and length else mean
