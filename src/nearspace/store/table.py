"""items.lance: the table of keys, vectors and metadata, the truth of a saved Space."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import column_array, column_values, key_array, vector_array
from nearspace.errors import InputError, NearspaceError, NotASpaceError, OutputError
from nearspace.space import Space

NAME = "items.lance"
KEY, VECTOR = "key", "vector"
RESERVED = (KEY, VECTOR, "content_hash", "encoder_fingerprint")
_BATCH_BYTES = 1 << 21


@dataclass(frozen=True)
class TableVersion:
    """Which table, and which state of it.

    Attributes:
        number: the table's version, as Lance counts.
        manifest: BLAKE2b of the version's manifest, which names the data files: another table, another value.
    """

    number: int
    manifest: str


def table_version(folder: Path) -> TableVersion:
    """Find the newest version of the table of a Space from the names of its manifests, without Lance.

    Raises:
        NotASpaceError: there is no table.
    """
    newest, number = None, 0
    try:
        for found in (folder / NAME / "_versions").glob("*.manifest"):
            if not found.stem.isdigit():
                continue
            # Lance names manifests by version, or (20 digits) by 2**64 - 1 - version
            version = 2**64 - 1 - int(found.stem) if len(found.stem) == 20 else int(found.stem)
            if version > number:
                newest, number = found, version
        content = newest.read_bytes() if newest else b""
    except OSError as error:
        raise InputError(f"cannot read {str(folder / NAME)!r}: {error.strerror}") from error
    if newest is None:
        raise NotASpaceError(
            f"{str(folder)!r} has no table {NAME}", "Restore it from a copy, or make the Space again."
        )
    return TableVersion(number, hashlib.blake2b(content, digest_size=16).hexdigest())


def write_table(space: Space, folder: Path) -> dict[str, str]:
    """Write the table of `space` into `folder` in small batches; return name -> type of its metadata.

    Raises:
        InputError: a column has a reserved name, another length, or values of mixed types.
        OutputError: it cannot be written.
    """
    import lance
    import pyarrow as pa

    for name, values in space.columns.items():
        if name in RESERVED:
            raise InputError(
                f"column name {name!r} is reserved", f"Rename it; reserved: {', '.join(RESERVED)}."
            )
        if len(values) != len(space):
            raise InputError(f"column {name!r} has {len(values):,} values for {len(space):,} rows")
    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    schema = pa.schema(
        [
            pa.field(KEY, pa.string(), nullable=False),
            pa.field(VECTOR, pa.list_(pa.float32(), space.dim), nullable=False),
            *(pa.field(name, array.type) for name, array in columns.items()),
        ]
    )

    def batches() -> Iterator[Any]:
        rows = max(1, _BATCH_BYTES // (4 * space.dim))
        for start in range(0, len(space), rows):
            stop = min(start + rows, len(space))
            parts = [array.slice(start, stop - start) for array in columns.values()]
            parts = [key_array(space.keys, start, stop), vector_array(space.vectors[start:stop]), *parts]
            yield pa.record_batch(parts, schema=schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    try:
        lance.write_dataset(reader, str(folder / NAME))
    except NearspaceError:
        raise
    except Exception as error:  # Lance raises OSError, RuntimeError and ValueError for the same failures
        raise OutputError(
            f"cannot write the table {str(folder / NAME)!r}: {_first_line(error)}",
            "Check the free space and the permissions of the output folder.",
        ) from error
    return {name: str(array.type) for name, array in columns.items()}


def read_batches(folder: Path, dim: int) -> tuple[int, Iterator[tuple[Any, NDArray[np.float32]]]]:
    """Give the number of rows, and (keys as an Arrow array, vectors (b, dim)) by batches in row order.

    Raises:
        InputError: the table is damaged, or its vectors have another dimension.
    """
    dataset = _open_table(folder)
    kind = dataset.schema.field(VECTOR).type if {KEY, VECTOR} <= set(dataset.schema.names) else None
    if kind is None or getattr(kind, "list_size", None) != dim or str(kind.value_type) != "float":
        raise InputError(
            f"table {str(folder / NAME)!r} has no {KEY!r} and {VECTOR!r} of {dim} float32",
            "Restore it from a copy, or make the Space again.",
        )

    def batches() -> Iterator[tuple[Any, NDArray[np.float32]]]:
        try:
            for batch in dataset.to_batches(columns=[KEY, VECTOR], batch_size=_BATCH_BYTES // (4 * dim) + 1):
                if batch.column(KEY).null_count or batch.column(VECTOR).null_count:
                    raise InputError(f"table {str(folder / NAME)!r} has rows without key or vector")
                yield batch.column(KEY), batch.column(VECTOR).flatten().to_numpy().reshape(-1, dim)
        except InputError:
            raise
        except (OSError, RuntimeError, ValueError) as error:
            raise _damaged(folder, error) from error

    return int(dataset.count_rows()), batches()


class StoredColumns(Mapping[str, NDArray[Any]]):
    """The metadata of a saved Space: name -> (n,) array, read from its table when first asked for.

    Raises (on use):
        InputError: the folder was replaced since the Space was opened, or its table is damaged.
    """

    def __init__(self, folder: Path, types: Mapping[str, str], version: TableVersion) -> None:
        self.folder = folder
        self.version = version
        self._types = dict(types)
        self._read: dict[str, NDArray[Any]] = {}
        self._table: Any = None

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._types:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._column(self._opened().to_table, name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __repr__(self) -> str:
        return f"StoredColumns({self._types})"

    def take(
        self, rows: NDArray[np.integer[Any]] | Sequence[int], names: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Give the values of some rows only, in the order of `rows`; nothing else is read."""
        wanted = list(self._types if names is None else names)
        places = [int(row) for row in rows]
        return {
            name: self._read[name][places]
            if name in self._read
            else self._column(self._opened().take, name, places)
            for name in wanted
        }

    def moved_on(self, version: TableVersion) -> None:
        """Tell that the same rows now lie in another table (the Space was saved over itself)."""
        self.version = version
        self._table = None

    def _opened(self) -> Any:
        if self._table is None:
            if table_version(self.folder) != self.version:
                raise InputError(
                    f"{str(self.folder)!r} was replaced after this Space was opened", "Open it again."
                )
            self._table = _open_table(self.folder)
        return self._table

    def _column(self, read: Any, name: str, *rows: list[int]) -> NDArray[Any]:
        try:
            return column_values(read(*rows, columns=[name]).column(name))
        except (OSError, RuntimeError, ValueError) as error:
            raise _damaged(self.folder, error) from error


def _open_table(folder: Path) -> Any:
    import lance

    try:
        return lance.dataset(str(folder / NAME))
    except (OSError, RuntimeError, ValueError) as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"table {str(folder / NAME)!r} cannot be read: {_first_line(error)}",
        "Restore it from a copy, or make the Space again.",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
