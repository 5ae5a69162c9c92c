"""Parquet and Arrow (IPC, Feather): a column of keys, one of vectors, and metadata.

The key column is "key", "word", or else the first of text; the vectors are the first column of fixed-size
lists of floats, or else of lists of one length. All other columns become metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import (
    column_array,
    column_values,
    key_array,
    key_buffers,
    vector_array,
)
from nearspace.data.formats.reading import (
    Loaded,
    Names,
    Places,
    Rows,
    check_finite,
    checked_dim,
    checked_keys,
    not_as_said,
)
from nearspace.errors import InputError, MissingInputError, NearspaceError
from nearspace.files import new_file
from nearspace.space import Space

_KEY_NAMES = ("key", "word")
_BATCH = 8192
_WRITE_BYTES = 1 << 23


def read_parquet(path: Path, limit: int | None) -> Loaded:
    """Read a Parquet file.

    Raises:
        InputError: it is damaged, or lacks keys or vectors; the message names the row.
    """
    import pyarrow.parquet as pq

    with _reading(path, "Parquet"):
        file = pq.ParquetFile(path, memory_map=True)
        return _read(path, file.schema_arrow, file.iter_batches(batch_size=_BATCH), limit)


def read_arrow(path: Path, limit: int | None) -> Loaded:
    """Read an Arrow IPC file (also called Feather) or stream.

    Raises:
        InputError: it is damaged, or lacks keys or vectors; the message names the row.
    """
    import pyarrow as pa

    with _reading(path, "Arrow"), pa.memory_map(str(path)) as source:
        if source.read(6) == b"ARROW1":
            file = pa.ipc.open_file(source)
            return _read(path, file.schema, map(file.get_batch, range(file.num_record_batches)), limit)
        source.seek(0)
        stream = pa.ipc.open_stream(source)
        return _read(path, stream.schema, stream, limit)


def write_parquet(space: Space, path: Path, overwrite: bool) -> None:
    """Write "key", "vector" and the metadata as Parquet.

    Raises:
        OutputError: the file cannot be written.
    """
    import pyarrow.parquet as pq

    schema, batches = _batches(space)
    with new_file(path, overwrite=overwrite) as draft, pq.ParquetWriter(draft, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def write_arrow(space: Space, path: Path, overwrite: bool) -> None:
    """Write "key", "vector" and the metadata as an Arrow IPC file.

    Raises:
        OutputError: the file cannot be written.
    """
    import pyarrow as pa

    schema, batches = _batches(space)
    with new_file(path, overwrite=overwrite) as draft, pa.ipc.new_file(str(draft), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _batches(space: Space) -> tuple[Any, Iterator[Any]]:
    import pyarrow as pa

    for name in ("key", "vector"):
        if name in space.columns:
            raise InputError(f"column name {name!r} is taken by the {name}s themselves", "Rename the column.")
    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    fields = [("key", pa.string()), ("vector", pa.list_(pa.float32(), space.dim))]
    schema = pa.schema([*fields, *((name, array.type) for name, array in columns.items())])

    def batches() -> Iterator[Any]:
        step = max(1, _WRITE_BYTES // (4 * space.dim))
        for start in range(0, len(space), step):
            stop = min(start + step, len(space))
            parts = [array.slice(start, stop - start) for array in columns.values()]
            parts = [key_array(space.keys, start, stop), vector_array(space.vectors[start:stop]), *parts]
            yield pa.record_batch(parts, schema=schema)

    return schema, batches()


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    """Say of which file pyarrow's errors are."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(path)!r} does not exist", "Check the path.") from error
    except NearspaceError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise not_as_said(path, f"it cannot be read as {kind}: {reason}") from error


@dataclass(frozen=True)
class _Layout:
    """Which columns hold what."""

    key: str
    vector: str
    others: tuple[str, ...]


def _layout(path: Path, schema: Any) -> _Layout:
    import pyarrow as pa

    kinds = pa.types
    listed = ", ".join(f"{field.name} ({field.type})" for field in schema)
    texts = [f.name for f in schema if kinds.is_string(f.type) or kinds.is_large_string(f.type)]
    keys = [name for name in _KEY_NAMES if name in texts] or texts
    lists = [f for f in schema if kinds.is_fixed_size_list(f.type)]
    lists += [f for f in schema if kinds.is_list(f.type) or kinds.is_large_list(f.type)]
    vectors = [field.name for field in lists if kinds.is_floating(field.type.value_type)]
    if not keys:
        raise not_as_said(
            path, f"no column of text to take keys from: {listed}", 'Name the key column "key".'
        )
    if not vectors:
        raise not_as_said(
            path,
            f"no column of vectors: {listed}",
            "Vectors are fixed-size lists of float32, float64 or float16.",
        )
    used = {keys[0], vectors[0]}
    return _Layout(keys[0], vectors[0], tuple(f.name for f in schema if f.name not in used))


def _read(path: Path, schema: Any, batches: Any, limit: int | None) -> Loaded:
    import pyarrow as pa

    layout = _layout(path, schema)
    places = Places(path, 0, "row")
    names, rows = Names(), None
    columns: dict[str, list[Any]] = {name: [] for name in layout.others}
    for whole in batches:
        done = 0 if rows is None else rows.count
        batch = whole if limit is None else whole.slice(0, limit - done)
        if len(batch) == 0:
            continue
        vectors = _vectors(batch.column(layout.vector), places, done)
        rows = rows or Rows(vectors.shape[1])
        if vectors.shape[1] != rows.dim:
            raise _other_length(places, done, vectors.shape[1], rows.dim)
        check_finite(vectors, done, places)
        _append(rows, vectors)
        keys = batch.column(layout.key)
        if keys.null_count:
            raise InputError(
                f"{places.of(done + _first_null(keys))}: the key is missing", "Fill or drop the row."
            )
        data, offsets = key_buffers(keys)
        names.add(np.ascontiguousarray(data), np.diff(offsets))
        for name in layout.others:
            columns[name].append(batch.column(name))
        if rows.count == limit:
            break
    keys = checked_keys(*names.joined(), places)
    found = {name: column_values(pa.chunked_array(parts)) for name, parts in columns.items()}
    return Loaded(keys, rows.joined() if rows else np.empty((0, 1), np.float32), found)


def _append(rows: Rows, vectors: NDArray[np.float32]) -> None:
    done = 0
    while done < len(vectors):
        room = rows.room()
        part = vectors[done : done + len(room)]
        room[: len(part)] = part
        rows.filled(len(part))
        done += len(part)


def _vectors(column: Any, places: Places, first: int) -> NDArray[np.float32]:
    """(b, d) float32 of one batch."""
    import pyarrow as pa

    if column.null_count:
        raise InputError(
            f"{places.of(first + _first_null(column))}: the vector is missing", "Fill or drop the row."
        )
    flat = column.flatten()
    if flat.null_count:
        raise InputError(
            f"{places.of(first)}, or a little further: a component is missing", "Fill or drop the row."
        )
    if pa.types.is_fixed_size_list(column.type):
        dim = column.type.list_size
    else:
        lengths = column.value_lengths().to_numpy(zero_copy_only=False)
        if (lengths != lengths[0]).any():
            row = int(np.flatnonzero(lengths != lengths[0])[0])
            raise _other_length(places, first + row, int(lengths[row]), int(lengths[0]))
        dim = int(lengths[0])
    with np.errstate(over="ignore"):
        values = flat.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return np.asarray(values).reshape(len(column), checked_dim(dim, places.path))


def _other_length(places: Places, row: int, found: int, expected: int) -> InputError:
    return InputError(
        f"{places.of(row)}: a vector of {found:,} components, expected {expected:,}",
        "Correct or drop the row.",
    )


def _first_null(column: Any) -> int:
    return int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
