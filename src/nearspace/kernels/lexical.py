"""Rows of tf-idf and what is computed of them: products with dense matrices, and vectors of texts."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def weigh_words(
    ids: NDArray[np.int64],
    starts: NDArray[np.int64],
    weights: NDArray[np.float32],
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
) -> None:
    """Turn the words of texts into rows of tf-idf: see `weigh_words_numpy`."""
    written = 0
    pointers[0] = 0
    for text in range(starts.size - 1):
        own = np.sort(ids[starts[text] : starts[text + 1]])
        begun, square, at = written, 0.0, 0
        while at < own.size:
            word, first = own[at], at
            while at < own.size and own[at] == word:
                at += 1
            if word >= 0:
                value = (1.0 + np.log(at - first)) * weights[word]
                columns[written], values[written] = word, value
                square += value * value
                written += 1
        if square > 0.0:
            scale = np.float32(1.0 / np.sqrt(square))
            for entry in range(begun, written):
                values[entry] *= scale
        pointers[text + 1] = written


def weigh_words_numpy(
    ids: NDArray[np.int64],
    starts: NDArray[np.int64],
    weights: NDArray[np.float32],
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
) -> None:
    """Fill a sparse matrix with a row for each text, of length 1, its words ascending.

    The words of text i are ids[starts[i]:starts[i + 1]]; negative ones are left out.
    """
    # x[i, w] = (1 + ln(times that w comes in i)) * weight_w;  x_i / |x_i|
    pointers[0] = 0
    for text in range(len(starts) - 1):
        own = ids[starts[text] : starts[text + 1]]
        words, times = np.unique(own[own >= 0], return_counts=True)
        row = (1 + np.log(times)) * weights[words]
        begin = pointers[text]
        pointers[text + 1] = end = begin + len(words)
        columns[begin:end] = words
        values[begin:end] = row / (np.linalg.norm(row) or 1.0)
