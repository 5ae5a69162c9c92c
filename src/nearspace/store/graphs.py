"""index/graph-*: a saved graph index beside the rows that it was built on, and where these lie in the table.

The graph knows its rows by their addresses. So it serves every version of the table: rows that are gone are
passed over, rows that it lacks are searched otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.files import new_folder, share_file
from nearspace.store.checks import Check, checked, checks_from_json, checks_to_json
from nearspace.store.dataset import Addresses
from nearspace.store.rows import FOLDER, UnsoundError
from nearspace.store.snapshot import Snapshot
from nearspace.store.table import TableVersion
from nearspace.tensors import write_npy

PREFIX = "graph-"
_STAMP = "graph-rows.json"
WORTH = 0.6  # a graph of less worth is dropped when the table is rewritten
_GONE = np.uint64(2**64 - 1)
_SHARED = ("vectors.npy", "norms.npy")


@dataclass(frozen=True, eq=False)
class GraphRows:
    """The rows that a saved graph was built on.

    Attributes:
        folder: where the graph lies.
        version: of the table that it was built from.
        vectors: (g, d) float32, mapped.
        norms: (g,) float32.
        rows: (g,) the row of each in a snapshot, -1 where it is gone.
        count: rows of the snapshot.
    """

    folder: Path
    version: TableVersion
    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]
    rows: NDArray[np.int64]
    count: int

    @cached_property
    def covered(self) -> float:
        """Share of the rows of the snapshot that the graph holds."""
        return float((self.rows >= 0).sum() / max(1, self.count))

    @cached_property
    def worth(self) -> float:
        """Share of the rows that the graph holds, or of its rows that are not gone, whichever is less."""
        alive = float((self.rows >= 0).sum() / max(1, len(self.rows)))
        return min(self.covered, alive)


@contextlib.contextmanager
def new_graph(snapshot: Snapshot) -> Iterator[Path]:
    """Give an empty folder for a graph on the rows of a snapshot that is mapped as a whole.

    When the block ends without an error the graph is in place, and older ones are removed.
    """
    folder = snapshot.folder
    target = _target(folder, snapshot.version.number)
    with new_folder(target, replaceable=lambda _: False) as draft:
        _share(snapshot.base.folder, draft)
        _stamp(draft, snapshot, snapshot.addresses)
        yield draft
    _remove_others(folder, target)


def open_graph(snapshot: Snapshot) -> GraphRows | None:
    """Give the rows of the newest sound graph of a Space as rows of a snapshot; None if there is no graph."""
    for path in _graphs(snapshot.folder):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, UnsoundError, InputError):
            return _map(path, snapshot)
    return None


def has_graph(folder: Path) -> bool:
    """Tell whether a Space has a saved graph."""
    return bool(_graphs(folder))


def remove_graphs(folder: Path) -> None:
    """Remove the saved graphs of a Space."""
    for path in _graphs(folder):
        shutil.rmtree(path, ignore_errors=True)


def move_graphs(folder: Path, old: Snapshot, new: Snapshot) -> str:
    """Tell a graph where its rows lie after the table was rewritten; `old` and `new` hold the same keys.

    Returns "kept", "dropped" if it was worth too little to be kept, or "none".
    """
    found = open_graph(old)
    if found is None:
        return "none"
    if found.worth < WORTH:
        remove_graphs(folder)
        return "dropped"
    if old.version == new.version:
        return "kept"
    if old.keys == new.keys:
        moved = new.addresses
    else:
        moved = new.addresses[new.keys.find_all(old.keys)]
    addresses = np.full(len(found.rows), _GONE)
    alive = found.rows >= 0
    addresses[alive] = moved[found.rows[alive]]
    target = _target(folder, new.version.number)
    with new_folder(target, replaceable=lambda _: False) as draft:
        own = {_STAMP, "addresses.npy"}
        _share(found.folder, draft, [file.name for file in found.folder.iterdir() if file.name not in own])
        _stamp(draft, new, addresses)
    _remove_others(folder, target)
    return "kept"


def _graphs(folder: Path) -> list[Path]:
    """Give the folders of the graphs of a Space, newest first."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder / FOLDER):
            number, _, token = entry.name.removeprefix(PREFIX).partition("-")
            if entry.name.startswith(PREFIX) and token and number.isdigit():
                found.append((int(number), entry.stat().st_mtime_ns, Path(entry.path)))
    return [path for *_, path in sorted(found, reverse=True)]


def _target(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{PREFIX}{number:08d}-{os.urandom(4).hex()}"


def _remove_others(folder: Path, keep: Path) -> None:
    for path in _graphs(folder):
        if path != keep:
            shutil.rmtree(path, ignore_errors=True)


def _share(source: Path, draft: Path, names: list[str] | tuple[str, ...] = _SHARED) -> None:
    """Give the files of one folder a second name in another, or copy them where that cannot be."""
    for name in names:
        share_file(source / name, draft / name)


def _stamp(draft: Path, snapshot: Snapshot, addresses: Addresses) -> None:
    write_npy(draft / "addresses.npy", addresses)
    stamp = {
        "table": asdict(snapshot.version),
        "count": len(addresses),
        "fragments": snapshot.table.fragments,
        "files": checks_to_json({name: Check.of(draft / name) for name in (*_SHARED, "addresses.npy")}),
    }
    (draft / _STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


def _map(path: Path, snapshot: Snapshot) -> GraphRows:
    stamp = json.loads((path / _STAMP).read_bytes())
    for name, check in checks_from_json(stamp["files"]).items():
        checked(path / name, check)
    vectors, norms = (np.load(path / name, mmap_mode="r", allow_pickle=False) for name in _SHARED)
    addresses = np.load(path / "addresses.npy", allow_pickle=False)
    fragments = {int(number): list(names) for number, names in stamp["fragments"].items()}
    if len(vectors) != len(addresses) or vectors.shape[1:] != (snapshot.shape[1],):
        raise UnsoundError("does not fit the Space")
    if fragments == snapshot.base.fragments and np.array_equal(addresses, snapshot.addresses):
        rows = np.arange(len(addresses))
    else:
        rows = snapshot.rows_of(addresses, fragments)
    version = TableVersion(**stamp["table"])
    return GraphRows(path, version, vectors.view(np.ndarray), norms.view(np.ndarray), rows, len(snapshot))
