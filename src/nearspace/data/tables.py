"""Tables from anywhere as a stream of Arrow record batches of one schema, in bounded memory."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nearspace.data.table_columns import Shape, named_types, shape_of
from nearspace.data.table_files import accepted, checked_format, format_of, open_file, open_stream
from nearspace.data.table_parts import Part, TypeOf
from nearspace.data.table_rows import open_columns, open_rows
from nearspace.errors import InputError, SettingError

BATCH = 10_000

Opener = Callable[[TypeOf, TypeOf], Part]  # of the types that the user set, and those of the first part


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with named columns that are read batch by batch.

    Attributes:
        name: what messages call it, for example the path.
        batch: rows of a batch; only the last one has fewer.
    """

    name: str
    batch: int
    _shape: Shape = field(repr=False)
    _types: TypeOf = field(repr=False)
    _openers: tuple[Opener, ...] = field(repr=False)
    _begun: list[Part] = field(repr=False)

    @property
    def schema(self) -> Any:
        """The pyarrow schema of all batches: plain types, `vector` a fixed-size list of float32."""
        return self._shape.schema

    def batches(self) -> Iterator[Any]:
        """Give the rows from the first on, as pyarrow record batches of `schema`.

        Files, tables and lists can be read again and again; iterators, record batch readers and file objects
        once.

        Raises (also on reading):
            InputError: a row cannot be read; or all were read before and cannot be read again.
        """
        if not self._openers and not self._begun:
            raise InputError(
                f"{self.name}: it was read already, and can be read only once",
                "Give a path, a list or a table instead of an iterator or an open file.",
            )
        known = {one.name: one.type for one in self._shape.found or ()}
        parts = self._begun[:] or (opener(self._types, known) for opener in self._openers)
        self._begun.clear()
        return _cut(_rows(parts, self._shape), self.batch)


def read_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002
    types: Mapping[str, str] | None = None,
    batch: int = BATCH,
) -> Table:
    """Open a table; its rows are read when `Table.batches` is gone through.

    Args:
        source: a path or several (CSV, TSV, JSON lines, Parquet, Arrow; text also gz, xz, bz2, zst), an open
            binary file (with `format`), a pyarrow Table, RecordBatch, list of these or RecordBatchReader,
            a frame of pandas, polars or anything else that exports Arrow streams, an iterable of dicts, or
            a dict of columns.
        columns: those to read, in this order; None: all.
        format: "csv", "tsv", "jsonl", "parquet" or "arrow"; None: by suffix, else by the first bytes.
        types: column -> "string", "int", "float" or "bool", where the type should not be told from the
            values; numbers such as 007 keep their zeros as "string".
        batch: rows of a batch.

    Raises:
        MissingInputError: a file does not exist.
        InputError: the source is nothing of this, is empty or damaged, or a column is not there or double.
        SettingError: a format, type or batch that is not accepted.
    """
    if batch < 1:
        raise SettingError(f"batch is {batch}", "A batch has at least 1 row.")
    if isinstance(columns, str):
        raise SettingError(f"columns is the string {columns!r}", "Give a list of names.")
    wanted = None if columns is None else tuple(columns)
    asked = named_types(types)
    name, openers, once = _find(source, wanted, checked_format(format), batch)
    part = openers[0](asked, {})
    first = next((one for one in part.batches if len(one)), None)
    shape = shape_of(part, first, wanted, asked)
    if once:
        ahead = _each(itertools.chain([] if first is None else [first], part.batches))
        return Table(name, batch, shape, asked, (), [dataclasses.replace(part, batches=ahead)])
    part.batches.close()
    return Table(name, batch, dataclasses.replace(shape, found=part.schema), asked, openers, [])


def _find(
    source: Any, columns: tuple[str, ...] | None, kind: str | None, batch: int
) -> tuple[str, tuple[Opener, ...], bool]:
    """Tell what `source` is: its name, what opens its parts, and whether it can be read only once."""
    import pyarrow as pa

    if isinstance(source, str | Path):
        return _files([source], columns, kind)
    if hasattr(source, "read"):
        return _stream(source, columns, kind)
    if isinstance(source, Mapping):
        return "the columns", (lambda types, _: open_columns(source, types),), False
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if hasattr(source, "__arrow_c_stream__") or _is_pandas(source):
        name, once = _kind_name(source), not hasattr(source, "__len__") and not isinstance(source, pa.Table)
        return name, (lambda *_: _arrow(source, name, batch),), once
    if isinstance(source, list | tuple) and source:
        if isinstance(source[0], str | Path):
            return _files(source, columns, kind)
        if isinstance(source[0], pa.RecordBatch):
            return "the record batches", (lambda *_: _batches(source),), False
    if isinstance(source, Iterable) and not isinstance(source, bytes | bytearray):
        once = not isinstance(source, Sequence)
        return "the rows", (lambda types, _: open_rows(source, types, batch),), once
    raise InputError(
        f"a table cannot be read from {type(source).__name__}",
        "Give a path, a frame, a pyarrow table, a list of dicts or a dict of columns.",
    )


def _files(
    paths: Sequence[Any], columns: tuple[str, ...] | None, kind: str | None
) -> tuple[str, tuple[Opener, ...], bool]:
    found = []
    for number, path in enumerate(paths):
        if not isinstance(path, str | Path):
            raise InputError(
                f"item {number:,} of the list is {type(path).__name__}, expected a path", "Give paths only."
            )
        found.append((Path(path), format_of(Path(path), kind)))
    name = str(found[0][0]) if len(found) == 1 else f"{len(found):,} files"
    return name, tuple(partial(open_file, path, told, columns) for path, told in found), False


def _stream(
    file: Any, columns: tuple[str, ...] | None, kind: str | None
) -> tuple[str, tuple[Opener, ...], bool]:
    given = getattr(file, "name", None)
    name = given if isinstance(given, str) else "the open file"
    name = "standard input" if name == "<stdin>" else name
    if kind is None:
        raise InputError(f"{name}: nothing tells the format of an open file", accepted())
    if isinstance(file, io.TextIOBase):
        raise InputError(f"{name}: it is open as text", "Open it in binary mode ('rb').")
    return name, (partial(open_stream, file, name, kind, columns),), True


def _is_pandas(source: Any) -> bool:
    return type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "columns")


def _kind_name(source: Any) -> str:
    made = type(source)
    return f"the {made.__module__.split('.')[0]} {made.__name__}"


def _arrow(source: Any, name: str, batch: int) -> Part:
    """Open a pyarrow table, a frame, or anything that exports an Arrow stream; not an unnamed index."""
    import pyarrow as pa

    try:
        if _is_pandas(source):
            frame = pa.Table.from_pandas(source)
            source = frame.select([one for one in frame.schema.names if not one.startswith("__index_level_")])
        if isinstance(source, pa.Table):
            return Part(name, source.schema, _each(source.to_batches(max_chunksize=batch)))
        reader = pa.RecordBatchReader.from_stream(source)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{name} is no table of named columns with one type each: {' '.join(map(str, error.args))}",
            "Give a table or frame, and all values of a column one type.",
        ) from error
    return Part(name, reader.schema, _each(reader))


def _batches(batches: Sequence[Any]) -> Part:
    for number, one in enumerate(batches):
        if getattr(one, "schema", None) != batches[0].schema:
            raise InputError(
                f"record batch {number:,} of the list has another schema than the first",
                "All have the same columns and types.",
            )
    return Part("the record batches", batches[0].schema, _each(batches))


def _each(batches: Iterable[Any]) -> Generator[Any, None, None]:
    yield from batches


def _rows(parts: Iterable[Part], shape: Shape) -> Iterator[Any]:
    for part in parts:
        shape.check(part)
        number = 1
        try:
            for raw in part.batches:
                if len(raw):
                    yield shape.convert(raw, part, number)
                number += len(raw)
        finally:
            part.batches.close()


def _cut(batches: Iterator[Any], size: int) -> Iterator[Any]:
    """Cut and join batches so that all but the last have `size` rows."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for batch in batches:
        begin = 0
        while count + len(batch) - begin >= size:
            held.append(batch.slice(begin, size - count))
            begin += size - count
            yield held[0] if len(held) == 1 else pa.concat_batches(held)
            held, count = [], 0
        if begin < len(batch):
            held.append(batch.slice(begin))
            count += len(batch) - begin
    if held:
        yield held[0] if len(held) == 1 else pa.concat_batches(held)
