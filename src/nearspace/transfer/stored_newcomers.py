"""newcomers/: the bridge of a saved Space, a folder that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

from nearspace.errors import DimensionError, MissingInputError, OutputError
from nearspace.files import new_folder
from nearspace.store.description import read_description
from nearspace.transfer.newcomers import ABOUT, Newcomers

FOLDER = "newcomers"


def save_newcomers(path: str | Path, newcomers: Newcomers, *, overwrite: bool = False) -> Path:
    """Write a bridge into the folder of a saved Space.

    Raises:
        NotASpaceError, MissingInputError: the folder is no saved Space.
        DimensionError: the bridge leads into vectors of another dimension.
        OutputError: there is a bridge and `overwrite` is off, or it cannot be written.
    """
    folder = Path(path)
    _check(newcomers, folder)
    target = folder / FOLDER
    if target.exists() and not overwrite:
        raise OutputError(f"{str(folder)!r} has a bridge for newcomers already", "Give overwrite=True.")
    with new_folder(target, overwrite=overwrite, replaceable=has_newcomers_in) as draft:
        newcomers.save(draft)
    return target


def open_newcomers(path: str | Path) -> Newcomers:
    """Open the bridge of a saved Space.

    Raises:
        NotASpaceError: the folder is no saved Space.
        MissingInputError: it has no bridge.
        DimensionError: the Space has vectors of another dimension by now.
        InputError, FormatVersionError: the bridge is damaged, or of a newer format.
    """
    folder = Path(path)
    read_description(folder)
    if not has_newcomers(folder):
        raise MissingInputError(
            f"{str(folder)!r} has no bridge for newcomers",
            "Fit one: nearspace add-items SPACE ITEMS --text COLUMN",
        )
    newcomers = Newcomers.load(folder / FOLDER)
    _check(newcomers, folder)
    return newcomers


def has_newcomers(path: str | Path) -> bool:
    """Whether a saved Space has a bridge."""
    return has_newcomers_in(Path(path) / FOLDER)


def has_newcomers_in(folder: Path) -> bool:
    """Whether a folder is a bridge."""
    return (folder / ABOUT).is_file()


def _check(newcomers: Newcomers, folder: Path) -> None:
    described = read_description(folder)
    if newcomers.dim != described.dim:
        raise DimensionError(
            f"the bridge gives vectors of {newcomers.dim}, {str(folder)!r} has {described.dim} components",
            "Fit it again.",
        )
