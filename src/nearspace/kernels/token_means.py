"""Means of the rows of tokens: the vectors of texts in a table of token vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def token_means(
    ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    rows: NDArray[Any],
    places: NDArray[np.int64],
    weights: NDArray[np.float32],
    unit: bool,
    means: NDArray[np.float32],
) -> None:
    """Weighted means of the rows of tokens: see `token_means_numpy`."""
    dim = rows.shape[1]
    for text in range(starts.size - 1):
        mean = means[text]
        mean[:] = 0
        begin, end = starts[text], starts[text + 1]
        if begin == end:
            continue
        at = begin
        if weights.size == 0 and places.size == 0:
            while at + 4 <= end:  # four rows at a time: the mean is loaded and stored once for all of them
                first, second, third, fourth = (
                    rows[ids[at]],
                    rows[ids[at + 1]],
                    rows[ids[at + 2]],
                    rows[ids[at + 3]],
                )
                for component in range(dim):
                    mean[component] += (np.float32(first[component]) + np.float32(second[component])) + (
                        np.float32(third[component]) + np.float32(fourth[component])
                    )
                at += 4
        while at < end:
            token = np.int64(ids[at])
            row = places[token] if places.size else token
            weight = weights[token] if weights.size else np.float32(1)
            for component in range(dim):
                mean[component] += weight * np.float32(rows[row, component])
            at += 1
        scale = np.float32(1.0 / (end - begin))
        if unit:
            square = 0.0
            for component in range(dim):
                square += np.float64(mean[component]) * mean[component]
            scale = np.float32(1.0 / np.sqrt(square)) if square > 0.0 else np.float32(0)
        for component in range(dim):
            mean[component] *= scale


def token_means_numpy(
    ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    rows: NDArray[Any],
    places: NDArray[np.int64],
    weights: NDArray[np.float32],
    unit: bool,
    means: NDArray[np.float32],
) -> None:
    """Fill `means` (n, d) with a vector for each text; zeros for one without tokens.

    The tokens of text i are ids[starts[i]:starts[i + 1]]. Token t has the row places[t] of `rows` and the
    weight weights[t]; without `places` (empty) the row t, without `weights` the weight 1. `unit`: scaled to
    length 1.
    """
    # m_i = mean over the tokens t of text i of weight_t * rows[place_t];  m_i / |m_i|
    for text in range(len(starts) - 1):
        own = ids[starts[text] : starts[text + 1]]
        means[text] = 0
        if len(own):
            terms = rows[places[own] if len(places) else own].astype(np.float64)
            mean = np.mean(terms * weights[own][:, None] if len(weights) else terms, axis=0)
            length = np.linalg.norm(mean) if unit else 1.0
            means[text] = mean / length if length else 0
