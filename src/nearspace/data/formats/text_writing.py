"""Writing a Space as lines of a key and numbers: word2vec text, fastText .vec and GloVe."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nearspace.errors import OutputError
from nearspace.files import new_file
from nearspace.kernels.vector_text import NEWLINE, RETURN, SPACE, TAB, write_rows
from nearspace.space import Space

_NAMES = {SPACE: "a space", TAB: "a tab", NEWLINE: "a line break", RETURN: "a carriage return"}
_BLOCK_NUMBERS = 1 << 18


def write_word2vec(space: Space, path: Path, overwrite: bool) -> None:
    """Write a header "count dim" and a line a key; a path that ends in .gz is compressed.

    Raises:
        OutputError: a key is empty or holds a space or line break; or the file cannot be written.
    """
    _write(space, path, overwrite, f"{len(space)} {space.dim}\n".encode())


def write_glove(space: Space, path: Path, overwrite: bool) -> None:
    """Write a line a key, without a header; a path that ends in .gz is compressed.

    Raises:
        OutputError: a key is empty or holds a space or line break; or the file cannot be written.
    """
    _write(space, path, overwrite, b"")


def _write(space: Space, path: Path, overwrite: bool, header: bytes) -> None:
    refuse_keys_with(space, path, (SPACE, TAB, NEWLINE, RETURN))
    with new_file(path, overwrite=overwrite) as draft, packed(draft, path) as file:
        file.write(header)
        for text in lines_of(space, SPACE):
            file.write(text)


def lines_of(space: Space, separator: int, *, with_keys: bool = True) -> Iterator[bytes]:
    """Give the rows of a Space as text, many lines at a time."""
    step = max(1, _BLOCK_NUMBERS // space.dim)
    for start in range(0, len(space), step):
        rows = np.ascontiguousarray(space.vectors[start : start + step])
        offsets = space.keys.offsets[start : start + step + 1]
        data = np.asarray(space.keys.data[offsets[0] : offsets[-1]])
        offsets = offsets - offsets[0] if with_keys else np.zeros_like(offsets)
        yield write_rows(rows, data, offsets, separator)


@contextmanager
def packed(draft: Path, path: Path) -> Iterator[BinaryIO]:
    """Open `draft` for writing, compressed if `path` ends in .gz (without a time: always the same bytes)."""
    with draft.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
                yield file  # type: ignore[misc]
        else:
            yield raw


def refuse_keys_with(space: Space, path: Path, marks: tuple[int, ...], *, empty: bool = False) -> None:
    """Refuse keys that a format would cut in two.

    Raises:
        OutputError: a key holds one of the bytes `marks`, or is empty and `empty` is false.
    """
    keys = space.keys
    hint = "Write .parquet or .safetensors, which hold any key, or rename the key."
    found = np.flatnonzero(np.isin(keys.data, np.array(marks, dtype=np.uint8)))
    if len(found):
        row = int(np.searchsorted(keys.offsets, found[0], side="right")) - 1
        name = _NAMES[int(keys.data[found[0]])]
        raise OutputError(
            f"cannot write {str(path)!r}: key {keys[row]!r} of row {row} holds {name}, "
            "which this format cannot express",
            hint,
        )
    lengths = np.diff(keys.offsets)
    if not empty and len(lengths) and not lengths.all():
        row = int(np.argmin(lengths))
        raise OutputError(
            f"cannot write {str(path)!r}: the key of row {row} is empty, which this format cannot express",
            hint,
        )
