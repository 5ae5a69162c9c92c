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
_BLOCK = 65_536  # names that are decoded at once


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
        if rows is None:
            asked = np.arange(len(self))
        else:
            asked = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int64)
        wrong = asked[(asked < 0) | (asked >= len(self))]
        if len(wrong):
            raise IndexError(f"row {wrong[0]} of {len(self)}")
        return [name for at in range(0, len(asked), _BLOCK) for name in self._some(asked[at : at + _BLOCK])]

    def _some(self, rows: NDArray[np.int64]) -> list[str]:
        """Give the names of at least one row: their bytes with a 0 between, decoded and split at once."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        ends = np.cumsum(lengths + 1)
        source = np.arange(ends[-1]) + np.repeat(starts - ends + lengths + 1, lengths + 1)
        raw = (
            self.data[np.minimum(source, len(self.data) - 1)] if len(self.data) else np.zeros(len(rows), "u1")
        )
        inside = np.count_nonzero(raw == 0) - np.count_nonzero(raw[ends - 1] == 0)
        if inside:  # a name has a 0 of its own
            return [self[int(row)] for row in rows]
        raw[ends - 1] = 0
        return raw[:-1].tobytes().decode("utf-8").split("\0")

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

    def find_all(self, others: Keys) -> NDArray[np.int64]:
        """Give the row here of every key of `others` (m,), -1 for those that are not here."""
        found = np.full(len(others), -1, dtype=np.int64)
        at = np.searchsorted(self.hashes, others.hashes)
        pending = np.arange(len(others))
        while len(pending):
            inside = at[pending] < len(self)
            pending = pending[inside]
            pending = pending[self.hashes[at[pending]] == others.hashes[pending]]
            mine, theirs = self.order[at[pending]], others.order[pending]
            same = _same_names(self, mine, others, theirs)
            found[theirs[same]] = mine[same]
            pending = pending[~same]  # another name of the same hash: look at the next entry
            at[pending] += 1
        return found

    def select(self, rows: NDArray[np.int64]) -> Keys:
        """Give the Keys of some different rows (m,), in that order."""
        begin, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        data = self.data[_spans(begin, lengths)]
        place = np.full(len(self), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        moved = place[self.order]
        kept = moved >= 0
        return Keys.from_buffers(data, offsets, np.asarray(self.hashes[kept]), moved[kept])

    @classmethod
    def join(cls, parts: Sequence[Keys]) -> Keys:
        """Put the names of several Keys one after the other; they must all differ (this is not checked)."""
        offsets = np.zeros(sum(map(len, parts)) + 1, dtype=np.int64)
        np.cumsum(np.concatenate([np.diff(part.offsets) for part in parts]), out=offsets[1:])
        starts = np.cumsum([0, *map(len, parts)])
        hashes = np.concatenate([part.hashes for part in parts])
        order = np.concatenate([part.order + start for part, start in zip(parts, starts, strict=False)])
        sort = np.argsort(hashes, kind="stable")
        data = np.concatenate([part.data for part in parts])
        return cls.from_buffers(data, offsets, hashes[sort], order[sort])


def _same_names(
    one: Keys, rows: NDArray[np.int64], other: Keys, others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(m,) whether the name of each of `rows` equals that of the row of `other` beside it."""
    begin, lengths = one.offsets[rows], one.offsets[rows + 1] - one.offsets[rows]
    start = other.offsets[others]
    same: NDArray[np.bool_] = lengths == other.offsets[others + 1] - start
    picked = np.flatnonzero(same & (lengths > 0))
    counts = lengths[picked]
    equal = one.data[_spans(begin[picked], counts)] == other.data[_spans(start[picked], counts)]
    if len(picked):
        same[picked] = np.logical_and.reduceat(equal, np.cumsum(counts) - counts)
    return same


def _spans(begin: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give begin[i], begin[i] + 1, ..., begin[i] + lengths[i] - 1 of each i, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(begin - ends + lengths, lengths)


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
