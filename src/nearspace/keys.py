"""Keys: the frozen two-way table between external names and row numbers.

Names are held as one UTF-8 buffer and offsets, and looked up through sorted 64-bit FNV-1a hashes, so a
million keys are four arrays that a file can map, not a million Python objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DuplicateKeyError, UnknownKeyError

_BASIS = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = 0xFFFFFFFFFFFFFFFF


class Keys:
    """The names of n rows, in row order, without duplicates.

    Attributes:
        data: (bytes,) uint8, the UTF-8 of all names, one after the other.
        offsets: (n + 1,) int64, where each name begins in `data`.
        hashes: (n,) uint64, FNV-1a of each name, ascending.
        order: (n,) int64, the row of each entry of `hashes`.
    """

    __slots__ = ("data", "hashes", "offsets", "order")

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    order: NDArray[np.int64]

    def __init__(self, names: Iterable[str] = ()) -> None:
        encoded = [name.encode("utf-8") for name in names]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(name) for name in encoded], out=offsets[1:])
        self._adopt(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @classmethod
    def from_buffers(
        cls,
        data: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        hashes: NDArray[np.uint64] | None = None,
        order: NDArray[np.int64] | None = None,
    ) -> Keys:
        """Wrap buffers, for example memory maps; the hash table is made (and duplicates found) if not given.

        Raises:
            DuplicateKeyError: two names are equal (only looked for when `hashes` is not given).
        """
        keys = cls.__new__(cls)
        if hashes is None or order is None:
            keys._adopt(data, offsets)
        else:
            keys.data, keys.offsets, keys.hashes, keys.order = data, offsets, hashes, order
        return keys

    def _adopt(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.data, self.offsets = data, offsets
        hashes = hash_names(data, offsets)
        self.order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[self.order]
        for at in np.flatnonzero(self.hashes[1:] == self.hashes[:-1]):
            self._check_run(int(at))

    def _check_run(self, at: int) -> None:
        """Refuse the entry after `at` if an entry of the same hash before it has the same name."""
        later = int(self.order[at + 1])
        while at >= 0 and self.hashes[at] == self.hashes[at + 1]:
            earlier = int(self.order[at])
            if self[earlier] == self[later]:
                raise DuplicateKeyError(
                    f"key {self[later]!r} of row {later} is already the key of row {earlier}",
                    "Keys must be unique: remove or rename one of the rows.",
                )
            at -= 1

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        """Give the name of a row (0 <= row < n)."""
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes().decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.find(key) is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Keys):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(repr(self[row]) for row in range(min(3, len(self))))
        return f"Keys({shown}{', ...' if len(self) > 3 else ''}; {len(self):,})"

    def names(self, rows: Iterable[int] | NDArray[Any] | None = None) -> list[str]:
        """Give the names of `rows`, or all of them in row order."""
        return [self[int(row)] for row in (range(len(self)) if rows is None else rows)]

    def find(self, key: str) -> int | None:
        """Give the row of `key`, or None."""
        raw = key.encode("utf-8", "surrogatepass")
        code = np.uint64(hash_name(raw))
        at = int(np.searchsorted(self.hashes, code))
        while at < len(self.hashes) and self.hashes[at] == code:
            row = int(self.order[at])
            if self.data[self.offsets[row] : self.offsets[row + 1]].tobytes() == raw:
                return row
            at += 1
        return None

    def row(self, key: str) -> int:
        """Give the row of `key`.

        Raises:
            UnknownKeyError: there is no such key.
        """
        found = self.find(key)
        if found is None:
            raise UnknownKeyError(key)
        return found

    def rows(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Give the rows of `keys`, in their order.

        Raises:
            UnknownKeyError: one of them is not there.
        """
        return np.array([self.row(key) for key in keys], dtype=np.int64)


def hash_name(raw: bytes) -> int:
    """64-bit FNV-1a of one name (Fowler, Noll, Vo; draft-eastlake-fnv)."""
    code = _BASIS
    for byte in raw:
        code = ((code ^ byte) * _PRIME) & _MASK
    return code


def hash_names(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64-bit FNV-1a of every name, one byte position of all names at a time."""
    lengths = np.diff(offsets)
    by_length = np.argsort(lengths, kind="stable")[::-1]
    starts = offsets[:-1][by_length]
    codes = np.full(len(lengths), _BASIS, dtype=np.uint64)
    sorted_lengths = lengths[by_length]
    for position in range(int(sorted_lengths[0]) if len(lengths) else 0):
        live = int(np.searchsorted(-sorted_lengths, -position, side="left"))
        codes[:live] ^= data[starts[:live] + position]
        codes[:live] *= np.uint64(_PRIME)
    hashes = np.empty_like(codes)
    hashes[by_length] = codes
    return hashes
