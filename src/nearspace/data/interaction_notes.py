"""Notes on interactions: what is no error, but worth a look."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Piece
from nearspace.protocols import Progress

_SWAPPED_RATIO = 2.0  # items a user
_SWAPPED_GINI = 0.2  # by how much users are the more unequal
_SWAPPED_RARE = 0.05  # share of items with at most 2 users


def told_of_times(pieces: Sequence[Piece], now: float, progress: Progress) -> None:
    """Note how many times lie in the future, and the latest; a day is let pass for time zones."""
    late, latest = 0, 0
    for piece in pieces:
        after = piece.times[piece.times > now + 86_400]
        if len(after):
            late, latest = late + len(after), max(latest, int(after.max()))
    if late:
        progress.note(f"{late:,} events lie in the future, the latest at {iso(latest)}; they are kept")


def told_of_counts(interactions: Interactions, progress: Progress) -> None:
    """Note how many items were chosen by one user only."""
    once = int(np.count_nonzero(interactions.item_counts == 1))
    if once:
        progress.note(
            f"{once:,} of {len(interactions.items):,} items have one user only, and little is learned "
            "about them; min_item=2 (--min-item 2) leaves them out"
        )


def seems_swapped(interactions: Interactions, progress: Progress) -> bool:
    """Note that users and items may be swapped.

    Few items are very popular and most are rare, while users are more alike: that is so in nearly all data.
    The other way round, with at least twice as many items as users and hardly any rare item, it is told.
    """
    users, items = interactions.user_counts, interactions.item_counts
    swapped = (
        len(items) > _SWAPPED_RATIO * len(users)
        and len(users) > 100
        and float((items <= 2).mean()) < _SWAPPED_RARE
        and gini(users) > gini(items) + _SWAPPED_GINI
    )
    if swapped:
        progress.note(
            f"{len(users):,} users have very unequal numbers of the {len(items):,} items, and the items very "
            "equal numbers of users: are the columns of users and items swapped?"
        )
    return swapped


def gini(counts: NDArray[np.int64]) -> float:
    """Give how unequal counts are, from 0 to 1 (Gini)."""
    ordered = np.sort(counts).astype(np.float64)
    ranks = 2.0 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float(ranks @ ordered / (len(ordered) * ordered.sum()))


def iso(seconds: int) -> str:
    """Give a time as text, also far ahead."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds:,}"
