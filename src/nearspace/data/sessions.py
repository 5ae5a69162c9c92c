"""Sessions: the items of each user as lines of a stream, in their order or freshly shuffled for each pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.errors import InputError
from nearspace.kernels.sessions import write_sessions

KEPT_ORDERS = 16  # shards read from as many passes at once
_USERS = 0x5E55


@dataclass(frozen=True, eq=False)
class Sessions:
    """The lines of `passes` passes over the users, read like a `Stream`; nothing is written to disk.

    A line holds the rows of a user's items. Users come in another order in each pass, the items of a user
    by time where there are times, else in another order each time: a window then draws from the whole set
    (Barkan & Koenigstein 2016).

    Attributes:
        data: who chose what.
        passes: times that each user comes.
        seed: of the orders.
        ordered: (n,) int32 the items by user, by time if there are times.
        remap: (I,) int32; every item is its own row.
    """

    data: Interactions
    passes: int
    seed: int
    ordered: NDArray[np.int32] = field(init=False, repr=False)
    remap: NDArray[np.int32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.data.user_counts.max(initial=0) < 2:
            raise InputError(
                f"{self.data.name}: no user has two items, so no item stands beside another",
                "Are the columns of users and items the right ones?",
            )
        object.__setattr__(self, "ordered", _by_time(self.data))
        object.__setattr__(self, "remap", np.arange(len(self.data.items), dtype=np.int32))
        object.__setattr__(self, "_orders", {})

    @property
    def entries(self) -> int:
        """Entries of a pass: items, and one end of line a user."""
        return len(self.ordered) + len(self.data.users)

    @property
    def length(self) -> int:
        """Entries of all passes."""
        return self.passes * self.entries

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        """Give entries start..stop: rows of items, and -1 at the end of a line."""
        start, stop = max(start, 0), min(stop, self.length)
        found = np.empty(max(stop - start, 0), np.int32)
        at = start
        while at < stop:
            number = at // self.entries
            before = number * self.entries
            end = min(stop, before + self.entries)
            users, begins = self._order(number)
            first = int(np.searchsorted(begins, at - before, side="right")) - 1
            write_sessions(
                self.data.by_user.starts, self.ordered, users, begins, first, at - before, end - before,
                self.data.times is None, self.seed, number, found[at - start : end - start],
            )  # fmt: skip
            at = end
        return found

    def _order(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Users in the order of a pass, and where each one's line begins; kept for the passes being read."""
        orders: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = self.__dict__["_orders"]
        if number not in orders:
            users = np.random.default_rng([self.seed, _USERS, number]).permutation(len(self.data.users))
            lengths = self.data.user_counts[users] + 1
            if len(orders) >= KEPT_ORDERS:
                del orders[next(iter(orders))]
            orders[number] = users, np.cumsum(lengths) - lengths
        return orders[number]


def _by_time(data: Interactions) -> NDArray[np.int32]:
    if data.times is None:
        return data.by_user.columns
    rows = np.repeat(np.arange(len(data.users)), data.user_counts)
    return data.by_user.columns[np.lexsort((data.times, rows))]
