"""From one format of vectors to another: saved Spaces and everything that `data.formats` reads and writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats import read, write
from nearspace.data.formats.table import FORMATS, by_suffix, named
from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.description import is_space
from nearspace.store.folder import open_space, save

SPACE = "space"
SUFFIX = ".space"


@dataclass(frozen=True)
class Conversion:
    """What `convert` did.

    Attributes:
        source: what was read.
        target: what was written.
        source_format: its format: "space" or a name of `data.formats.FORMATS`.
        target_format: likewise.
        count: number of rows.
        dim: number of components.
        dropped: what the target's format cannot hold of the Space: "columns", "encoder", "state".
        seconds: wall time.
    """

    source: str
    target: str
    source_format: str
    target_format: str
    count: int
    dim: int
    dropped: tuple[str, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def convert(
    source: str | Path,
    target: str | Path,
    *,
    overwrite: bool = False,
    limit: int | None = None,
    source_format: str | None = None,
    target_format: str | None = None,
) -> Conversion:
    """Read `source` and write it as `target`, whole or not at all.

    Formats are "space" and those of `nearspace.read`; they are told from the source's content and the
    target's suffix (".space" for a Space) if not given. `limit` takes the first rows only, without encoder
    and state.

    Raises:
        SettingError: a format is unknown, or the target's suffix names none.
        InputError: the source is missing or not what it should be.
        OutputError: the target exists and `overwrite` is false, cannot be written, or cannot express a key.
    """
    began = time.perf_counter()
    into = Path(target)
    written = _target_format(into, target_format)
    space, found = _read(Path(source), source_format, limit)
    if written == SPACE:
        save(space, into, overwrite=overwrite)
    else:
        write(space, into, format=written, overwrite=overwrite)
    return Conversion(
        source=str(source),
        target=str(target),
        source_format=found,
        target_format=written,
        count=len(space),
        dim=space.dim,
        dropped=_dropped(space, written),
        seconds=time.perf_counter() - began,
    )


def first_rows(space: Space, limit: int) -> Space:
    """Give the first `limit` rows of a Space, without encoder and state, which belong to all of them."""
    if limit >= len(space):
        return space
    offsets = np.asarray(space.keys.offsets[: limit + 1])
    return replace(
        space,
        keys=Keys.from_buffers(space.keys.data[: offsets[-1]], offsets),
        vectors=space.vectors[:limit],
        columns=_first_values(space.columns, limit),
        encoder=None,
        state={},
        stored_norms=None if space.stored_norms is None else space.stored_norms[:limit],
        recipe=replace(
            space.recipe,
            learner="first_rows",
            settings={"limit": limit},
            history=(*space.recipe.history, replace(space.recipe, history=())),
        ),
    )


def _first_values(columns: Mapping[str, NDArray[Any]], limit: int) -> dict[str, NDArray[Any]]:
    return {name: values[:limit] for name, values in columns.items()}


def _target_format(target: Path, given: str | None) -> str:
    if given == SPACE or (given is None and target.suffix == SUFFIX):
        return SPACE
    try:
        return named(given, writing=True).name if given is not None else by_suffix(target).name
    except SettingError as error:
        hint = error.hint.replace("Accepted suffixes: ", f"Accepted suffixes: {SUFFIX}, ")
        hint = hint.replace("Accepted formats: ", f"Accepted formats: {SPACE}, ")
        raise SettingError(error.message, hint) from None


def _read(source: Path, given: str | None, limit: int | None) -> tuple[Space, str]:
    if given == SPACE or (given is None and source.is_dir() and is_space(source)):
        if limit is not None and limit < 1:
            raise SettingError(
                f"limit is {limit}", "Set it to 1 or more, or leave it out to read everything."
            )
        space = open_space(source)
        return (space if limit is None else first_rows(space, limit)), SPACE
    if given is not None and given not in FORMATS:
        accepted = ", ".join([SPACE, *FORMATS])
        raise SettingError(f"format {given!r} is not known", f"Accepted formats: {accepted}.")
    space = read(source, format=given, limit=limit)
    return space, space.recipe.learner.removeprefix("import:")


def _dropped(space: Space, written: str) -> tuple[str, ...]:
    if written == SPACE:
        return ()
    lost = []
    if space.columns and not FORMATS[written].columns:
        lost.append("columns")
    if space.encoder is not None:
        lost.append("encoder")
    if space.state:
        lost.append("state")
    return tuple(lost)
