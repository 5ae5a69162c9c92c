"""Filters of interactions: users and items with too few of each other are left out until all have enough."""

from __future__ import annotations

import numpy as np

from nearspace.data.interactions import Interactions
from nearspace.errors import InputError
from nearspace.kernels.event_rows import core
from nearspace.protocols import Progress, Quiet


def drop_rare(
    interactions: Interactions, min_user: int = 1, min_item: int = 1, progress: Progress | None = None
) -> Interactions:
    """Leave out users with too few items and items with too few users, until all have enough.

    Raises:
        InputError: nothing is left.
    """
    if min_user <= 1 and min_item <= 1:
        return interactions
    starts, columns, _ = interactions.by_user
    users, items = core(starts, columns, len(interactions.items), min_user, min_item)
    if users.all() and items.all():
        return interactions
    kept = np.repeat(users, np.diff(starts))
    kept &= items[columns]
    if not kept.any():
        raise InputError(
            f"{interactions.name}: no user with {min_user:,} items of {min_item:,} users each is left",
            "Choose lower counts: min_user, min_item (--min-user, --min-item).",
        )
    found = interactions.only(kept)
    (progress or Quiet()).note(
        f"min_user {min_user:,} and min_item {min_item:,} leave out "
        f"{len(interactions.users) - len(found.users):,} of {len(interactions.users):,} users, "
        f"{len(interactions.items) - len(found.items):,} of {len(interactions.items):,} items and "
        f"{len(interactions) - len(found):,} of {len(interactions):,} pairs"
    )
    return found
