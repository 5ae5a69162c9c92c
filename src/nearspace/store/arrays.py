"""index/: the derived arrays of a saved Space, mapped, with the table version that they were made from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import key_buffers
from nearspace.errors import DuplicateKeyError, InputError, OutputError
from nearspace.files import new_folder
from nearspace.keys import Keys
from nearspace.space import Space, norms_of
from nearspace.store.table import TableVersion, read_batches, table_version
from nearspace.tensors import write_npy

FOLDER = "index"
_STAMP = "index.json"
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Arrays:
    """The arrays of a Space: its Keys, vectors (n, d) float32 and their norms (n,) float32."""

    keys: Keys
    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]


class Replaced(Exception):
    """The folder was replaced while it was being opened: begin again."""


class _Unsound(Exception):
    """The derived arrays are missing, damaged or of another table version; says which."""


def write_arrays(space: Space, folder: Path, version: TableVersion) -> None:
    """Write index/ into `folder`, a few megabytes at a time."""
    into = folder / FOLDER
    into.mkdir()
    rows = max(1, _BLOCK_BYTES // (4 * space.dim))
    blocks = (space.vectors[start : start + rows] for start in range(0, len(space), rows))
    norms = _write_vectors(into, blocks, len(space), space.dim)
    _write_rest(into, space.keys, norms if space.stored_norms is None else space.stored_norms)
    _write_stamp(into, version, len(space), space.dim)


def open_arrays(folder: Path, version: TableVersion, dim: int) -> Arrays:
    """Map index/ of a saved Space; where it is missing, damaged or stale, make it anew from the table first.

    Raises:
        OutputError: it has to be made anew and the folder cannot be written.
        InputError: the table is damaged too.
        Replaced: the table is no longer of that version.
    """
    try:
        return _map_arrays(folder / FOLDER, version, dim)
    except _Unsound as unsound:
        if table_version(folder) != version:
            raise Replaced from None
        try:
            _rebuild(folder, version, dim)
        except OutputError as error:
            raise OutputError(
                f"{str(folder / FOLDER)!r} {unsound}, and cannot be made anew: {error.message}",
                "Make the folder writable, or copy the Space to one that is, and open it there once.",
            ) from error
        return _map_arrays(folder / FOLDER, version, dim)


def _map_arrays(index: Path, version: TableVersion, dim: int) -> Arrays:
    stamp = _read_stamp(index)
    if stamp.get("table") != asdict(version):
        raise _Unsound("was made from another version of the table")
    count = stamp.get("count")
    if not isinstance(count, int) or stamp.get("dim") != dim:
        raise _Unsound("does not fit space.json")
    vectors = _map(index / "vectors.npy", np.float32, (count, dim))
    norms = _map(index / "norms.npy", np.float32, (count,))
    offsets = _map(index / "keys.offsets.npy", np.int64, (count + 1,))
    hashes = _map(index / "keys.hashes.npy", np.uint64, (count,))
    order = _map(index / "keys.order.npy", np.int64, (count,))
    data = _map(index / "keys.data.npy", np.uint8, (int(offsets[-1]),))
    return Arrays(Keys.from_buffers(data, offsets, hashes, order), vectors, norms)


def _map(path: Path, kind: type, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode=None if 0 in shape else "r", allow_pickle=False)
    except FileNotFoundError:
        raise _Unsound(f"lacks {path.name}") from None
    except (OSError, ValueError, EOFError) as error:
        raise _Unsound(f"has a damaged {path.name} ({error})") from None
    if array.dtype != np.dtype(kind) or array.shape != shape or not array.flags.c_contiguous:
        raise _Unsound(f"has a {path.name} of {array.shape} {array.dtype}, expected {shape} {kind.__name__}")
    plain: NDArray[Any] = array.view(np.ndarray)
    return plain


def _read_stamp(index: Path) -> Mapping[str, Any]:
    try:
        stamp = json.loads((index / _STAMP).read_bytes())
    except FileNotFoundError:
        raise _Unsound("is missing" if not index.exists() else f"lacks {_STAMP}") from None
    except (OSError, ValueError):
        raise _Unsound(f"has a damaged {_STAMP}") from None
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(index: Path, version: TableVersion, count: int, dim: int) -> None:
    stamp = {"table": asdict(version), "count": count, "dim": dim}
    (index / _STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")


def _write_vectors(
    index: Path, blocks: Iterable[NDArray[np.float32]], count: int, dim: int
) -> NDArray[np.float32]:
    """Write vectors.npy; return the norms."""
    norms = np.empty(count, dtype=np.float32)
    done = 0
    with (index / "vectors.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, dim)}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            plain = np.ascontiguousarray(block, dtype="<f4")
            norms[done : done + len(plain)] = norms_of(plain)
            file.write(plain.data)
            done += len(plain)
    if done != count:
        raise InputError(f"the table has {done:,} rows, expected {count:,}", "Open the Space again.")
    return norms


def _write_rest(index: Path, keys: Keys, norms: NDArray[np.float32]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "norms": norms,
        "keys.data": keys.data,
        "keys.offsets": keys.offsets,
        "keys.hashes": keys.hashes,
        "keys.order": keys.order,
    }
    for name, array in arrays.items():
        write_npy(index / f"{name}.npy", array)


def _rebuild(folder: Path, version: TableVersion, dim: int) -> None:
    count, batches = read_batches(folder, dim)
    data: list[NDArray[np.uint8]] = []
    lengths: list[NDArray[np.int64]] = []

    def blocks() -> Iterable[NDArray[np.float32]]:
        for names, vectors in batches:
            part, offsets = key_buffers(names)
            data.append(part.copy())
            lengths.append(np.diff(offsets))
            yield vectors

    with new_folder(folder / FOLDER, overwrite=True, replaceable=os.path.isdir) as draft:
        norms = _write_vectors(draft, blocks(), count, dim)
        offsets = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.concatenate([*lengths, np.empty(0, np.int64)]), out=offsets[1:])
        try:
            keys = Keys.from_buffers(np.concatenate([*data, np.empty(0, np.uint8)]), offsets)
        except DuplicateKeyError as error:
            raise DuplicateKeyError(f"table of {str(folder)!r}: {error.message}", error.hint) from error
        _write_rest(draft, keys, norms)
        _write_stamp(draft, version, count, dim)
