"""Refusing an output before the long work starts, not after it."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path

from nearspace.errors import SettingError
from nearspace.files import new_file, new_folder
from nearspace.store.description import is_space

FILES = (".txt", ".vec", ".bin", ".npy", ".parquet", ".safetensors", ".tsv", ".arrow", ".gz")


class _EnoughError(Exception):
    """The draft could be made."""


def check_folder(path: str, *, overwrite: bool) -> Path:
    """Give `path` if a Space could be saved there now.

    Raises:
        SettingError: it is named like a file.
        OutputError: it exists and may not be replaced, or its parent cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() in FILES:
        raise SettingError(
            f"{path!r} is named like a {target.suffix} file, but a Space is a folder",
            f"Use -o {target.stem}.space, then: nearspace convert {target.stem}.space {target.name}",
        )
    _try(new_folder(target, overwrite=overwrite, replaceable=is_space))
    return target


def check_file(path: str, *, overwrite: bool) -> Path:
    """Give `path` if a file could be written there now.

    Raises:
        OutputError: it exists and may not be replaced, or its folder cannot be written.
    """
    _try(new_file(path, overwrite=overwrite))
    return Path(path)


def _try(draft: AbstractContextManager[Path]) -> None:
    """Begin the output and give it up."""
    with suppress(_EnoughError), draft:
        raise _EnoughError
