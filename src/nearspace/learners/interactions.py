"""interactions: who chose what becomes a Space of items and users, by one of several methods."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.events import read_interactions
from nearspace.data.interactions import Interactions
from nearspace.data.item_columns import item_columns
from nearspace.encoders.recommender import KIND, RecommenderEncoder
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space

# method -> (module, class); a new learner of interactions joins by a row here
METHODS = {
    "als": ("nearspace.learners.als", "ALS"),
    "bpr": ("nearspace.learners.bpr", "BPR"),
    "item2vec": ("nearspace.learners.item2vec", "Item2Vec"),
}
WARM_SWEEPS = 2  # sweeps of training that goes on, if nothing else is asked for
OWN = ("kind", "count")  # columns that learning makes


def interactions(
    source: Any,
    *,
    method: str = "als",
    user: str = "user",
    item: str = "item",
    weight: str | None = None,
    rating: str | None = None,
    time: str | None = None,
    items: Any = None,
    item_key: str = "item",
    item_meta: Sequence[str] | None = None,
    start: Space | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Space:
    """Learn a Space of items and users from what users chose.

    Rows are the items, under their own names, and then the users, as "user:NAME"; columns are kind ("item" or
    "user"), count (pairs in the training) and those of the table of items. The same events, settings and seed
    give the same bytes for any number of workers.

    Args:
        source: Interactions, or a table of events as `read_interactions` reads it.
        method: "als" (who chose what, by least squares), "bpr" (chosen before not chosen) or "item2vec" (what
            is chosen together).
        user, item, weight, rating, time: columns of the table, see `read_interactions`.
        items: a table of what is known of the items: title, year, genre.
        item_key: its column with the names of the items.
        item_meta: its columns to keep; None: all.
        start: a Space learned by "als" to continue from: the table holds new events only. Old rows are kept,
            new items and users are added, and few sweeps are enough.
        workers: threads; None for all cores.
        progress: where reading and learning are shown.
        settings: of the method (dim, seed, sweeps, epochs, reg, ...), and of the reading (min_user, min_item,
            min_rating, missing, format, layout).

    Raises:
        SettingError: a setting is unknown or out of its range.
        InputError, MissingInputError: a table cannot be read, or nothing is left of it.
    """
    progress = progress or Quiet()
    kind = learner_of(method)
    own = {name: settings.pop(name) for name in _fields(kind) if name in settings}
    _check(method, kind, settings, source, start)
    if not isinstance(source, Interactions):
        columns: dict[str, Any] = {
            "user": user,
            "item": item,
            "weight": weight,
            "rating": rating,
            "time": time,
        }
        source = read_interactions(source, progress=progress, **columns, **settings)
    if start is not None:
        return _continued(source, start, own, (items, item_key, item_meta), workers, progress)
    space: Space = kind(**own).fit(source, workers=workers, progress=progress)
    return _described(space, source, {}, items, item_key, item_meta)


def learner_of(method: str) -> Any:
    """Give the class of a method.

    Raises:
        SettingError: there is no such method.
    """
    if method not in METHODS:
        raise SettingError(f"method is {method!r}", f"Accepted methods: {', '.join(METHODS)}.")
    module, name = METHODS[method]
    return getattr(importlib.import_module(module), name)


def _fields(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


_READING = ("min_user", "min_item", "min_rating", "missing", "format", "layout")


def _check(method: str, kind: Any, settings: dict[str, Any], source: Any, start: Space | None) -> None:
    unknown = sorted(set(settings) - set(_READING))
    if unknown:
        raise SettingError(
            f"method {method!r} has no setting {', '.join(map(repr, unknown))}",
            f"Its settings: {', '.join(_fields(kind))}; those of reading: {', '.join(_READING)}.",
        )
    if settings and isinstance(source, Interactions):
        raise SettingError(
            f"{', '.join(settings)}: the events are read already", "Give these settings to read_interactions."
        )
    if start is not None and method != "als":
        raise SettingError(f"method {method!r} does not continue from a Space", "Only als does.")


def history_of(space: Space) -> Interactions:
    """Give the events that a Space was learned from.

    Raises:
        InputError: it was learned from something else.
    """
    if space.encoder is None or space.encoder.kind != KIND:
        raise InputError(
            f"the Space {space.name!r} was not learned from interactions",
            "Learn one: nearspace learn interactions TABLE -o OUT.space",
        )
    encoder: RecommenderEncoder = space.encoder  # type: ignore[assignment]
    return encoder.history


def _continued(
    new: Interactions,
    start: Space,
    own: dict[str, Any],
    table: tuple[Any, str, Sequence[str] | None],
    workers: int | None,
    progress: Progress,
) -> Space:
    old = history_of(start)
    known = start.recipe.settings
    if start.recipe.learner != "als":
        raise SettingError(
            f"the Space {start.name!r} was learned by {start.recipe.learner}", "Only one of als is continued."
        )
    kind = learner_of("als")
    kept = {name: known[name] for name in _fields(kind) if name in known} | {"sweeps": WARM_SWEEPS} | own
    if kept["dim"] != start.dim:
        raise SettingError(f"dim is {kept['dim']}, the Space has {start.dim}", "Leave dim out.")
    data = old.joined(new)
    rows = start.keys.find_all(data.items)
    vectors = np.zeros((len(data.items), start.dim), np.float32)
    vectors[rows >= 0] = start.take(rows[rows >= 0])
    progress.note(
        f"{len(data.items) - len(old.items):,} new items, {len(data.users) - len(old.users):,} new users"
    )
    space: Space = kind(**kept).fit(data, workers=workers, progress=progress, start=vectors)
    recipe = replace(space.recipe, history=(*start.recipe.history, replace(start.recipe, history=())))
    columns = {
        name: _moved(start.columns[name], rows, len(space)) for name in start.columns if name not in OWN
    }
    items, item_key, item_meta = table
    return _described(
        replace(space, recipe=recipe, name=start.name), data, columns, items, item_key, item_meta
    )


def _moved(values: NDArray[Any], rows: NDArray[np.int64], count: int) -> NDArray[Any]:
    moved = np.full(count, None, dtype=object)
    here = np.flatnonzero(rows >= 0)
    moved[here] = np.asarray(values)[rows[here]]
    return moved


def _described(
    space: Space,
    data: Interactions,
    columns: dict[str, NDArray[Any]],
    items: Any,
    key: str,
    meta: Sequence[str] | None,
) -> Space:
    """Give the Space with the columns of a table of items; those of users are empty."""
    if items is not None:
        for name, values in item_columns(items, data.items, key=key, columns=meta).items():
            if name in OWN:
                raise InputError(
                    f"the table of items has a column {name!r}, which learning makes",
                    "Rename it, or name the columns to keep.",
                )
            whole = np.full(len(space), None, dtype=object)
            whole[: len(values)] = values
            columns[name] = whole
    return replace(space, columns={**space.columns, **columns})
