"""One change of items.lance: new rows and rows that go, in a single version of the table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.errors import BusyError, OutputError
from nearspace.store.checks import CheckLog
from nearspace.store.dataset import NAME, Addresses, data_files, first_line


def commit(
    folder: Path, dataset: Any, message: str, *, added: Any = None, gone: Addresses | None = None
) -> Any:
    """Write rows and remove rows as one new version; return the dataset at that version.

    The new files are flushed to the disk and have checksums before the version exists, and the version's
    own files before this returns: from then on the change outlives a crash.

    Args:
        folder: of the Space, whose writer lock is held.
        dataset: the newest version, as Lance opened it.
        message: one line for the history.
        added: an Arrow table of new rows with the columns of the dataset, or None.
        gone: addresses of rows that are deleted or replaced, or None.

    Raises:
        OutputError: the disk is full, or the folder cannot be written; nothing was changed.
        BusyError: another program has changed the table meanwhile.
    """
    import lance
    from lance.commit import CommitConflictError

    log = CheckLog(folder)
    try:
        new = [] if added is None or not len(added) else lance.fragment.write_fragments(added, dataset)
        log.add(f"{NAME}/data/{file.path}" for fragment in new for file in fragment.files)
        changed, emptied = _without(dataset, gone)
        committed = lance.LanceDataset.commit(
            dataset, _operation(new, changed, emptied), read_version=dataset.version, commit_message=message
        )
        log.add(data_files(committed))
        flush_version(folder, committed.version)
    except CommitConflictError as error:
        raise BusyError(
            f"{str(folder / NAME)!r} was changed by another program meanwhile: {first_line(error)}",
            "Nothing was changed by this one: do it again.",
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(
            f"cannot write the table {str(folder / NAME)!r}: {first_line(error)}",
            "Nothing was changed. Check the free space and the permissions of the folder.",
        ) from error
    return committed


def _without(dataset: Any, gone: Addresses | None) -> tuple[list[Any], list[int]]:
    """Give fragments without the rows that go, and the numbers of those that would be left empty."""
    changed: list[Any] = []
    emptied: list[int] = []
    if gone is None or not len(gone):
        return changed, emptied
    numbers = gone >> np.uint64(32)
    places = (gone & np.uint64(0xFFFFFFFF)).astype(np.int64)
    for number in np.unique(numbers).tolist():
        fragment = dataset.get_fragment(int(number))
        left = fragment.delete_rows(places[numbers == number].tolist())
        if left is None:
            emptied.append(int(number))
        else:
            changed.append(left)
    return changed, emptied


def _operation(new: list[Any], changed: list[Any], emptied: list[int]) -> Any:
    from lance import LanceOperation

    if not changed and not emptied:
        return LanceOperation.Append(new)
    if not new:
        return LanceOperation.Delete(changed, emptied, "rows by key")
    return LanceOperation.Update(
        removed_fragment_ids=emptied, updated_fragments=changed, new_fragments=new, fields_modified=[]
    )


def flush_version(folder: Path, number: int) -> None:
    """Flush the manifest of a version, and the folders that new files appeared in."""
    versions = folder / NAME / "_versions"
    names = (f"{2**64 - 1 - number:020d}.manifest", f"{number}.manifest")
    parts = [folder / NAME / part for part in ("data", "_deletions", "_transactions")]
    for target in (*(versions / name for name in names), *parts, versions):
        if target.exists():
            handle = os.open(target, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
