"""compact: what deleted and replaced rows, small batches and old versions take up is given back."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from nearspace.errors import OutputError
from nearspace.files import remove_drafts, remove_leftovers
from nearspace.protocols import Progress, Quiet
from nearspace.store.checks import CheckLog
from nearspace.store.dataset import NAME, Table, data_files, first_line
from nearspace.store.editor import Editor, editing
from nearspace.store.graphs import move_graphs
from nearspace.store.opening import open_newest
from nearspace.store.rows import FOLDER, write_rows
from nearspace.store.table import table_version
from nearspace.store.text_index import check_indexes, index_files

_FRAGMENT_ROWS = 1 << 20


@dataclass(frozen=True)
class Compaction:
    """What `compact` did.

    Attributes:
        version: of the table afterwards.
        rows: how many it has.
        bytes_before: size of the folder before.
        bytes_after: and afterwards.
        graph: what became of the graph index: "kept", "dropped" because too many of its rows are gone or too
            many others have come (build it anew), or "none" where there was none.
        seconds: wall time.
    """

    version: int
    rows: int
    bytes_before: int
    bytes_after: int
    graph: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def compact(
    path: str | Path,
    *,
    keep: timedelta = timedelta(0),
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> Compaction:
    """Rewrite the table of a saved Space without gaps, remove old versions and what crashed writers left.

    Versions younger than `keep` stay and can still be opened. Who has opened an older one keeps its keys,
    vectors and columns, but can no longer filter it.

    Raises:
        BusyError: another process is writing the Space.
        OutputError: it cannot be written; the Space is as it was.
        InputError: a file of an index in the table is damaged; the Space is as it was.
    """
    began = time.perf_counter()
    with editing(path, wait) as editor, progress.task(f"compacting {path}", total=3, unit="steps") as task:
        folder, dim = editor.folder, editor.described.dim
        before = size_of(folder)
        old = open_newest(folder, dim)
        check_indexes(folder, editor.dataset)
        _rewrite(editor)
        task.advance(1)
        version = table_version(folder)
        table = Table(folder, version.number)
        CheckLog(folder).add([*data_files(table.dataset), *index_files(table.dataset)])
        if old.version != version or old.slots is not None:
            write_rows(folder, table, version, dim)
        new = open_newest(folder, dim)
        graph = move_graphs(folder, old, new)
        if graph == "dropped":
            progress.note(f"the graph index of {path} held too few of the rows: build it anew")
        task.advance(1)
        _clean(folder, table.dataset, keep)
        task.advance(1)
    return Compaction(version.number, len(new), before, size_of(folder), graph, time.perf_counter() - began)


def _rewrite(editor: Editor) -> None:
    try:
        editor.dataset.optimize.compact_files(
            target_rows_per_fragment=_FRAGMENT_ROWS, materialize_deletions_threshold=0.0
        )
        editor.dataset.optimize.optimize_indices()
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(
            f"cannot compact {str(editor.folder / NAME)!r}: {first_line(error)}",
            "The Space is as it was. Check the free space: it needs as much again while it works.",
        ) from error


def _clean(folder: Path, dataset: Any, keep: timedelta) -> None:
    """Remove old versions, and files that no version names: the lock says that nobody is writing them."""
    try:
        dataset.cleanup_old_versions(older_than=keep, delete_unverified=keep <= timedelta(0))
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(f"cannot clean {str(folder / NAME)!r}: {first_line(error)}") from error
    log = CheckLog(folder)
    log.keep(name for name in log.known if (folder / name).exists())
    if keep <= timedelta(0):
        for unfinished in (folder / NAME).glob("*/.tmp*"):  # of Lance, which does not remove them
            unfinished.unlink(missing_ok=True)
    remove_drafts(folder / FOLDER)
    remove_leftovers(folder)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; one that has two names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for base, _, names in os.walk(folder):
        for name in names:
            stat = os.lstat(Path(base) / name)
            seen[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(seen.values())
