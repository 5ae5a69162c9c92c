"""One version of items.lance, read through Lance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.store.checks import CheckLog

NAME = "items.lance"
KEY, VECTOR = "key", "vector"
CONTENT_HASH, FINGERPRINT = "content_hash", "encoder_fingerprint"
RESERVED = (KEY, VECTOR, CONTENT_HASH, FINGERPRINT)
_BATCH_BYTES = 1 << 21
# what Lance reads ahead; left alone, it reads up to 2 GB into memory
_AHEAD: dict[str, int] = {"batch_readahead": 2, "fragment_readahead": 1, "io_buffer_size": 32 << 20}
_LANCE_WORDS = re.compile(r"^(Invalid user input: |Schema error: )+| Valid fields are .*$")
_RUST_PLACE = re.compile(r",? \S+\.rs:\d+:\d+")

Addresses = NDArray[np.uint64]


class Table:
    """The table of a saved Space at one version.

    A row has an address (fragment number << 32 | place in the fragment) that never gets another content.

    Args:
        folder: of the Space.
        number: version of the table; None: the newest.

    Raises (on use):
        InputError: the table is damaged, or that version is gone.
    """

    def __init__(self, folder: Path, number: int | None = None) -> None:
        self.folder = folder
        self.number = number

    @cached_property
    def dataset(self) -> Any:
        """What Lance has opened; its files are checked first if they were touched since they were written."""
        import lance

        try:
            dataset = lance.dataset(str(self.folder / NAME), version=self.number)
            if self.number is None:
                self.number = dataset.version
        except (OSError, RuntimeError, ValueError) as error:
            raise damaged(self.folder, error) from error
        CheckLog(self.folder).verify(data_files(dataset))
        return dataset

    @cached_property
    def types(self) -> dict[str, Any]:
        """Name -> Arrow type of the metadata columns."""
        return {field.name: field.type for field in self.dataset.schema if field.name not in RESERVED}

    @cached_property
    def kept(self) -> dict[str, Any]:
        """Name -> Arrow type of the columns that are mapped: metadata, and where a row comes from."""
        return {field.name: field.type for field in self.dataset.schema if field.name not in (KEY, VECTOR)}

    @cached_property
    def fragments(self) -> dict[int, list[str]]:
        """Fragment number -> names of the files that hold its keys and vectors."""
        wanted = {field.id() for field in self.dataset.lance_schema.fields() if field.name() in (KEY, VECTOR)}
        return {
            fragment.fragment_id: sorted(
                file.path for file in fragment.metadata.files if wanted & set(file.fields)
            )
            for fragment in self.dataset.get_fragments()
        }

    def check_dim(self, dim: int) -> None:
        """Refuse a table without keys and vectors of `dim`.

        Raises:
            InputError: its vectors have another dimension, or it has none.
        """
        names = set(self.dataset.schema.names)
        kind = self.dataset.schema.field(VECTOR).type if {KEY, VECTOR} <= names else None
        if kind is None or getattr(kind, "list_size", None) != dim or str(kind.value_type) != "float":
            raise InputError(
                f"table {str(self.folder / NAME)!r} has no {KEY!r} and {VECTOR!r} of {dim} float32",
                "Restore it from a copy, or make the Space again.",
            )

    def addresses(self) -> Addresses:
        """(n,) addresses of the rows, in row order."""
        with reading(self.folder):
            table = self.dataset.to_table(columns=[], with_row_address=True)
        return np.asarray(table.column("_rowaddr").to_numpy())

    def matching(self, where: str) -> Addresses:
        """(m,) addresses of the rows for which an SQL condition holds.

        Raises:
            SettingError: the condition cannot be understood.
        """
        try:
            found = self.dataset.scanner(columns=[], filter=where, with_row_address=True).to_table()
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            raise bad_filter(where, [KEY, *self.types], error) from error
        return np.asarray(found.column("_rowaddr").to_numpy())

    def batches(self, columns: Sequence[str], dim: int) -> Iterator[Any]:
        """Record batches of some columns, in row order, of about two megabytes of vectors each."""
        with reading(self.folder):
            rows = _BATCH_BYTES // (4 * dim) + 1
            scanner = self.dataset.scanner(columns=list(columns), batch_size=rows, **_AHEAD)
            yield from scanner.to_batches()

    def at(self, addresses: Addresses, columns: Sequence[str]) -> Any:
        """Give an Arrow table of the rows at some addresses, in the order of `addresses`, all of them there.

        Fragments are read as a whole, but only those that hold one of the rows.
        """
        import pyarrow as pa

        wanted = np.sort(addresses)
        numbers = set(np.unique(wanted >> np.uint64(32)).tolist())
        parts, found = [], []
        with reading(self.folder):
            held = [part for part in self.dataset.get_fragments() if part.fragment_id in numbers]
            scanner = self.dataset.scanner(columns=list(columns), fragments=held, with_row_address=True)
            for batch in scanner.to_batches() if held else ():
                here = np.asarray(batch.column("_rowaddr").to_numpy())
                mask = np.isin(here, wanted)
                if mask.any():
                    parts.append(batch.filter(pa.array(mask)).drop_columns(["_rowaddr"]))
                    found.append(here[mask])
            schema = pa.schema([self.dataset.schema.field(name) for name in columns])
            table = pa.Table.from_batches(parts, schema=schema)
        places = np.concatenate([*found, np.empty(0, np.uint64)])
        if np.array_equal(places, addresses):
            return table
        order = np.argsort(places)
        return table.take(pa.array(order[np.searchsorted(places[order], addresses)]))


def data_files(dataset: Any) -> list[str]:
    """Names, below the folder of the Space, of all files that a version of the table is made of."""
    names = []
    for fragment in dataset.get_fragments():
        names += [f"{NAME}/data/{file.path}" for file in fragment.metadata.files]
        deletions = fragment.deletion_file()
        if deletions is not None:
            names.append(f"{NAME}/{deletions}")
    return names


class reading:
    """Say what Lance raises in plain words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (OSError, RuntimeError, ValueError)) and not isinstance(error, InputError):
            raise damaged(self.folder, error) from error


def bad_filter(where: str, columns: Sequence[str], error: Exception) -> SettingError:
    """Say why a filter cannot be used."""
    reason = _LANCE_WORDS.sub("", first_line(error))
    return SettingError(
        f"the filter {where!r} cannot be used: {reason}",
        "Write an SQL condition like \"topic = 'sport' AND day >= date '2026-03-01'\"; "
        f"columns: {', '.join(columns)}.",
    )


def damaged(folder: Path, error: BaseException) -> InputError:
    """Say that the table cannot be read."""
    if isinstance(error, InputError):
        return error
    return InputError(
        f"table {str(folder / NAME)!r} cannot be read: {first_line(error)}",
        "Restore it from a copy, or make the Space again; a Space that was changed meanwhile: open it again.",
    )


def first_line(error: BaseException) -> str:
    """Give the first line of a message of Lance or the system."""
    text = _RUST_PLACE.sub("", str(error)).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__


def type_names(types: Mapping[str, Any]) -> dict[str, str]:
    """Name -> Arrow type as text."""
    return {name: str(kind) for name, kind in types.items()}
