"""Is a new user placed in milliseconds, and as well as by training again?

A tenth of the users is held out whole. Each of them loses one event, drawn by seed; by the others the user is
placed (fold-in), or is trained with all users. nDCG@20 of the lost event among all unseen items, for these
users only, with the interval of the difference (bootstrap over users). Time: one new user of 20 liked items
at a time on the planted events of 60,000 x 20,000, placed and with the top 20; p50 and p99 of 1,000.
Usage: python benchmarks/fold_in.py [--dim 64] [--json]; anime comes from NEARSPACE_DATA
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.keys import Keys
from nearspace.learners.als import ALS
from planted_events import events

K, ASKED = 20, 1000


def anime() -> Interactions:
    path = Path(os.environ["NEARSPACE_DATA"]) / "interactions" / "anime" / "anime_history.dat"
    return ns.read_interactions(path, user="User_ID", item="Anime_ID")


def planted() -> Interactions:
    users, items, shape = events("small")
    names = Keys(map(str, range(shape.users))), Keys(map(str, range(shape.items)))
    return Interactions.from_pairs(*names, (users, items), np.ones(len(users), np.float32))


def gains(
    data: Interactions, users: np.ndarray, vectors: np.ndarray, items: np.ndarray, lost: np.ndarray
) -> Any:
    """nDCG@K of the lost item of each user among all items that `data` does not have of the user."""
    scores = vectors @ items.T
    starts, columns, _ = data.by_user
    for row, user in enumerate(users):
        scores[row, columns[starts[user] : starts[user + 1]]] = -np.inf
    place = (scores > scores[np.arange(len(users)), lost][:, None]).sum(axis=1)
    return np.where(place < K, 1 / np.log2(place + 2), 0.0)


def quality(data: Interactions, dim: int) -> dict[str, float]:
    """Mean nDCG of both ways, and their difference."""
    draw = np.random.default_rng(3)
    starts = data.by_user.starts
    new = np.sort(draw.choice(len(data.users), len(data.users) // 10, replace=False))
    new = new[np.diff(starts)[new] > 1]
    lost = starts[new] + np.floor(draw.random(len(new)) * np.diff(starts)[new]).astype(np.int64)
    kept = np.ones(len(data), bool)
    kept[lost] = False
    left = data.where(kept)
    old = np.ones(len(data.users), bool)
    old[new] = False
    trained = ALS(dim=dim).fit(left)
    others = ALS(dim=dim).fit(left.where(np.repeat(old, left.user_counts)))
    count, items = len(data.items), data.by_user.columns[lost]
    whole = gains(left, new, trained.vectors[count + new], trained.vectors[:count], items)
    placed = others.encoder.fold_in(left.by_user)[new]
    folded = gains(left, new, placed, others.vectors[:count], items)
    draws = draw.integers(0, len(new), (1000, len(new)))
    low, high = np.percentile((folded - whole)[draws].mean(axis=1), [2.5, 97.5])
    return {
        "n": len(new), "trained": whole.mean(), "fold_in": folded.mean(),
        "difference": (folded - whole).mean(), "low": low, "high": high,
    }  # fmt: skip


def times(data: Interactions, dim: int) -> dict[str, float]:
    """Milliseconds of one new user: placed, and with the top 20."""
    space = ALS(dim=dim, sweeps=2).fit(data)
    draw = np.random.default_rng(4)
    names = list(data.items)
    chance = data.item_counts / data.item_counts.sum()
    told: dict[str, list[float]] = {"placed": [], "recommended": []}
    for _ in range(ASKED + 1):
        liked = [names[item] for item in draw.choice(len(names), 20, replace=False, p=chance)]
        began = time.perf_counter()
        space.encoder.fold_in(space.encoder.liked([liked]))
        told["placed"].append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        ns.recommend(space, liked=liked, k=K).keys  # noqa: B018
        told["recommended"].append(1e3 * (time.perf_counter() - began))
    return {
        f"{name}_{point}": float(np.percentile(values[1:], share))
        for name, values in told.items()
        for point, share in (("p50", 50), ("p99", 99))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    data = planted()
    figures: dict[str, Any] = {"times": times(data, asked.dim), "planted": quality(data, asked.dim)}
    if "NEARSPACE_DATA" in os.environ:
        figures["anime"] = quality(anime(), asked.dim)
    for name, found in figures.items():
        print(name, {key: round(float(value), 4) for key, value in found.items()}, file=sys.stderr)
    if asked.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
