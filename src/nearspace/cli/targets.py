"""Refusing an output before the long work starts, not after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nearspace.data.formats.table import FORMATS
from nearspace.errors import SettingError
from nearspace.files import new_folder
from nearspace.store.description import is_space


class _EnoughError(Exception):
    """The draft could be made."""


def _anything(path: Path) -> bool:
    return True


def check_space(path: str, *, overwrite: bool) -> Path:
    """Give `path` if a Space could be saved there now.

    Raises:
        SettingError: it is named like a file in another format.
        OutputError: it exists and may not be replaced, or its parent cannot be written.
    """
    target = Path(path)
    if target.suffix in {suffix for form in FORMATS.values() for suffix in form.suffixes}:
        raise SettingError(
            f"{path!r} is named like a file in another format, but a Space is a folder",
            f"Use -o {target.stem}.space, then: nearspace convert {target.stem}.space {target.name}",
        )
    return check(path, overwrite=overwrite, replaceable=is_space)


def check(path: str, *, overwrite: bool, replaceable: Callable[[Path], bool] = _anything) -> Path:
    """Give `path` if an output could be put there now: it is begun beside it and given up.

    Raises:
        OutputError: it exists and may not be replaced, or its parent cannot be written.
    """
    with suppress(_EnoughError), new_folder(path, overwrite=overwrite, replaceable=replaceable):
        raise _EnoughError
    return Path(path)
