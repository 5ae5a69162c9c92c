"""Stream: an encoded corpus on disk, read a piece at a time by any number of threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError

ITEM = np.dtype("<i4")


class Lines(Protocol):
    """What training reads: entries that are ids, -1 at the end of a line; `remap` makes rows of the ids."""

    @property
    def length(self) -> int:
        """Number of entries."""

    @property
    def remap(self) -> NDArray[np.int32]:
        """(ids,) row of each id, -1: none."""

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        """Give entries start..stop; many threads may read at once."""


@dataclass(frozen=True, eq=False)
class Stream:
    """A corpus as provisional token ids in a file, lines parted by -1.

    Attributes:
        path: file of little-endian int32; >= 0: provisional id, -1: end of a line. Lines without tokens are
            left out, so a -1 never follows another and the last entry is one.
        length: entries of the file.
        remap: (ids,) int32; provisional id -> row of the vocabulary, -1: not in it.
        tokens: entries that are tokens.
        kept: tokens whose word is in the vocabulary.
        lines: entries that are -1.
        fingerprint: hexadecimal; equal exactly where the same tokens came in the same lines, whatever they
            came from.
    """

    path: Path
    length: int
    remap: NDArray[np.int32]
    tokens: int
    kept: int
    lines: int
    fingerprint: str

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        """Give entries start..stop (provisional ids and -1); many threads may read at once.

        Raises:
            InputError: the file is gone or shorter than it was.
        """
        start, stop = max(start, 0), min(stop, self.length)
        entries = np.empty(max(stop - start, 0), dtype=ITEM)
        free = entries.data.cast("B") if len(entries) else memoryview(b"")
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(start * ITEM.itemsize)
                while len(free):
                    got = file.readinto(free)  # gives the interpreter free while it reads
                    if not got:
                        raise EOFError
                    free = free[got:]
        except (OSError, EOFError) as error:
            raise InputError(
                f"{self.path}: entries {start:,} to {stop:,} of the corpus cannot be read ({error!r})",
                "It is a temporary file of the training that runs: leave it in place until the end.",
            ) from error
        return entries.astype(np.int32, copy=False)
