"""Where each key of a Space lies while rows come and go: a few tables, the newest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.keys import Keys

Places = NDArray[np.int64]  # addresses, or -1


class KeyPlaces:
    """Key -> address of its row, under changes; after n keys there are at most about log2(n) tables."""

    def __init__(self, keys: Keys, addresses: NDArray[np.uint64]) -> None:
        self._levels: list[tuple[Keys, Places]] = [(keys, addresses.astype(np.int64))]

    def find(self, keys: Keys) -> Places:
        """(m,) the address of each key, -1 where there is no such row."""
        found = np.full(len(keys), -1, dtype=np.int64)
        pending = np.arange(len(keys))
        for names, places in reversed(self._levels):
            if not len(pending):
                break
            rows = names.find_all(keys if len(pending) == len(keys) else keys.select(pending))
            hit = rows >= 0
            found[pending[hit]] = places[rows[hit]]
            pending = pending[~hit]
        return found

    def set(self, keys: Keys, places: Places) -> None:
        """Say where some keys lie from now on; -1: nowhere."""
        self._levels.append((keys, places))
        while len(self._levels) > 2 and len(self._levels[-2][0]) <= 2 * len(self._levels[-1][0]):
            newer, older = self._levels.pop(), self._levels.pop()
            rest = np.flatnonzero(newer[0].find_all(older[0]) < 0)
            merged = Keys.join([newer[0], older[0].select(rest)])
            self._levels.append((merged, np.concatenate([newer[1], older[1][rest]])))
