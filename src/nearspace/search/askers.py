"""Who asks for recommendations: users of the Space by name, or new ones by what they like."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.encoders.recommender import KIND as ENCODER
from nearspace.encoders.recommender import USER, RecommenderEncoder
from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.search.suggest import suggest
from nearspace.space import Space

_SHOWN = 3  # liked items that are named in a label


@dataclass(frozen=True, eq=False)
class Askers:
    """Users with a place in the Space.

    Attributes:
        labels: (q,) what was asked, as text.
        vectors: (q, d) float32.
        chosen: (q, I) what each has chosen; columns are rows of the items of the encoder.
    """

    labels: tuple[str, ...]
    vectors: NDArray[np.float32]
    chosen: Sparse


def encoder_of(space: Space) -> RecommenderEncoder:
    """Give the encoder of a Space of users and items.

    Raises:
        InputError: the Space has another one, or none.
    """
    encoder: Any = space.encoder
    if encoder is None or encoder.kind != ENCODER:
        has = "no encoder" if encoder is None else f"an encoder of kind {encoder.kind!r}"
        raise InputError(
            f"{space.name!r} has {has}: it does not know who chose what",
            "Learn a Space of users and items: nearspace learn interactions.",
        )
    opened: RecommenderEncoder = getattr(encoder, "opened", encoder)
    return opened


def known_users(space: Space, users: Any) -> Askers:
    """Find users by their names.

    Args:
        space: with a recommender encoder.
        users: one name or several: text or whole numbers, without "user:" or with it.

    Raises:
        UnknownKeyError: there is no such user.
        InputError: nothing was asked, or a name is neither text nor a whole number.
    """
    encoder = encoder_of(space)
    names = [_without_prefix(space, name) for name in names_of(users, "user")]
    if not names:
        raise InputError("no user was given", "Give at least one user.")
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    order = np.array([places[name] for name in names], dtype=np.int64)
    rows = space.keys.find_all(Keys(USER + name for name in places))
    for name, row in zip(places, rows.tolist(), strict=True):
        if row < 0:
            raise unknown_user(space, name)
    past = encoder.history.users.find_all(Keys(places))
    return Askers(tuple(names), space.take(rows[order]), rows_of(encoder.history.by_user, past[order]))


def users_at(space: Space, rows: NDArray[np.int64]) -> Askers:
    """Take users by their rows in the Space."""
    encoder = encoder_of(space)
    names = [name.removeprefix(USER) for name in space.keys.names(rows)]
    past = encoder.history.users.find_all(Keys(names))
    return Askers(tuple(names), space.take(rows), rows_of(encoder.history.by_user, past))


def new_users(space: Space, liked: Any, unknown: str = "error") -> Askers:
    """Place new users by what they like.

    Args:
        space: with a recommender encoder.
        liked: one list of items, or a list of lists; an item is a key or a tuple (key, weight), the weight
            in the unit of the events that were learned. Without one it is the mean weight of an event; the
            same item twice adds up.
        unknown: "error", or "skip" to leave out items that were not learned.

    Raises:
        UnknownKeyError: an item was not learned, or with "skip" none of a list.
        InputError: nothing was given, or an item is neither text nor a whole number.
        SettingError: a weight is not a finite number above 0, or `unknown` is neither.
    """
    if unknown not in ("error", "skip"):
        raise SettingError(f"unknown is {unknown!r}", "Accepted: error, skip.")
    encoder = encoder_of(space)
    labels, columns, weights, starts = [], [], [], [0]
    for one in _lists(liked):
        sums: dict[int, float] = {}
        names = []
        for item in one:
            name, weight = _weighted(item, encoder.fold.scale)
            row = encoder.items.find(name)
            names.append(name)
            if row is not None:
                sums[row] = sums.get(row, 0.0) + weight
            elif unknown == "error":
                raise unknown_item(space, name)
        if not sums:
            raise unknown_item(space, names[0])
        labels.append(_label(names))
        columns += sorted(sums)
        weights += [sums[row] for row in sorted(sums)]
        starts.append(len(columns))
    chosen = Sparse(np.array(starts, np.int64), np.array(columns, np.int32), np.array(weights, np.float32))
    return Askers(tuple(labels), encoder.fold_in(chosen), chosen)


def unknown_user(space: Space, name: str) -> UnknownKeyError:
    """Make the error for a name that is no user."""
    if space.keys.find(name) is not None and not name.startswith(USER):
        advice = f"It is an item: give liked=[{name!r}] for whom likes it, or ask for what is similar to it."
        return UnknownKeyError(name, what="a user", advice=advice)
    advice = "For a new user give the items that the user likes: liked=[...]."
    users = encoder_of(space).history.users
    return UnknownKeyError(name, suggest(users, name.removeprefix(USER)), what="a user", advice=advice)


def unknown_item(space: Space, name: str) -> UnknownKeyError:
    """Make the error for a name that is no item, or one that was not learned."""
    if space.keys.find(USER + name) is not None or name.startswith(USER):
        advice = f"{name.removeprefix(USER)!r} is a user: ask with users=."
        return UnknownKeyError(name, what="an item", advice=advice)
    if space.keys.find(name) is not None:
        advice = "It came after the learning, which knows no events of it: leave it out, or learn again."
        return UnknownKeyError(name, what="a learned item", advice=advice)
    advice = "unknown='skip' leaves such items out."
    return UnknownKeyError(name, suggest(encoder_of(space).items, name), what="an item", advice=advice)


def names_of(ids: Any, what: str) -> list[str]:
    """Give one id or several as text.

    Raises:
        InputError: one is neither text nor a whole number.
    """
    if isinstance(ids, (str, int, np.integer)) or not isinstance(ids, Iterable):
        ids = [ids]
    return [_name(one, what) for one in ids]


def _name(one: Any, what: str) -> str:
    if isinstance(one, str):
        return one
    if isinstance(one, (int, np.integer)) and not isinstance(one, (bool, np.bool_)):
        return str(int(one))
    raise InputError(
        f"{what} {reprlib.repr(one)} is of type {type(one).__name__}, expected text or a whole number",
        "Write it as the table does from which the Space was learned.",
    )


def rows_of(matrix: Sparse, rows: NDArray[np.int64]) -> Sparse:
    """Take some rows of a matrix, (q,); -1 gives an empty one."""
    begin = np.where(rows >= 0, matrix.starts[rows], 0)
    lengths = np.where(rows >= 0, matrix.starts[rows + 1] - begin, 0)
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    if len(rows) and rows[0] >= 0 and (rows == np.arange(rows[0], rows[0] + len(rows))).all():
        part = slice(int(begin[0]), int(begin[0] + starts[-1]))
        return Sparse(starts, matrix.columns[part], matrix.weights[part])
    at = np.arange(starts[-1]) + np.repeat(begin - starts[:-1], lengths)
    return Sparse(starts, matrix.columns[at], matrix.weights[at])


def _without_prefix(space: Space, name: str) -> str:
    if name.startswith(USER) and space.keys.find(USER + name) is None:
        return name.removeprefix(USER)
    return name


def _lists(liked: Any) -> list[list[Any]]:
    """Tell one list of items from several."""
    if isinstance(liked, (str, int, np.integer)):
        liked = [liked]
    if not isinstance(liked, Iterable):
        raise InputError(f"liked is {reprlib.repr(liked)}", "Give a list of items, or a list of lists.")
    listed = list(liked)
    nested = [isinstance(one, (list, np.ndarray, set, frozenset)) for one in listed]
    if any(nested) and not all(nested):
        raise InputError("liked mixes items and lists of items", "Give a list of items, or a list of lists.")
    lists = [list(one) for one in listed] if any(nested) else [listed]
    if not lists or not all(lists):
        raise InputError("nothing is liked", "Give at least one item of each user.")
    return lists


def _weighted(item: Any, usual: float) -> tuple[str, float]:
    if not isinstance(item, tuple):
        return _name(item, "item"), usual
    if len(item) != 2 or not _is_weight(item[1]):
        raise SettingError(
            f"liked item {reprlib.repr(item)} has no weight above 0",
            "Write it as a key or as (key, weight); a list of items in square brackets.",
        )
    return _name(item[0], "item"), float(item[1])


def _is_weight(value: Any) -> bool:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return bool(number and math.isfinite(value) and value > 0)


def _label(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return " + ".join(names[:_SHOWN]) + (f" + {more} more" if more > 0 else "")
