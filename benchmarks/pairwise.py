"""How fast are epochs of BPR and Item2Vec beside implicit and gensim, and is the result as good?

Epochs are timed as the difference of two trainings of different length, in turns with the peer, on planted
events (60,000 x 20,000, 5.6M); quality on anime, one event a user left out, after as many epochs.
Run with a Python that has implicit and gensim.
Usage: NEARSPACE_DATA=... python benchmarks/pairwise.py [--runs N] [--quality]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as implicit advises

import numpy as np
import scipy.sparse as sp
from gensim.models import Word2Vec
from implicit.cpu.bpr import BayesianPersonalizedRanking

from nearspace.data.interactions import Interactions
from nearspace.keys import Keys
from nearspace.learners.bpr import BPR
from nearspace.learners.item2vec import Item2Vec
from planted_events import events

THREADS, FACTORS = 2, 64
Scores = tuple[np.ndarray, np.ndarray]


def interactions(users: np.ndarray, items: np.ndarray) -> Interactions:
    """Give events with names that are their numbers."""
    names = Keys(map(str, range(users.max() + 1))), Keys(map(str, range(items.max() + 1)))
    return Interactions.from_pairs(*names, (users, items), np.ones(len(users), np.float32))


def sentences(users: np.ndarray, items: np.ndarray) -> list[list[str]]:
    """Give the items of each user in a drawn order, as gensim reads them."""
    order = np.lexsort((np.random.default_rng(1).random(len(users)), users))
    ends = np.flatnonzero(np.diff(users[order])) + 1
    return [part.tolist() for part in np.split(items[order].astype(str), ends)]


def implicit_bpr(users: np.ndarray, items: np.ndarray, epochs: int, **options: float) -> Scores:
    """Train implicit's BPR."""
    matrix = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)))
    model = BayesianPersonalizedRanking(
        factors=FACTORS, iterations=epochs, num_threads=THREADS, random_state=1, **options
    )
    model.fit(matrix, show_progress=False)
    return model.user_factors, model.item_factors


def gensim_model(lines: list[list[str]], epochs: int, sample: float) -> Word2Vec:
    """Train gensim's skip-gram."""
    return Word2Vec(
        lines, vector_size=FACTORS, window=5, negative=5, sg=1, sample=sample, min_count=1, epochs=epochs,
        workers=THREADS, seed=1,
    )  # fmt: skip


def epoch(train: Callable[[int], object], few: int, many: int) -> tuple[float, float]:
    """Wall and processor seconds of one epoch."""
    taken = []
    for count in (few, many):
        began = time.perf_counter(), time.process_time()
        train(count)
        taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return tuple((taken[1][at] - taken[0][at]) / (many - few) for at in (0, 1))  # type: ignore[return-value]


def speed(runs: int) -> None:
    """Time epochs in turns, and print the median."""
    users, items, _ = events("small")
    data, lines = interactions(users, items), sentences(users, items)
    contestants: dict[str, Callable[[int], object]] = {
        "bpr": lambda count: BPR(dim=FACTORS, epochs=count).fit(data, workers=THREADS),
        "implicit bpr": lambda count: implicit_bpr(users, items, count),
        "item2vec": lambda count: Item2Vec(dim=FACTORS, epochs=count, sample=0).fit(data, workers=THREADS),
        "gensim": lambda count: gensim_model(lines, count, 0),
    }
    contestants["bpr"](1), contestants["item2vec"](1)  # kernels are compiled
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, train in contestants.items():
            taken[name].append(epoch(train, 1, 2 if name == "gensim" else 3))
    for name, times in taken.items():
        wall, cpu = np.median(np.array(times), axis=0)
        print(f"{name:14s} {wall:7.3f} s an epoch, {cpu:7.3f} processor s ({len(users):,} events)")


def left_out() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users and items of the training, and (user, item) left out."""
    path = Path(os.environ["NEARSPACE_DATA"]) / "interactions" / "anime" / "anime_history.dat"
    pairs = np.loadtxt(path, skiprows=1, dtype=np.int32)[:, :2] - 1
    pairs = pairs[np.lexsort((np.random.default_rng(7).random(len(pairs)), pairs[:, 0]))]
    last = np.flatnonzero(np.diff(pairs[:, 0], append=-1))
    last = last[np.bincount(pairs[:, 0])[pairs[last, 0]] >= 5]
    kept = np.ones(len(pairs), dtype=bool)
    kept[last] = False
    return pairs[kept, 0], pairs[kept, 1], pairs[last]


def judge(scores: Scores, users: np.ndarray, items: np.ndarray, out: np.ndarray) -> str:
    """recall@20, nDCG@20 and AUC over all items that the user did not have."""
    order = np.argsort(users, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(users))))
    ranks, chances = np.empty(len(out)), np.empty(len(out))
    for at, (user, item) in enumerate(out):
        row = scores[1] @ scores[0][user]
        value = row[item]
        row[items[order[starts[user] : starts[user + 1]]]] = -np.inf
        ranks[at] = (row > value).sum()
        chances[at] = 1 - ranks[at] / (np.isfinite(row).sum() - 1)
    gain = np.where(ranks < 20, 1 / np.log2(ranks + 2), 0.0)
    error = gain.std() / np.sqrt(len(gain))
    figures = f"recall@20 {(ranks < 20).mean():.3f}, nDCG@20 {gain.mean():.4f} (s.e. {error:.4f})"
    return f"{figures}, AUC {chances.mean():.4f}"


def ours(space: object, size: tuple[int, int]) -> Scores:
    """Vectors by the numbers of users and items."""
    vectors = space.vectors  # type: ignore[attr-defined]
    if space.metric == "cosine":  # type: ignore[attr-defined]
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    sides = tuple(np.zeros((count, vectors.shape[1]), np.float32) for count in size)
    for row, name in enumerate(space.keys):  # type: ignore[attr-defined]
        side, number = (0, name[5:]) if name.startswith("user:") else (1, name)
        sides[side][int(number)] = vectors[row]
    return sides  # type: ignore[return-value]


def by_gensim(lines: list[list[str]], users: np.ndarray, items: np.ndarray, size: tuple[int, int]) -> Scores:
    """Mean of the user's items, all of length 1."""
    model = gensim_model(lines, 20, 1e-4)
    rows = np.zeros((size[1], FACTORS), np.float32)
    for name, row in model.wv.key_to_index.items():
        rows[int(name)] = model.wv.vectors[row]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    sums = np.zeros((size[0], FACTORS), np.float32)
    np.add.at(sums, users, rows[items])
    return sums, rows


def quality() -> None:
    """Print figures on anime."""
    users, items, out = left_out()
    size = int(users.max()) + 1, int(max(items.max(), out[:, 1].max())) + 1
    data, told = interactions(users, items), (users, items, out)
    for epochs in (50, 100):
        print("bpr", epochs, judge(ours(BPR(epochs=epochs).fit(data), size), *told))
        for rate in (0.01, 0.03):
            found = implicit_bpr(users, items, epochs, learning_rate=rate)
            items_of = np.zeros((size[1], found[1].shape[1]), np.float32)
            items_of[: len(found[1])] = found[1]
            print("implicit bpr", epochs, rate, judge((found[0], items_of), *told))
    print("item2vec", 20, judge(ours(Item2Vec(epochs=20).fit(data), size), *told))
    print("gensim", 20, judge(by_gensim(sentences(users, items), users, items, size), *told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quality", action="store_true")
    asked = parser.parse_args()
    quality() if asked.quality else speed(asked.runs)


if __name__ == "__main__":
    main()
