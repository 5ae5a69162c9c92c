"""int8 codes of vectors: the nearest of 256 steps over the range of each component."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def encode(
    points: NDArray[np.float32],
    low: NDArray[np.float32],
    step: NDArray[np.float32],
    start: int,
    stop: int,
    out: NDArray[np.uint8],
) -> None:
    """Write the codes of points start..stop.

    Args:
        points: (m, d) float32.
        low: (d,) least value of each component.
        step: (d,) width of a step, positive.
        start: first point.
        stop: one past the last.
        out: (m, w), w >= d; the first d of rows start..stop are written.
    """
    for row in range(start, stop):
        for at in range(points.shape[1]):
            code = np.rint((points[row, at] - low[at]) / step[at])
            out[row, at] = np.uint8(np.int32(min(max(code, np.float32(0)), np.float32(255))))


def encode_numpy(
    points: NDArray[np.float32],
    low: NDArray[np.float32],
    step: NDArray[np.float32],
    start: int,
    stop: int,
    out: NDArray[np.uint8],
) -> None:
    """Do the same as `encode`: round((x - low) / step), cut off at 0 and 255."""
    codes = np.rint((points[start:stop] - low) / step).clip(0, 255)
    out[start:stop, : points.shape[1]] = codes
