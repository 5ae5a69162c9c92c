"""A Space as a folder: saved whole or not at all, opened without reading its vectors. See docs/format.md."""

from __future__ import annotations

import os
from pathlib import Path

from nearspace.errors import InputError
from nearspace.files import new_folder, recover_folder
from nearspace.space import Space
from nearspace.store.arrays import Replaced, open_arrays, write_arrays
from nearspace.store.description import Description, is_space, read_description
from nearspace.store.encoder import FOLDER as ENCODER_FOLDER
from nearspace.store.encoder import StoredEncoder, write_encoder
from nearspace.store.state import open_state, write_state
from nearspace.store.table import StoredColumns, table_version, write_table

_ATTEMPTS = 10


def save(space: Space, path: str | Path, *, overwrite: bool = False) -> None:
    """Write `space` as the folder `path`: a crash at any instant leaves the old Space or the new one.

    With `overwrite`, a Space that is there is replaced with all that its folder holds (its maps too);
    anything else is never replaced. A Space may be saved over the folder that it was opened from.

    Raises:
        OutputError: `path` exists and may not be replaced, or cannot be written (permissions, full disk).
        InputError: the Space cannot be stored: a column, the recipe, or no components at all.
        DimensionError: its encoder makes vectors of another dimension.
    """
    if space.dim == 0:
        raise InputError("a Space without components cannot be saved")
    with new_folder(path, overwrite=overwrite, replaceable=is_space) as draft:
        types = write_table(space, draft)
        version = table_version(draft)
        write_arrays(space, draft, version)
        encoder = write_encoder(space, draft)
        write_state(space, draft)
        Description(space.metric, space.dim, len(space), types, encoder, space.recipe).write(draft)
    if isinstance(space.columns, StoredColumns) and space.columns.folder.resolve() == Path(path).resolve():
        space.columns.moved_on(version)


def open_space(path: str | Path) -> Space:
    """Open a saved Space; its arrays are mapped and nothing but its description is read.

    Arrays that do not belong to the current version of the table are made anew from it first. Columns, state
    and encoder are opened when they are first used. The name is that of the folder, without its suffix.

    Raises:
        MissingInputError: there is no such folder.
        NotASpaceError: it is not a saved Space, or its description or table is damaged.
        FormatVersionError: a newer nearspace wrote it.
        OutputError: the arrays have to be made anew, and the folder cannot be written.
        InputError: the table has to be read, and is damaged.
    """
    folder = Path(path)
    recover_folder(Path(os.path.realpath(folder)))
    for _ in range(_ATTEMPTS):
        described = read_description(folder)
        before = folder.stat()
        try:
            space = _open(folder, described)
        except Replaced:
            continue
        after = folder.stat()
        same_folder = (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)
        if same_folder and described == read_description(folder):
            return space
    raise InputError(f"{str(folder)!r} is being replaced again and again", "Try later.")


def _open(folder: Path, described: Description) -> Space:
    version = table_version(folder)
    arrays = open_arrays(folder, version, described.dim)
    absolute, known = folder.absolute(), described.encoder
    return Space(
        keys=arrays.keys,
        vectors=arrays.vectors,
        metric=described.metric,
        columns=StoredColumns(absolute, described.columns, version),
        encoder=None if known is None else StoredEncoder(absolute / ENCODER_FOLDER, known),
        recipe=described.recipe,
        state=open_state(absolute),
        name=folder.absolute().stem,
        stored_norms=arrays.norms,
    )
