"""index/rows-*: the rows of a saved Space as mapped arrays, with the table version that they were made from.

They are derived from the table. Every set lies in a folder of its own that never changes, so a reader never
sees half of two; the folders of old versions are removed when a new one is in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import key_buffers
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.files import new_folder, output_error, remove_drafts
from nearspace.keys import Keys
from nearspace.space import norms_of
from nearspace.store.checks import Check, checked, checks_from_json, checks_to_json
from nearspace.store.columns import ColumnFile
from nearspace.store.dataset import KEY, VECTOR, Addresses, Table, type_names
from nearspace.store.table import TableVersion
from nearspace.tensors import write_npy

FOLDER = "index"
PREFIX = "rows-"
STAMP = "rows.json"
_SEEN = "seen.json"
_ARRAYS: dict[str, type] = {
    "vectors": np.float32,
    "norms": np.float32,
    "addresses": np.uint64,
    "keys.data": np.uint8,
    "keys.offsets": np.int64,
    "keys.hashes": np.uint64,
    "keys.order": np.int64,
}


@dataclass(frozen=True, eq=False)
class StoredRows:
    """The rows of one table version.

    Attributes:
        folder: where they lie.
        version: of the table.
        keys: the n names.
        vectors: (n, d) float32.
        norms: (n,) float32.
        addresses: (n,) uint64 where each row lies in the table.
        columns: the metadata.
        types: name -> Arrow type of the metadata.
        fragments: fragment number -> names of its files.
    """

    folder: Path
    version: TableVersion
    keys: Keys
    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]
    addresses: Addresses
    columns: ColumnFile
    types: Mapping[str, str]
    fragments: Mapping[int, list[str]]


class UnsoundError(Exception):
    """A set of rows is missing, damaged or of another table; says which."""


def stored_sets(folder: Path) -> list[tuple[int, Path]]:
    """Give (version number, folder) of every set of rows of a Space, newest first."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder / FOLDER):
            number, _, token = entry.name.removeprefix(PREFIX).partition("-")
            if entry.name.startswith(PREFIX) and token and number.isdigit():
                found.append((int(number), Path(entry.path)))
    return sorted(found, reverse=True)


def map_rows(path: Path, dim: int) -> StoredRows:
    """Map a set of rows; its files are checked if they were touched since they were written.

    Raises:
        UnsoundError: it is damaged, incomplete, or of another dimension.
    """
    try:
        stamp = json.loads((path / STAMP).read_bytes())
        version, count = TableVersion(**stamp["table"]), int(stamp["count"])
        fragments = {int(number): list(names) for number, names in stamp["fragments"].items()}
        if stamp["dim"] != dim:
            raise UnsoundError(f"has {stamp['dim']} components a vector, expected {dim}")
        _verify(path, checks_from_json(stamp["files"]))
        columns, types = ColumnFile(path / "columns.arrow"), dict(stamp["columns"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnsoundError(f"is damaged ({path.name}: {error})") from None
    arrays = {name: _map(path / f"{name}.npy", kind) for name, kind in _ARRAYS.items()}
    if arrays["vectors"].shape != (count, dim):
        raise UnsoundError(f"is damaged ({path.name}: vectors of shape {arrays['vectors'].shape})")
    keys = Keys.from_buffers(*(arrays[f"keys.{part}"] for part in ("data", "offsets", "hashes", "order")))
    vectors, norms, addresses = arrays["vectors"], arrays["norms"], arrays["addresses"]
    return StoredRows(path, version, keys, vectors, norms, addresses, columns, types, fragments)


def _map(path: Path, kind: type) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # an array without elements cannot be mapped
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise UnsoundError(f"is damaged ({path.name}: {error})") from None
    if array.dtype != np.dtype(kind):
        raise UnsoundError(f"is damaged ({path.name} holds {array.dtype})")
    plain: NDArray[Any] = array.view(np.ndarray)
    plain.flags.writeable = False
    return plain


def _verify(path: Path, files: Mapping[str, Check]) -> None:
    """Check the files of a set; remember what a copy of it was found to be, where that can be written."""
    expected = {f"{name}.npy" for name in _ARRAYS} | {"columns.arrow"}
    if set(files) != expected:
        raise UnsoundError(f"is damaged ({path.name}/{STAMP} names other files)")
    known = dict(files)
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        known |= checks_from_json(json.loads((path / _SEEN).read_bytes()))
    try:
        found = {name: checked(path / name, known[name]) for name in expected}
    except InputError as error:
        raise UnsoundError(f"is damaged ({error.message})") from None
    for name, check in found.items():
        if not check.same_content(files[name]):
            raise UnsoundError(f"is damaged ({path / name} differs from its checksum)")
    if found != known:
        with contextlib.suppress(OSError):
            draft = path / f".{_SEEN}.{os.getpid()}"
            draft.write_text(json.dumps(checks_to_json(found)), encoding="utf-8")
            draft.replace(path / _SEEN)


def write_rows(
    folder: Path,
    table: Table,
    version: TableVersion,
    dim: int,
    *,
    keys: Keys | None = None,
    norms: NDArray[np.float32] | None = None,
) -> Path:
    """Write the rows of a table version as a new set, by blocks; remove older sets and killed drafts.

    Known `keys` (in row order) and `norms` are taken as they are.

    Raises:
        OutputError: the folder cannot be written.
        InputError: the table is damaged.
        DuplicateKeyError: two of its rows have the same key.
    """
    table.check_dim(dim)
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(folder / FOLDER, error) from error
    target = folder / FOLDER / f"{PREFIX}{version.number:08d}-{os.urandom(4).hex()}"
    with new_folder(target, replaceable=lambda _: False) as draft:
        addresses = table.addresses()
        found = _write_blocks(draft, table, len(addresses), dim, keys)
        names = found.names()
        arrays: dict[str, NDArray[Any]] = {
            "norms": found.norms if norms is None else norms,
            "addresses": addresses,
            "keys.data": names.data,
            "keys.offsets": names.offsets,
            "keys.hashes": names.hashes,
            "keys.order": names.order,
        }
        for name, array in arrays.items():
            write_npy(draft / f"{name}.npy", array)
        files = [f"{name}.npy" for name in _ARRAYS] + ["columns.arrow"]
        stamp = {
            "table": asdict(version),
            "count": len(addresses),
            "dim": dim,
            "columns": type_names(table.types),
            "fragments": table.fragments,
            "files": checks_to_json({name: Check.of(draft / name) for name in files}),
        }
        (draft / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    remove_sets(folder, target, version.number)
    remove_drafts(folder / FOLDER)
    return target


class _Found:
    """What is collected while the blocks of a table go by."""

    def __init__(self, folder: Path, count: int, keys: Keys | None) -> None:
        self.folder = folder
        self.norms = np.empty(count, dtype=np.float32)
        self.keys = keys
        self._data: list[NDArray[np.uint8]] = []
        self._lengths: list[NDArray[np.int64]] = []

    def add(self, done: int, keys: Any, vectors: NDArray[np.float32]) -> None:
        self.norms[done : done + len(vectors)] = norms_of(vectors)
        if self.keys is None:
            data, offsets = key_buffers(keys)
            self._data.append(data.copy())
            self._lengths.append(np.diff(offsets))

    def names(self) -> Keys:
        if self.keys is not None:
            return self.keys
        offsets = np.zeros(len(self.norms) + 1, dtype=np.int64)
        np.cumsum(np.concatenate([*self._lengths, np.empty(0, np.int64)]), out=offsets[1:])
        try:
            return Keys.from_buffers(np.concatenate([*self._data, np.empty(0, np.uint8)]), offsets)
        except DuplicateKeyError as error:
            raise DuplicateKeyError(f"table of {str(self.folder)!r}: {error.message}", error.hint) from error


def _write_blocks(draft: Path, table: Table, count: int, dim: int, keys: Keys | None) -> _Found:
    """Write vectors.npy and columns.arrow in one pass."""
    import pyarrow as pa

    schema = pa.schema([pa.field(name, kind) for name, kind in table.kept.items()])
    found, done = _Found(table.folder, count, keys), 0
    wanted = [*([KEY] if keys is None else []), VECTOR, *table.kept]
    with (draft / "vectors.npy").open("wb") as file, _column_writer(draft, schema) as columns:
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, dim)}
        np.lib.format.write_array_header_1_0(file, header)
        for batch in table.batches(wanted, dim):
            if any(batch.column(name).null_count for name in (KEY, VECTOR) if name in wanted):
                raise InputError(f"table of {str(table.folder)!r} has rows without key or vector")
            vectors = batch.column(VECTOR).flatten().to_numpy().reshape(-1, dim)
            found.add(done, batch.column(KEY) if keys is None else None, vectors)
            file.write(np.ascontiguousarray(vectors).data)
            done += len(vectors)
            if len(schema):
                columns.write_batch(pa.record_batch([batch.column(name) for name in schema.names], schema))
    if done != count:
        raise InputError(f"the table has {done:,} rows, expected {count:,}", "Open the Space again.")
    return found


@contextlib.contextmanager
def _column_writer(draft: Path, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    with (draft / "columns.arrow").open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        yield writer


def remove_sets(folder: Path, keep: Path, number: int) -> None:
    """Remove the sets of versions up to `number` but for `keep`; who has mapped one keeps it."""
    for other, path in stored_sets(folder):
        if path != keep and other <= number:
            shutil.rmtree(path, ignore_errors=True)
