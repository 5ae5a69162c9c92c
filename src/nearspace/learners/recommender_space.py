"""The Space of items and users that every learner of interactions makes."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.recommender import USER, RecommenderEncoder
from nearspace.keys import Keys
from nearspace.optional import versions
from nearspace.space import Recipe, Space


def recommender_space(
    encoder: RecommenderEncoder,
    users: NDArray[np.float32],
    settings: dict[str, object],
    learner: str,
    began: float,
    metric: str = "dot",
) -> Space:
    """Put items and users into one Space: items first, by their events, then users, by theirs.

    Items have their own names as keys, users "user:" and theirs. Columns: kind ("item" or "user") and count
    (pairs of the row in the training).
    """
    history = encoder.history
    keys = Keys([*history.items, *(USER + name for name in history.users)])
    kinds = np.repeat(["item", "user"], [len(history.items), len(history.users)])
    return Space(
        keys,
        np.concatenate([encoder.factors, users]),
        metric,
        columns={"kind": kinds, "count": np.concatenate([history.item_counts, history.user_counts])},
        encoder=encoder,
        recipe=Recipe(
            learner, settings, _seed(settings), history.fingerprint,
            versions("numpy", "numba"), time.monotonic() - began,
        ),
        name=history.name,
    )  # fmt: skip


def _seed(settings: dict[str, object]) -> int | None:
    seed = settings.get("seed")
    return seed if isinstance(seed, int) else None
