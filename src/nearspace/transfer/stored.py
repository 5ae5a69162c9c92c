"""heads/NAME: the heads of a saved Space, each a folder that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

from nearspace.errors import (
    DimensionError,
    EncoderMismatchError,
    MissingInputError,
    OutputError,
    SettingError,
)
from nearspace.files import new_folder, output_error
from nearspace.store.description import Description, read_description
from nearspace.transfer.head import ABOUT, Head

FOLDER = "heads"


def save_head(path: str | Path, name: str, head: Head, *, overwrite: bool = False) -> Path:
    """Write a head into the folder of a saved Space, as heads/NAME.

    Raises:
        NotASpaceError, MissingInputError: the folder is no saved Space.
        SettingError: the name is no plain file name.
        EncoderMismatchError, DimensionError: the head was fitted on vectors of another encoder or dimension.
        OutputError: the head exists and `overwrite` is off, or it cannot be written.
    """
    folder = Path(path)
    described = read_description(folder)
    check_name(name)
    check_head(head, name, described, folder)
    target = folder / FOLDER / name
    if target.exists() and not overwrite:
        raise OutputError(
            f"{str(folder)!r} has a head {name!r} already",
            "Give overwrite=True (--overwrite) or another name.",
        )
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(target.parent, error) from error
    with new_folder(target, overwrite=overwrite, replaceable=_is_head) as draft:
        head.save(draft)
    return target


def check_free(path: str | Path, name: str, *, overwrite: bool) -> Path:
    """Give the folder of a head, if one could be saved there.

    Raises:
        SettingError: the name is no plain file name.
        OutputError: the head exists and `overwrite` is off.
    """
    check_name(name)
    target = Path(path) / FOLDER / name
    if target.exists() and not overwrite:
        raise OutputError(
            f"{str(path)!r} has a head {name!r} already",
            "Give overwrite=True (--overwrite), or another name.",
        )
    return target


def open_head(path: str | Path, name: str) -> Head:
    """Open a head of a saved Space.

    Raises:
        NotASpaceError: the folder is no saved Space.
        MissingInputError: it has no such head; names those that it has.
        EncoderMismatchError, DimensionError: the Space has been given another encoder or dimension since.
        InputError, FormatVersionError: the head is damaged, or of a newer format.
    """
    folder = Path(path)
    described = read_description(folder)
    check_name(name)
    inside = folder / FOLDER / name
    if not _is_head(inside):
        there = heads(folder)
        raise MissingInputError(
            f"{str(folder)!r} has no head {name!r}",
            f"Its heads: {', '.join(there)}."
            if there
            else "Fit one: nearspace fit-head SPACE --labels COLUMN",
        )
    head = Head.load(inside)
    check_head(head, name, described, folder)
    return head


def heads(path: str | Path) -> list[str]:
    """List the heads of a saved Space, by name."""
    found = (Path(path) / FOLDER).glob("*")
    return sorted(one.name for one in found if _is_head(one) and not one.name.startswith("."))


def check_name(name: str) -> None:
    """Refuse a name that is no plain file name.

    Raises:
        SettingError: it is not.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise SettingError(f"the name of a head is {name!r}", "Give a plain name such as intent.")


def check_head(head: Head, name: str, described: Description, folder: Path) -> None:
    """Refuse a head that was fitted on other vectors than those of a Space.

    Raises:
        EncoderMismatchError: another encoder made them.
        DimensionError: they have another dimension.
    """
    ours = "" if described.encoder is None else str(described.encoder["fingerprint"])
    if head.settings.encoder != ours:
        raise EncoderMismatchError(
            f"head {name!r} was fitted on vectors of encoder {head.settings.encoder or 'none'}, "
            f"{str(folder)!r} has those of {ours or 'none'}",
            "Scores of another encoder's vectors mean nothing: fit the head again.",
        )
    if head.dim != described.dim:
        raise DimensionError(
            f"head {name!r} takes vectors of {head.dim}, {str(folder)!r} has {described.dim} components",
            "Fit the head again.",
        )


def _is_head(folder: Path) -> bool:
    return (folder / ABOUT).is_file()
