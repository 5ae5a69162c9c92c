"""because: what each of the user's own events adds to the score of an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.recommender import RecommenderEncoder
from nearspace.errors import InputError, SettingError
from nearspace.index.exact import check_count
from nearspace.search.askers import encoder_of, known_users, names_of, new_users, unknown_item
from nearspace.search.catalogue import ITEM, catalogue_of
from nearspace.space import Space

_METRICS = ("dot", "cosine")
_METHODS = ("least-squares", "mean")  # of fold-in, whose users are sums over their events


@dataclass(frozen=True)
class Event:
    """One thing that the user has chosen.

    Attributes:
        key: of the item.
        weight: of the event, as it was learned.
        contribution: what it adds to the score; may be negative.
        share: the same in parts of the score, or 0 where that is 0.
    """

    key: str
    weight: float
    contribution: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """Give {"key", "weight", "contribution", "share"}."""
        parts = (round(part, 6) for part in (self.weight, self.contribution, self.share))
        return dict(zip(("key", "weight", "contribution", "share"), (self.key, *parts), strict=True))


@dataclass(frozen=True)
class Because:
    """Why an item fits a user.

    Attributes:
        user: who was asked about.
        item: its key.
        score: of the item for the user placed by these events: the sum of all contributions.
        learned: the score for the vector of the user in the Space, by which `recommend` ranks; it differs
            as far as the learning had not come to rest. None for a new user.
        events: the largest contributions first, ties in the order of the rows.
        count: events of the user in all.
        rest: what those that are not shown add together.
    """

    user: str
    item: str
    score: float
    learned: float | None
    events: tuple[Event, ...]
    count: int
    rest: float

    def to_json(self) -> dict[str, Any]:
        """Give {"query", "item", "score", "learned", "events": [...], "count", "rest"}."""
        learned = None if self.learned is None else round(self.learned, 6)
        return {
            "query": self.user,
            "item": self.item,
            "score": round(self.score, 6),
            "learned": learned,
            "events": [event.to_json() for event in self.events],
            "count": self.count,
            "rest": round(self.rest, 6),
        }


def because(space: Space, user: Any = None, item: Any = None, *, liked: Any = None, k: int = 10) -> Because:
    """Say which of the user's own events carry the score of an item.

    By least squares the vector of a user is a weighted sum of the vectors of the items that the user chose,
    and so a score is a sum over them: w_j y_i A^-1 y_j (Hu, Koren and Volinsky 2008, section 5). For users
    that are means it is w_j y_i y_j / sum of w.

    Args:
        space: of users and items; metric "dot" or "cosine".
        user: one user, by name.
        item: the key of an item, also one that came after the learning.
        liked: instead of a user, what a new one likes, as for `recommend`.
        k: how many events to show, at least 1.

    Raises:
        UnknownKeyError: there is no such user or item.
        InputError: the user has no events, or the Space is none of users and items.
        SettingError: k, the metric or the fold-in of the Space is not accepted.
    """
    shown = check_count("k", k)
    encoder = encoder_of(space)
    if space.metric not in _METRICS:
        raise SettingError(f"the metric is {space.metric!r}", f"Accepted: {', '.join(_METRICS)}.")
    if encoder.fold.method not in _METHODS:
        raise SettingError(
            f"users placed by {encoder.fold.method!r} are no sums over their events",
            f"Accepted fold-ins: {', '.join(_METHODS)} (learners als and item2vec).",
        )
    if item is None or (user is None) == (liked is None):
        raise InputError("because takes an item, and a user or liked", "because(space, user, item)")
    names = names_of(item, "item")
    if len(names) != 1:
        raise InputError(f"{len(names)} items were given, expected one", "Ask about one item at a time.")
    askers = new_users(space, liked) if user is None else known_users(space, user)
    if len(askers.labels) != 1:
        raise InputError(f"{len(askers.labels)} users were given, expected one", "Ask about one at a time.")
    _, columns, weights = askers.chosen
    if not len(columns):
        raise InputError(f"user {askers.labels[0]!r} has no events", "Nothing carries the score.")
    row = space.keys.find(names[0])
    if row is None or catalogue_of(space, ITEM).place_of[row] < 0:
        raise unknown_item(space, names[0])
    vector = space.take(np.array([row]))[0].astype(np.float64)
    parts = _parts(encoder, columns, weights, vector, space.metric)
    learned = None if liked is not None else _score(vector, askers.vectors[0], space.metric)
    return _told(encoder, (askers.labels[0], names[0]), columns, weights, parts, learned, shown)


def _parts(
    encoder: RecommenderEncoder,
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    vector: NDArray[np.float64],
    metric: str,
) -> NDArray[np.float64]:
    """(n,) what each event adds to the score of a vector."""
    chosen: NDArray[np.float64] = np.asarray(encoder.factors[columns], np.float64)
    pulled: NDArray[np.float64] = chosen
    scaled = weights.astype(np.float64) / encoder.fold.scale
    if encoder.fold.method == "mean":
        scaled /= scaled.sum()
    else:
        pulled = np.asarray(np.linalg.solve(encoder.system(columns, weights), chosen.T).T, np.float64)
    parts: NDArray[np.float64] = np.asarray(scaled * (pulled @ vector), np.float64)
    if metric == "cosine":
        length = float(np.linalg.norm(scaled @ pulled) * np.linalg.norm(vector))
        parts /= length if length > 0 else 1.0
    return parts


def _score(item: NDArray[np.float64], user: NDArray[np.float32], metric: str) -> float:
    wide = user.astype(np.float64)
    length = float(np.linalg.norm(wide) * np.linalg.norm(item)) if metric == "cosine" else 1.0
    return float(wide @ item) / length if length > 0 else 0.0


def _told(
    encoder: RecommenderEncoder,
    names: tuple[str, str],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    parts: NDArray[np.float64],
    learned: float | None,
    shown: int,
) -> Because:
    score = float(parts.sum())
    order = np.argsort(-parts, kind="stable")
    first = order[:shown]
    events = tuple(
        Event(key, weight, part, part / score if score else 0.0)
        for key, weight, part in zip(
            encoder.items.names(columns[first]), weights[first].tolist(), parts[first].tolist(), strict=True
        )
    )
    rest = float(parts[order[shown:]].sum())
    return Because(names[0], names[1], score, learned, events, len(columns), rest)
