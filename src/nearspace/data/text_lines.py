"""Lines of text with the name of their document, from any source: files, folders, lists, tables."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nearspace.data.tables import read_table
from nearspace.data.text_files import Piece, file_pieces, find_files, standard_input
from nearspace.data.text_sources import TAGS, lines_of
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet, Task

_TITLE = re.compile(r"""\b(?:title|id)=(?:"([^"]*)"|'([^']*)')""")
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather")


def text_lines(
    source: Any,
    *,
    text: str | None = None,
    key: str | None = None,
    errors: str = "strict",
    progress: Progress = Quiet(),  # noqa: B008
) -> Iterator[tuple[str, str]]:
    """Give (document, line) of a source, one line after another; empty lines are left out.

    A document is called by the title (or id) of its <doc> tag, the name of its file, the number of its item
    in a list, or its `key` in a table (without one, the number of its row), numbers from 1.

    Args:
        source: a path or several `Path`s (files, folders, compressed too), "-" for standard input, an
            iterable of strings; with `text`, a table as `nearspace.data.tables.read_table` takes it.
        text: column of the texts, of a table.
        key: column that names the rows of a table.
        errors: "strict": invalid UTF-8 is an error; "replace": it becomes U+FFFD.
        progress: where the reading is shown.

    Raises:
        InputError: the source cannot be read, is not text, or an item is no string; says where.
        SettingError: a table is named without the column of its texts, or a key without a table.
    """
    if text is not None:
        return _of_table(source, text, key, progress)
    if key is not None:
        raise SettingError("a key is named, but no column of texts", "Name it too: text= (--text).")
    if isinstance(source, str | Path):
        return _of_paths([Path(source)], errors, progress)
    if isinstance(source, bytes | dict) or not isinstance(source, Iterable):
        raise InputError(
            f"texts cannot be read from {type(source).__name__} as it is",
            "Give a path or an iterable of strings; of a table name the column, text=.",
        )
    items = iter(source)
    first = next(items, None)
    everything = itertools.chain([] if first is None else [first], items)
    if isinstance(first, Path):
        return _of_paths([_checked(item, number, Path) for number, item in enumerate(everything)], errors,
                         progress)  # fmt: skip
    return _of_strings(everything, progress)


def _checked(item: Any, number: int, kind: type) -> Any:
    if not isinstance(item, kind):
        hint = "Of a table name the column of the texts: text=." if isinstance(item, dict) else ""
        raise InputError(
            f"item {number + 1:,} of the texts is {type(item).__name__}, expected {kind.__name__}",
            hint or "All items must be strings, or all pathlib.Path.",
        )
    return item


def _of_strings(items: Iterable[Any], progress: Progress) -> Iterator[tuple[str, str]]:
    with progress.task("Reading", unit="texts") as task:
        for number, item in enumerate(items):
            for line in _checked(item, number, str).splitlines():
                if line.strip():
                    yield str(number + 1), line
            task.advance(1)


def _of_table(source: Any, text: str, key: str | None, progress: Progress) -> Iterator[tuple[str, str]]:
    table = read_table(source, columns=[text] if key in (None, text) else [text, str(key)])
    number = 0
    with progress.task("Reading", unit="rows") as task:
        for batch in table.batches():
            values = batch.column(text).to_pylist()
            names = values if key == text else batch.column(key).to_pylist() if key else None
            for at, value in enumerate(values):
                number += 1
                if value is not None and not isinstance(value, str):
                    raise InputError(
                        f"{table.name}, row {number:,}: column {text!r} is {type(value).__name__}, not text",
                        "Name the column that holds the texts.",
                    )
                for line in (value or "").splitlines():
                    if line.strip():
                        yield str(number if names is None else names[at]), line
            task.advance(len(batch))


def _of_paths(paths: list[Path], errors: str, progress: Progress) -> Iterator[tuple[str, str]]:
    if [str(path) for path in paths] == ["-"]:
        with progress.task("Reading", unit="bytes") as task:
            yield from _titled(lines_of(_shown(standard_input(), task), errors), "stdin")
        return
    files = find_files(paths, progress)
    for file in files:
        if file.suffix.lower() in _TABLES:
            raise SettingError(
                f"{str(file)!r} is a table, and the column of its texts is not named",
                "Name it: text= (--text).",
            )
    with progress.task("Reading", total=sum(file.stat().st_size for file in files), unit="bytes") as task:
        for file in files:
            yield from _titled(lines_of(_shown(file_pieces(file), task), errors), file.name.split(".")[0])


def _shown(pieces: Iterator[Piece], task: Task) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        task.advance(piece.progress)


def _titled(lines: Iterator[str], name: str) -> Iterator[tuple[str, str]]:
    """Name lines after the <doc> tag before them, else `name`."""
    document = name
    for line in lines:
        if line.startswith(TAGS):
            named = {} if line.startswith("</") else _attributes(line)
            document = named.get("title") or named.get("id") or name
        elif line.strip():
            yield document, line


def _attributes(tag: str) -> dict[str, str]:
    return {
        found.group().split("=")[0]: html.unescape(found[1] or found[2] or "")
        for found in _TITLE.finditer(tag)
    }
