"""measure.newcomers: would items that nobody has chosen yet reach the users who choose them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions
from nearspace.encoders.recommender import USER
from nearspace.errors import InputError, SettingError
from nearspace.evaluation.bootstrap import value_of
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.held_out import read_held_out
from nearspace.evaluation.index_quality import Mean
from nearspace.kernels.ranking_scores import ndcg_at, recall_at
from nearspace.learners.als import ALS
from nearspace.protocols import Learner, Progress, Quiet
from nearspace.results import Report
from nearspace.space import Space
from nearspace.transfer.adding import (
    LEAST_ITEMS,
    NEWCOMER,
    add_items,
    features_of,
    fit_newcomers,
    read_described,
)
from nearspace.transfer.newcomers import NEAREST, Newcomers, unit

USERS = 10_000  # most users that are judged, drawn by the seed
_BLOCK = 256

Floats = NDArray[np.float32]


def newcomers(
    events: Any,
    table: Any,
    *,
    key: str = "key",
    text: str | Sequence[str] | None = None,
    encoder: Any = "lsa",
    learner: Learner | None = None,
    share: float = 0.15,
    k: int = 20,
    user: str = "user",
    item: str = "item",
    seed: int = 1,
    samples: int = 1000,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure a bridge for newcomers on items held out whole.

    A share of the items is left out with all their events, a Space is learned of the others, and the bridge
    places those left out. Figures of the users who chose some: recall@k and ndcg@k of lists of newcomers
    only ("newcomers."), and of lists of all items that the user did not have ("all."), where what is
    held out competes with everything else. Baselines: chance; the newcomers whose nearest items are popular;
    those nearest to the texts of the user's items; the mean item vector (lists of all).

    Args:
        events: Interactions, or a table with the columns `user` and `item`.
        table, key, text, encoder: as `fit_newcomers`.
        learner: of the Space; None: ALS().
        share: of the items that the table has.
        seed, samples: of the choice and of the bootstrap over users.

    Raises:
        InputError: too few items are in the table, or nobody chose what was held out.
        SettingError: share or k is out of its range.
    """
    if not 0 < share < 1:
        raise SettingError(f"share is {share}", "Give a share above 0 and below 1, such as 0.15.")
    data = read_held_out(events, user, item)
    described = read_described(table, key, text)
    held = _hold_out(data, described.keys, share, seed)
    train = _without(data, held)
    space = (learner or ALS()).fit(train, workers=workers, progress=progress)
    bridge = fit_newcomers(space, described, text=text, encoder=encoder, seed=seed, progress=progress)
    more = add_items(space, described, newcomers=bridge, progress=progress)
    trial = _Trial.of(data, held, more, seed)
    if not 1 <= k < trial.new.sum():
        raise SettingError(f"k is {k}, and {int(trial.new.sum()):,} items were held out", "Lower k.")
    features = _features(described.keys, features_of(described, bridge.encoder), trial)
    roads = _roads(trial, more, features, bridge, seed)
    return Report(space.name, tuple(_measures(trial, roads, k, seed, samples)))


def _hold_out(data: Interactions, keys: Any, share: float, seed: int) -> NDArray[np.bool_]:
    described = np.array([name in keys for name in data.items], dtype=bool)
    count = round(share * int(described.sum()))
    if count < 2 or int(described.sum()) - count < LEAST_ITEMS:
        raise InputError(
            f"the table has {int(described.sum()):,} items of {data.name}, too few to hold out {share:.0%}",
            "Name the column of the items' names with key=.",
        )
    held = np.zeros(len(data.items), dtype=bool)
    held[np.random.default_rng([seed, count]).choice(np.flatnonzero(described), count, replace=False)] = True
    return held


def _without(data: Interactions, held: NDArray[np.bool_]) -> Interactions:
    """Give the events of the other items, without users and items that have none left."""
    kept = ~held[data.by_user.columns]
    users = np.repeat(np.arange(len(data.users), dtype=np.int32), data.user_counts)[kept]
    times = None if data.times is None else data.times[kept]
    pairs = users, data.by_user.columns[kept]
    return Interactions.from_pairs(
        data.users, data.items, pairs, data.by_user.weights[kept], times, name=data.name
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """Users, what each had and what of the held-out each chose, as numbers of rows of kind item.

    Attributes:
        rows: (i,) rows of the items in the Space.
        new: (i,) which were held out.
        names: (i,) their names.
        counts: (i,) their users in training.
        people: (u,) rows of the users that are judged.
        had, chosen: of each user the numbers of items.
    """

    rows: NDArray[np.int64]
    new: NDArray[np.bool_]
    names: list[str]
    counts: NDArray[np.float64]
    people: NDArray[np.int64]
    had: list[NDArray[np.int64]]
    chosen: list[NDArray[np.int64]]

    @classmethod
    def of(cls, data: Interactions, held: NDArray[np.bool_], space: Space, seed: int) -> _Trial:
        """Look up users and items in the Space that has the newcomers."""
        rows = np.flatnonzero(np.asarray(space.columns["kind"]) == "item")
        names = space.keys.names(rows)
        number = {name: at for at, name in enumerate(names)}
        code = np.array([number.get(name, -1) for name in data.items], dtype=np.int64)
        people: list[int] = []
        had, chosen = [], []
        for user in np.random.default_rng([seed, 2]).permutation(len(data.users)).tolist():
            row = space.keys.find(USER + data.users[user])
            items = data.by_user.columns[data.by_user.starts[user] : data.by_user.starts[user + 1]]
            hits = code[items[held[items]]]
            if row is not None and (hits >= 0).any() and len(people) < USERS:
                people.append(row)
                chosen.append(hits[hits >= 0])
                had.append(code[items[~held[items]]])
        if not people:
            raise InputError(
                f"{data.name}: no user chose an item that was held out and another one", "Hold out more."
            )
        new = np.asarray(space.columns[NEWCOMER], dtype=bool)[rows]
        counts = np.asarray(space.columns["count"])[rows].astype(np.float64)
        return cls(rows, new, names, counts, np.array(people), had, chosen)


def _features(keys: Any, features: Floats, trial: _Trial) -> Floats:
    """(i, f) of length 1, zeros for items that the table lacks."""
    found = np.zeros((len(trial.rows), features.shape[1]), np.float32)
    for at, name in enumerate(trial.names):
        row = keys.find(name)
        if row is not None:
            found[at] = features[row]
    return unit(found)


Road = tuple[Floats, Floats]  # (u, d) and (i, d), whose products are scores


def _roads(trial: _Trial, space: Space, features: Floats, bridge: Newcomers, seed: int) -> dict[str, Road]:
    """Name -> ways to score items for users; "" is the Space with the newcomers."""
    users, items = space.take(trial.people), space.take(trial.rows)
    if space.metric == "cosine":
        users, items = unit(users), unit(items)
    mean = items.copy()
    mean[trial.new] = items[~trial.new].mean(axis=0)
    likes = np.array([features[had].sum(axis=0) for had in trial.had], np.float32)
    old = np.flatnonzero(~trial.new)
    near = np.argsort(-features[trial.new] @ features[old].T, axis=1, kind="stable")[:, :NEAREST]
    popular = trial.counts.astype(np.float32)[:, None].copy()
    popular[trial.new, 0] = trial.counts[old][near].mean(axis=1)
    draw = np.random.default_rng([seed, 3])
    chance = [draw.standard_normal((size, 8)).astype(np.float32) for size in (len(users), len(items))]
    one = np.ones((len(users), 1), np.float32)
    return {
        "": (users, items), "chance": (chance[0], chance[1]), "nearest popular": (one, popular),
        "content": (likes, features), "mean item": (users, mean),
    }  # fmt: skip


def _measures(trial: _Trial, roads: dict[str, Road], k: int, seed: int, samples: int) -> Iterator[Any]:
    for scope in ("newcomers", "all"):
        figures: dict[str, dict[str, Mean]] = {}
        for name, road in roads.items():
            if scope == "newcomers" and name == "mean item":
                continue  # all newcomers are alike
            figures[name] = _figures(trial, road, scope == "newcomers", k)
        own = figures.pop("")
        for figure, mean in own.items():
            beside = {name: value_of(found[figure]) for name, found in figures.items()}
            yield measured(f"{scope}.{figure}", mean, beside, seed=seed, samples=samples)


def _figures(trial: _Trial, road: Road, only_new: bool, k: int) -> dict[str, Mean]:
    users, items = road
    gains = np.zeros((len(users), k))
    for begin in range(0, len(users), _BLOCK):
        scores = users[begin : begin + _BLOCK] @ items.T
        if only_new:
            scores[:, ~trial.new] = -np.inf
        for at in range(len(scores)):
            scores[at, trial.had[begin + at]] = -np.inf
        best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        for at in range(len(scores)):
            gains[begin + at] = np.isin(best[at], trial.chosen[begin + at])
    relevant = np.array([len(chosen) for chosen in trial.chosen])
    ideal = (np.arange(k) < relevant[:, None]).astype(np.float64)
    total = len(users)
    return {
        f"recall@{k}": Mean(recall_at(gains, ideal, k), total),
        f"ndcg@{k}": Mean(ndcg_at(gains, ideal, k), total),
    }
