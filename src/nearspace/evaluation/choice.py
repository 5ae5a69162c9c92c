"""Choice: the items that a Space may recommend, numbered in one way for it and for its baselines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.keys import Keys
from nearspace.search.askers import encoder_of
from nearspace.search.catalogue import ITEM, catalogue_of
from nearspace.space import Space

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Choice:
    """The items that a Space may recommend, numbered as its training numbers them, later ones after these.

    Attributes:
        space: made by a learner of interactions.
        history: what it was trained on.
        items: the C names.
        rows: (C,) the row of each in the Space, -1 for one that was deleted.
    """

    space: Space
    history: Interactions
    items: Keys
    rows: Ints

    @classmethod
    def of(cls, space: Space) -> Choice:
        """Find the items of a Space.

        Raises:
            InputError: it is not one of users and items.
        """
        history = encoder_of(space).history
        kinds = catalogue_of(space, ITEM).rows
        now = space.keys.select(kinds)
        later = np.flatnonzero(history.items.find_all(now) < 0)
        items = Keys.join([history.items, now.select(later)]) if len(later) else history.items
        found = now.find_all(items)
        return cls(space, history, items, np.where(found >= 0, kinds[found], -1))

    @cached_property
    def counts(self) -> Ints:
        """(C,) users of each item in the training; 0 for later ones."""
        later = len(self.items) - len(self.history.items)
        return np.pad(self.history.item_counts, (0, later))

    @property
    def offered(self) -> NDArray[np.bool_]:
        """(C,) which items are in the Space."""
        return self.rows >= 0
