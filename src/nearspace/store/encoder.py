"""encoder/: the encoder of a saved Space, opened when it is first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.table import open_encoder
from nearspace.errors import DimensionError, InputError
from nearspace.protocols import Encoder
from nearspace.space import Space

FOLDER = "encoder"


def write_encoder(space: Space, folder: Path) -> dict[str, Any] | None:
    """Write encoder/ into `folder` if the Space has an encoder; return what space.json says of it.

    Raises:
        DimensionError: the encoder makes vectors of another dimension than the Space has.
    """
    encoder = space.encoder
    if encoder is None:
        return None
    if encoder.dim != space.dim:
        raise DimensionError(
            f"the encoder makes vectors of {encoder.dim}, the Space has {space.dim} components"
        )
    (folder / FOLDER).mkdir()
    encoder.save(folder / FOLDER)
    return {"kind": encoder.kind, "dim": encoder.dim, "fingerprint": encoder.fingerprint}


class StoredEncoder:
    """An encoder in a folder: it knows its kind, dim and fingerprint, and is opened when more is asked of it.

    Everything else that the opened encoder has (its settings, its arrays) can be read from this one too.

    Raises (on use):
        InputError: the folder was replaced since the Space was opened, or is damaged.
    """

    def __init__(self, folder: Path, known: Mapping[str, Any]) -> None:
        self.folder = folder
        self.kind: str = known["kind"]
        self._known = known

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self._known["dim"])

    @property
    def fingerprint(self) -> str:
        """Name of exactly this encoder."""
        return str(self._known["fingerprint"])

    @cached_property
    def opened(self) -> Encoder:
        """The encoder itself, for example a `SubwordEncoder`."""
        encoder = open_encoder(self.kind, self.folder)
        if encoder.fingerprint != self.fingerprint:
            raise InputError(
                f"{str(self.folder)!r} holds encoder {encoder.fingerprint}, expected {self.fingerprint}",
                "The folder was replaced or changed: open the Space again, or make it again.",
            )
        return encoder

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dim) float32; a row of zeros means that the item could not be placed."""
        return self.opened.encode(items)

    def save(self, folder: Path) -> None:
        """Write the encoder into an existing empty folder."""
        self.opened.save(folder)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.opened, name)

    def __repr__(self) -> str:
        return f"StoredEncoder({self.kind!r}, dim={self.dim}, {self.fingerprint[:12]})"
