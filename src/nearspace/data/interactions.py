"""Interactions: who chose what, as a sparse matrix of users by items with its names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, InputError
from nearspace.kernels.event_rows import count_rows, merge_rows, place_events, turn_around
from nearspace.keys import Keys

BLOCK = 1 << 20


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


class Piece(NamedTuple):
    """Some events, in any order.

    Attributes:
        users, items: (m,) int32 rows.
        weights: (m,) float32, above 0; or empty: each event weighs 1.
        times: (m,) int64 seconds since 1970; or empty.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]
    times: NDArray[np.int64]


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
        piece = Piece(*pairs, weights, np.empty(0, np.int64) if times is None else times)
        return cls.from_pieces(users, items, [piece], name=name)

    @classmethod
    def from_pieces(
        cls,
        users: Keys,
        items: Keys,
        pieces: list[Piece],
        *,
        scale: float = 1.0,
        name: str = "interactions",
        keep_order: bool = False,
    ) -> Interactions:
        """Do the same with events in pieces, which are taken out of the list, so that memory is freed.

        All pieces have weights, or none; all have times, or none. Weights are multiplied with `scale`. With
        `keep_order` the names stay as they come, also those without events.

        Raises:
            InputError: there are no events.
        """
        if not any(len(piece.users) for piece in pieces):
            raise InputError(f"{name} has no events", "Give at least one row with a user and an item.")
        user_counts, item_counts = np.zeros(len(users), np.int64), np.zeros(len(items), np.int64)
        for piece in pieces:
            count_rows(piece.users, user_counts)
            count_rows(piece.items, item_counts)
        user_places, user_order = by_count(user_counts, keep_order=keep_order)
        item_places, item_order = by_count(item_counts, keep_order=keep_order)
        starts = np.concatenate(([0], np.cumsum(user_counts[user_order])))
        weighted, timed = bool(len(pieces[0].weights)), bool(len(pieces[0].times))
        columns, last = np.empty(starts[-1], np.int32), np.empty(starts[-1] if timed else 0, np.int64)
        weights, ends = np.empty(starts[-1] if weighted else 0, np.float32), starts[:-1].copy()
        pieces.reverse()
        while pieces:
            place_events(*pieces.pop(), scale, (user_places, item_places), ends, columns, weights, last)
        weights = weights if weighted else np.empty(len(columns), np.float32)
        left = merge_rows(starts, columns, weights, last, not weighted)
        matrix = Sparse(left, cut(columns, left[-1]), cut(weights, left[-1]))
        times = cut(last, left[-1]) if timed else None
        return cls(users.select(user_order), items.select(item_order), matrix, times, name)

    def __len__(self) -> int:
        return len(self.by_user.columns)

    @cached_property
    def by_item(self) -> Sparse:
        """(I, U) the same matrix by items."""
        return Sparse(*turn_around(*self.by_user, len(self.items)))

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
        return replace(self, by_user=left, times=times)

    def joined(self, new: Interactions) -> Interactions:
        """Give it with more events: users and items keep their rows, new ones come after them.

        Weights of equal pairs are added. Times are kept if both have them.
        """
        users, items = _appended(self.users, new.users), _appended(self.items, new.items)
        user_rows, item_rows = (
            all_names.find_all(names).astype(np.int32)
            for all_names, names in ((users, new.users), (items, new.items))
        )
        timed = self.times is not None and new.times is not None
        pieces = [*self._pieces(timed=timed)]
        for users_of, items_of, weights, times in new._pieces(timed=timed):
            pieces.append(Piece(user_rows[users_of], item_rows[items_of], weights, times))
        return Interactions.from_pieces(users, items, pieces, name=self.name, keep_order=True)

    def _pieces(self, *, timed: bool) -> Iterator[Piece]:
        """Give all entries in pieces, in their order."""
        starts, columns, weights = self.by_user
        for begin, end in self._blocks():
            entries = slice(starts[begin], starts[end])
            rows = np.repeat(np.arange(begin, end, dtype=np.int32), np.diff(starts[begin : end + 1]))
            times = self.times[entries] if timed and self.times is not None else np.empty(0, np.int64)
            yield Piece(rows, columns[entries], weights[entries], times)

    def only(self, kept: NDArray[np.bool_], name: str | None = None) -> Interactions:
        """Give it with some of its entries, (n,), and without users and items that have none left.

        Raises:
            InputError: nothing is kept.
        """
        pieces, first = [], 0
        for piece in self._pieces(timed=self.times is not None):
            mask = kept[first : first + len(piece.users)]
            first += len(mask)
            if mask.any():
                times = piece.times[mask] if len(piece.times) else piece.times
                pieces.append(Piece(piece.users[mask], piece.items[mask], piece.weights[mask], times))
        return Interactions.from_pieces(self.users, self.items, pieces, name=name or self.name)

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """Cut the users into blocks of about a million entries."""
        starts, begin = self.by_user.starts, 0
        while begin < len(self.users):
            end = int(np.searchsorted(starts, starts[begin] + BLOCK, side="right")) - 1
            end = max(end, begin + 1)
            yield begin, end
            begin = end


def _appended(names: Keys, more: Keys) -> Keys:
    return Keys.join([names, more.select(np.flatnonzero(names.find_all(more) < 0))])


def by_count(
    counts: NDArray[np.int64], *, keep_order: bool = False
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number rows anew so that those with most events come first, without those that have none.

    Returns:
        the new number of each row (-1: none), and the old one of each new.
    """
    if keep_order:
        return np.arange(len(counts), dtype=np.int32), np.arange(len(counts))
    order = np.argsort(-counts, kind="stable")
    order = order[: int(np.count_nonzero(counts))]
    place = np.full(len(counts), -1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place, order


def cut(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Give the first entries of an array that nobody else holds, without a second copy of them."""
    if size < len(array):
        array.resize(size, refcheck=False)
    return array
