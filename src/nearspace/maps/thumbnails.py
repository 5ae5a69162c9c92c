"""Small pictures in place of points, the most trusted first, none over another."""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import MissingInputError, SettingError
from nearspace.maps.scene import Scene
from nearspace.maps.themes import Theme, rgb
from nearspace.optional import require
from nearspace.protocols import Progress
from nearspace.results import Map

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
PIXELS = 64_000_000  # of the largest picture that is decoded
SIDE = 46  # pixels of a thumbnail with its frame, in a picture of 1400 x 1200
FRAME = 2  # pixels of colour around it
APART = 3  # pixels between two


@dataclass(frozen=True)
class Thumbnails:
    """Which rows are shown as pictures, and these on transparent ground.

    Attributes:
        rows: (m,) rows of the Map.
        pixels: (height, width, 4) uint8, the upper row first.
    """

    rows: NDArray[np.int64]
    pixels: NDArray[np.uint8]


def thumbnails(
    laid_out: Map,
    scene: Scene,
    source: tuple[str, str | Path],
    colors: NDArray[np.float64],
    taken: NDArray[np.bool_],
    theme: Theme,
    progress: Progress,
    *,
    fine: int = 1,
) -> Thumbnails:
    """Draw the pictures of points where there is room, each in a frame of the colour of its point.

    Only regular files inside the folder are opened, as JPEG, PNG, WebP or GIF of at most PIXELS pixels.
    Points whose picture is missing or broken stay points; one note tells how many of those tried.

    Args:
        laid_out: the Map.
        scene: where its points are.
        source: name of the column of paths ("key": the keys), and the folder that they are relative to.
        colors: (n, 3) colours of the points.
        taken: (height, width) pixels that are occupied, from the lower left; the pictures are marked.
        theme: the colours of the picture.
        progress: is told of missing pictures.
        fine: pixels of the result for one of the scene.

    Raises:
        SettingError: there is no such column.
        MissingInputError: the folder does not exist.
        MissingExtraError: Pillow is not installed.
    """
    paths, root = _source(laid_out, *source)
    side = round(SIDE * scene.unit)
    apart = round(APART * scene.unit)
    frame = max(1, round(FRAME * scene.unit)) * fine
    width, height = scene.size[0], int(scene.size[1] - scene.header)
    pixels = np.zeros((scene.size[1] * fine, width * fine, 4), dtype=np.uint8)
    shown, absent = [], []
    for row in _candidates(laid_out, scene, side):
        x, y = (round(float(place) - side / 2) for place in scene.points[row])
        if x < apart or y < apart or x + side + apart > width or y + side + apart > height:
            continue
        room = (slice(y - apart, y + side + apart), slice(x - apart, x + side + apart))
        if taken[room].any():
            continue
        picture = open_picture(root, paths[row], side * fine - 2 * frame, theme)
        if picture is None:
            absent.append(int(row))
            continue
        taken[room] = True
        shown.append(int(row))
        top = (scene.size[1] - y - side) * fine
        cell = pixels[top : top + side * fine, x * fine : (x + side) * fine]
        cell[:] = (*np.rint(colors[row] * 255).astype(np.uint8), 255)
        cell[frame:-frame, frame:-frame, :3] = picture
    if absent:
        progress.note(
            f"{len(absent):,} pictures are missing, broken or outside of {root.name or root}, "
            f"and are drawn as points (first: {paths[absent[0]]!r})"
        )
    return Thumbnails(np.array(shown, dtype=np.int64), pixels)


def open_picture(root: Path, path: str, side: int, theme: Theme) -> NDArray[np.uint8] | None:
    """Give a picture as (side, side, 3) uint8, its middle cut square, or None if there is none to be had.

    `root`: the folder, resolved; what leads out of it, also by links, is not opened.
    """
    images = require("PIL.Image", extra="maps", purpose="drawing thumbnails")
    ops = require("PIL.ImageOps", extra="maps", purpose="drawing thumbnails")
    try:
        resolved = (root / path).resolve()
        if not resolved.is_relative_to(root):
            return None
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(resolved, flags), "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            image = images.open(file, formats=FORMATS)
            if image.width * image.height > PIXELS:
                return None
            image.draft("RGB", (2 * side, 2 * side))
            image = ops.exif_transpose(image).convert("RGBA")
            image = ops.fit(image, (side, side), method=images.Resampling.LANCZOS)
            layer = np.asarray(image, dtype=np.float64)
    except Exception:  # a hostile file can fail in any way, and a picture less is no reason to stop
        return None
    opacity = layer[:, :, 3:] / 255
    flat = layer[:, :, :3] * opacity + 255 * rgb(theme.paper) * (1 - opacity)
    return np.rint(flat).astype(np.uint8)


def _source(laid_out: Map, column: str, folder: str | Path) -> tuple[list[str], Path]:
    """Give the paths of all points and the resolved folder."""
    if column in laid_out.columns:
        values: Any = ["" if value is None else str(value) for value in laid_out.columns[column].tolist()]
    elif column == "key":
        values = list(laid_out.keys)
    else:
        names = ", ".join(("key", *laid_out.columns))
        raise SettingError(f"thumbnails is {column!r}, which is no column of the map", f"Accepted: {names}.")
    root = Path(folder)
    if not root.is_dir():
        raise MissingInputError(
            f"the folder of images {str(folder)!r} does not exist",
            "Give the folder that the paths are relative to.",
        )
    return values, root.resolve()


def _candidates(laid_out: Map, scene: Scene, side: int) -> NDArray[np.int64]:
    """Give the rows to try, the most trusted and nearest first, a few a cell of a third of a thumbnail."""
    order = np.argsort(-(np.nan_to_num(laid_out.trust) - 0.3 * scene.depth), kind="stable")
    cells = np.floor(scene.points[order] / (side / 3)).astype(np.int64)
    numbers = cells[:, 0] * 2**32 + cells[:, 1]
    by_cell = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[by_cell], prepend=np.int64(-(2**62))))
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    kept = np.zeros(len(order), dtype=bool)
    kept[by_cell] = place < 3
    return order[kept].astype(np.int64)
