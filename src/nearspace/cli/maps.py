"""Maps that commands read."""

from __future__ import annotations

from pathlib import Path

from nearspace.maps import parquet
from nearspace.results import Map


def read(name: str, space: str | None = None) -> Map:
    """Open a map: a .parquet file, or the name of one in the folder of a Space."""
    inside = None if space is None else Path(space) / "maps" / f"{name}{parquet.SUFFIX}"
    if inside is not None and inside.is_file() and not Path(name).is_file():
        return parquet.open_map(inside)
    return parquet.open_map(name)
