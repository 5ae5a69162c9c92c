"""Which mapped rows serve a version of the table, and when new ones are written."""

from __future__ import annotations

from pathlib import Path

from nearspace.errors import DuplicateKeyError, InputError, OutputError
from nearspace.store.dataset import Table
from nearspace.store.rows import FOLDER, StoredRows, UnsoundError, map_rows, stored_sets, write_rows
from nearspace.store.snapshot import Snapshot, changed, mapped, slots_of
from nearspace.store.table import TableVersion, table_version

SMALL = 1 << 24  # bytes of vectors that are written anew at once whenever something has changed
SHARE = 0.2  # of the rows that may have changed before a larger set is written anew
_ATTEMPTS = 10


class Replaced(Exception):
    """The Space was replaced or compacted while it was being opened."""


def open_snapshot(folder: Path, dim: int, version: TableVersion, *, newest: bool = True) -> Snapshot:
    """Give the rows of a version: mapped as they lie, or mapped and what has changed since.

    The newest version is written anew as a mapped set if there is none, or if too much has changed.

    Raises:
        OutputError: there is no sound set, and the folder cannot be written.
        InputError: the table is damaged.
        Replaced: that version is gone.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _opened(folder, dim, version, newest)
        except UnsoundError:  # another process wrote the same rows, and removed ours before they were mapped
            if newest and _moved_on(folder, version):
                break
    raise Replaced


def _opened(folder: Path, dim: int, version: TableVersion, newest: bool) -> Snapshot:
    base, unsound = _best_set(folder, dim, version)
    if base is not None and base.version == version:
        return mapped(folder, base)
    table = Table(folder, version.number)
    try:
        if newest and (base is None or worth_writing(base, table)):
            path = write_rows(folder, table, version, dim)
            return mapped(folder, map_rows(path, dim))
    except OutputError as error:
        if base is None and _moved_on(folder, version):
            raise Replaced from None
        if base is None:
            raise OutputError(
                f"{str(folder / FOLDER)!r} {unsound}, and cannot be made anew: {error.message}",
                "Make the folder writable, or copy the Space to one that is, and open it there once.",
            ) from error
    except DuplicateKeyError:
        raise
    except InputError:
        if _moved_on(folder, version):
            raise Replaced from None
        raise
    try:
        if base is None:
            base = _any_set(folder, dim, table, version)
        return changed(folder, base, table, version)
    except InputError:
        if newest and _moved_on(folder, version):
            raise Replaced from None
        raise


def open_newest(folder: Path, dim: int) -> Snapshot:
    """Give the rows of the newest version, for who holds the writer lock: readers may tidy up meanwhile.

    Raises:
        OutputError, InputError: as `open_snapshot`.
    """
    for _ in range(_ATTEMPTS):
        try:
            return open_snapshot(folder, dim, table_version(folder))
        except Replaced:
            continue
    raise InputError(f"{str(folder)!r} is being replaced again and again", "Try later.")


def bring_up_to_date(folder: Path, dim: int) -> None:
    """Write the mapped rows of the newest version if it has none, and few enough or too many changed."""
    version = table_version(folder)
    base, _ = _best_set(folder, dim, version)
    if base is not None and base.version == version:
        return
    table = Table(folder, version.number)
    if base is None or worth_writing(base, table):
        write_rows(folder, table, version, dim)


def _moved_on(folder: Path, version: TableVersion) -> bool:
    """Tell whether the newest version is another one by now, of this table or of one that took its place."""
    try:
        return table_version(folder) != version
    except InputError:
        return True


def worth_writing(base: StoredRows, table: Table) -> bool:
    """Tell whether the rows should be written anew: they are few, or too many of them have changed."""
    addresses = table.addresses()
    if len(addresses) * base.vectors.shape[1] * 4 <= SMALL:
        return True
    kept = int((slots_of(base, table, addresses) >= 0).sum())
    return len(addresses) + len(base.addresses) - 2 * kept > SHARE * len(addresses)


def _best_set(folder: Path, dim: int, version: TableVersion) -> tuple[StoredRows | None, str]:
    """Give the sound set of this version, or else the newest; and what is wrong with the others."""
    found: StoredRows | None = None
    unsound = "is missing"
    sets = stored_sets(folder)
    for number, path in sorted(sets, key=lambda one: (one[0] != version.number, -one[0])):
        if found is not None and number != version.number:
            break
        try:
            rows = map_rows(path, dim)
        except UnsoundError as error:
            unsound = str(error)
            continue
        if rows.version == version:
            return rows, ""
        if found is None and number != version.number:
            found = rows
    return found, unsound


def _any_set(folder: Path, dim: int, table: Table, version: TableVersion) -> StoredRows:
    """Write a set for a version that is not the newest."""
    return map_rows(write_rows(folder, table, version, dim), dim)
