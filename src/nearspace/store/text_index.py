"""Text indexes of a saved Space: Lance's inverted index of the words of a column, made, kept up, opened."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nearspace.errors import InputError, OutputError
from nearspace.protocols import Progress, Quiet
from nearspace.store.carrying import carry_rows
from nearspace.store.checks import CheckLog
from nearspace.store.commit import flush_version
from nearspace.store.dataset import KEY, NAME, RESERVED, Table, first_line
from nearspace.store.description import read_description
from nearspace.store.lock import writing
from nearspace.store.snapshot import Snapshot
from nearspace.store.table import TableVersion, table_version

MAX_BYTES = (
    200  # a longer word (in UTF-8, as it is written) is not indexed, and neither is one of this length
)
SETTINGS = {
    "with_position": True,
    "base_tokenizer": "simple",
    "lower_case": True,
    "stem": False,
    "remove_stop_words": False,
    "ascii_folding": True,
    "max_token_length": MAX_BYTES,
}
_KIND = "INVERTED"


@dataclass(frozen=True)
class TextIndexed:
    """What `index_text` did.

    Attributes:
        column: whose words are indexed.
        version: of the table afterwards.
        rows: how many the table has, all of which are indexed.
        added: how many of them were not before.
        seconds: wall time.
    """

    column: str
    version: int
    rows: int
    added: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class TextIndex:
    """The text index of one column, at one version of the table.

    Attributes:
        snapshot: that version.
        column: whose words are indexed.
        left: numbers of the fragments that were added after the index was made.
    """

    snapshot: Snapshot
    column: str
    left: tuple[int, ...]


def index_text(
    path: str | Path,
    column: str,
    *,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> TextIndexed:
    """Index the words of a column of a saved Space, or add the rows that its index lacks.

    Words are runs of letters and digits, in lower case, without accents; none is cut to its stem and none is
    left out. Afterwards there is one version more of the table, unless nothing was to do. Rows that come
    later are found without being indexed, only slower.

    Args:
        path: of the Space.
        column: of text; "key" for the keys.
        wait: seconds to wait for another writer; None: as long as it takes.
        progress: where the work is shown.

    Raises:
        InputError: there is no such column, or it is not text.
        BusyError: another process is writing the Space.
        OutputError: the index cannot be written; nothing was changed.
    """
    began = time.perf_counter()
    folder = Path(path).absolute()
    read_description(folder)
    with writing(folder, wait), progress.task(f"indexing {column} of {path}", unit="rows") as task:
        before = table_version(folder)
        table = Table(folder, before.number)
        _check_column(folder, table, column)
        rows = int(table.dataset.count_rows())
        sound = _sound(table, column)
        missing = rows if sound is None else _count(table, _left(table, sound))
        if sound is None or missing:
            _write(folder, table, column, sound)
        after = index_written(folder, before)
        task.advance(rows)
    return TextIndexed(column, after.number, rows, missing, time.perf_counter() - began)


def index_written(folder: Path, before: TableVersion) -> TableVersion:
    """Make a new index of the table last, and keep the mapped rows, which are the same; give the version.

    The writer lock is held, and since the version `before` nothing but an index has changed.
    """
    CheckLog(folder).add(index_files(Table(folder).dataset))
    after = table_version(folder)
    if after != before:
        flush_version(folder, after.number)
        carry_rows(folder, before, after)
    return after


def open_text(snapshot: Snapshot, column: str | None) -> TextIndex:
    """Open the text index of a column, or the only one there is; damaged files are noticed.

    Args:
        snapshot: of a Space.
        column: None: the only one that has an index.

    Raises:
        InputError: the column has no text index, there are several to choose from, or a file is damaged.
    """
    table, where = snapshot.table, str(snapshot.folder)
    found = {one.field_names[0]: one for one in _indices(table.dataset)}
    listed = ", ".join(sorted(found))
    if not found or (column is not None and column not in found):
        of = f"column {column!r} of {where!r}" if column is not None else repr(where)
        raise InputError(
            f"{of} has no text index" + (f"; indexed columns: {listed}" if found else ""),
            f"Make one with nearspace.index_text(path, {column or 'column'!r}) (nearspace index SPACE --text "
            f"{column or 'COLUMN'}), and open the Space again.",
        )
    if column is None and len(found) > 1:
        raise InputError(f"{where!r} has several text indexes: {listed}", "Name one with column=.")
    name = next(iter(found)) if column is None else column
    check_indexes(table.folder, table.dataset, [found[name]])
    return TextIndex(snapshot, name, _left(table, found[name]))


def index_files(dataset: Any) -> list[str]:
    """Names, below the folder of the Space, of the files of all indexes of a version of the table."""
    return _files_of(dataset, dataset.describe_indices())


def check_indexes(folder: Path, dataset: Any, indices: list[Any] | None = None) -> None:
    """Check the files of some indexes of a version of the table, or of all.

    Raises:
        InputError: one of them is damaged; it is named.
    """
    try:
        CheckLog(folder).verify(
            _files_of(dataset, dataset.describe_indices() if indices is None else indices)
        )
    except InputError as error:
        raise InputError(
            error.message, "Make the index anew: nearspace.index_text(path, column), or build_index(path)."
        ) from error


def _indices(dataset: Any) -> list[Any]:
    """Give the text indexes of a version of the table."""
    return [one for one in dataset.describe_indices() if str(one.index_type).upper() == _KIND]


def _files_of(dataset: Any, indices: list[Any]) -> list[str]:
    return list(_walk(Path(dataset.uri), {str(part.uuid) for one in indices for part in one.segments}))


def _walk(place: Path, uuids: set[str]) -> Iterator[str]:
    for uuid in sorted(uuids):
        for base, _, names in os.walk(place / "_indices" / uuid):
            for name in sorted(names):
                yield f"{NAME}/{(Path(base) / name).relative_to(place).as_posix()}"


def _left(table: Table, index: Any) -> tuple[int, ...]:
    known = {number for part in index.segments for number in part.fragment_ids}
    numbers = (fragment.fragment_id for fragment in table.dataset.get_fragments())
    return tuple(number for number in numbers if number not in known)


def _count(table: Table, numbers: tuple[int, ...]) -> int:
    return sum(one.count_rows() for one in table.dataset.get_fragments() if one.fragment_id in numbers)


def _check_column(folder: Path, table: Table, column: str) -> None:
    import pyarrow as pa

    texts = [
        field.name
        for field in table.dataset.schema
        if (pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
        and (field.name == KEY or field.name not in RESERVED)
    ]
    if column not in texts:
        known = table.dataset.schema.names
        problem = (
            f"is {table.dataset.schema.field(column).type}, not text" if column in known else "is missing"
        )
        raise InputError(
            f"column {column!r} of {str(folder)!r} {problem}", f"Columns of text: {', '.join(texts)}."
        )


def _sound(table: Table, column: str) -> Any:
    """Give the text index of a column if its files are whole and its settings ours, else None."""
    for one in _indices(table.dataset):
        if one.field_names == [column]:
            try:
                check_indexes(table.folder, table.dataset, [one])
            except InputError:
                return None
            return one if all(one.details.get(name) == value for name, value in SETTINGS.items()) else None
    return None


def _write(folder: Path, table: Table, column: str, sound: Any) -> None:
    """Bring a sound index up to date, or make one."""
    dataset = table.dataset
    try:
        if sound is not None:
            dataset.optimize.optimize_indices(index_names=[sound.name])
        else:
            names = [one.name for one in _indices(dataset) if one.field_names == [column]]
            dataset.create_scalar_index(column, _KIND, name=(names or [f"{column}_text"])[0], **SETTINGS)
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(
            f"cannot index column {column!r} of {str(folder / NAME)!r}: {first_line(error)}",
            "Nothing was changed. Check the free space and the permissions of the folder.",
        ) from error
