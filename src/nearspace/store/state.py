"""training/state.safetensors: what a learner needs to continue training, mapped when first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.space import Space
from nearspace.tensors import Tensors, write_tensors

FOLDER = "training"
NAME = "state.safetensors"


def write_state(space: Space, folder: Path) -> None:
    """Write training/ into `folder` if the Space has a state."""
    if space.state:
        (folder / FOLDER).mkdir()
        write_tensors(folder / FOLDER / NAME, space.state)


def open_state(folder: Path) -> Mapping[str, NDArray[Any]]:
    """Give the state of a saved Space, empty if it has none; the file is read when an array is asked for."""
    path = folder / FOLDER / NAME
    return StoredState(path) if path.exists() else {}


def _identity(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_mtime_ns


class StoredState(Mapping[str, Any]):
    """The arrays of training/state.safetensors, read-only and mapped: name -> array.

    Raises (on use):
        InputError: the file is damaged, or gone since the Space was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity = _identity(path)

    @cached_property
    def _tensors(self) -> Tensors:
        tensors = Tensors(self.path)
        if _identity(self.path) != self._identity:
            raise InputError(f"{str(self.path)!r} was replaced after the Space was opened", "Open it again.")
        return tensors

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"StoredState({str(self.path)!r})"
