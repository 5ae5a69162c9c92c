"""The static picture of a map, which the page shows where there is no WebGL."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nearspace.errors import InputError
from nearspace.maps.drawing import draw
from nearspace.optional import installed
from nearspace.results import Map

SIZE = (1200, 900)


def can_draw() -> bool:
    """Tell whether there are pictures: matplotlib is installed."""
    return installed("matplotlib")


def picture(laid_out: Map, theme: str) -> bytes | None:
    """Give a PNG of a map; None where matplotlib is not installed, or no point has a place."""
    if not can_draw():
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.png"
        try:
            draw(laid_out, path, size=SIZE, theme=theme)
        except InputError:  # no point has a place
            return None
        return path.read_bytes()
