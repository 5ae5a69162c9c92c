"""The queries that an index is asked: lines of a file or of stdin, or an array of vectors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.cli.options import lines_of
from nearspace.errors import InputError, MissingInputError


def read_queries(path: str) -> list[str] | NDArray[Any]:
    """Read queries: one a line, "-" for stdin, or (q, d) vectors from a .npy file.

    Raises:
        MissingInputError: there is no such file.
        InputError: it has no queries, or is damaged.
        EncodingError: a line is not UTF-8.
    """
    file = Path(path)
    if file.suffix == ".npy" and file.is_file():
        try:
            return np.asarray(np.load(file, allow_pickle=False))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path!r} is no array of vectors: {error}", "Write it with numpy.save."
            ) from error
    return read_lines(path, "queries")


def read_lines(path: str, what: str = "texts") -> list[str]:
    """Read one text a line; "-" is stdin.

    Raises:
        MissingInputError: there is no such file.
        InputError: it has no lines.
        EncodingError: a line is not UTF-8.
    """
    file = Path(path)
    if path != "-" and not file.is_file():
        raise MissingInputError(f"there is no file {path!r}", "Check the path.")
    with sys.stdin.buffer if path == "-" else file.open("rb") as stream:
        lines = list(lines_of(stream, "stdin" if path == "-" else repr(path)))
    if not lines:
        raise InputError(f"{path!r} has no {what}", "Write one a line.")
    return lines
