"""The two matrices of a word model: flat, aligned to cache lines, rows padded to whole registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.simd import LANES

ROWS_A_BLOCK = 8_192


def stride_of(dim: int) -> int:
    """Return the float32 of a padded row: `dim` up to a multiple of a register."""
    return -(-dim // LANES) * LANES


def aligned(*shape: int) -> NDArray[np.float32]:
    """Return zeros of `shape`, float32, that begin on a cache line."""
    size = int(np.prod(shape))
    room = np.zeros(size + LANES, dtype=np.float32)
    offset = (-room.ctypes.data // room.itemsize) % LANES
    return room[offset : offset + size].reshape(shape)


def fill_uniform(flat: NDArray[np.float32], stride: int, dim: int, begin: int, seed: int) -> None:
    """Fill rows `begin` and on with uniform numbers in -0.5 / dim .. 0.5 / dim (as word2vec does)."""
    rows = flat.reshape(-1, stride)
    generator = np.random.default_rng([seed, begin])
    for start in range(begin, len(rows), ROWS_A_BLOCK):
        part = rows[start : start + ROWS_A_BLOCK]
        part[:, :dim] = (generator.random((len(part), dim), dtype=np.float32) - np.float32(0.5)) / dim


def fill_rows(flat: NDArray[np.float32], stride: int, begin: int, values: NDArray[Any]) -> None:
    """Copy `values` (n, dim) to rows `begin` and on."""
    flat.reshape(-1, stride)[begin : begin + len(values), : values.shape[1]] = values


def unpadded(flat: NDArray[np.float32], stride: int, dim: int) -> NDArray[np.float32]:
    """Return (rows, dim) without the padding, moved together within the same memory."""
    rows = len(flat) // stride
    if stride == dim:
        return flat.reshape(rows, dim)
    padded, packed = flat.reshape(rows, stride), flat[: rows * dim].reshape(rows, dim)
    for start in range(0, rows, ROWS_A_BLOCK):
        packed[start : start + ROWS_A_BLOCK] = padded[start : start + ROWS_A_BLOCK, :dim].copy()
    return packed


def checked(state: Mapping[str, NDArray[Any]], name: str, rows: int, dim: int) -> NDArray[Any] | None:
    """Return state[name] if it has the expected shape, else None."""
    values = state.get(name)
    return values if values is not None and values.shape == (rows, dim) else None
