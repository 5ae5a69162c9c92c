"""Counting points by pixels, and spreading counts over the pixels around; each with a numpy twin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@njit(cache=True, nogil=True, _nrt=False)
def bin_points(
    x: Any, y: Any, weights: Any, codes: Any, channels: Any, first: Any, counts: Any, sums: Any
) -> None:
    """Add each point to its pixel of a band: counts += weight, sums += weight * channels[code]; all integers.

    x, y: (n,) int32 pixels; weights: (n,) uint8; codes: (n,) uint16; channels: (codes, c) int64; counts:
    (h, w) and sums: (h, w, c) int64 of the rows `first` to first + h of a picture. Others are passed over.
    """
    height, width = counts.shape
    for point in range(len(x)):
        row, column = y[point] - first, x[point]
        if row < 0 or row >= height or column < 0 or column >= width:
            continue
        weight = np.int64(weights[point])
        counts[row, column] += weight
        for channel in range(channels.shape[1]):
            sums[row, column, channel] += weight * channels[codes[point], channel]


def bin_points_numpy(
    x: Any, y: Any, weights: Any, codes: Any, channels: Any, first: Any, counts: Any, sums: Any
) -> None:
    """counts[p] = sum of w_i, sums[p, c] = sum of w_i channels[code_i, c], over the points i in pixel p."""
    height, width = counts.shape
    inside = (y >= first) & (y < first + height) & (x >= 0) & (x < width)
    place = (y[inside] - first, x[inside])
    weight = weights[inside].astype(np.int64)
    np.add.at(counts, place, weight)
    np.add.at(sums, place, weight[:, None] * channels[codes[inside]])


@njit(cache=True, nogil=True, _nrt=False)
def blur(plane: Any, taps: Any, between: Any, out: Any) -> None:
    """Convolve a plane (h, w) with taps along both axes; beyond the edge is 0.

    taps: (2 r + 1,) float32, symmetric; `between`: room, as large as the plane. Every sum runs in the same
    order wherever a band is cut.
    """
    height, width = plane.shape
    reach = len(taps) // 2
    for row in range(height):
        for column in range(width):
            between[row, column] = np.float32(0)
        for tap in range(len(taps)):
            shift = tap - reach
            for column in range(max(0, -shift), min(width, width - shift)):
                between[row, column] += taps[tap] * plane[row, column + shift]
    for row in range(height):
        for column in range(width):
            out[row, column] = np.float32(0)
        for tap in range(max(0, reach - row), min(len(taps), height - row + reach)):
            other = row + tap - reach
            for column in range(width):
                out[row, column] += taps[tap] * between[other, column]


def blur_numpy(plane: Any, taps: Any, between: Any, out: Any) -> None:
    """out[y, x] = sum over i, j of taps[i] taps[j] plane[y + i - r, x + j - r]."""
    reach = len(taps) // 2
    height, width = plane.shape
    wide = np.pad(plane, ((0, 0), (reach, reach)))
    between[:] = 0
    for tap, share in enumerate(taps):
        between += share * wide[:, tap : tap + width]
    tall = np.pad(between, ((reach, reach), (0, 0)))
    out[:] = 0
    for tap, share in enumerate(taps):
        out += share * tall[tap : tap + height]
