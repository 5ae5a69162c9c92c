"""index/knn-*: the nearest neighbours of every row of one version of a saved Space.

Derived from the table, and of the version that it names only: a change of the table makes it worthless. Every
graph lies in a folder of its own that never changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.files import new_folder
from nearspace.store.checks import Check, checked, checks_from_json, checks_to_json
from nearspace.store.rows import FOLDER, UnsoundError
from nearspace.store.snapshot import Snapshot
from nearspace.store.table import table_version
from nearspace.tensors import write_npy

PREFIX = "knn-"
FORMAT = 1
_STAMP, _ROWS, _DISTANCES = "knn.json", "rows.npy", "distances.npy"


@dataclass(frozen=True, eq=False)
class StoredNeighbors:
    """The k nearest other rows of each of n rows.

    Attributes:
        rows: (n, k) int32, nearest first.
        distances: (n, k) float32.
        metric: how distances are measured, for example "euclidean, unit vectors".
        recall: share of the true neighbours that are there; 1: all pairs were compared.
        seed: of the search.
    """

    rows: NDArray[np.int32]
    distances: NDArray[np.float32]
    metric: str
    recall: float
    seed: int

    @property
    def k(self) -> int:
        """How many neighbours each row has."""
        return int(self.rows.shape[1])


def stored_neighbors(snapshot: Snapshot) -> Iterator[StoredNeighbors]:
    """Give the sound graphs of neighbours of this version, newest first."""
    for path in _found(snapshot.folder):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, UnsoundError, InputError):
            yield _map(path, snapshot)


def store_neighbors(snapshot: Snapshot, found: StoredNeighbors) -> bool:
    """Keep a graph beside the rows; those of older versions and damaged ones are removed.

    Returns:
        False if this is not the newest version of the Space: then nothing is kept.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder, number = snapshot.folder, snapshot.version.number
    if table_version(folder) != snapshot.version:
        return False
    target = folder / FOLDER / f"{PREFIX}{number:08d}-{os.urandom(4).hex()}"
    with new_folder(target, replaceable=lambda _: False) as draft:
        write_npy(draft / _ROWS, found.rows)
        write_npy(draft / _DISTANCES, found.distances)
        stamp = {
            "format": FORMAT,
            "table": asdict(snapshot.version),
            "addresses_crc32": _crc32(snapshot),
            "count": len(found.rows),
            "k": found.k,
            "metric": found.metric,
            "recall": found.recall,
            "seed": found.seed,
            "files": checks_to_json({name: Check.of(draft / name) for name in (_ROWS, _DISTANCES)}),
        }
        text = json.dumps({**stamp, "crc32": _sum(stamp)}, indent=1) + "\n"
        (draft / _STAMP).write_text(text, encoding="utf-8")
    for path in _found(folder):  # never a sound one of this version: who wrote it at the same time may use it
        if path != target and (_number(path.name) < number or _is_damaged(path, snapshot)):
            shutil.rmtree(path, ignore_errors=True)
    return True


def _found(folder: Path) -> list[Path]:
    """Give the folders of the graphs of a Space, newest first."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder / FOLDER):
            if entry.name.startswith(PREFIX) and _number(entry.name) >= 0:
                found.append((_number(entry.name), entry.stat().st_mtime_ns, Path(entry.path)))
    return [path for *_, path in sorted(found, reverse=True)]


def _number(name: str) -> int:
    """Give the version that a folder is of; -1 if its name is no such."""
    number, _, token = name.removeprefix(PREFIX).partition("-")
    return int(number) if token and number.isdigit() else -1


def _is_damaged(path: Path, snapshot: Snapshot) -> bool:
    if _number(path.name) != snapshot.version.number:
        return False
    try:
        _map(path, snapshot)
    except (OSError, ValueError, KeyError, TypeError, UnsoundError, InputError):
        return True
    return False


def _sum(stamp: dict[str, Any]) -> int:
    """Checksum of a description."""
    return zlib.crc32(json.dumps(stamp, sort_keys=True).encode())


def _read(path: Path) -> dict[str, Any]:
    """Read the description of a graph."""
    stamp: dict[str, Any] = json.loads((path / _STAMP).read_bytes())
    if stamp.pop("crc32") != _sum(stamp):
        raise UnsoundError("has a damaged description")
    return stamp


def _crc32(snapshot: Snapshot) -> int:
    """Checksum of where the rows lie: row numbers mean nothing in another order."""
    return zlib.crc32(np.ascontiguousarray(snapshot.addresses, dtype="<u8").tobytes())


def _map(path: Path, snapshot: Snapshot) -> StoredNeighbors:
    stamp = _read(path)
    if stamp["format"] != FORMAT or stamp["table"] != asdict(snapshot.version):
        raise UnsoundError("is of another version")
    if stamp["count"] != len(snapshot) or stamp["addresses_crc32"] != _crc32(snapshot):
        raise UnsoundError("is of rows in another order")
    files = checks_from_json(stamp["files"])
    for name in (_ROWS, _DISTANCES):
        checked(path / name, files[name])
    rows, distances = (np.load(path / name, mmap_mode="r") for name in (_ROWS, _DISTANCES))
    shape = (stamp["count"], stamp["k"])
    if (rows.shape, rows.dtype, distances.shape, distances.dtype) != (shape, "int32", shape, "float32"):
        raise UnsoundError("does not fit its description")
    metric, recall, seed = str(stamp["metric"]), float(stamp["recall"]), int(stamp["seed"])
    return StoredNeighbors(rows.view(np.ndarray), distances.view(np.ndarray), metric, recall, seed)
