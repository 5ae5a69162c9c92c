"""recommend: the items that users may like next, from a Space of users and items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.engine.local import worker_count
from nearspace.errors import DimensionError, InputError
from nearspace.index.exact import check_count
from nearspace.index.lists import Lists
from nearspace.results import Neighbors
from nearspace.search.askers import Askers, encoder_of, known_users, new_users
from nearspace.search.catalogue import ITEM, Catalogue, catalogue_of
from nearspace.search.diversity import check_diversity, diverse, pool_of
from nearspace.search.filters import matching
from nearspace.space import Space

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]


def recommend(
    space: Space,
    users: Any = None,
    *,
    liked: Any = None,
    k: int = 10,
    where: str | None = None,
    seen: bool = False,
    diversity: float = 0.0,
    unknown: str = "error",
    workers: int | None = None,
) -> Neighbors:
    """Find the items that fit users best.

    Args:
        space: of users and items, as `learn.interactions` makes it.
        users: one user or several, as text or whole numbers, as the table had them.
        liked: instead of users, what a new user likes: a list of items, or a list of such lists for several.
            An item is a key or a tuple (key, weight), the weight in the unit of the events that were
            learned. New users are placed by fold-in; nothing is learned anew.
        k: items a user, at least 1; may exceed the number of items.
        where: SQL condition on `key` and the columns; only items for which it holds are hits.
        seen: also recommend what the user has chosen already.
        diversity: from 0, by score alone, to 1, by difference alone: hits are picked among the best
            max(10 k, 200) by maximal marginal relevance (Carbonell and Goldstein 1998), with the cosine of
            items and scores scaled to 0..1 for each user. They come in the order of the picks.
        unknown: "error", or "skip" to leave out liked items that were not learned.
        workers: threads, None: all cores; they change no result.

    Returns:
        One query a user. Scores are those of the metric of the Space; equal ones come in row order, which in
        learned Spaces is by popularity. All rows of kind "item" may be hits, also those added later.

    Raises:
        UnknownKeyError: a user or a liked item is not there; the error suggests names like it.
        InputError: nobody was asked for, or the Space is none of users and items.
        SettingError: a setting is not accepted.
    """
    if (users is None) == (liked is None):
        raise InputError(
            "users and liked were both given" if liked is not None else "nobody was asked for",
            "Give users, or what a new user likes as liked. For all users: recommend_all.",
        )
    question = Question.checked(space, k, where, seen, diversity, workers)
    askers = known_users(space, users) if liked is None else new_users(space, liked, unknown)
    rows, scores = question.answer(askers)
    return Neighbors(askers.labels, rows, scores, space.keys, space.columns)


@dataclass(frozen=True, eq=False)
class Question:
    """What is the same for all users that are answered.

    Attributes:
        space: of users and items.
        k: items a user.
        allowed: (n,) rows that may be hits, or None for all.
        seen: whether what a user has chosen may be a hit.
        diversity: 0..1.
        workers: threads.
    """

    space: Space
    k: int
    allowed: NDArray[np.bool_] | None
    seen: bool
    diversity: float
    workers: int

    @classmethod
    def checked(
        cls, space: Space, k: int, where: str | None, seen: bool, diversity: float, workers: int | None
    ) -> Question:
        """Check the settings.

        Raises:
            SettingError: one is not accepted.
            InputError: the Space is none of users and items.
        """
        encoder_of(space)
        wanted, share, crew = check_count("k", k), check_diversity(diversity), worker_count(workers)
        return cls(space, wanted, None if where is None else matching(space, where), seen, share, crew)

    def answer(self, askers: Askers) -> tuple[Rows, Scores]:
        """Give rows (q, k) and scores."""
        pool = pool_of(self.k, self.diversity)
        chosen = None if self.seen else askers.chosen
        rows, scores = top_items(
            self.space, askers.vectors, chosen, pool, allowed=self.allowed, workers=self.workers
        )
        if self.diversity == 0:
            return rows, scores
        items = catalogue_of(self.space, ITEM)
        places = np.append(items.place_of, -1)[rows]
        places, scores = diverse(items.index.vectors, places, scores, self.k, self.diversity, self.workers)
        return items.rows_at(places), scores


def top_items(
    space: Space,
    vectors: NDArray[np.float32],
    seen: Sparse | None,
    k: int,
    *,
    allowed: NDArray[np.bool_] | None = None,
    workers: int | None = None,
) -> tuple[Rows, Scores]:
    """Give the k best items of each vector: exact, whatever the number of workers.

    Args:
        space: of users and items.
        vectors: (q, d) of users.
        seen: (q, I) what is no hit of each; columns are rows of the items of the encoder; None: nothing.
        k: hits a vector.
        allowed: (n,) rows of the Space that may be hits.
        workers: threads.

    Returns:
        rows of the Space (q, k) and scores (q, k) float32, best first, ties by row; -1 and -inf where there
        are no more.
    """
    items = catalogue_of(space, ITEM)
    exclude = None if seen is None else _excluded(space, items, seen)
    if exclude is not None and len(exclude.starts) != len(vectors) + 1:
        raise DimensionError(f"{len(vectors):,} vectors came with {seen!r}")
    places, scores = items.search(vectors, k, exclude=exclude, allowed=allowed, workers=worker_count(workers))
    return items.rows_at(places), scores


def _excluded(space: Space, items: Catalogue, seen: Sparse) -> Lists:
    """Turn columns of the encoder into places of the catalogue."""
    places = _places(space, items)
    if places is None:
        return Lists(seen.starts, seen.columns.astype(np.int64))
    found = places[seen.columns]
    kept = found >= 0  # an item that was deleted has no place
    before = np.concatenate(([0], np.cumsum(kept)))
    starts, found = before[seen.starts].astype(np.int64), found[kept]
    query = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return Lists(starts, found[np.lexsort((found, query))])


def _places(space: Space, items: Catalogue) -> Rows | None:
    """(I,) the place of each item of the encoder, -1: none; None if item i has the place i."""
    if "places" not in space.cache:
        rows = space.keys.find_all(encoder_of(space).items)
        places = np.where(rows >= 0, items.place_of[rows], -1)
        space.cache["places"] = None if (places == np.arange(len(places))).all() else places
    known: Rows | None = space.cache["places"]
    return known
