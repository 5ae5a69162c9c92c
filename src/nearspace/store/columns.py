"""The metadata of a saved Space: an Arrow file that is mapped, read when a value is asked for."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.columns import Columns
from nearspace.data.arrow_arrays import column_values


class ColumnFile:
    """An Arrow IPC file, mapped at once and parsed when it is first used; it may be removed meanwhile.

    Raises:
        OSError: it cannot be mapped.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @cached_property
    def table(self) -> Any:
        """(n rows) an Arrow table over the mapped bytes."""
        import pyarrow as pa

        return pa.ipc.open_file(pa.py_buffer(self._map)).read_all()


class StoredColumns(Columns):
    """Metadata of a saved Space at one version: some rows of one or two Arrow tables.

    Args:
        types: name -> Arrow type as text.
        parts: objects with an Arrow `table` each; the rows of all, one after the other, are numbered.
        slots: (n,) the number of each row; None: all rows, in order.
    """

    def __init__(
        self, types: Mapping[str, str], parts: Sequence[Any], slots: NDArray[np.int64] | None = None
    ) -> None:
        super().__init__({})
        self._types = dict(types)
        self._parts = parts
        self._slots = slots
        self._read: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._types:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = column_values(self.arrow(name))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __repr__(self) -> str:
        return f"StoredColumns({self._types})"

    def arrow(self, name: str, rows: NDArray[np.int64] | None = None) -> Any:
        """(n,) or (m,) a column, or what it is for some rows, as an Arrow array with missing values as such.

        The columns that say where a row comes from can be read here too.
        """
        import pyarrow as pa

        column = self._column(name)
        slots = self._slots if rows is None else self._slots_of(rows)
        return column if slots is None else column.take(pa.array(slots))

    def take(
        self, rows: NDArray[np.integer[Any]] | Sequence[int], names: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Give the values of some rows only, in the order of `rows`; nothing else is read."""
        import pyarrow as pa

        slots = self._slots_of(rows)
        taken = {}
        for name in self._types if names is None else names:
            taken[name] = column_values(self._column(name).take(pa.array(slots)))
        return taken

    def records(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Give name -> Python value of some rows; missing values are None."""
        slots = self._slots_of(rows).tolist()
        found: list[dict[str, Any]] = [{} for _ in slots]
        for name in self._types:
            chunks, starts = self._chunks(name)
            at = np.searchsorted(starts, slots, side="right") - 1
            for record, chunk, slot in zip(found, at.tolist(), slots, strict=True):
                record[name] = chunks[chunk][slot - int(starts[chunk])].as_py()
        return found

    def _column(self, name: str) -> Any:
        import pyarrow as pa

        chunks, _ = self._chunks(name)
        return pa.chunked_array(chunks, type=chunks[0].type if chunks else self._kind(name))

    def _slots_of(self, rows: NDArray[np.integer[Any]] | Sequence[int]) -> NDArray[np.int64]:
        wanted = np.asarray(rows, dtype=np.int64)
        return wanted if self._slots is None else self._slots[wanted]

    def _chunks(self, name: str) -> tuple[list[Any], NDArray[np.int64]]:
        """Give the chunks of a column, and the number that each begins with."""
        known = self._kept.get(name)
        if known is None:
            chunks: list[Any] = []
            for part in self._parts:
                table = part.table
                if name in table.column_names:
                    chunks += table.column(name).chunks
                elif len(table):
                    chunks.append(self._missing(name, len(table)))
            lengths = np.array([0, *map(len, chunks)], dtype=np.int64)
            known = self._kept[name] = (chunks, np.cumsum(lengths)[:-1])
        return known

    @cached_property
    def _kept(self) -> dict[str, tuple[list[Any], NDArray[np.int64]]]:
        return {}

    def _missing(self, name: str, count: int) -> Any:
        """Give `count` missing values: a part from before the column was added."""
        import pyarrow as pa

        return pa.nulls(count, self._kind(name))

    def _kind(self, name: str) -> Any:
        import pyarrow as pa

        schemas = (part.table.schema for part in self._parts)
        return next((schema.field(name).type for schema in schemas if name in schema.names), pa.null())
