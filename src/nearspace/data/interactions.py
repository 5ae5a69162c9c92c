"""Interactions: who chose what, as a sparse matrix of users by items with its names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, InputError
from nearspace.kernels.events import merge_equal, transpose
from nearspace.keys import Keys

MOST_ROWS = 1 << 31


class Sparse(NamedTuple):
    """A sparse matrix by rows: row r has the entries starts[r] to starts[r + 1].

    Attributes:
        starts: (rows + 1,) int64.
        columns: (n,) int32, ascending and different in each row.
        weights: (n,) float32, above 0.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Sparse({len(self.starts) - 1:,} rows, {len(self.columns):,} entries)"


@dataclass(frozen=True, eq=False)
class Interactions:
    """What each of U users chose among I items, each pair once.

    Attributes:
        users: names of the users, those with most events first; names are as the table has them.
        items: names of the items, those with most events first.
        by_user: (U, I) the weight of each pair.
        times: (n,) int64 seconds since 1970 (UTC) of the last event of each entry of `by_user`, or None.
        name: what messages call it.
    """

    users: Keys
    items: Keys
    by_user: Sparse
    times: NDArray[np.int64] | None = None
    name: str = "interactions"
    stored_by_item: Sparse | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        starts, columns, weights = self.by_user
        if len(starts) != len(self.users) + 1 or len(columns) != len(weights) or starts[-1] != len(columns):
            raise DimensionError(f"{len(self.users):,} users came with {self.by_user!r}")
        if self.times is not None and len(self.times) != len(columns):
            raise DimensionError(f"{len(columns):,} pairs came with {len(self.times):,} times")

    @classmethod
    def from_pairs(
        cls,
        users: Keys,
        items: Keys,
        pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
        weights: NDArray[np.float32],
        times: NDArray[np.int64] | None = None,
        name: str = "interactions",
    ) -> Interactions:
        """Sort events into a matrix: weights of equal pairs are added, of their times the last is kept.

        Args:
            users, items: names in any order; they are put in that of their numbers of events here.
            pairs: (n,) row of the user and of the item of each event.

        Raises:
            InputError: there are no events.
        """
        if not len(weights):
            raise InputError(f"{name} has no events", "Give at least one row with a user and an item.")
        user_rows, user_order = _by_count(pairs[0], len(users))
        item_rows, item_order = _by_count(pairs[1], len(items))
        # by item first: sorting stably by user then leaves the items of a user in ascending order
        starts, order = transpose(item_rows, len(item_order), np.empty(0, np.int64))
        starts, order = transpose(user_rows, len(user_order), order)
        stamps = np.empty(0, np.int64) if times is None else times[order]
        merged = merge_equal(starts, item_rows[order], weights[order], stamps)
        return cls(
            users.select(user_order),
            items.select(item_order),
            Sparse(*merged[:3]),
            None if times is None else merged[3],
            name,
        )

    def __len__(self) -> int:
        return len(self.by_user.columns)

    @cached_property
    def by_item(self) -> Sparse:
        """(I, U) the same matrix by items."""
        if self.stored_by_item is not None:
            return self.stored_by_item
        starts, columns, weights = self.by_user
        turned, order = transpose(columns, len(self.items), np.empty(0, np.int64))
        rows = np.repeat(np.arange(len(self.users), dtype=np.int32), np.diff(starts))
        return Sparse(turned, rows[order], weights[order])

    @property
    def user_counts(self) -> NDArray[np.int64]:
        """(U,) how many items each user has."""
        return np.diff(self.by_user.starts)

    @cached_property
    def item_counts(self) -> NDArray[np.int64]:
        """(I,) how many users each item has."""
        return np.bincount(self.by_user.columns, minlength=len(self.items)).astype(np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal; other events or names, other fingerprint."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (
            self.users.data,
            self.users.offsets,
            self.items.data,
            self.items.offsets,
            *self.by_user,
        ):
            digest.update(np.ascontiguousarray(array).data)
        if self.times is not None:
            digest.update(np.ascontiguousarray(self.times).data)
        return digest.hexdigest()

    def where(self, kept: NDArray[np.bool_]) -> Interactions:
        """Give it with some of its entries, (n,); all users and items stay, in their order."""
        before = np.concatenate(([0], np.cumsum(kept)))
        starts, columns, weights = self.by_user
        left = Sparse(before[starts].astype(np.int64), columns[kept], weights[kept])
        times = None if self.times is None else self.times[kept]
        return replace(self, by_user=left, times=times, stored_by_item=None)


def _by_count(rows: NDArray[np.int32], size: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Renumber rows so that those with most events come first; drop those without any.

    Returns:
        the new number of each of `rows`, and the old one of each new.
    """
    counts = np.bincount(rows, minlength=size)
    order = np.argsort(-counts, kind="stable")
    order = order[: int(np.count_nonzero(counts))]
    place = np.full(size, -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[rows], order
