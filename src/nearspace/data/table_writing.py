"""Tables written batch by batch: CSV, TSV, JSON lines, Parquet or Arrow, by suffix; whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nearspace.errors import SettingError
from nearspace.files import new_file


def write_table_file(
    path: str | Path, schema: Any, batches: Iterable[Any], *, overwrite: bool = False
) -> int:
    """Write record batches of one schema to a file; return how many rows came.

    Raises:
        SettingError: the suffix is none of those.
        OutputError: the file exists and `overwrite` is off, or cannot be written.
    """
    write = writer_of(path)
    with new_file(path, overwrite=overwrite) as draft:
        return write(draft, schema, batches)


def writer_of(path: str | Path) -> Callable[[Path, Any, Iterable[Any]], int]:
    """Give what writes a file with that suffix.

    Raises:
        SettingError: there is none.
    """
    suffix = Path(path).suffix
    if suffix not in WRITERS:
        raise SettingError(
            f"{str(path)!r} does not end in a known suffix", f"Accepted: {', '.join(WRITERS)}."
        )
    return WRITERS[suffix]


def _parquet(draft: Path, schema: Any, batches: Iterable[Any]) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(draft, schema) as writer:
        return _each(batches, writer.write_batch)


def _arrow(draft: Path, schema: Any, batches: Iterable[Any]) -> int:
    import pyarrow as pa

    with pa.OSFile(str(draft), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        return _each(batches, writer.write_batch)


def _delimited(draft: Path, schema: Any, batches: Iterable[Any], delimiter: str) -> int:
    from pyarrow import csv

    options = csv.WriteOptions(delimiter=delimiter)
    with csv.CSVWriter(str(draft), schema, write_options=options) as writer:
        return _each(batches, writer.write_batch)


def _json_lines(draft: Path, schema: Any, batches: Iterable[Any]) -> int:
    with draft.open("w", encoding="utf-8", newline="\n") as file:

        def write(batch: Any) -> None:
            for row in batch.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

        return _each(batches, write)


def _each(batches: Iterable[Any], write: Callable[[Any], object]) -> int:
    count = 0
    for batch in batches:
        write(batch)
        count += len(batch)
    return count


WRITERS: dict[str, Callable[[Path, Any, Iterable[Any]], int]] = {
    ".csv": lambda draft, schema, batches: _delimited(draft, schema, batches, ","),
    ".tsv": lambda draft, schema, batches: _delimited(draft, schema, batches, "\t"),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
    ".arrow": _arrow,
}
