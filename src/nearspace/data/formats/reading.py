"""What the readers share: files that may be compressed, rows in unknown number, and checks of rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DuplicateKeyError, EncodingError, InputError, MissingInputError
from nearspace.keys import Keys
from nearspace.protocols import Encoder

BLOCK = 1 << 23
LARGEST_DIM = 1_000_000
_CHUNK_BYTES = 33 << 20  # above the largest size that malloc keeps for itself, so that freed chunks go back
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Loaded:
    """What a reader found: keys, vectors (n, d) float32, metadata and an encoder, if the format has them."""

    keys: Keys
    vectors: NDArray[np.float32]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    encoder: Encoder | None = None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacking gzip.

    Raises:
        MissingInputError: it does not exist.
        InputError: it cannot be read, or the compressed data is damaged.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            if packed:
                with gzip.open(raw) as file:
                    yield file  # type: ignore[misc]
            else:
                yield raw
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(path)!r} does not exist", "Check the path.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{str(path)!r} is damaged: its compressed data ends early or is not sound ({error})",
            "Fetch or make the file again.",
        ) from error
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error


class Rows:
    """Rows of d float32 that arrive in unknown number, in memory close to that of the result.

    They lie in chunks of 33 MB, which are freed one by one while the result is put together.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.count = 0
        self._capacity = max(1, _CHUNK_BYTES // (4 * dim))
        self._chunks: list[NDArray[np.float32]] = []
        self._used = self._capacity

    def room(self) -> NDArray[np.float32]:
        """Give the rows to fill next, at least one; tell with `filled` how many were."""
        if self._used == self._capacity:
            self._chunks.append(np.empty((self._capacity, self.dim), dtype=np.float32))
            self._used = 0
        return self._chunks[-1][self._used :]

    def filled(self, count: int) -> None:
        """Count rows that were filled from the top of `room`."""
        self._used += count
        self.count += count

    def joined(self) -> NDArray[np.float32]:
        """Give all rows as one array and forget them."""
        vectors = np.empty((self.count, self.dim), dtype=np.float32)
        done = 0
        self._chunks.reverse()
        while self._chunks:
            chunk = self._chunks.pop()
            part = chunk[: self.count - done]
            vectors[done : done + len(part)] = part
            done += len(part)
        return vectors


class Names:
    """The bytes of keys that arrive in blocks."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lengths: list[NDArray[np.int64]] = []

    def add(self, data: NDArray[np.uint8], lengths: NDArray[np.int64]) -> None:
        """Append keys: their bytes one after the other, and the length of each."""
        self._data += data.data
        self._lengths.append(lengths)

    def joined(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Give the bytes and the offsets (n + 1,) of all keys."""
        lengths = np.concatenate([*self._lengths, np.empty(0, np.int64)])
        return np.frombuffer(bytes(self._data), dtype=np.uint8), offsets_of(lengths)


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) lengths -> (n + 1,) offsets."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


@dataclass(frozen=True)
class Places:
    """Where rows lie in a file, for messages.

    Attributes:
        path: the file.
        first: what the first row is called, for example line 2 of a file with a header.
        unit: "line" or "row".
    """

    path: Path
    first: int = 1
    unit: str = "line"

    def of(self, row: int) -> str:
        """Say where a row lies."""
        return f"{str(self.path)!r}, {self.unit} {row + self.first:,}"


def checked_keys(data: NDArray[np.uint8], offsets: NDArray[np.int64], places: Places) -> Keys:
    """Make Keys of the bytes that were read.

    Raises:
        EncodingError: a key is not UTF-8.
        DuplicateKeyError: a key comes twice.
        InputError: there are no keys at all.
    """
    if len(offsets) == 1:
        raise InputError(f"{str(places.path)!r} holds no vectors", "Check that it is the right file.")
    _check_utf8(data, offsets, places)
    try:
        return Keys.from_buffers(data, offsets)
    except DuplicateKeyError:
        seen: dict[bytes, int] = {}
        for row in range(len(offsets) - 1):
            name = data[offsets[row] : offsets[row + 1]].tobytes()
            if name in seen:
                raise DuplicateKeyError(
                    f"{places.of(row)}: key {name.decode()!r} came before, in {places.unit} "
                    f"{seen[name] + places.first:,}",
                    "Keys must be unique: remove or rename one of the two.",
                ) from None
            seen[name] = row
        raise


def _check_utf8(data: NDArray[np.uint8], offsets: NDArray[np.int64], places: Places) -> None:
    begins = offsets[:-1][np.diff(offsets) > 0]
    try:
        sound = data.tobytes().decode("utf-8") is not None and not ((data[begins] & 0xC0) == 0x80).any()
    except UnicodeDecodeError:
        sound = False
    if sound:
        return
    for row in range(len(offsets) - 1):
        name = data[offsets[row] : offsets[row + 1]].tobytes()
        try:
            name.decode("utf-8")
        except UnicodeDecodeError as error:
            raise EncodingError(
                f"{places.of(row)}: key {name!r} is not valid UTF-8 (byte {error.start} of the key)",
                "Convert the file to UTF-8 first, for example with iconv.",
            ) from None


def check_finite(vectors: NDArray[np.float32], first: int, places: Places) -> None:
    """Refuse NaN and infinity; `first` is the row number of the first of `vectors`.

    Raises:
        InputError: a component is not finite; the message names the place.
    """
    finite = np.isfinite(vectors)
    if not finite.all():
        row, component = (int(at) for at in np.argwhere(~finite)[0])
        raise InputError(
            f"{places.of(row + first)}: component {component + 1} is {vectors[row, component]}, "
            "and vectors must be finite",
            "Remove the row, or make the vectors again.",
        )


def checked_dim(dim: int, path: Path) -> int:
    """Refuse a number of components that no vector has.

    Raises:
        InputError: it is below 1 or above 1,000,000.
    """
    if not 1 <= dim <= LARGEST_DIM:
        raise InputError(
            f"{str(path)!r}: vectors of {dim:,} components, expected 1 to {LARGEST_DIM:,}",
            "Check that it is the right file and format.",
        )
    return dim


def not_as_said(path: Path, reason: str, hint: str = "") -> InputError:
    """Say that a file is not what its format or header says."""
    return InputError(
        f"{str(path)!r}: {reason}", hint or "The file is truncated or damaged: fetch or make it again."
    )
