"""A graph index as a folder: its links, what distances are taken from, and graph.json with their checksums.

graph.json is written last. Points are not saved where the vectors themselves are the points.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import FormatVersionError, InputError, MissingInputError
from nearspace.files import output_error
from nearspace.index.codes import Ranges
from nearspace.index.hnsw import Hnsw
from nearspace.kernels.walk import Links

FORMAT = 1
LINKS = {"base": "links.npy", "upper": "upper-links.npy", "place": "upper-places.npy"}
POINTS, CODES, RANGES, MEMBERS, NOTE = "points.npy", "codes.npy", "ranges.npy", "members.npy", "graph.json"
_REBUILD = "Build the graph index again."
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Parts:
    """What a graph index consists of beside the vectors.

    Attributes:
        graph: links and points; None where no row can be in a graph.
        members: (m,) the row of each point; None if point i is row i.
        description: settings, calibrated effort and recall, counts, library; graph.json says them too.
    """

    graph: Hnsw | None
    members: NDArray[np.int64] | None
    description: dict[str, Any]


def save_parts(folder: Path, parts: Parts, vectors: NDArray[np.float32]) -> None:
    """Write everything but the vectors.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NOTE).unlink(missing_ok=True)
        arrays: dict[str, NDArray[Any]] = {}
        shape: dict[str, int] = {}
        if parts.graph is not None:
            links, ranges = parts.graph.links, parts.graph.ranges
            arrays |= {name: getattr(links, field) for field, name in LINKS.items()}
            shape = {name: getattr(links, name) for name in ("degree", "half", "entry", "height")}
            if ranges is not None:
                arrays |= {CODES: parts.graph.values, RANGES: np.stack([ranges.low, ranges.step])}
            elif not parts.description["points_are_vectors"]:
                arrays[POINTS] = parts.graph.values
        if parts.members is not None:
            arrays[MEMBERS] = parts.members
        for name, array in arrays.items():
            np.save(folder / name, array)
        note = {
            "format": FORMAT,
            **parts.description,
            "vectors_crc32": crc32_of_sample(vectors),
            "links": shape,
            "files": {name: _stamp(folder / name) for name in arrays},
        }
        text = json.dumps(note, indent=2)
        (folder / NOTE).write_text(json.dumps({**note, "crc32": zlib.crc32(text.encode())}, indent=2))
    except OSError as error:
        raise output_error(folder, error) from error


def open_parts(folder: Path, vectors: NDArray[np.float32], metric: str) -> Parts:
    """Check and map what `save_parts` wrote.

    Raises:
        MissingInputError, FormatVersionError, InputError: a file is missing, newer, damaged, or of
            other vectors.
    """
    note = _read_note(folder / NOTE)
    files = note.pop("files")
    for name, stamp in files.items():
        _check(folder / name, stamp)
    counted = [len(vectors), vectors.shape[1] if vectors.ndim == 2 else 0, metric]
    if counted != [note["count"], note["dim"], note["metric"]]:
        raise InputError(
            f"{str(folder / NOTE)!r} is of {note['count']} vectors of {note['dim']} components under "
            f"{note['metric']}, not of {counted[0]} of {counted[1]} under {counted[2]}",
            _REBUILD,
        )
    if note.pop("vectors_crc32") != crc32_of_sample(vectors):
        raise InputError(f"{str(folder / NOTE)!r} was built from other vectors", _REBUILD)
    shape = note.pop("links")
    arrays = {name: np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in files}
    graph = None
    if shape:
        links = Links(**{field: arrays[name] for field, name in LINKS.items()}, **shape)
        ranges = Ranges(*np.array(arrays[RANGES])) if RANGES in files else None
        values = arrays.get(CODES, arrays.get(POINTS, vectors))
        graph = Hnsw(links, values, ranges, note["points_metric"])
    return Parts(graph, arrays.get(MEMBERS), note)


def crc32_of_sample(vectors: NDArray[np.float32], count: int = 256) -> int:
    """Checksum of up to `count` rows, evenly spread: tells other vectors, but not each changed row."""
    rows = np.unique(np.linspace(0, max(0, len(vectors) - 1), min(count, len(vectors))).astype(np.int64))
    return zlib.crc32(np.ascontiguousarray(vectors[rows], dtype=np.float32).tobytes())


def _read_note(file: Path) -> dict[str, Any]:
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        given = note.pop("crc32")
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(file)!r} is not there", _REBUILD) from error
    except (ValueError, KeyError, AttributeError, OSError) as error:
        raise InputError(f"{str(file)!r} is damaged: it is no description of a graph", _REBUILD) from error
    if isinstance(note.get("format"), int) and note["format"] > FORMAT:
        raise FormatVersionError(
            f"{str(file)!r} has format {note['format']}, this version reads up to {FORMAT}",
            "Update nearspace, or build the graph index again.",
        )
    if zlib.crc32(json.dumps(note, indent=2).encode()) != given:
        raise InputError(f"{str(file)!r} is damaged: its checksum differs", _REBUILD)
    return dict(note)


def _stamp(file: Path) -> dict[str, int]:
    """Size and CRC-32 of a file; 4 GB a second."""
    value, size = 0, 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            value, size = zlib.crc32(block, value), size + len(block)
    return {"bytes": size, "crc32": value}


def _check(file: Path, stamp: dict[str, int]) -> None:
    try:
        found = _stamp(file)
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(file)!r} is not there", _REBUILD) from error
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read: {error.strerror}", _REBUILD) from error
    if found != stamp:
        what = "its size" if found["bytes"] != stamp["bytes"] else "its checksum"
        raise InputError(f"{str(file)!r} is damaged: {what} differs from what was written", _REBUILD)
