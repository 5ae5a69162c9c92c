"""Events and Spaces of users and items whose right answers are known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from nearspace.data.interactions import Interactions
from nearspace.encoders.recommender import FoldIn, RecommenderEncoder
from nearspace.keys import Keys
from nearspace.learners.recommender_space import recommender_space
from nearspace.space import Space


def interactions(pairs: Sequence[tuple[str, str]], name: str = "events") -> Interactions:
    """Events of named users and items."""
    users, items = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 1))
    rows = tuple(
        np.array([names.index(pair[side]) for pair in pairs], np.int32)
        for side, names in enumerate((users, items))
    )
    return Interactions.from_pairs(Keys(users), Keys(items), rows, np.ones(len(pairs), np.float32), name=name)


def space_of(
    history: Interactions,
    items: dict[str, Any],
    users: dict[str, Any],
    fold: FoldIn = FoldIn(),  # noqa: B008
    metric: str = "dot",
) -> Space:
    """A Space with these vectors of the items and users of a history."""
    factors = np.array([items[name] for name in history.items], np.float32)
    vectors = np.array([users[name] for name in history.users], np.float32)
    encoder = RecommenderEncoder(history, factors, fold)
    return recommender_space(encoder, vectors, {"seed": 1}, "planted", time.monotonic(), metric)


def groups(
    users: int = 120, items: int = 60, kinds: int = 4, each: int = 9, seed: int = 0
) -> tuple[Interactions, Interactions, Space]:
    """Users who choose among the items of their group only: training, held-out, and a Space that knows it."""
    random = np.random.default_rng(seed)
    kind = np.arange(items) % kinds
    train, held, vectors = [], [], {}
    for user in range(users):
        own = random.permutation(np.flatnonzero(kind == user % kinds))[:each]
        train += [(f"u{user}", f"i{item}") for item in own[1:]]
        held.append((f"u{user}", f"i{own[0]}"))
        vectors[f"u{user}"] = np.eye(kinds)[user % kinds]
    history = interactions(train, "groups")
    known = {f"i{item}": np.eye(kinds)[kind[item]] for item in range(items)}
    return history, interactions(held, "held"), space_of(history, known, vectors)
