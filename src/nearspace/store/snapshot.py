"""One version of a saved Space: mapped rows, and what has changed in the table since they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import key_buffers
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.keys import Keys
from nearspace.space import norms_of
from nearspace.store.columns import StoredColumns
from nearspace.store.dataset import KEY, VECTOR, Addresses, Table, type_names
from nearspace.store.rows import StoredRows
from nearspace.store.table import TableVersion

_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Added:
    """Rows of a version that the mapped set has not, in memory.

    Attributes:
        table: their metadata and where they come from, an Arrow table.
        vectors: (a, d) float32.
        norms: (a,) float32.
    """

    table: Any
    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The rows of a saved Space at one version.

    Slots number the rows of the mapped set, and after them the added ones; a slot that is no row of this
    version was deleted or replaced.

    Attributes:
        folder: where the Space lies.
        version: of its table.
        base: the mapped set.
        keys: the n names.
        addresses: (n,) where each row lies in the table.
        added: what the mapped set lacks; None if nothing.
        slots: (n,) the slot of each row; None if the version is that of the mapped set.
        types: name -> Arrow type of the metadata.
    """

    folder: Path
    version: TableVersion
    base: StoredRows
    keys: Keys
    addresses: Addresses
    added: Added | None = None
    slots: NDArray[np.int64] | None = None
    types: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.addresses)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)"""
        return len(self), int(self.base.vectors.shape[1])

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32"""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """2"""
        return 2

    @cached_property
    def table(self) -> Table:
        """The table at this version."""
        return Table(self.folder, self.version.number)

    @cached_property
    def columns(self) -> StoredColumns:
        """The metadata of the rows."""
        parts = [self.base.columns] if self.added is None else [self.base.columns, self.added]
        return StoredColumns(self.types, parts, self.slots)

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """(n,) Euclidean norms."""
        if self.slots is None:
            return self.base.norms
        added = np.empty(0, np.float32) if self.added is None else self.added.norms
        norms: NDArray[np.float32] = np.concatenate([self.base.norms, added])[self.slots]
        return norms

    @cached_property
    def row_of_slot(self) -> NDArray[np.int64]:
        """(slots,) the row of each slot, -1 where there is none."""
        slots = len(self.base.addresses) + (0 if self.added is None else len(self.added.norms))
        rows = np.full(slots, -1, dtype=np.int64)
        rows[np.arange(slots) if self.slots is None else self.slots] = np.arange(len(self))
        return rows

    def take(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """(m,) rows -> (m, d) vectors."""
        if self.slots is None or self.added is None:
            slots = rows if self.slots is None else self.slots[rows]
            return np.asarray(self.base.vectors[slots])
        slots, first = self.slots[rows], len(self.base.addresses)
        vectors = np.empty((len(slots), self.shape[1]), dtype=np.float32)
        mapped = slots < first
        vectors[mapped] = self.base.vectors[slots[mapped]]
        vectors[~mapped] = self.added.vectors[slots[~mapped] - first]
        return vectors

    def whole(self) -> NDArray[np.float32]:
        """(n, d) all vectors: the map itself, or a copy if the version is another one."""
        if self.slots is None:
            return self.base.vectors
        vectors = np.empty(self.shape, dtype=np.float32)
        for start in range(0, len(self), _BLOCK):
            stop = min(start + _BLOCK, len(self))
            vectors[start:stop] = self.take(np.arange(start, stop))
        vectors.flags.writeable = False
        return vectors

    def matching(self, where: str) -> NDArray[np.bool_]:
        """(n,) the rows for which the SQL condition `where` on their columns holds.

        Raises:
            SettingError: the condition cannot be understood.
            InputError: this version of the table is gone (the Space was compacted since it was opened).
        """
        mask = np.zeros(len(self), dtype=bool)
        mask[self.rows_at(self.table.matching(where))] = True
        return mask

    def rows_at(self, addresses: Addresses) -> NDArray[np.int64]:
        """(m,) the row of each address, all of them addresses of this version."""
        order = self._order
        if order is None:
            return np.searchsorted(self.addresses, addresses)
        return order[np.searchsorted(self.addresses[order], addresses)]

    def rows_of(self, addresses: Addresses, fragments: Mapping[int, list[str]]) -> NDArray[np.int64]:
        """(m,) the row of each address of another time, -1 where it is gone.

        `fragments` are those of that time: a fragment that has other files now holds other rows.
        """
        order = self._order
        mine = self.addresses if order is None else self.addresses[order]
        at = np.minimum(np.searchsorted(mine, addresses), max(len(mine) - 1, 0))
        hit = mine[at] == addresses if len(mine) else np.zeros(len(addresses), dtype=bool)
        now = self.table.fragments
        other = [number for number, files in fragments.items() if now.get(number) != files]
        if other:
            hit &= ~np.isin(addresses >> np.uint64(32), np.array(other, dtype=np.uint64))
        return np.where(hit, at if order is None else order[at], -1)

    @cached_property
    def _order(self) -> NDArray[np.int64] | None:
        ascending = bool((self.addresses[1:] > self.addresses[:-1]).all())
        return None if ascending else np.argsort(self.addresses)


def mapped(folder: Path, base: StoredRows) -> Snapshot:
    """Give the version of the table that `base` was made from."""
    return Snapshot(folder, base.version, base, base.keys, base.addresses, types=base.types)


def changed(folder: Path, base: StoredRows, table: Table, version: TableVersion) -> Snapshot:
    """Give another version than that of `base`: what it lacks is read from the table.

    Raises:
        InputError: the table is damaged, or its vectors have another dimension.
        DuplicateKeyError: two rows have the same key.
    """
    dim = base.vectors.shape[1]
    table.check_dim(dim)
    addresses = table.addresses()
    slots = slots_of(base, table, addresses)
    new = np.flatnonzero(slots < 0)
    kept = slots >= 0
    keys = base.keys if kept.all() and len(slots) == len(base.keys) else base.keys.select(slots[kept])
    if not len(new):
        return Snapshot(folder, version, base, keys, addresses, None, slots, type_names(table.types))
    found = table.at(addresses[new], [KEY, VECTOR, *table.kept])
    names, vectors = _plain(folder, found, dim)
    _refuse_duplicates(folder, keys, names)
    slots[new] = len(base.addresses) + np.arange(len(new))
    joined = Keys.join([keys, names])
    if not (np.diff(np.concatenate([np.flatnonzero(kept), new])) > 0).all():
        order = np.empty(len(slots), dtype=np.int64)
        order[np.flatnonzero(kept)] = np.arange(int(kept.sum()))
        order[new] = int(kept.sum()) + np.arange(len(new))
        joined = joined.select(order)
    added = Added(found.select(list(table.kept)), vectors, norms_of(vectors))
    return Snapshot(folder, version, base, joined, addresses, added, slots, type_names(table.types))


def slots_of(base: StoredRows, table: Table, addresses: Addresses) -> NDArray[np.int64]:
    """(n,) the place in `base` of each address, -1 where it is not there or its fragment has other files."""
    order = np.argsort(base.addresses, kind="stable")
    sorted_addresses = base.addresses[order]
    at = np.searchsorted(sorted_addresses, addresses)
    inside = at < len(sorted_addresses)
    slots = np.full(len(addresses), -1, dtype=np.int64)
    hit = np.flatnonzero(inside)
    hit = hit[sorted_addresses[at[hit]] == addresses[hit]]
    slots[hit] = order[at[hit]]
    other = [number for number, files in table.fragments.items() if base.fragments.get(number) != files]
    if other:
        slots[np.isin(addresses >> np.uint64(32), np.array(other, dtype=np.uint64))] = -1
    return slots


def _plain(folder: Path, found: Any, dim: int) -> tuple[Keys, NDArray[np.float32]]:
    keys, vectors = found.column(KEY).combine_chunks(), found.column(VECTOR).combine_chunks()
    if keys.null_count or vectors.null_count:
        raise InputError(f"table of {str(folder)!r} has rows without key or vector")
    data, offsets = key_buffers(keys)
    plain = vectors.flatten().to_numpy().reshape(-1, dim)
    try:
        return Keys.from_buffers(data, offsets), plain
    except DuplicateKeyError as error:
        raise DuplicateKeyError(f"table of {str(folder)!r}: {error.message}", error.hint) from error


def _refuse_duplicates(folder: Path, keys: Keys, names: Keys) -> None:
    twice = np.flatnonzero(keys.find_all(names) >= 0)
    if len(twice):
        raise DuplicateKeyError(
            f"table of {str(folder)!r} has two rows with the key {names[int(twice[0])]!r}",
            "Keys must be unique: delete one of the rows.",
        )
