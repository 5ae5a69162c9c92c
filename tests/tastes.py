"""A Space of users and items whose right answers are known: two groups, each with items of its own."""

from __future__ import annotations

import numpy as np

from nearspace.data.interactions import Interactions
from nearspace.encoders.recommender import FoldIn, RecommenderEncoder
from nearspace.keys import Keys
from nearspace.learners.recommender_space import recommender_space
from nearspace.space import Space

USERS, ITEMS, DIM = 40, 30, 6


def events(seed=1, users=USERS, items=ITEMS, share=0.5, weights=False):
    """User u chose about half of the items i with u = i modulo 2; users are numbers, items "item i"."""
    random = np.random.default_rng(seed)
    pairs = [(u, i) for u in range(users) for i in range(u % 2, items, 2) if random.random() < share]
    rows = np.array(pairs, np.int32).T
    values = random.uniform(0.5, 3, len(pairs)) if weights else np.ones(len(pairs))
    names = Keys(str(100 + user) for user in range(users)), Keys(f"item {item}" for item in range(items))
    return Interactions.from_pairs(*names, (rows[0], rows[1]), values.astype(np.float32), name="tastes")


def tastes(method="least-squares", metric="dot", seed=1, weights=False):
    """Items of a group lie near the axis of the group; users are folded in."""
    history = events(seed, weights=weights)
    random = np.random.default_rng(seed)
    factors = random.normal(0, 0.2, (len(history.items), DIM))
    group = np.array([int(name.split()[1]) % 2 for name in history.items])
    factors[np.arange(len(group)), group] += 1
    fold = FoldIn(method, scale=float(history.by_user.weights.mean()))
    encoder = RecommenderEncoder(history, factors.astype(np.float32), fold)
    users = encoder.fold_in(history.by_user)
    return recommender_space(encoder, users, {"dim": DIM, "seed": seed}, "planted", 0.0, metric)


def group_of(name):
    """0 or 1, of an item or of a user."""
    return int(name.split(" ")[-1].removeprefix("user:")) % 2


def seen_by(space, user):
    """Names of the items that a user of the table chose."""
    history = space.encoder.history
    row = history.users.row(str(user))
    starts, columns, _ = history.by_user
    return set(history.items.names(columns[starts[row] : starts[row + 1]]))


def grown(space, names, vectors):
    """The Space with rows of kind "item" after all others."""
    count = len(names)
    columns = {
        "kind": np.concatenate([space.columns["kind"], np.repeat("item", count)]),
        "count": np.concatenate([space.columns["count"], np.zeros(count, np.int64)]),
    }
    return Space(
        Keys([*space.keys, *names]), np.concatenate([space.vectors, np.asarray(vectors, np.float32)]),
        space.metric, columns, space.encoder,
    )  # fmt: skip
