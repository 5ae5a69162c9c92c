"""Splits of interactions into training and test: by the last items, by chance, by time, or by whole users."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interaction_notes import iso
from nearspace.data.interactions import Interactions
from nearspace.errors import InputError, SettingError
from nearspace.kernels.holding_out import hold_out, mixed_numpy
from nearspace.keys import Keys
from nearspace.protocols import Progress, Quiet

WAYS = ("last", "random", "time", "users")
Moment = str | int | float | datetime.date  # a datetime is a date


@dataclass(frozen=True, eq=False)
class Split:
    """Interactions in parts that share no pair; each has Keys of its own, names are what joins them.

    Attributes:
        train: to learn from.
        test: to be found again.
        fold_in: of a split by users, what is known of the users of `test`; else None.
    """

    train: Interactions
    test: Interactions
    fold_in: Interactions | None = None

    def parts(self) -> dict[str, Interactions]:
        """Give the parts that there are by name."""
        named = {"train": self.train, "test": self.test, "fold_in": self.fold_in}
        return {name: part for name, part in named.items() if part is not None}


@dataclass(frozen=True)
class Splitting:
    """How to split.

    Attributes:
        how: "last" (the last items of each user by time), "random" (items of each user by chance), "time"
            (all pairs from a moment on) or "users" (whole users).
        n: of "last" and "random": how many items of each user; one stays at least.  [None: 1]
        share: of "time": the last share of all pairs; of "users": the share of users.  [None: .2, .1]
        after: of "time": not a share, but pairs from this moment on (ISO text, date, seconds since 1970).
        fold_in: of "users": the share of a test user's items that stays known; one at least, and not all.
            [None: .8]
        seed: of all that is drawn.

    Raises:
        SettingError: one is out of its range, or has no effect on this way.
    """

    how: str = "last"
    n: int | None = None
    share: float | None = None
    after: Moment | None = None
    fold_in: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.how not in WAYS:
            raise SettingError(f"how is {self.how!r}", f"Accepted: {', '.join(WAYS)}.")
        for name, ways in (
            ("n", ("last", "random")),
            ("share", ("time", "users")),
            ("after", ("time",)),
            ("fold_in", ("users",)),
        ):
            if getattr(self, name) is not None and self.how not in ways:
                raise SettingError(f"{name} has no effect on a split by {self.how!r}", f"Leave out {name}.")
        if self.n is not None and self.n < 1:
            raise SettingError(f"n is {self.n}", "At least 1 item of each user is held out.")
        for name in ("share", "fold_in"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise SettingError(f"{name} is {value}", "It is a share between 0 and 1.")
        if self.share is not None and self.after is not None:
            raise SettingError("share and after are both given", "Give one of them.")

    def split(self, interactions: Interactions, progress: Progress | None = None) -> Split:
        """Split; the same names, pairs, times and seed give the same split, in whatever order they were read.

        Raises:
            InputError: the interactions lack times, or nothing can be held out.
        """
        return _BY[self.how](self, interactions, progress or Quiet())


def split(
    interactions: Interactions, how: str = "last", progress: Progress | None = None, **settings: Any
) -> Split:
    """Split interactions into training and test; `settings` are those of `Splitting`.

    Raises:
        SettingError, InputError: as there.
    """
    return Splitting(how, **settings).split(interactions, progress)


def _by_item(how: Splitting, whole: Interactions, progress: Progress) -> Split:
    """Hold out the last or any items of each user."""
    times = _times(whole, how.how) if how.how == "last" else np.empty(0, np.int64)
    counts = np.minimum(how.n or 1, whole.user_counts - 1)
    if not counts.any():
        raise InputError(
            f"{whole.name}: each of {len(whole.users):,} users has one item, and one stays",
            "Give events of users with 2 items at least, or split by time.",
        )
    alone = int(np.count_nonzero(counts == 0))
    if alone:
        progress.note(f"{alone:,} of {len(whole.users):,} users have one item, which stays in the training")
    held = _held(whole, times, counts, how.seed)
    return Split(_part(whole, ~held, "train"), _part(whole, held, "test"))


def _by_time(how: Splitting, whole: Interactions, progress: Progress) -> Split:
    """Hold out all pairs from a moment on."""
    times = _times(whole, how.how)
    if how.after is not None:
        moment = moment_of(how.after)
    else:
        place = min(max(len(times) - round((how.share or 0.2) * len(times)), 0), len(times) - 1)
        moment = int(np.partition(times, place)[place])
    held = times >= moment
    if held.all() or not held.any():
        raise InputError(
            f"{whole.name}: {'all' if held.all() else 'no'} pairs are from {iso(moment)} or later; the first "
            f"is from {iso(int(times.min()))}, the last from {iso(int(times.max()))}",
            "Choose another moment with after= (--after), or another share.",
        )
    parts = Split(_part(whole, ~held, "train"), _part(whole, held, "test"))
    new = [
        f"{int(np.count_nonzero(test.find_all(train) >= 0)):,} of {len(test):,} {side}"
        for side, train, test in (
            ("users", parts.train.users, parts.test.users),
            ("items", parts.train.items, parts.test.items),
        )
    ]
    progress.note(
        f"test: {len(parts.test):,} pairs from {iso(moment)} on; training knows {' and '.join(new)}"
    )
    return parts


def _by_users(how: Splitting, whole: Interactions, progress: Progress) -> Split:
    """Hold out whole users; most of their items are known, the rest is to be found."""
    counts = whole.user_counts
    able = np.flatnonzero(counts > 1)
    wanted = max(round((how.share or 0.1) * len(counts)), 1)
    if len(able) < wanted or wanted == len(counts):
        raise InputError(
            f"{whole.name}: {wanted:,} of {len(counts):,} users should be held out, and {len(able):,} have "
            "2 items",
            "Choose another share, or give events of more users.",
        )
    draws = mixed_numpy(_codes(whole.users) ^ mixed_numpy(np.array([_seed(how.seed)])))
    chosen = np.zeros(len(counts), dtype=bool)
    chosen[able[np.argsort(draws[able], kind="stable")[:wanted]]] = True
    known = np.clip(np.rint((how.fold_in or 0.8) * counts), 1, np.maximum(counts - 1, 1)).astype(np.int64)
    tested = _held(whole, np.empty(0, np.int64), np.where(chosen, counts - known, 0), how.seed)
    theirs = np.repeat(chosen, counts)
    return Split(
        _part(whole, ~theirs, "train"),
        _part(whole, tested, "test"),
        _part(whole, theirs & ~tested, "fold_in"),
    )


_BY: dict[str, Callable[[Splitting, Interactions, Progress], Split]] = {
    "last": _by_item,
    "random": _by_item,
    "time": _by_time,
    "users": _by_users,
}


def moment_of(given: Moment) -> int:
    """Give a moment in seconds since 1970; without a zone it is UTC.

    Raises:
        SettingError: it is none.
    """
    if isinstance(given, str):
        try:
            given = float(given) if given.replace(".", "", 1).isdigit() and "-" not in given else given
            given = datetime.datetime.fromisoformat(given) if isinstance(given, str) else given
        except ValueError:
            raise SettingError(
                f"after is {given!r}, which is no time", "Give for example 2026-03-01 or 2026-03-01T12:30:00."
            ) from None
    if isinstance(given, datetime.date):
        if not isinstance(given, datetime.datetime):
            given = datetime.datetime(given.year, given.month, given.day)
        return int((given if given.tzinfo else given.replace(tzinfo=datetime.UTC)).timestamp())
    if not np.isfinite(given):
        raise SettingError(f"after is {given}", "Give a time.")
    return int(given)


def _times(whole: Interactions, how: str) -> NDArray[np.int64]:
    if whole.times is None:
        raise InputError(
            f"{whole.name}: a split by {how!r} needs times, and none were read",
            "Name their column with time= (--time), or split by 'random'.",
        )
    return whole.times


def _held(
    whole: Interactions, times: NDArray[np.int64], counts: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    held = np.empty(len(whole), dtype=np.bool_)
    codes = _codes(whole.users), _codes(whole.items)
    hold_out(*whole.by_user[:2], times, *codes, _seed(seed), counts, held)
    return held


def _codes(names: Keys) -> NDArray[np.uint64]:
    """(n,) the hash of the name of each row."""
    codes = np.empty(len(names), np.uint64)
    codes[names.order] = names.hashes
    return codes


def _seed(seed: int) -> np.uint64:
    return np.uint64(seed % (1 << 64))


def _part(whole: Interactions, kept: NDArray[np.bool_], name: str) -> Interactions:
    return whole.only(kept, f"{whole.name} ({name})")
