"""similar: items like an item, users like a user."""

from __future__ import annotations

from typing import Any

import numpy as np

from nearspace.encoders.recommender import USER as PREFIX
from nearspace.engine.local import worker_count
from nearspace.errors import InputError, UnknownKeyError
from nearspace.index.exact import check_count
from nearspace.results import Neighbors
from nearspace.search.askers import names_of
from nearspace.search.catalogue import ITEM, USER, catalogue_of, lists_of
from nearspace.search.filters import matching
from nearspace.search.suggest import suggest
from nearspace.space import Space


def similar(
    space: Space, keys: Any, *, k: int = 10, where: str | None = None, workers: int | None = None
) -> Neighbors:
    """Find items like items, and users like users, by the cosine of their vectors.

    Args:
        space: of users and items.
        keys: one key or several: items by their names, users as "user:NAME".
        k: hits a key, at least 1. A key is no hit of its own.
        where: SQL condition on `key` and the columns; only rows for which it holds are hits.
        workers: threads, None: all cores; they change no result.

    Raises:
        UnknownKeyError: there is no such row.
        InputError: nothing was asked, or the Space is none of users and items.
        SettingError: k or `where` is not accepted.
    """
    wanted, crew = check_count("k", k), worker_count(workers)
    names = names_of(keys, "key")
    if not names:
        raise InputError("nothing was asked", "Give at least one key.")
    asked = np.array([_row(space, name) for name in names], dtype=np.int64)
    allowed = None if where is None else matching(space, where)
    rows = np.full((len(names), wanted), -1, np.int64)
    scores = np.full((len(names), wanted), -np.inf, np.float32)
    item_rows = catalogue_of(space, ITEM, "cosine").place_of[asked] >= 0
    for kind, mine in ((ITEM, item_rows), (USER, ~item_rows)):
        some = np.flatnonzero(mine)
        if not len(some):
            continue
        group = catalogue_of(space, kind, "cosine")
        own = lists_of([group.place_of[asked[one : one + 1]] for one in some])
        places, scores[some] = group.search(
            space.take(asked[some]), wanted, exclude=own, allowed=allowed, workers=crew
        )
        rows[some] = group.rows_at(places)
    return Neighbors(tuple(names), rows, scores, space.keys, space.columns)


def _row(space: Space, name: str) -> int:
    row = space.keys.find(name)
    if row is None:
        if space.keys.find(PREFIX + name) is not None:
            raise UnknownKeyError(name, advice=f"There is a user of that name: ask for {PREFIX + name!r}.")
        raise UnknownKeyError(name, suggest(space.keys, name))
    return row
