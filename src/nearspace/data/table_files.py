"""Files of tables: which format a file has, and how each is opened."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from nearspace.data.table_csv import open_csv
from nearspace.data.table_jsonl import open_jsonl
from nearspace.data.table_parts import Part, TypeOf, empty
from nearspace.data.table_text import CheckedText
from nearspace.data.text_files import file_pieces, stream_pieces
from nearspace.errors import InputError, MissingInputError, SettingError

FORMATS = {
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
}
_PACKED = (".gz", ".xz", ".bz2", ".zst")
_ROWS = 8_192  # of a Parquet file that are decoded at once
_BUFFER = 1 << 20
_MAGIC = {b"PAR1": "parquet", b"ARRO": "arrow", b"\xff\xff\xff\xff": "arrow"}


def format_of(path: Path, kind: str | None) -> str:
    """Tell the format of a file: `kind` if given, else by its suffix, else by its first bytes.

    Raises:
        MissingInputError: there is no such file.
        InputError: it is a folder, is empty, or nothing tells its format.
    """
    if path.is_dir():
        raise InputError(f"{path}: this is a folder", "Give the files in it as a list of paths.")
    if not path.exists():
        raise MissingInputError(f"{path}: there is no such file", "Check the path.")
    if kind is not None:
        return kind
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    for name, endings in FORMATS.items():
        if suffixes and suffixes[-1] in endings:
            return name
    return _sniffed(path)


def _sniffed(path: Path) -> str:
    first = next((piece.data for piece in file_pieces(path) if piece.data.strip()), b"")
    if not first:
        raise empty(str(path))
    if first[:4] in _MAGIC:
        return _MAGIC[first[:4]]
    line = first.lstrip().splitlines()[0]
    if line.startswith(b"{"):
        return "jsonl"
    if b"\t" in line or b"," in line:
        return "tsv" if b"\t" in line else "csv"
    raise InputError(f"{path}: neither its name nor its first line tells its format", accepted())


def accepted() -> str:
    """List the formats and their suffixes."""
    rows = [f"{name} ({' '.join(endings)})" for name, endings in FORMATS.items()]
    return f"Name it with format= (--format). Accepted: {', '.join(rows)}."


def checked_format(kind: str | None) -> str | None:
    """Refuse the name of a format that is not read.

    Raises:
        SettingError: there is no such format.
    """
    if kind is not None and kind not in FORMATS:
        raise SettingError(
            f"format {kind!r} of a table is not known", f"Accepted formats: {', '.join(FORMATS)}."
        )
    return kind


def open_file(path: Path, kind: str, columns: tuple[str, ...] | None, types: TypeOf, known: TypeOf) -> Part:
    """Open one file; `types` are set by the user, `known` are those of the file before.

    Raises (also on reading):
        InputError: it is empty, damaged or not of this format; the message has the place.
    """
    name = str(path)

    def text() -> CheckedText:
        return CheckedText(file_pieces(path), name)

    if kind in ("csv", "tsv"):
        return open_csv(text(), "\t" if kind == "tsv" else None, {**known, **types}, text)
    if kind == "jsonl":
        return open_jsonl(text(), types, known, strict=columns is None)
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})", "Check its permissions.") from error
    return _open_binary(file, name, kind, columns)


def open_stream(
    file: BinaryIO, name: str, kind: str, columns: tuple[str, ...] | None, types: TypeOf, known: TypeOf
) -> Part:
    """Open what a binary file object gives; Parquet and Arrow are first copied to a temporary file.

    Raises (also on reading):
        InputError: as for `open_file`.
    """
    if kind in ("csv", "tsv"):
        text = CheckedText(stream_pieces(file, name), name)
        return open_csv(text, "\t" if kind == "tsv" else None, {**known, **types}, None)
    if kind == "jsonl":
        return open_jsonl(CheckedText(stream_pieces(file, name), name), types, known, strict=columns is None)
    copy: Any = tempfile.TemporaryFile()  # noqa: SIM115
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return _open_binary(copy, name, kind, columns)


def _open_binary(file: BinaryIO, name: str, kind: str, columns: tuple[str, ...] | None) -> Part:
    import pyarrow as pa

    if not file.read(1):
        file.close()
        raise empty(name)
    file.seek(0)
    try:
        schema, batches = (_parquet if kind == "parquet" else _arrow)(file, columns)
    except (pa.ArrowInvalid, OSError) as error:
        file.close()
        raise _damaged(name, kind, error) from None

    def guarded() -> Generator[Any, None, None]:
        try:
            yield from batches
        except (pa.ArrowInvalid, OSError) as error:
            raise _damaged(name, kind, error) from None
        finally:
            file.close()

    return Part(name, schema, guarded())


def _parquet(file: BinaryIO, columns: tuple[str, ...] | None) -> tuple[Any, Iterator[Any]]:
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)  # else all that was read stays
    schema = opened.schema_arrow
    chosen = None if columns is None else [name for name in columns if name in schema.names]
    return schema, opened.iter_batches(_ROWS, columns=chosen, use_threads=False)


def _arrow(file: BinaryIO, columns: tuple[str, ...] | None) -> tuple[Any, Iterator[Any]]:
    import pyarrow as pa

    magic = file.read(6)
    file.seek(0)
    if magic != b"ARROW1":
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    opened = pa.ipc.open_file(file)
    return opened.schema, map(
        opened.get_batch, itertools.islice(itertools.count(), opened.num_record_batches)
    )


def _damaged(name: str, kind: str, error: Exception) -> InputError:
    return InputError(
        f"{name}: it is damaged, or not of the format {kind!r} ({str(error).splitlines()[0]})",
        "Copy or make it again, or name its format with format= (--format).",
    )
