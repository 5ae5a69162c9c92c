"""Layouts of files of events: with a header, RecBole's, MovieLens' two colons, or without a header."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from nearspace.data.table_csv import line_of, open_csv
from nearspace.data.table_files import FORMATS, checked_format, format_of
from nearspace.data.table_jsonl import line_of_object
from nearspace.data.table_parts import Part
from nearspace.data.table_text import CheckedText
from nearspace.data.tables import Table, read_table
from nearspace.data.text_files import file_pieces, stream_pieces
from nearspace.errors import InputError, SettingError

LAYOUTS = ("table", "movielens", "recbole", "headerless")
NAMES = ("user", "item", "rating", "timestamp")
BATCH = 1 << 18
_DELIMITERS = {"tsv": "\t", "csv": ","}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TYPED = re.compile(r"[^:\t]+:(token|token_seq|float|float_seq)")


@dataclass(frozen=True)
class Source:
    """One table of events, which can be opened with chosen columns and types.

    Attributes:
        name: for messages.
        names: its columns.
        schema: their types as they are told from the first rows.
        text: it is CSV or TSV, whose values carry no types.
        file: it is a file, and no object that may belong to one thread.
        batches: columns and types -> record batches.
        place: number of a row, from 1 -> where that is.
    """

    name: str
    names: list[str]
    schema: Any
    text: bool
    file: bool
    batches: Callable[[Sequence[str], Mapping[str, str]], Iterator[Any]]
    place: Callable[[int], str]


def open_sources(source: Any, *, kind: str | None, layout: str | None) -> Generator[Source, None, None]:
    """Give the tables of `source`, each file of a list as one.

    Raises:
        MissingInputError, InputError: as `tables.read_table`.
        SettingError: there is no such layout or format, or a layout that only files have.
    """
    checked_format(kind)
    if layout is not None and layout not in LAYOUTS:
        raise SettingError(f"layout {layout!r} is not known", f"Accepted: {', '.join(LAYOUTS)}.")
    if isinstance(source, str | Path):
        yield _file(Path(source), kind, layout)
    elif isinstance(source, list | tuple) and source and all(isinstance(one, str | Path) for one in source):
        for path in source:
            yield _file(Path(path), kind, layout)
    elif hasattr(source, "read"):
        with tempfile.TemporaryFile() as copy:
            yield _stream(source, copy, kind, layout)
    elif layout not in (None, "table"):
        raise SettingError(f"layout {layout!r} is one of files, and no file came", "Leave out layout=.")
    else:
        yield _objects(source)


def _file(path: Path, kind: str | None, layout: str | None) -> Source:
    def text() -> CheckedText:
        return CheckedText(file_pieces(path), str(path))

    told = _told(path, kind)
    if told in ("csv", "tsv") or (path.is_file() and layout not in (None, "table")):
        return _text(text, str(path), kind, layout, lambda kind: format_of(path, kind))
    return _table(str(path), lambda **how: read_table(path, **how), told, text)


def _told(path: Path, kind: str | None) -> str:
    """Tell the format of a file; what neither its suffix nor its first bytes tell may be a layout."""
    try:
        return format_of(path, kind)
    except InputError:
        if not path.is_file():
            raise
        return "csv"


def _stream(file: Any, copy: Any, kind: str | None, layout: str | None) -> Source:
    """Open an open file by its copy, as it is read twice."""
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else "the open file"
    name = "standard input" if name == "<stdin>" else name
    if kind is None and layout in (None, "table"):
        raise InputError(
            f"{name}: nothing tells the format of an open file",
            f"Name it with format= (--format). Accepted: {', '.join(FORMATS)}.",
        )
    shutil.copyfileobj(file, copy)

    def text() -> CheckedText:
        copy.seek(0)
        return CheckedText(stream_pieces(cast(IO[bytes], _Kept(copy, name)), name), name)

    if kind in ("csv", "tsv", None):
        return _text(text, name, kind, layout, lambda told: told or "tsv")

    def opened(**how: Any) -> Table:
        copy.seek(0)
        return read_table(_Kept(copy, name), **how)

    return _table(name, opened, str(kind), text)


class _Kept:
    """An open file under another name, which its reader cannot close."""

    def __init__(self, file: Any, name: str) -> None:
        self.name, self._file = name, file

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(size)
        return data

    def readinto(self, buffer: Any) -> int:
        return int(self._file.readinto(buffer))

    def peek(self, size: int = 0) -> bytes:
        data: bytes = self._file.peek(size)
        return data

    def tell(self) -> int:
        return int(self._file.tell())

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _objects(source: Any) -> Source:
    table = read_table(source, batch=BATCH)
    name = table.name

    def batches(columns: Sequence[str], types: Mapping[str, str]) -> Iterator[Any]:
        for batch in table.batches():
            yield batch.select(columns)

    return Source(
        name, table.schema.names, table.schema, False, False, batches, lambda row: f"{name}, row {row:,}"
    )


def _table(name: str, opened: Callable[..., Table], kind: str, text: Callable[[], CheckedText]) -> Source:
    """Open a file with named columns."""
    schema = opened(format=kind).schema

    def batches(columns: Sequence[str], types: Mapping[str, str]) -> Iterator[Any]:
        return opened(columns=columns, types=types, format=kind, batch=BATCH).batches()

    def place(row: int) -> str:
        line = line_of_object(text(), row) if kind == "jsonl" else None
        return f"{name}, row {row:,}" if line is None else f"{name}, line {line:,}"

    return Source(name, schema.names, schema, False, True, batches, place)


def _text(
    text: Callable[[], CheckedText],
    name: str,
    kind: str | None,
    layout: str | None,
    format_of: Callable[[str | None], str],
) -> Source:
    """Open CSV, TSV, or one of the layouts that are like them."""
    first = _first_line(text, name)
    layout = layout or _layout(first, kind)
    if layout == "movielens":
        fields, delimiter = first.split("::"), ":"
    elif layout == "recbole":
        fields, delimiter = first.split("\t"), "\t"
    else:
        told = format_of(kind)
        if told not in _DELIMITERS:
            raise InputError(f"{name}: layout {layout!r} is one of text files", "Leave out layout=.")
        delimiter = _DELIMITERS[told]
        if delimiter == "," and "," not in first:
            delimiter = next((one for one in ";\t|" if one in first), ",")
        fields = first.split(delimiter)
    columns = _positions(fields, layout, name) if layout in ("movielens", "headerless") else None
    return _delimited(text, name, delimiter, columns)


def _delimited(
    text: Callable[[], CheckedText], name: str, delimiter: str, columns: list[str] | None
) -> Source:
    gaps = [one for one in columns or () if one.startswith(" ")]

    def part(types: Mapping[str, Any]) -> Part:
        import pyarrow as pa

        known = {**types, **dict.fromkeys(gaps, pa.null())}
        return open_csv(text(), delimiter, known, text, names=columns)

    told = part({})
    told.batches.close()
    schema = told.schema

    def batches(chosen: Sequence[str], types: Mapping[str, str]) -> Iterator[Any]:
        import pyarrow as pa

        aliases = {"string": pa.string(), "float": pa.float64()}
        opened = part({column: aliases[kind] for column, kind in types.items()})
        try:
            for batch in opened.batches:
                yield batch.select(list(chosen))
        finally:
            opened.batches.close()

    def place(row: int) -> str:
        line = line_of(text(), row + (columns is None), delimiter, quoted=columns is None)
        return f"{name}, row {row:,}" if line is None else f"{name}, line {line:,}"

    names = [one for one in schema.names if one not in gaps]
    return Source(name, names, schema, True, True, batches, place)


def _first_line(text: Callable[[], CheckedText], name: str) -> str:
    opened = text()
    try:
        head = opened.read(1 << 16)
    finally:
        opened.close()
    if not head.strip():
        raise InputError(f"{name}: it is empty", "Give at least one row with a user and an item.")
    return head.strip(b"\r\n").split(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")


def _layout(first: str, kind: str | None) -> str:
    """Tell the layout from the first line."""
    if re.fullmatch(r"[^:\t,;|]+(::[^:\t,;|]+)+", first):
        return "movielens"
    if "\t" in first and all(_TYPED.fullmatch(field) for field in first.split("\t")):
        return "recbole"
    for delimiter in ("\t",) if kind == "tsv" else "\t,;|":
        fields = first.split(delimiter)
        if 2 <= len(fields) <= len(NAMES) and all(_NUMBER.fullmatch(field.strip()) for field in fields):
            return "headerless"
    return "table"


def _positions(fields: Sequence[str], layout: str, name: str) -> list[str]:
    """Name columns by their place; " 1" and so on stand for the nothing between two colons."""
    if not 2 <= len(fields) <= len(NAMES):
        raise InputError(
            f"{name}: {len(fields):,} columns, and the layout {layout!r} has 2 to {len(NAMES)} "
            f"({', '.join(NAMES)})",
            "Give the file a header and layout='table' (--layout table).",
        )
    names = list(NAMES[: len(fields)])
    if layout == "headerless":
        return names
    return [part for number, one in enumerate(names) for part in ((f" {number}", one) if number else (one,))]
