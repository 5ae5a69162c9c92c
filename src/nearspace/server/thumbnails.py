"""Thumbnails of the page: the pictures that a column names, small, as JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.errors import MissingInputError, SettingError
from nearspace.maps.themes import THEMES
from nearspace.maps.thumbnails import open_picture
from nearspace.optional import require
from nearspace.space import Space
from nearspace.store.dataset import KEY

SIDE = 128  # pixels
QUALITY = 80


@dataclass(frozen=True)
class Pictures:
    """Where the pictures of rows are.

    Attributes:
        column: of their paths; "key": the keys.
        folder: that these are relative to; nothing outside it is opened.

    Raises:
        MissingInputError: there is no such folder.
    """

    column: str
    folder: str | Path

    def __post_init__(self) -> None:
        if not Path(self.folder).is_dir():
            raise MissingInputError(
                f"the folder of images {str(self.folder)!r} does not exist",
                "Give the folder that the paths are relative to.",
            )


class Thumbnails:
    """The thumbnail of each row of a Space.

    Raises:
        SettingError: the Space has no such column.
        MissingExtraError: Pillow is not installed.
    """

    def __init__(self, space: Space, pictures: Pictures) -> None:
        if pictures.column != KEY and pictures.column not in space.columns:
            accepted = ", ".join((KEY, *space.columns))
            raise SettingError(
                f"thumbnails is {pictures.column!r}, which is no column", f"Accepted: {accepted}."
            )
        self._images = require("PIL.Image", extra="serve", purpose="thumbnails")
        self._space = space
        self._column = pictures.column
        self._root = Path(pictures.folder).resolve()

    def jpeg(self, row: int) -> bytes | None:
        """Give the picture of a row, None if it is missing, broken or outside the folder."""
        path = self._path(row)
        pixels = None if not path else open_picture(self._root, path, SIDE, THEMES["light"])
        if pixels is None:
            return None
        written = io.BytesIO()
        self._images.fromarray(np.ascontiguousarray(pixels)).save(written, "JPEG", quality=QUALITY)
        return written.getvalue()

    def _path(self, row: int) -> str:
        if self._column == KEY:
            return self._space.keys[row]
        value: Any = self._space.columns.records([row])[0][self._column]
        return value if isinstance(value, str) else ""
