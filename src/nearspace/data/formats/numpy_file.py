"""NAME.npy with the vectors, and NAME.keys.txt with one key a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.reading import (
    BLOCK,
    Loaded,
    Places,
    check_finite,
    checked_dim,
    checked_keys,
    not_as_said,
    offsets_of,
    opened,
)
from nearspace.data.formats.text_writing import refuse_keys_with
from nearspace.errors import InputError, MissingInputError
from nearspace.files import new_file
from nearspace.kernels.vector_text import NEWLINE, RETURN
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.tensors import write_npy


def keys_path(path: Path) -> Path:
    """Give where the keys of NAME.npy or NAME.safetensors lie: NAME.keys.txt."""
    return path.with_suffix(".keys.txt")


def read(path: Path, limit: int | None) -> Loaded:
    """Read NAME.npy and NAME.keys.txt; float32 in row order is mapped, other floats are converted.

    Raises:
        InputError: one of the files is missing, damaged, or does not fit the other.
    """
    if not path.exists():
        raise MissingInputError(f"{str(path)!r} does not exist", "Check the path.")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise not_as_said(path, f"numpy cannot read it: {error}") from error
    if array.ndim != 2 or array.dtype.kind != "f":
        raise not_as_said(
            path,
            f"it holds {array.dtype} of shape {array.shape}, expected floats (n, d)",
            "Save the vectors as a two-dimensional array of float32.",
        )
    checked_dim(array.shape[1], path)
    keys = read_keys(keys_path(path), limit, len(array), path)
    return Loaded(keys, as_float32(array[: len(keys)], Places(path, 0, "row")))


def as_float32(array: NDArray[np.floating], places: Places) -> NDArray[np.float32]:
    """Give floats as finite float32 in row order, block by block; such an array itself is given as it is.

    Raises:
        InputError: a component is not finite.
    """
    same = array.dtype == np.float32 and array.flags.c_contiguous and array.dtype.isnative
    vectors = array.view(np.ndarray) if same else np.empty(array.shape, dtype=np.float32)
    step = max(1, BLOCK // max(1, 4 * array.shape[1]))
    for start in range(0, len(array), step):
        with np.errstate(over="ignore"):
            if not same:
                vectors[start : start + step] = array[start : start + step]
        check_finite(vectors[start : start + step], start, places)
    return vectors


def read_keys(path: Path, limit: int | None, count: int, vectors: Path) -> Keys:
    """Read one key a line; `count` vectors in the file `vectors` belong to them.

    Raises:
        InputError: the file is missing, has another number of lines, or a key is no UTF-8 or comes twice.
    """
    if not path.exists():
        raise MissingInputError(
            f"{str(path)!r} does not exist, and the keys of {str(vectors)!r} should be there",
            "Write one key a line into it, in row order.",
        )
    with opened(path) as file:
        content = file.read().replace(b"\r\n", b"\n")
    text = np.frombuffer(content if content.endswith(b"\n") or not content else content + b"\n", np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    if len(ends) != count:
        raise InputError(
            f"{str(path)!r} has {len(ends):,} keys, and {str(vectors)!r} has {count:,} vectors",
            "Give every row one key, in row order.",
        )
    text, ends = text[: ends[:limit][-1] + 1] if count else text, ends[:limit]
    lengths = np.diff(ends, prepend=-1) - 1
    return checked_keys(text[text != NEWLINE], offsets_of(lengths), Places(path))


def write(space: Space, path: Path, overwrite: bool) -> None:
    """Write NAME.npy and NAME.keys.txt.

    Raises:
        OutputError: a key holds a line break; or a file cannot be written.
    """
    refuse_keys_with(space, path, (NEWLINE, RETURN), empty=True)
    names = keys_path(path)
    with new_file(names, overwrite=overwrite) as keys, new_file(path, overwrite=overwrite) as draft:
        with keys.open("wb") as file:
            file.writelines(key.encode() + b"\n" for key in space.keys)
        write_npy(draft, space.vectors)
