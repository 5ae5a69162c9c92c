"""Documents from anywhere, as a stream of record batches: keys, texts and metadata."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nearspace.data.repaired import repaired
from nearspace.data.table_columns import missing_column
from nearspace.data.table_files import format_of
from nearspace.data.table_keys import key_column
from nearspace.data.table_parts import VECTOR, shown
from nearspace.data.tables import Table, read_table
from nearspace.data.text_documents import TextDocument, folder_documents, is_text_file, line_documents
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet

KEY = "key"
TEXT = "text"
ERRORS = ("strict", "replace")
LINES = "text"  # the format of a file that is no table
_TEXT_FORMATS = ("csv", "tsv", "jsonl")
_BATCH = 1_000  # documents that are read at once
_SIGNS = 1 << 23  # and signs, about: documents of files can be long


@dataclass(frozen=True, eq=False)
class Documents:
    """Documents with keys, read batch by batch.

    Attributes:
        name: what messages call the source.
        meta: name -> Arrow type of the metadata columns.
        numbered: the keys are the numbers of the rows, as the source has none.
        once: they can be read only once.
    """

    name: str
    meta: dict[str, Any]
    numbered: bool
    once: bool
    _open: Callable[[], Iterator[Any]] = field(repr=False)

    def batches(self) -> Iterator[Any]:
        """Give pyarrow record batches: the keys, the texts (may be null), and the columns of `meta` in order.

        Raises (also on reading):
            InputError, EncodingError: a row or file cannot be read; the message has its place.
        """
        return self._open()


def open_documents(
    source: Any,
    *,
    text: str = TEXT,
    key: str | None = None,
    meta: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002
    errors: str = "strict",
    progress: Progress = Quiet(),  # noqa: B008
) -> Documents:
    """Open documents; they are read when `Documents.batches` is gone through.

    Args:
        source: a table as `read_table` takes it; a folder, of which each .txt and .md file is a document; a
            .txt or .md file, of which each line or `<doc>` is one; "-": standard input, lines if no format is
            named. Text also gz, xz, bz2, zst.
        text: column of the texts (tables only).
        key: column of the keys; None: "key" if there is such a column, else the number of the row.
        meta: further columns to keep; None: all.
        format: of a table, or "text"; None: by suffix, else by the first bytes.
        errors: what invalid UTF-8 is: "strict": an error; "replace": replaced.
        progress: where files that are passed over are noted.

    Raises:
        InputError, MissingInputError: there is no such source or column, or it is no table.
        SettingError: a format or `errors` that is not accepted.
    """
    if errors not in ERRORS:
        raise SettingError(f"errors is {errors!r}", f"Accepted: {', '.join(ERRORS)}.")
    path = Path(source) if isinstance(source, str | Path) else None
    if path is not None and str(path) != "-" and path.is_dir():
        return _texts(f"{path}", lambda: folder_documents(path, errors, progress), once=False)
    if path is not None and (
        format == LINES or (str(path) == "-" and format is None) or (format is None and is_text_file(path))
    ):
        stdin = str(path) == "-"
        return _texts(
            "standard input" if stdin else str(path),
            lambda: line_documents(None if stdin else path, errors),
            once=stdin,
        )
    return _table(source, path, text, key, meta, format, errors)


def _texts(name: str, read: Callable[[], Iterator[TextDocument]], *, once: bool) -> Documents:
    import pyarrow as pa

    begun = read()
    first = next(begun, None)
    if first is None:
        raise InputError(f"{name}: no document is in it", "Give a source with text.")
    titled = bool(first.title)
    waiting = [itertools.chain([first], begun)] if once else []

    def batches() -> Iterator[Any]:
        found = waiting.pop() if waiting else _again(name, read, once)
        while some := list(_some(found)):
            batch = _batch(some, titled)
            some.clear()  # long texts are held once
            yield batch

    return Documents(name, {"title": pa.string()} if titled else {}, False, once, batches)


def _batch(some: list[TextDocument], titled: bool) -> Any:
    import pyarrow as pa

    columns = [pa.array([one.key for one in some], pa.string())]
    columns.append(pa.array([one.text for one in some], pa.large_string()))
    if titled:
        columns.append(pa.array([one.title for one in some], pa.string()))
    return pa.record_batch(columns, names=[KEY, TEXT, "title"][: len(columns)])


def _again(name: str, read: Callable[[], Iterator[TextDocument]], once: bool) -> Iterator[TextDocument]:
    if once:
        raise InputError(
            f"{name}: it was read already, and can be read only once",
            "Name an encoder, which needs no pass over the texts, or give a file.",
        )
    return read()


def _some(found: Iterator[TextDocument]) -> Iterator[TextDocument]:
    signs = 0
    for one in itertools.islice(found, _BATCH):
        yield one
        signs += len(one.text)
        if signs > _SIGNS:
            return


def _table(
    source: Any,
    path: Path | None,
    text: str,
    key: str | None,
    meta: Sequence[str] | None,
    kind: str | None,
    errors: str,
) -> Documents:
    def opened(types: dict[str, str], columns: list[str] | None) -> Table:
        given, form = source, kind
        if path is not None:
            if str(path) == "-":
                given = sys.stdin.buffer
            else:
                form = format_of(path, kind)
            if errors == "replace" and form in _TEXT_FORMATS:
                given = repaired(None if str(path) == "-" else path)
        return read_table(given, columns=columns, format=form, types=types, batch=_BATCH)

    stdin = path is not None and str(path) == "-"
    reopens = path is not None and not stdin
    typed = {name: "string" for name in (text, key) if name} if path is not None else {}
    table = opened(typed, None)
    names = table.schema.names
    for name in (text, *([] if key is None else [key]), *(meta or ())):
        if name not in names:
            raise missing_column(name, names, table.name)
    keyed = key or (KEY if KEY in names and text != KEY else None)
    kept = [name for name in (names if meta is None else meta) if name not in (text, keyed, VECTOR)]
    if reopens:  # keys as they are written, and no column more than needed
        if keyed:
            typed[keyed] = "string"
        wanted = list(dict.fromkeys([*([keyed] if keyed else []), text, *kept]))
        table = opened(typed, wanted)
    types = {name: table.schema.field(name).type for name in kept}
    _check_text(table, text)

    def batches() -> Iterator[Any]:
        again = opened(typed, wanted) if reopens else table
        return _renamed(again, text, keyed, kept)

    once = stdin or (not reopens and not hasattr(source, "__len__") and path is None)
    return Documents(table.name, types, keyed is None, once, batches)


def _check_text(table: Table, text: str) -> None:
    import pyarrow as pa

    kind = table.schema.field(text).type
    if not pa.types.is_string(kind):
        raise InputError(
            f"{table.name}: column {text!r} holds {shown(kind)}, expected text",
            f"Name the column of the texts; columns: {', '.join(table.schema.names)}.",
        )


def _renamed(table: Table, text: str, key: str | None, kept: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa

    first = 1
    for batch in table.batches():
        if key is None:
            keys = pa.array([str(number) for number in range(first, first + len(batch))], pa.string())
        else:
            keys = key_column(batch, key, table.name, first)
        columns = [keys, batch.column(text), *(batch.column(name) for name in kept)]
        yield pa.record_batch(columns, names=[KEY, TEXT, *kept])
        first += len(batch)
