"""Safetensors: the array "vectors", and the keys as "keys.data" and "keys.offsets" or in NAME.keys.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.numpy_file import as_float32, keys_path, read_keys
from nearspace.data.formats.reading import (
    BLOCK,
    Loaded,
    Places,
    check_finite,
    checked_dim,
    checked_keys,
    not_as_said,
)
from nearspace.files import new_file
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.tensors import Tensors, widened, write_tensors

VECTORS, DATA, OFFSETS = "vectors", "keys.data", "keys.offsets"
_FLOATS = ("F64", "F32", "F16", "BF16")


def read(path: Path, limit: int | None) -> Loaded:
    """Read vectors and keys; "vectors" may have another name if it is the only array (n, d) of floats.

    Raises:
        InputError: the file is damaged, or lacks vectors or keys that fit each other.
    """
    tensors = Tensors(path)
    grids = [name for name in tensors if tensors.code(name) in _FLOATS and len(tensors.shape(name)) == 2]
    name = VECTORS if VECTORS in grids else grids[0] if len(grids) == 1 else None
    if name is None:
        raise not_as_said(
            path,
            f"it holds {', '.join(map(repr, tensors)) or 'no arrays'}, expected {VECTORS!r} of floats (n, d)",
            f"Name the array of vectors {VECTORS!r}.",
        )
    count, dim = tensors.shape(name)
    checked_dim(dim, path)
    keys = _keys(tensors, count, limit) if DATA in tensors else read_keys(keys_path(path), limit, count, path)
    places = Places(path, 0, "row")
    raw, code = tensors[name][: len(keys)], tensors.code(name)
    if code != "BF16":
        return Loaded(keys, as_float32(raw, places))
    vectors = np.empty(raw.shape, dtype=np.float32)
    step = max(1, BLOCK // (4 * dim))
    for start in range(0, len(raw), step):
        vectors[start : start + step] = widened(raw[start : start + step], code)
        check_finite(vectors[start : start + step], start, places)
    return Loaded(keys, vectors)


def _keys(tensors: Tensors, count: int, limit: int | None) -> Keys:
    path = tensors.path
    if OFFSETS not in tensors or tensors.code(DATA) != "U8" or tensors.code(OFFSETS) != "I64":
        raise not_as_said(
            path, f"keys are {DATA!r} of uint8 and {OFFSETS!r} of int64, and one of them is not"
        )
    data, offsets = tensors[DATA], tensors[OFFSETS]
    if len(offsets) != count + 1:
        raise not_as_said(path, f"{OFFSETS!r} names {len(offsets) - 1:,} keys for {count:,} vectors")
    if offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any():
        raise not_as_said(path, f"{OFFSETS!r} does not run from 0 to the {len(data):,} bytes of {DATA!r}")
    offsets = offsets[: (count if limit is None else limit) + 1]
    return checked_keys(data[: offsets[-1]], offsets, Places(path, 0, "row"))


def write(space: Space, path: Path, overwrite: bool) -> None:
    """Write vectors and keys.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {
        VECTORS: space.vectors,
        DATA: space.keys.data,
        OFFSETS: space.keys.offsets,
    }
    with new_file(path, overwrite=overwrite) as draft:
        write_tensors(draft, arrays, {"format": "nearspace", "metric": space.metric})
