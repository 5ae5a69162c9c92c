"""The folder data/ of the page, written from arrays as docs/page-data.md says, for tests of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1024
NONE = 2**32 - 1


@dataclass
class FixtureMap:
    """A map of a fixture: `coordinates` (m, 2 or 3), `trust` name -> (m,), `rows` (m,) or None."""

    name: str
    coordinates: NDArray[np.float32]
    trust: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    rows: NDArray[np.uint32] | None = None
    regions: Sequence[tuple[NDArray[np.uint16], Sequence[str]]] = ()
    method: str = "umap"
    report: Sequence[dict[str, Any]] = ()
    stale: bool = False


@dataclass
class FixtureSpace:
    """A Space of a fixture; `columns` name -> numbers, or texts (categories but for `kinds`)."""

    name: str
    keys: Sequence[str]
    vectors: NDArray[np.float32]
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    maps: Sequence[FixtureMap] = ()
    neighbors: int = 15
    with_vectors: bool = True
    measures: Sequence[dict[str, Any]] = ()
    history: Sequence[dict[str, Any]] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    thumbnails: Mapping[int, bytes] = field(default_factory=dict)
    search: Sequence[str] = ()
    save: Sequence[str] = ()


def write(folder: Path, spaces: Sequence[FixtureSpace], *, live: bool = False, title: str = "test") -> None:
    """Write folder/data with all Spaces; those that share a key are linked."""
    listed = [{"id": number, "name": one.name, "count": len(one.keys)} for number, one in enumerate(spaces)]
    to_json(folder / "data" / "index.json", {"version": 1, "live": live, "title": title, "spaces": listed})
    for number, one in enumerate(spaces):
        others = [other for other in range(len(spaces)) if other != number]
        write_space(folder / "data" / str(number), one, number, others)
        for other in others:
            rows = {key: row for row, key in enumerate(spaces[other].keys)}
            to_file(
                folder / "data" / str(number) / "links" / f"{other}.bin",
                np.array([rows.get(key, NONE) for key in one.keys], dtype=np.uint32),
            )


def write_space(folder: Path, space: FixtureSpace, number: int, linked: Sequence[int]) -> None:
    """Write all files of one Space."""
    encoded = [key.encode() for key in space.keys]
    to_file(folder / "keys.offsets.bin", np.cumsum([0, *map(len, encoded)]).astype(np.uint32))
    to_file(folder / "keys.bin", np.frombuffer(b"".join(encoded), dtype=np.uint8))
    columns = [write_column(folder, at, name, space) for at, name in enumerate(space.columns)]
    write_rows(folder, space)
    if space.neighbors:
        write_neighbors(folder, space)
    if space.with_vectors:
        write_vectors(folder, space.vectors)
    for row, picture in space.thumbnails.items():
        path = folder / "thumbnails" / f"{row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    for one in space.maps:
        write_map(folder / "maps" / one.name, one, len(space.keys))
    to_json(folder / "report.json", {"space": space.name, "measures": list(space.measures)})
    to_json(folder / "space.json", described(space, number, columns, linked))


def described(
    space: FixtureSpace, number: int, columns: list[dict[str, Any]], linked: Sequence[int]
) -> dict[str, Any]:
    """Give space.json."""
    maps = [
        {
            "name": one.name,
            "method": one.method,
            "dim": one.coordinates.shape[1],
            "count": len(one.coordinates),
            "stale": one.stale,
        }
        for one in space.maps
    ]
    return {
        "id": number,
        "name": space.name,
        "count": len(space.keys),
        "dim": space.vectors.shape[1],
        "metric": "cosine",
        "version": 1,
        "content": None,
        "columns": columns,
        "maps": maps,
        "neighbors": space.neighbors,
        "vectors": space.with_vectors,
        "thumbnails": bool(space.thumbnails),
        "has_zero_rows": False,
        "search": list(space.search),
        "save": list(space.save),
        "spaces_linked": list(linked),
        "recipe": dict(space.recipe),
        "history": list(space.history),
    }


def write_column(folder: Path, at: int, name: str, space: FixtureSpace) -> dict[str, Any]:
    """Write a column where its kind has a file, and give its description."""
    values = space.columns[name]
    kind = space.kinds.get(name) or ("category" if isinstance(values[0], str) else "number")
    file = f"columns/{at}.bin"
    if kind == "text":
        return {"name": name, "kind": "text", "file": None}
    if kind == "number":
        numbers = np.array(values, dtype=np.float32)
        to_file(folder / file, numbers)
        finite = numbers[np.isfinite(numbers)]
        ends = {"low": float(finite.min()), "high": float(finite.max())} if len(finite) else {}
        return {"name": name, "kind": "number", "file": file, **ends}
    classes = sorted({value for value in values if value is not None})
    type_ = np.uint8 if len(classes) < 255 else np.uint16
    place = {value: code for code, value in enumerate(classes)}
    codes = [place.get(value, np.iinfo(type_).max) for value in values]
    to_file(folder / file, np.array(codes, dtype=type_))
    return {"name": name, "kind": kind, "file": file, "type": type_.__name__, "values": classes}


def write_rows(folder: Path, space: FixtureSpace) -> None:
    """Write the records, 1,024 a file."""
    for start in range(0, len(space.keys), CHUNK):
        rows = range(start, min(start + CHUNK, len(space.keys)))
        records = [
            {"key": space.keys[row], **{name: plain(space.columns[name][row]) for name in space.columns}}
            for row in rows
        ]
        to_json(folder / "rows" / f"{start // CHUNK}.json", records)


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def nearest(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Find the k nearest other rows by cosine; NONE where there are fewer."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths == 0, 1, lengths)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    rows = np.full((len(vectors), k), NONE, dtype=np.uint32)
    found = np.zeros((len(vectors), k), dtype=np.float32)
    held = min(k, len(vectors) - 1)
    if held:
        order = np.argsort(-scores, axis=1, kind="stable")[:, :held]
        rows[:, :held] = order
        found[:, :held] = np.take_along_axis(scores, order, axis=1)
    return rows, found


def write_neighbors(folder: Path, space: FixtureSpace) -> None:
    """Write the true neighbours, 1,024 rows a file."""
    rows, scores = nearest(space.vectors, space.neighbors)
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        content = rows[part].tobytes() + scores[part].astype(np.float32).tobytes()
        to_file(folder / "neighbors" / f"{start // CHUNK}.bin", np.frombuffer(content, dtype=np.uint8))


def write_vectors(folder: Path, vectors: NDArray[np.float32]) -> None:
    """Write int8 codes and scales."""
    scales = np.abs(vectors).max(axis=1) / 127
    scales = np.where(scales == 0, 1, scales).astype(np.float32)
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    to_file(folder / "vectors.bin", np.frombuffer(codes.tobytes() + scales.tobytes(), dtype=np.uint8))


def write_map(folder: Path, one: FixtureMap, rows: int) -> None:
    """Write the files of a map."""
    count, dim = one.coordinates.shape
    to_file(folder / "points.bin", np.ascontiguousarray(one.coordinates.T.astype(np.float32)))
    if one.rows is not None:
        to_file(folder / "rows.bin", one.rows.astype(np.uint32))
    for name, values in one.trust.items():
        to_file(folder / f"{name}.bin", np.rint(np.asarray(values) * 255).astype(np.uint8))
    levels = []
    for level, (labels, names) in enumerate(one.regions):
        to_file(folder / "regions" / f"{level}.bin", labels.astype(np.uint16))
        levels.append({"level": level, "count": len(names), "regions": regions_of(one, labels, names)})
    finite = np.where(np.isfinite(one.coordinates).all(axis=1, keepdims=True), one.coordinates, np.nan)
    shown = finite[~np.isnan(finite[:, 0])]
    bounds = (
        [[float(axis.min()), float(axis.max())] for axis in shown.T] if len(shown) else [[0.0, 1.0]] * dim
    )
    to_json(
        folder / "map.json",
        {
            "name": one.name,
            "method": one.method,
            "dim": dim,
            "count": count,
            "all_rows": one.rows is None,
            "stale": one.stale,
            "bounds": bounds,
            "trust": list(one.trust),
            "chance": min(1.0, 10 / max(1, rows - 1)),
            "settings": {"neighbors": 15, "min_dist": 0.1},
            "report": {"measures": list(one.report)},
            "regions": levels,
        },
    )


def regions_of(one: FixtureMap, labels: NDArray[np.uint16], names: Sequence[str]) -> list[dict[str, Any]]:
    """Give the regions of one level with their middles."""
    regions = []
    for number, name in enumerate(names):
        points = one.coordinates[(labels == number) & np.isfinite(one.coordinates).all(axis=1)]
        middle = points.mean(axis=0).tolist() if len(points) else [0.0] * one.coordinates.shape[1]
        x, y, z = [*middle, 0.0][:3]
        regions.append(
            {"id": number, "name": name, "terms": [name], "x": x, "y": y, "z": z, "count": len(points)}
        )
    return regions


def to_file(path: Path, values: NDArray[Any]) -> None:
    """Write numbers, little-endian."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(values.astype(values.dtype.newbyteorder("<")).tobytes())


def to_json(path: Path, value: Any) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), "utf-8")
