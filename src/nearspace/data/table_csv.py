"""CSV and TSV as record batches: types are told from the first megabytes and hold for the whole file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from nearspace.data.table_parts import Part, TypeOf, changed_type, empty
from nearspace.data.table_text import CheckedText
from nearspace.errors import InputError

HEAD = 1 << 22
_DELIMITERS = ",;\t|"
_RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)")
_UNFIT = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to .*?: (.*)", re.DOTALL)
_VALUE = re.compile(r"invalid value (.*)", re.DOTALL)

Reopen = Callable[[], CheckedText]


def open_csv(
    text: CheckedText,
    delimiter: str | None,
    types: TypeOf,
    reopen: Reopen | None,
    block: int = HEAD,
    *,
    names: Sequence[str] | None = None,
) -> Part:
    """Open a table with a header line; quoted fields may hold newlines.

    `delimiter` None: the comma, or where the header has none, the semicolon, tab or bar that it has.
    `types` are those of columns that are known already; a column without values in the first `block` bytes
    is text. `reopen` gives the text once more, so that errors can name lines. `names` are those of the
    columns of a table without a header line, where quotes are signs as others.

    Raises (also on reading):
        InputError: no text at all, a line with more or fewer fields than the header, or a value that is not
            of its column's type; with the line's number.
    """
    import pyarrow as pa

    head = text.read(block)
    if not head.strip():
        raise empty(text.name)
    whole = text.ended
    if whole and not head.endswith(b"\n"):
        head += b"\n"
    delimiter = delimiter or _delimiter(head)
    first = len(head) + 1 if whole else len(head) * 3 // 4  # short of the line that may be cut off
    try:
        found = _reader(io.BytesIO(head), delimiter, types, first, names).schema
    except pa.ArrowInvalid as error:
        titles = names or next(csv.reader([_header(head)], delimiter=delimiter))
        raise _explained(error, text.name, delimiter, reopen, names=names, titles=titles) from None
    text.unread(head)
    schema = pa.schema([field.with_type(_known(field.type)) for field in found])

    def batches() -> Generator[Any, None, None]:
        types = {field.name: field.type for field in schema}
        try:
            yield from _reader(text, delimiter, types, block, names)
        except pa.ArrowInvalid as error:
            raise _explained(error, text.name, delimiter, reopen, schema, names) from None
        finally:
            text.close()

    return Part(text.name, schema, batches())


def _known(kind: Any) -> Any:
    import pyarrow as pa

    return pa.string() if pa.types.is_null(kind) else kind


def _delimiter(head: bytes) -> str:
    line = _header(head)
    return next((one for one in _DELIMITERS if one in line), ",")


def _header(head: bytes) -> str:
    return next(line for line in head.splitlines() if line.strip()).decode("utf-8", "replace")


def _reader(file: Any, delimiter: str, types: TypeOf, block: int, names: Sequence[str] | None) -> Any:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    return arrow_csv.open_csv(
        pa.PythonFile(file, mode="r"),
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=block, column_names=names),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=names is None,
            quote_char='"' if names is None else False,
        ),
        convert_options=arrow_csv.ConvertOptions(column_types=dict(types), check_utf8=False),
    )


def _explained(
    error: Exception,
    name: str,
    delimiter: str,
    reopen: Reopen | None,
    schema: Any = None,
    names: Sequence[str] | None = None,
    titles: Sequence[str] = (),
) -> InputError:
    """Say in the words of the user's table what Arrow met."""
    message, quoted = str(error), names is None
    if ragged := _RAGGED.search(message):
        place = _place(name, ragged[1], delimiter, reopen, quoted)
        return InputError(
            f"{place}: {int(ragged[3]):,} fields, and the {'header' if quoted else 'first line'} has "
            f"{int(ragged[2]):,}",
            'Mend the line; a field that holds the separator stands in "quotes".',
        )
    if unfit := _UNFIT.search(message):
        place = _place(name, unfit[2], delimiter, reopen, quoted)
        value = _VALUE.search(unfit[3])
        column = schema.field(int(unfit[1])) if schema is not None else None
        if column is not None:
            return changed_type(place, column.name, column.type, value[1] if value else unfit[3])
        shown = repr(titles[int(unfit[1])]) if int(unfit[1]) < len(titles) else str(int(unfit[1]) + 1)
        return InputError(f"{place}: column {shown} has the {unfit[3]}", "Mend it, or give its type.")
    if "straddl" in message:
        return InputError(
            f"{name}: a line is longer than {HEAD:,} bytes, or a quote is never closed",
            "Close the quote; or give long texts as JSON lines or Parquet.",
        )
    return InputError(f"{name}: it cannot be read as CSV ({message})", "Check the file and its format.")


def _place(name: str, record: str | None, delimiter: str, reopen: Reopen | None, quoted: bool) -> str:
    """Where record `record` (the header is 1, empty lines are not counted) begins, if one can tell."""
    if record is None:
        return name
    number = int(record)
    line = None if reopen is None else line_of(reopen(), number, delimiter, quoted=quoted)
    if line is None:
        return f"{name}, record {number:,} (the header is 1)"
    return f"{name}, line {line:,}"


def line_of(text: CheckedText, record: int, delimiter: str, *, quoted: bool = True) -> int | None:
    """Give the line in which record `record` (from 1, with the header) begins; empty lines are no records."""
    try:
        lines = csv.reader(
            _decoded(text), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
        seen, ended = 0, 0
        for row in lines:
            seen += bool(row)
            if seen == record:
                return ended + 1
            ended = lines.line_num
    except csv.Error:
        pass
    finally:
        text.close()
    return None


def _decoded(text: CheckedText) -> Iterator[str]:
    """Give the lines of a text."""
    rest = b""
    while data := text.read(HEAD):
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode("utf-8") + "\n" for line in lines)
    if rest:
        yield rest.decode("utf-8")
