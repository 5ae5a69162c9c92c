"""upsert, delete, count, history, stale, refresh: a saved Space under changes, by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.arrow_arrays import column_array, key_array, vector_array
from nearspace.data.table_keys import content_hashes, key_column
from nearspace.data.tables import BATCH, read_table
from nearspace.data.tables import Table as Rows
from nearspace.errors import EncoderMismatchError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.space import Space
from nearspace.store.dataset import CONTENT_HASH, FINGERPRINT, KEY, VECTOR, Table
from nearspace.store.description import read_description
from nearspace.store.editor import Change, Editor, editing, source_of
from nearspace.store.table import table_version

_OPERATIONS = {  # Lance's names of changes that carry no message
    "Overwrite": "saved",
    "Merge": "columns added",
    "Project": "columns changed",
    "CreateIndex": "index built",
    "Rewrite": "compacted",
    "ReserveFragments": "compacting",
}


@dataclass(frozen=True)
class Version:
    """One version of a saved Space.

    Attributes:
        version: its number.
        time: when it was written, ISO 8601 with the zone.
        rows: how many it has.
        change: what made it, one line.
    """

    version: int
    time: str
    rows: int
    change: str

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def upsert(
    path: str | Path,
    rows: Any,
    *,
    key: str = KEY,
    columns: Sequence[str] | None = None,
    encoder: Encoder | str | None = None,
    new_columns: bool = False,
    batch: int = BATCH,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> Change:
    """Add rows to a saved Space, and replace those whose key is there already.

    Rows are read and committed in batches: what was committed stays if the work is cut off, and the same
    call made again goes on where it was, since rows that are there with the same values are passed over.
    Columns that are not given keep their values. Rows without a column `vector` are placed by the Space's
    encoder, but only if they are new or their content has changed.

    Args:
        path: of the Space.
        rows: another Space, or a table as `nearspace.data.tables.read_table` takes it (a path, a frame, an
            Arrow table, dicts, a dict of columns) or gives it, with its own columns and batches.
        key: column of the keys, text or whole numbers.
        columns: the others to take; None: all.
        encoder: what made the given vectors, or its name; it must be the encoder of the Space.
        new_columns: add columns that the Space does not have (an empty Space takes all).
        batch: rows of a batch, each of which is one version of the table.
        wait: seconds to wait for another writer; None: as long as it takes.
        progress: where the work is shown.

    Raises:
        EncoderMismatchError: the vectors were made by another encoder than those of the Space.
        BusyError: another process is writing the Space.
        DuplicateKeyError, InputError, DimensionError: the rows are not what they should be; what was
            committed before stays.
        OutputError: the Space cannot be written.
    """
    if isinstance(rows, Space):
        encoder = rows.encoder if encoder is None else encoder
        read = read_table(_space_batches(rows, batch), batch=batch)
        key = KEY
    else:
        read = open_rows(rows, key, columns, batch)
    with editing(path, wait) as editor, progress.task(f"writing {path}", unit="rows") as task:
        schema = _checked_schema(editor, read, key, new_columns)
        has_vectors = VECTOR in schema.names
        _check_encoder(editor, encoder, has_vectors)
        editor.add_columns(schema)
        source = source_of(editor)
        change, first = Change(editor.version), 1
        for part in read.batches():
            where = f"{read.name}, rows {first:,} to {first + len(part) - 1:,}"
            change += editor.upsert(_renamed(part, key, read.name, first), source, where)
            first += len(part)
            task.advance(len(part))
    return change


def open_rows(rows: Any, key: str, columns: Sequence[str] | None, batch: int) -> Rows:
    """Open a table whose keys are text; one that is open already stays as it is."""
    if isinstance(rows, Rows):
        return rows
    wanted = None if columns is None else list(dict.fromkeys([key, *columns]))
    as_text = {key: "string"} if isinstance(rows, str | Path) else None  # 007 stays 007
    return read_table(rows, columns=wanted, types=as_text, batch=batch)


def delete(
    path: str | Path,
    keys: str | Iterable[str] = (),
    *,
    where: str | None = None,
    wait: float | None = 0.0,
) -> Change:
    """Remove rows from a saved Space, by key or for which an SQL condition holds, in one version.

    Keys that are not there are passed over: the count says how many were.

    Raises:
        SettingError: neither keys nor a condition came, or both; or the condition cannot be understood.
        BusyError: another process is writing the Space.
    """
    listed = [keys] if isinstance(keys, str) else list(keys)
    if bool(listed) == (where is not None):
        raise SettingError("delete takes keys or a condition", "Give one of them: keys, or where (--where).")
    with editing(path, wait) as editor:
        return editor.delete(Keys(dict.fromkeys(listed))) if where is None else editor.delete_where(where)


def count(path: str | Path, where: str | None = None) -> int:
    """Count the rows of a saved Space, or those for which an SQL condition holds.

    Raises:
        SettingError: the condition cannot be understood.
    """
    folder = Path(path)
    read_description(folder)
    table = Table(folder, table_version(folder).number)
    return int(table.dataset.count_rows()) if where is None else len(table.matching(where))


def history(path: str | Path) -> list[Version]:
    """List the versions of a saved Space that can still be opened, newest first."""
    folder = Path(path)
    read_description(folder)
    dataset = Table(folder).dataset
    versions = sorted(dataset.versions(), key=lambda one: -int(one["version"]))
    return [
        Version(
            int(one["version"]),
            one["timestamp"].astimezone().isoformat(timespec="seconds"),
            int(one["metadata"].get("total_rows", 0)),
            _change_line(dataset, int(one["version"])),
        )
        for one in versions
    ]


def stale(path: str | Path) -> list[str]:
    """List the keys whose content or encoder is another than when their vectors were made.

    Raises:
        InputError: the Space has no encoder, so that nothing can be stale.
    """
    folder = Path(path)
    described = read_description(folder)
    content, fingerprint = _encoded_by(path, described)
    table = Table(folder, table_version(folder).number)
    found: list[str] = []
    wanted = [KEY, *({content} - {KEY}), CONTENT_HASH, FINGERPRINT]
    for batch in table.batches(
        [name for name in wanted if name in table.dataset.schema.names], described.dim
    ):
        found += batch.column(KEY).filter(_stale_rows(batch, content, fingerprint)).to_pylist()
    return found


def refresh(
    path: str | Path,
    *,
    batch: int = BATCH,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> Change:
    """Encode the rows anew whose content or encoder is another than when their vectors were made.

    Raises:
        InputError: the Space has no encoder.
        BusyError: another process is writing the Space.
    """
    described = read_description(Path(path))
    content, fingerprint = _encoded_by(path, described)
    with editing(path, wait) as editor, progress.task(f"refreshing {path}", unit="rows") as task:
        source, change = source_of(editor), Change(editor.version)
        columns = [KEY, *({content} - {KEY}), CONTENT_HASH, FINGERPRINT]
        for part in Table(editor.folder, editor.version).batches(columns, described.dim):
            rows = part.filter(_stale_rows(part, content, fingerprint)).drop_columns(
                [CONTENT_HASH, FINGERPRINT]
            )
            for start in range(0, len(rows), batch):
                change += editor.upsert(_table(rows.slice(start, batch)), source, f"{str(path)!r}")
            task.advance(len(part))
    return change


def _table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _stale_rows(batch: Any, content: str, fingerprint: str) -> Any:
    import pyarrow.compute as pc

    if CONTENT_HASH not in batch.schema.names:
        return pc.is_valid(batch.column(KEY))
    same = pc.equal(content_hashes(batch.column(content)), batch.column(CONTENT_HASH))
    made = pc.equal(batch.column(FINGERPRINT), fingerprint)
    return pc.invert(pc.fill_null(pc.and_(same, made), False))


def _encoded_by(path: str | Path, described: Any) -> tuple[str, str]:
    if described.encoder is None:
        raise InputError(
            f"{str(path)!r} has no encoder, so none of its vectors can be stale",
            "Its vectors were given or learned; give new ones with upsert.",
        )
    return described.content or KEY, str(described.encoder["fingerprint"])


def _space_batches(space: Space, size: int) -> list[Any]:
    """Give the rows of a Space as record batches."""
    import pyarrow as pa

    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    batches = []
    for start in range(0, len(space), size):
        stop = min(start + size, len(space))
        parts = {KEY: key_array(space.keys, start, stop)}
        parts[VECTOR] = vector_array(space.take(np.arange(start, stop)))
        parts |= {name: values.slice(start, stop - start) for name, values in columns.items()}
        batches.append(pa.record_batch(list(parts.values()), list(parts)))
    if not batches:
        raise InputError("the given Space has no rows", "Give one that has.")
    return batches


def _checked_schema(editor: Editor, read: Any, key: str, new_columns: bool) -> Any:
    """Give the Arrow schema of the rows as they will be written; refuse columns that are not known."""
    import pyarrow as pa

    names = read.schema.names
    if key not in names:
        raise InputError(
            f"{read.name} has no column {key!r}", f"Name the column of the keys; columns: {', '.join(names)}."
        )
    if key != KEY and KEY in names:
        raise InputError(f"{read.name} has a column 'key' that is not its key", "Rename one of them.")
    fields = [pa.field(KEY if field.name == key else field.name, field.type) for field in read.schema]
    known, empty = editor.dataset.schema.names, editor.dataset.count_rows() == 0
    unknown = [field.name for field in fields if field.name not in known]
    if unknown and not new_columns and not empty:
        raise InputError(
            f"{read.name} has columns that the Space has not: {', '.join(unknown)}",
            f"Leave them out, or add them with new_columns=True (--new-columns). Columns of the Space: "
            f"{', '.join(name for name in known if name not in (VECTOR, CONTENT_HASH, FINGERPRINT))}.",
        )
    dim = editor.described.dim
    for field in fields:
        if field.name == VECTOR and field.type.list_size != dim:
            raise InputError(f"{read.name} has vectors of {field.type.list_size}, the Space has {dim}")
    return pa.schema(fields)


def _check_encoder(editor: Editor, encoder: Encoder | str | None, has_vectors: bool) -> None:
    if not has_vectors:
        return
    known: Mapping[str, Any] | None = editor.described.encoder
    name = encoder if encoder is None or isinstance(encoder, str) else encoder.fingerprint
    shown = name if encoder is None or isinstance(encoder, str) else f"{encoder.kind} {encoder.fingerprint}"
    if name == (None if known is None else known["fingerprint"]):
        return
    ours = "no named encoder" if known is None else f"{known['kind']} {known['fingerprint']}"
    raise EncoderMismatchError(
        f"the vectors come from {shown or 'an encoder without a name'}, those of the Space from {ours}",
        "Vectors of two encoders cannot be compared. Leave the vectors out to have rows encoded, or name "
        "their encoder with encoder=.",
    )


def _renamed(part: Any, key: str, name: str, first: int) -> Any:
    import pyarrow as pa

    columns = {field.name: part.column(field.name) for field in part.schema if field.name != key}
    return pa.table({KEY: key_column(part, key, name, first), **columns})


def _change_line(dataset: Any, version: int) -> str:
    try:
        transaction = dataset.read_transaction(version)
    except TypeError:  # pylance cannot read a rewrite that moved an index
        return _OPERATIONS["Rewrite"]
    except (OSError, RuntimeError, ValueError):  # its file is gone
        return ""
    if transaction is None:
        return ""
    message = (transaction.transaction_properties or {}).get("__lance_commit_message")
    operation = type(transaction.operation).__name__
    return str(message) if message else _OPERATIONS.get(operation, operation.lower())
