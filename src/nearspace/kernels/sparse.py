"""Products of a sparse matrix, or one of positive pointwise mutual information, with a dense one."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.simd import LANES, fma, load, prefetch, splat, store, zero

_AHEAD = 8


@njit(cache=True, nogil=True)
def ppmi_product(
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    logs: NDArray[np.float32],
    row_terms: NDArray[np.float32],
    column_terms: NDArray[np.float32],
    dense: NDArray[np.float32],
    width: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply some rows of max(0, log x - row term - column term) with `dense`, (columns * width,) flat.

    Row r has the entries pointers[r] - pointers[0] .. pointers[r + 1] - pointers[0]; `out` is flat too, and
    `width` a multiple of 16.
    """
    last = len(columns) - 1
    for row in range(len(pointers) - 1):
        into = row * width
        for lane in range(0, width, LANES):
            store(out, into + lane, zero())
        for entry in range(pointers[row] - pointers[0], pointers[row + 1] - pointers[0]):
            ahead = np.int64(columns[min(entry + _AHEAD, last)]) * width
            for lane in range(0, width, LANES):
                prefetch(dense, ahead + lane)
            column = np.int64(columns[entry])
            value = logs[entry] - row_terms[row] - column_terms[column]
            if value > np.float32(0):
                factor = splat(np.float32(value))
                at = column * width
                for lane in range(0, width, LANES):
                    store(out, into + lane, fma(factor, load(dense, at + lane), load(out, into + lane)))


def ppmi_product_numpy(
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    logs: NDArray[np.float32],
    row_terms: NDArray[np.float32],
    column_terms: NDArray[np.float32],
    dense: NDArray[np.float32],
    width: int,
    out: NDArray[np.float32],
) -> None:
    """out[r] = sum over columns c of max(0, log x[r, c] - row_terms[r] - column_terms[c]) * dense[c]."""
    rows = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
    values = np.maximum(logs - row_terms[rows] - column_terms[columns], 0)
    result = np.zeros((len(pointers) - 1, width))
    np.add.at(result, rows, values[:, None] * dense.reshape(-1, width)[columns])
    out[:] = result.reshape(-1)


@njit(cache=True, nogil=True)
def _product_of_lanes(pointers, columns, values, dense, width, out):  # type: ignore[no-untyped-def]
    for row in range(pointers.size - 1):
        into, end = row * width, pointers[row + 1]
        for lane in range(0, width, LANES):
            store(out, into + lane, zero())
        for entry in range(pointers[row], end):
            ahead = np.int64(columns[min(entry + _AHEAD, columns.size - 1)]) * width
            for lane in range(0, width, LANES):
                prefetch(dense, ahead + lane)
            at, value = np.int64(columns[entry]) * width, splat(values[entry])
            for lane in range(0, width, LANES):
                store(out, into + lane, fma(value, load(dense, at + lane), load(out, into + lane)))


@njit(cache=True, nogil=True)
def sparse_product(
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    dense: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Multiply rows of a sparse matrix, row r in pointers[r]:pointers[r + 1], with `dense`, into `out`."""
    width = dense.shape[1]
    if width % LANES == 0:
        _product_of_lanes(pointers, columns, values, dense.reshape(dense.size), width, out.reshape(out.size))
        return
    for row in range(pointers.size - 1):
        into = out[row]
        into[:] = 0
        for entry in range(pointers[row], pointers[row + 1]):
            value, own = values[entry], dense[columns[entry]]
            for component in range(width):
                into[component] += value * own[component]


def sparse_product_numpy(
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    dense: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """out[r] = sum over the entries (c, x) of row r of x * dense[c]."""
    for row in range(len(pointers) - 1):
        own = slice(pointers[row], pointers[row + 1])
        out[row] = values[own].astype(np.float64) @ dense[columns[own]]
