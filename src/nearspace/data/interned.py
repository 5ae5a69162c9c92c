"""Interned names: whole numbers or texts become row numbers, without a Python object an event."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.kernels.interning import enter_heads, intern_text, intern_whole
from nearspace.keys import Keys

_FIRST = 1 << 12  # entries of a new table
_LETTERS = 1 << 16
MOST_NAMES = 1 << 30


class WholeNames:
    """Whole numbers and their rows, in the order in which they first came.

    Attributes:
        count: how many there are.
    """

    def __init__(self, *, unsigned: bool = False) -> None:
        self.unsigned, self.count = unsigned, 0
        self._table = np.full(_FIRST, -1, dtype=np.int32)
        self._names = np.empty(_FIRST // 2, dtype=np.int64)

    def add(self, values: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the row of each value (n,); new ones get the next rows."""
        rows, at = np.empty(len(values), dtype=np.int32), 0
        while at < len(values):
            at, self.count = intern_whole(values, at, self._table, self._names, self.count, rows)
            if at < len(values):
                self._grow()
        return rows

    def keys(self) -> Keys:
        """Give them in decimal."""
        import pyarrow as pa

        names = self._names[: self.count]
        return _keys_of(pa.array(names.view(np.uint64) if self.unsigned else names).cast(pa.large_string()))

    def _grow(self) -> None:
        _refuse_more(self.count)
        known = self._names
        self._table = np.full(len(self._table) * 2, -1, dtype=np.int32)
        self._names = np.empty(len(known) * 2, dtype=np.int64)
        rows = np.empty(self.count, dtype=np.int32)
        intern_whole(known[: self.count], 0, self._table, self._names, 0, rows)


class TextNames:
    """Texts and their rows, in the order in which they first came.

    Attributes:
        count: how many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._table = np.full(_FIRST, -1, dtype=np.int32)
        self._heads = np.empty(_FIRST * 2, dtype=np.uint64)
        self._bounds = np.zeros(_FIRST // 2 + 1, dtype=np.int64)
        self._letters = np.empty(_LETTERS, dtype=np.uint8)

    def add(self, texts: Any) -> NDArray[np.int32]:
        """Give the row of each text of an Arrow array (n,) without nulls; new ones get the next rows."""
        offsets, data = text_buffers(texts)
        rows, at = np.empty(len(texts), dtype=np.int32), 0
        while at < len(texts):
            at, self.count = intern_text(
                data, offsets, at, self._table, self._heads, self._letters, self._bounds, self.count, rows
            )
            if at < len(texts):
                self._grow(int(offsets[at + 1] - offsets[at]))
        return rows

    def names(self, begin: int = 0) -> list[str]:
        """Give the names from row `begin` on."""
        letters = self._letters[self._bounds[begin] : self._bounds[self.count]].tobytes()
        bounds = (self._bounds[begin : self.count + 1] - self._bounds[begin]).tolist()
        return [letters[a:b].decode("utf-8") for a, b in itertools.pairwise(bounds)]

    def plain_from(self, begin: int) -> bool:
        """Tell whether the names from row `begin` on are all digits."""
        letters = self._letters[self._bounds[begin] : self._bounds[self.count]]
        return bool(((letters >= ord("0")) & (letters <= ord("9"))).all())

    def keys(self) -> Keys:
        """Give them as they are."""
        letters, bounds = self._letters[: self._bounds[self.count]], self._bounds[: self.count + 1]
        return Keys.from_buffers(letters.copy(), bounds.copy())

    def renamed(self, names: Mapping[int, str]) -> tuple[TextNames, NDArray[np.int32]]:
        """Give other names to some rows; return what there is then, and the new row of each old one."""
        import pyarrow as pa

        texts = self.names()
        for row, name in names.items():
            texts[row] = name
        again = TextNames()
        return again, again.add(pa.array(texts, pa.string()))

    def _grow(self, length: int) -> None:
        used = int(self._bounds[self.count])
        if used + length > len(self._letters):
            letters = np.empty(max(len(self._letters) * 2, used + length), dtype=np.uint8)
            letters[:used] = self._letters[:used]
            self._letters = letters
        if 4 * self.count == len(self._heads):
            _refuse_more(self.count)
            self._heads = np.concatenate((self._heads, np.empty_like(self._heads)))
            bounds = np.zeros(len(self._heads) // 4 + 1, dtype=np.int64)
            bounds[: self.count + 1] = self._bounds
            self._bounds = bounds
            self._table = np.full(len(self._table) * 2, -1, dtype=np.int32)
            enter_heads(self._heads, self.count, self._table)


def text_buffers(texts: Any) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Give offsets (n + 1,) and bytes of an Arrow array of strings."""
    import pyarrow as pa

    _, bounds, data = texts.buffers()
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    if not len(texts) or bounds is None:
        return np.zeros(1, kind), np.empty(0, np.uint8)
    offsets = np.frombuffer(bounds, kind)[texts.offset : texts.offset + len(texts) + 1]
    return offsets, np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)


def _keys_of(texts: Any) -> Keys:
    offsets, data = text_buffers(texts)
    return Keys.from_buffers(data[: offsets[-1]].copy(), offsets.astype(np.int64))


def _refuse_more(count: int) -> None:
    if count >= MOST_NAMES:
        raise InputError(f"more than {MOST_NAMES:,} different names", "Read a part of the events.")
