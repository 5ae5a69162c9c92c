"""Bucket ids of the character n-grams of words, hashed as fastText hashes them, and means of their rows.

Bojanowski, Grave, Joulin, Mikolov: Enriching Word Vectors with Subword Information (TACL 2017).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BASIS = 2166136261
_PRIME = 16777619
_OPEN = ord("<")
_CLOSE = ord(">")


def ngram_rows_numpy(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Bucket ids of the n-grams of every word, in plain Python: the twin of `ngram_rows`."""
    # G(w) = all runs of min_n..max_n characters of "<w>", but not the lone "<" and ">"; by start, then length
    # h(g) = FNV-1a, 32 bits, of the UTF-8 of g, each byte taken as signed (0xE9 is xored as 0xFFFFFFE9)
    # id(g) = h(g) mod buckets
    ids: list[int] = []
    starts = [0]
    for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        word = "<" + data[begin:end].tobytes().decode("utf-8") + ">"
        for start in range(len(word)):
            for size in range(max(min_n, 1), min(max_n, len(word) - start) + 1):
                if size == 1 and start in (0, len(word) - 1):
                    continue
                code = _BASIS
                for byte in word[start : start + size].encode("utf-8"):
                    signed = byte if byte < 128 else byte | 0xFFFFFF00
                    code = ((code ^ signed) * _PRIME) & 0xFFFFFFFF
                ids.append(code % buckets)
        starts.append(len(ids))
    return np.array(ids, dtype=np.int32), np.array(starts, dtype=np.int64)


@njit(cache=True, nogil=True)
def _count_ngrams(data, offsets, min_n, max_n, starts):  # type: ignore[no-untyped-def]
    """Fill `starts` with where the n-grams of each word begin: c characters have c - n + 1 runs of n."""
    total = 0
    for word in range(len(offsets) - 1):
        starts[word] = total
        characters = 2
        for at in range(offsets[word], offsets[word + 1]):
            characters += (data[at] & 0xC0) != 0x80
        for size in range(max(min_n, 1), min(max_n, characters) + 1):
            total += characters - size + 1 - (2 if size == 1 else 0)
    starts[len(offsets) - 1] = total


@njit(cache=True, nogil=True)
def _fill_ngrams(data, offsets, min_n, max_n, buckets, ids):  # type: ignore[no-untyped-def]
    longest = 0
    for word in range(len(offsets) - 1):
        longest = max(longest, offsets[word + 1] - offsets[word])
    text = np.empty(longest + 2, dtype=np.uint8)
    text[0] = _OPEN
    filled = 0
    for word in range(len(offsets) - 1):
        length = offsets[word + 1] - offsets[word] + 2
        for at in range(length - 2):
            text[at + 1] = data[offsets[word] + at]
        text[length - 1] = _CLOSE
        for start in range(length):
            if (text[start] & 0xC0) == 0x80:
                continue
            code = np.uint64(_BASIS)
            end = start
            for size in range(1, max_n + 1):
                if end == length:
                    break
                while True:  # one character: its first byte and its continuation bytes
                    signed = np.uint64(text[end])
                    if signed >= 128:
                        signed |= np.uint64(0xFFFFFF00)
                    code = ((code ^ signed) * np.uint64(_PRIME)) & np.uint64(0xFFFFFFFF)
                    end += 1
                    if end == length or (text[end] & 0xC0) != 0x80:
                        break
                if size >= min_n and not (size == 1 and (start == 0 or end == length)):
                    ids[filled] = np.int32(code % np.uint64(buckets))
                    filled += 1
    return filled


def ngram_rows(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Bucket ids of the character n-grams of every word.

    `data` (bytes,) and `offsets` (n + 1,) hold n words as UTF-8, as in `Keys`; 1 <= min_n <= max_n (max_n 0:
    no n-grams); 1 <= buckets < 2**31. Returns ids (m,) int32 in 0..buckets-1, and starts (n + 1,) int64: the
    n-grams of word i are ids[starts[i] : starts[i + 1]], ordered by where they begin, then by length, with
    repetitions.
    """
    starts = np.empty(len(offsets), dtype=np.int64)
    _count_ngrams(data, offsets, min_n, max_n, starts)
    ids = np.empty(int(starts[-1]), dtype=np.int32)
    _fill_ngrams(data, offsets, min_n, max_n, buckets, ids)
    return ids, starts


def mean_rows_numpy(
    rows: NDArray[np.float32],
    ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    own_rows: NDArray[np.float32],
    own_ids: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Mean of the own row and the n-gram rows of every word, (n, d); zeros where a word has none.

    rows (r, d); ids (m,) and starts (n + 1,) as `ngram_rows` gives them, but row numbers in place of buckets,
    -1: no row; own_rows (w, d); own_ids (n,), -1: no row of its own.
    """
    # v_i = (u_i + sum over j in starts_i .. starts_i+1 of rows[ids_j]) / m_i, m_i = number of rows in the sum
    means = np.zeros((len(starts) - 1, rows.shape[1]), dtype=np.float32)
    for word in range(len(means)):
        used = ids[starts[word] : starts[word + 1]]
        used = used[used >= 0]
        count = len(used) + int(own_ids[word] >= 0)
        if own_ids[word] >= 0:
            means[word] = own_rows[own_ids[word]]
        if count:
            means[word] = (means[word] + rows[used].sum(axis=0)) * np.float32(1 / count)
    return means


@njit(cache=True, nogil=True)
def mean_rows(rows, ids, starts, own_rows, own_ids):  # type: ignore[no-untyped-def]
    """Mean of the rows of every word, own row first, then in the order of ids: see `mean_rows_numpy`."""
    dim = rows.shape[1]
    means = np.zeros((len(starts) - 1, dim), dtype=np.float32)
    for word in range(len(means)):
        count = 0
        if own_ids[word] >= 0:
            count = 1
            for component in range(dim):
                means[word, component] = own_rows[own_ids[word], component]
        for at in range(starts[word], starts[word + 1]):
            if ids[at] >= 0:
                count += 1
                for component in range(dim):
                    means[word, component] += rows[ids[at], component]
        if count:
            scale = np.float32(1.0 / count)
            for component in range(dim):
                means[word, component] *= scale
    return means
