"""A Space as a folder: saved whole or not at all, opened without reading its vectors. See docs/format.md."""

from __future__ import annotations

import os
from pathlib import Path

from nearspace.errors import InputError
from nearspace.files import new_folder, recover_folder
from nearspace.space import Space
from nearspace.store.checks import CheckLog
from nearspace.store.dataset import Table, data_files
from nearspace.store.description import Description, is_space, read_description
from nearspace.store.encoder import FOLDER as ENCODER_FOLDER
from nearspace.store.encoder import StoredEncoder, write_encoder
from nearspace.store.lock import unless_written
from nearspace.store.opening import Replaced, open_snapshot
from nearspace.store.rows import write_rows
from nearspace.store.snapshot import Snapshot
from nearspace.store.state import open_state, write_state
from nearspace.store.table import table_version, write_table

_ATTEMPTS = 10


def save(space: Space, path: str | Path, *, overwrite: bool = False, wait: float | None = 0.0) -> None:
    """Write `space` as the folder `path`: a crash at any instant leaves the old Space or the new one.

    With `overwrite`, a Space that is there is replaced with all that its folder holds (its maps too);
    anything else is never replaced. A Space may be saved over the folder that it was opened from. `wait`:
    seconds to wait for another process that is writing there (None: as long as it takes).

    Raises:
        OutputError: `path` exists and may not be replaced, or cannot be written (permissions, full disk).
        BusyError: another process is writing there.
        InputError: the Space cannot be stored: a column, the recipe, or no components at all.
        DimensionError: its encoder makes vectors of another dimension.
    """
    if space.dim == 0:
        raise InputError("a Space without components cannot be saved")
    folder = Path(os.path.realpath(path))
    with unless_written(folder, wait), new_folder(path, overwrite=overwrite, replaceable=is_space) as draft:
        types = write_table(space, draft)
        table = Table(draft)
        CheckLog(draft).add(data_files(table.dataset), flush=False)
        write_rows(draft, table, table_version(draft), space.dim, keys=space.keys, norms=space.stored_norms)
        encoder = write_encoder(space, draft)
        write_state(space, draft)
        described = Description(
            space.metric, space.dim, len(space), types, encoder, space.recipe, space.content
        )
        described.write(draft)


def open_space(path: str | Path, *, version: int | None = None) -> Space:
    """Open a saved Space; its arrays are mapped and nothing but its description is read.

    What has changed in the table since the arrays were written is read from it; arrays that are missing or
    damaged are made anew. Columns, state and encoder are opened when they are first used. The name is that
    of the folder, without its suffix. `version`: one of its `history`; the newest if not given. What is
    opened stays as it is while others write.

    Raises:
        MissingInputError: there is no such folder.
        NotASpaceError: it is not a saved Space, or its description or table is damaged.
        FormatVersionError: a newer nearspace wrote it.
        OutputError: the arrays have to be made anew, and the folder cannot be written.
        InputError: the table has to be read, and is damaged; or there is no such version.
    """
    folder = Path(path)
    recover_folder(Path(os.path.realpath(folder)))
    for _ in range(_ATTEMPTS):
        described = read_description(folder)
        before = folder.stat()
        try:
            found = table_version(folder, version)
            snapshot = open_snapshot(folder.absolute(), described.dim, found, newest=version is None)
            space = opened(folder, described, snapshot)
        except Replaced:
            continue
        after = folder.stat()
        same_folder = (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)
        if same_folder and described == read_description(folder):
            return space
    raise InputError(f"{str(folder)!r} is being replaced again and again", "Try later.")


def opened(folder: Path, described: Description, snapshot: Snapshot) -> Space:
    """Give the Space of a description and of rows."""
    absolute, known = folder.absolute(), described.encoder
    space = Space(
        keys=snapshot.keys,
        vectors=snapshot.base.vectors if snapshot.slots is None else snapshot,  # type: ignore[arg-type]
        metric=described.metric,
        columns=snapshot.columns,
        encoder=None if known is None else StoredEncoder(absolute / ENCODER_FOLDER, known),
        recipe=described.recipe,
        state=open_state(absolute),
        name=absolute.stem,
        stored_norms=snapshot.norms,
        content=described.content,
    )
    object.__setattr__(space, "origin", snapshot)
    return space
