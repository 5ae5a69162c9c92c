"""Editor: one writer's turn at a saved Space. Every batch is one version of the table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import key_buffers
from nearspace.data.table_keys import HASH_BYTES
from nearspace.encoders.external import KIND as EXTERNAL
from nearspace.errors import DuplicateKeyError, InputError, OutputError
from nearspace.keys import Keys
from nearspace.store.commit import commit
from nearspace.store.dataset import (
    CONTENT_HASH,
    FINGERPRINT,
    KEY,
    NAME,
    RESERVED,
    VECTOR,
    Table,
    bad_filter,
    first_line,
)
from nearspace.store.description import read_description
from nearspace.store.folder import opened
from nearspace.store.lock import writing
from nearspace.store.merging import Old, Source, merge
from nearspace.store.names import KeyPlaces
from nearspace.store.opening import bring_up_to_date, open_newest
from nearspace.store.snapshot import Snapshot


@dataclass(frozen=True)
class Change:
    """What a change did.

    Attributes:
        version: of the table afterwards.
        added: rows that are new.
        replaced: rows that were there and are now others.
        unchanged: given rows that were there already, with the same values.
        deleted: rows that are gone.
        encoded: rows whose vectors were made anew.
        seconds: wall time.
    """

    version: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    deleted: int = 0
    encoded: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)

    def __add__(self, later: Change) -> Change:
        """Give what two changes did together."""
        counts = {
            name: getattr(self, name) + getattr(later, name)
            for name in ("added", "replaced", "unchanged", "deleted", "encoded", "seconds")
        }
        return Change(later.version, **counts)


@contextmanager
def editing(path: str | Path, wait: float | None = 0.0) -> Iterator[Editor]:
    """Open a saved Space for changes; its mapped rows are brought up to date at the end, also after an error.

    Raises:
        BusyError: another process is writing it.
        MissingInputError, NotASpaceError, FormatVersionError, InputError, OutputError: as `open_space`.
    """
    folder = Path(path).absolute()
    read_description(folder)
    with writing(folder, wait):
        described = read_description(folder)
        editor = Editor(folder, open_newest(folder, described.dim), described)
        try:
            yield editor
        finally:
            bring_up_to_date(folder, described.dim)


class Editor:
    """Changes the table of a saved Space whose writer lock is held.

    Args:
        folder: of the Space.
        snapshot: its newest version.
        described: its description.
    """

    def __init__(self, folder: Path, snapshot: Snapshot, described: Any) -> None:
        self.folder = folder
        self.described = described
        self.snapshot = snapshot
        self.space = opened(folder, described, snapshot)
        self.dataset = snapshot.table.dataset
        self._places = KeyPlaces(snapshot.keys, snapshot.addresses)
        self._first_new = 1 + max((f.fragment_id for f in self.dataset.get_fragments()), default=-1)
        self._prepare_columns()

    @property
    def version(self) -> int:
        """Of the table as it is now."""
        return int(self.dataset.version)

    def places(self, keys: Keys) -> NDArray[np.int64]:
        """(m,) the address of the row of each key as the table is now, -1 where there is none."""
        return self._places.find(keys)

    def add_columns(self, schema: Any) -> None:
        """Add the columns of an Arrow schema that the table lacks; existing rows have no value there."""
        import pyarrow as pa

        new = [
            pa.field(field.name, field.type)
            for field in schema
            if field.name not in self.dataset.schema.names
        ]
        if not new:
            return
        for field in new:
            if field.name in RESERVED:
                raise InputError(f"column name {field.name!r} is reserved", "Rename it.")
        try:
            self.dataset.add_columns(pa.schema(new))
        except (OSError, RuntimeError, ValueError) as error:
            raise OutputError(
                f"cannot add columns to {str(self.folder / NAME)!r}: {first_line(error)}"
            ) from error

    def upsert(self, given: Any, source: Source, where: str = "the rows") -> Change:
        """Put an Arrow table of rows in: `key`, perhaps `vector`, and metadata. One version, or none if all
        rows are there already.

        Raises:
            DuplicateKeyError: two rows have the same key.
            InputError: a row does not fit.
            OutputError: it cannot be written.
        """
        began = time.perf_counter()
        keys = _keys_of(given, where)
        places = self._places.find(keys)
        old = self._old(places)
        merged = merge(given, old, self.dataset.schema, source, where)
        count = len(merged.table)
        gone = places[merged.written & old.known]
        if count:
            added, replaced = count - len(gone), len(gone)
            message = f"upsert: {added} added, {replaced} replaced"
            self._commit(message, merged.table, gone, keys, np.flatnonzero(merged.written))
        return Change(
            self.version,
            added=count - len(gone),
            replaced=len(gone),
            unchanged=len(given) - count,
            encoded=merged.encoded,
            seconds=time.perf_counter() - began,
        )

    def delete(self, keys: Keys) -> Change:
        """Remove rows by key; keys that are not there are passed over."""
        began = time.perf_counter()
        places = self._places.find(keys)
        known = np.flatnonzero(places >= 0)
        if len(known):
            names = keys.select(known)
            self._commit(f"delete: {len(known)} rows", None, places[known], names, None)
        return Change(self.version, deleted=len(known), seconds=time.perf_counter() - began)

    def delete_where(self, where: str) -> Change:
        """Remove the rows for which an SQL condition holds.

        Raises:
            SettingError: the condition cannot be understood.
        """
        try:
            found = self.dataset.scanner(columns=[KEY], filter=where).to_table()
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            raise bad_filter(where, [KEY, *self.space.columns], error) from error
        return self.delete(_keys_of(found, "the table"))

    def _commit(
        self,
        message: str,
        added: Any,
        gone: NDArray[np.int64],
        keys: Keys,
        written: NDArray[np.int64] | None,
    ) -> None:
        before = {fragment.fragment_id for fragment in self.dataset.get_fragments()}
        self.dataset = commit(self.folder, self.dataset, message, added=added, gone=gone.astype(np.uint64))
        if written is None:
            self._places.set(keys, np.full(len(keys), -1, dtype=np.int64))
            return
        new = [part for part in self.dataset.get_fragments() if part.fragment_id not in before]
        places = [(part.fragment_id << 32) + np.arange(part.physical_rows) for part in new]
        names = keys if len(written) == len(keys) else keys.select(written)
        self._places.set(names, np.concatenate(places))

    def _old(self, places: NDArray[np.int64]) -> Old:
        """Read the rows at some places (-1: none): mapped ones, or what this editor has written."""
        import pyarrow as pa

        known = places >= 0
        at = places[known]
        names = [name for name in self.dataset.schema.names if name not in (KEY, VECTOR)]
        mine = (at >> 32) >= self._first_new
        vectors = np.empty((len(at), self.described.dim), dtype=np.float32)
        rows = self.snapshot.rows_at(at[~mine].astype(np.uint64))
        vectors[~mine] = self.snapshot.take(rows)
        schema = pa.schema([self.dataset.schema.field(name) for name in names])
        columns = [self.snapshot.columns.arrow(name, rows).cast(schema.field(name).type) for name in names]
        table = pa.table(columns, schema=schema) if names else pa.table({})
        if mine.any():
            read = Table(self.folder, self.version).at(at[mine].astype(np.uint64), [VECTOR, *names])
            flat = read.column(VECTOR).combine_chunks().flatten().to_numpy()
            vectors[mine] = flat.reshape(-1, self.described.dim)
            order = np.argsort(np.concatenate([np.flatnonzero(~mine), np.flatnonzero(mine)]))
            table = pa.concat_tables([table, read.drop_columns([VECTOR])]).take(pa.array(order))
        return Old(known, table, vectors)

    def _prepare_columns(self) -> None:
        """Add the columns that say where rows come from to a table that was written without them."""
        import pyarrow as pa

        kinds = pa.schema([(CONTENT_HASH, pa.binary(HASH_BYTES)), (FINGERPRINT, pa.string())])
        missing = [field for field in kinds if field.name not in self.dataset.schema.names]
        if missing:
            self.dataset.add_columns(pa.schema(missing))


def _keys_of(given: Any, where: str) -> Keys:
    column = given.column(KEY)
    data, offsets = key_buffers(column.combine_chunks())
    try:
        return Keys.from_buffers(data, offsets)
    except DuplicateKeyError as error:
        raise DuplicateKeyError(f"{where}: {error.message}", error.hint) from error


def source_of(editor: Editor) -> Source:
    """Give how the rows of a Space get their vectors."""
    described = editor.described
    known = described.encoder
    content = described.content or (KEY if known is not None else None)
    fingerprint = None if known is None else str(known["fingerprint"])
    ours = known is not None and known["kind"] != EXTERNAL
    return Source(content, editor.space.encoder if ours else None, fingerprint, described.dim)
