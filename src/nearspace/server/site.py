"""Site: every path of the page and what it answers; the same for the server and for an export."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from nearspace.server.maps import PageMap
from nearspace.server.pictures import can_draw, picture
from nearspace.server.shown import ShownSpace

VERSION = 1
BINARY, JSON = "application/octet-stream", "application/json"
PICTURES = {"map.png": "light", "map-dark.png": "dark"}
TYPES = {".js": "text/javascript", ".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Answer:
    """The bytes of a file, and their media type."""

    body: bytes
    kind: str = BINARY


class Site:
    """The files of the page over some Spaces.

    Args:
        spaces: what is shown; the number of each is its place.
        title: of the page.
        live: whether a server stands behind it, which searches and saves.
    """

    def __init__(self, spaces: Sequence[ShownSpace], title: str, live: bool) -> None:
        self.spaces = tuple(spaces)
        self.title = title
        self.live = live

    def answer(self, path: str) -> Answer | None:
        """Give the file of a path such as "index.html" or "data/0/space.json"; None if there is none."""
        parts = path.split("/")
        if parts[0] != "data":
            return page_file(path)
        if parts[1:] == ["index.json"]:
            return _json(self._index())
        if len(parts) < 3 or not _is_number(parts[1], len(self.spaces)):
            return None
        return self._of_space(self.spaces[int(parts[1])], parts[2:])

    def paths(self) -> Iterator[str]:
        """Give every path that has an answer."""
        yield from page_paths()
        yield "data/index.json"
        for space in self.spaces:
            yield from (f"data/{space.number}/{name}" for name in _paths_of(space))

    def _index(self) -> dict[str, Any]:
        shown = [{"id": one.number, "name": one.space.name, "count": one.count} for one in self.spaces]
        return {"version": VERSION, "live": self.live, "title": self.title, "spaces": shown}

    def _of_space(self, space: ShownSpace, parts: list[str]) -> Answer | None:
        match parts:
            case ["space.json"]:
                return _json(space.to_json())
            case ["report.json"]:
                return _json(space.report.to_json())
            case ["keys.offsets.bin"]:
                return Answer(space.keys_offsets())
            case ["keys.bin"]:
                return Answer(space.keys_bytes())
            case ["vectors.bin"] if space.has_vectors:
                return Answer(space.vectors())
            case ["columns", name] if (number := _stem(name, ".bin", len(space.fields))) is not None:
                column = space.column(number)
                return None if column is None else Answer(column)
            case ["rows", name] if (number := _stem(name, ".json", space.chunks)) is not None:
                return _json(space.rows(number))
            case ["neighbors", name] if (number := _stem(name, ".bin", space.chunks)) is not None:
                return Answer(space.neighbor_rows(number)) if space.shown_neighbors else None
            case ["thumbnails", name] if (number := _stem(name, ".jpg", space.count)) is not None:
                body = None if space.thumbnails is None else space.thumbnails.jpeg(number)
                return None if body is None else Answer(body, "image/jpeg")
            case ["links", name] if (number := _stem(name, ".bin", len(self.spaces))) is not None:
                return Answer(space.links(self.spaces[number])) if number in space.linked else None
            case ["maps", name, *rest] if name in space.maps:
                return _of_map(space.maps[name], rest)
        return None


def page_file(path: str) -> Answer | None:
    """Give a file of the page itself."""
    wanted = [part for part in path.split("/") if part] or ["index.html"]
    if any(part.startswith(".") or "\\" in part for part in wanted):
        return None
    found: Traversable = resources.files("nearspace") / "web"
    for part in wanted:
        if not found.is_dir():
            return None
        found = found / part
    if not found.is_file():
        return None
    suffix = "." + wanted[-1].rsplit(".", 1)[-1]
    kind = TYPES.get(suffix) or mimetypes.guess_type(wanted[-1])[0] or BINARY
    return Answer(found.read_bytes(), kind)


def page_paths() -> Iterator[str]:
    """Give the paths of the page itself."""
    yield from _walk(resources.files("nearspace") / "web", "")


def _walk(folder: Traversable, above: str) -> Iterator[str]:
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.name.startswith((".", "__")):
            continue
        if one.is_dir():
            yield from _walk(one, f"{above}{one.name}/")
        else:
            yield above + one.name


def _paths_of(space: ShownSpace) -> Iterator[str]:
    yield from ("space.json", "report.json", "keys.offsets.bin", "keys.bin")
    if space.has_vectors:
        yield "vectors.bin"
    for number, field in enumerate(space.fields):
        if field.data is not None:
            yield f"columns/{number}.bin"
    for number in range(space.chunks):
        yield f"rows/{number}.json"
        if space.shown_neighbors:
            yield f"neighbors/{number}.bin"
    if space.thumbnails is not None:
        yield from (f"thumbnails/{row}.jpg" for row in range(space.count))
    yield from (f"links/{number}.bin" for number in space.linked)
    for name, one in space.maps.items():
        yield from (f"maps/{name}/{file}" for file in _files_of(one))


def _files_of(one: PageMap) -> Iterator[str]:
    yield from ("map.json", "points.bin")
    if one.rows is not None:
        yield "rows.bin"
    yield from (f"{name}.bin" for name in one.trust)
    yield from (f"regions/{level}.bin" for level in range(len(one.laid_out.regions)))
    if can_draw():
        yield from PICTURES


def _of_map(one: PageMap, parts: list[str]) -> Answer | None:
    files: dict[str, Callable[[], bytes]] = {
        "points.bin": one.points,
        **{f"{name}.bin": lambda name=name: one.measure(name) for name in one.trust},  # type: ignore[misc]
    }
    match parts:
        case ["map.json"]:
            return _json(one.to_json())
        case ["rows.bin"]:
            return None if one.rows is None else Answer(one.rows.astype("<u4").tobytes())
        case ["regions", name] if (level := _stem(name, ".bin", len(one.laid_out.regions))) is not None:
            return Answer(one.region_codes(level))
        case [name] if name in files:
            return Answer(files[name]())
        case [name] if name in PICTURES:
            drawn = picture(one.laid_out, PICTURES[name])
            return None if drawn is None else Answer(drawn, "image/png")
    return None


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), JSON)


def _stem(name: str, suffix: str, below: int) -> int | None:
    """Give the number in a file name such as 12.bin, None if it is none or not below `below`."""
    stem = name.removesuffix(suffix)
    return int(stem) if name != stem and _is_number(stem, below) else None


def _is_number(text: str, below: int) -> bool:
    return (
        text.isascii() and text.isdigit() and len(text) < 12 and str(int(text)) == text and int(text) < below
    )
