"""Many texts in a file, each once; in memory are only their places and hashes."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Self, overload

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class TextFile(Sequence[str]):
    """The different texts of a file in the order of first appearance; text i is read when asked for.

    Attributes:
        path: UTF-8, one text after the other.
    """

    def __init__(self, path: Path, begins: Ids, ends: Ids) -> None:
        self.path = path
        self._begins, self._ends = begins, ends
        self._file: BinaryIO = path.open("rb")

    def __len__(self) -> int:
        return len(self._begins)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        self._file.seek(self._begins[at])
        return self._file.read(int(self._ends[at] - self._begins[at])).decode("utf-8", "surrogatepass")

    def take(self, ids: Iterable[int]) -> list[str]:
        """Give the texts with these numbers."""
        return [self[int(one)] for one in ids]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TextWriter:
    """Writes texts and numbers them: equal ones get one number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hashes = bytearray()
        self._ends = array("q")
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, texts: Sequence[str]) -> None:
        """Write texts."""
        for text in texts:
            raw = text.encode("utf-8", "surrogatepass")
            self._hashes += hashlib.blake2b(raw, digest_size=16).digest()
            self._at += len(raw)
            self._ends.append(self._at)
            self._file.write(raw)

    def finish(self) -> tuple[TextFile, Ids, str]:
        """Give the different texts, the number of each text that was added, and a fingerprint of them all."""
        self._file.close()
        halves = np.frombuffer(self._hashes, dtype=[("high", "<u8"), ("low", "<u8")])
        ends = np.array(self._ends, dtype=np.int64)
        begins = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])
        _, first, inverse = np.unique(halves, return_index=True, return_inverse=True)
        order = np.argsort(first)  # in the order of first appearance
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.arange(len(order))
        kept = first[order]
        fingerprint = hashlib.blake2b(self._hashes, digest_size=16).hexdigest()
        return TextFile(self._path, begins[kept], ends[kept]), number[inverse], fingerprint
