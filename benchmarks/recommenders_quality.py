"""Who recommends best on anime, each at its best: our ALS, implicit's, EASE, item-kNN, SVD, popularity?

520,609 events of 5,000 users on 7,390 titles, without times. Of each user with at least 5 events one drawn
event is the test and another one is for validation. Every system is tuned over its grid by nDCG@20 on the
validation events, learned anew with these, and judged on the test events, among all titles that the user did
not have. Both ALS have the same grid: dim, weight of the unobserved, strength of the regularisation. Needs
NEARSPACE_DATA, and implicit and scipy for the peers. Results are kept in FIGURES, so that a run can be
continued; all of it takes hours on two cores, and --dims, --unobserved and --regs say which part to run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/recommenders_quality.py anime.json
    OPENBLAS_NUM_THREADS=1 python benchmarks/recommenders_quality.py anime.json --systems als ease --dims 256
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.interactions import Interactions
from nearspace.evaluation.agreement import Difference
from nearspace.evaluation.baselines import Popularity
from nearspace.evaluation.bootstrap import percentile, resampled, stream, value_of
from nearspace.evaluation.ease import EASE
from nearspace.evaluation.held_out import rows_of
from nearspace.evaluation.index_quality import Mean
from nearspace.evaluation.item_knn import ItemKNN
from nearspace.kernels.best import best_of
from nearspace.keys import Keys
from nearspace.learners.als import ALS

K = 20
LEAST = 5  # events of a user who is judged
Scores = Callable[[slice], np.ndarray]  # some users -> (q, I)
Settings = dict[str, Any]


class Data:
    """The events as a matrix, and of each user the item for validation and for the test, -1 for none."""

    def __init__(self, seed: int = 1) -> None:
        path = Path(os.environ["NEARSPACE_DATA"]) / "interactions" / "anime" / "anime_history.dat"
        table = np.loadtxt(path, dtype=np.int64, skiprows=1, usecols=(0, 1))
        codes = np.unique(table, axis=0)
        self.users, self.items = (np.unique(codes[:, side], return_inverse=True)[1] for side in (0, 1))
        self.shape = int(self.users.max()) + 1, int(self.items.max()) + 1
        random = np.random.default_rng(seed)
        self.held = np.full((2, self.shape[0]), -1)
        for user, own in enumerate(np.split(self.items, np.flatnonzero(np.diff(self.users)) + 1)):
            if len(own) >= LEAST:
                self.held[:, user] = random.choice(own, 2, replace=False)

    def training(self, final: bool) -> tuple[np.ndarray, np.ndarray]:
        """Users and items of the events to learn from; `final`: with those for validation."""
        kept = self.items != self.held[1][self.users]
        if not final:
            kept &= self.items != self.held[0][self.users]
        return self.users[kept], self.items[kept]


def interactions(shape: tuple[int, int], pairs: tuple[np.ndarray, np.ndarray]) -> Interactions:
    """Events for our learners."""
    users, items = (Keys(map(str, range(size))) for size in shape)
    rows = pairs[0].astype(np.int32), pairs[1].astype(np.int32)
    return Interactions.from_pairs(users, items, rows, np.ones(len(rows[0]), np.float32), name="anime")


def matrix(shape: tuple[int, int], pairs: tuple[np.ndarray, np.ndarray]) -> Any:
    """Events for libraries over scipy."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(pairs[0]), np.float32), pairs), shape=shape)


def by_factors(users: np.ndarray, items: np.ndarray) -> Scores:
    """Products of vectors."""
    return lambda part: users[part] @ items.T


def als(shape: tuple[int, int], pairs: Any, dim: int, unobserved: float, reg: float) -> Scores:
    """Our ALS; rows are put back into the order of the file."""
    space = ALS(dim=dim, unobserved=unobserved, reg=reg).fit(interactions(shape, pairs))
    history = space.encoder.history
    users, items = np.zeros((shape[0], dim), np.float32), np.zeros((shape[1], dim), np.float32)
    items[[int(name) for name in history.items]] = space.vectors[: len(history.items)]
    users[[int(name) for name in history.users]] = space.vectors[len(history.items) :]
    return by_factors(users, items)


def implicit_als(shape: tuple[int, int], pairs: Any, dim: int, unobserved: float, reg: float) -> Scores:
    """implicit's ALS with the weights of ours: its alpha is 1 / unobserved.

    It has one regularisation for all rows; it gets the geometric mean of what ours has for a mean user
    and a mean item, in its own units.
    """
    from implicit.als import AlternatingLeastSquares

    counts = [len(pairs[0]) / len(np.unique(side)) for side in pairs]
    strength = [count + unobserved * size for count, size in zip(counts, shape[::-1], strict=True)]
    model = AlternatingLeastSquares(
        factors=dim, regularization=reg * float(np.sqrt(strength[0] * strength[1])) / unobserved,
        alpha=1 / unobserved, iterations=15, random_state=1,
    )  # fmt: skip
    model.fit(matrix(shape, pairs), show_progress=False)
    return by_factors(model.user_factors, model.item_factors)


def svd(shape: tuple[int, int], pairs: Any, dim: int) -> Scores:
    """Truncated SVD of the zeros and ones (PureSVD; Cremonesi and others 2010)."""
    from scipy.sparse.linalg import svds

    left, values, right = svds(matrix(shape, pairs), k=dim, random_state=1)
    return by_factors(left * values, right.T.copy())


def implicit_knn(shape: tuple[int, int], pairs: Any, k: int) -> Scores:
    """implicit's cosine item-kNN."""
    from implicit.nearest_neighbours import CosineRecommender

    events = matrix(shape, pairs)
    model = CosineRecommender(K=k)
    model.fit(events, show_progress=False)
    return lambda part: (events[part] @ model.similarity).toarray()


def by_baseline(settings: Any) -> Callable[..., Scores]:
    """A baseline of nearspace.measure.ranking."""

    def fit(shape: tuple[int, int], pairs: Any, **values: Any) -> Scores:
        data = interactions(shape, pairs)
        found = settings(**values).fit(data)
        items = np.array([int(name) for name in data.items])
        place = np.full(shape[0], -1)
        place[[int(name) for name in data.users]] = np.arange(len(data.users))

        def scores(part: slice) -> np.ndarray:
            wide = np.full((len(range(*part.indices(shape[0]))), shape[1]), -np.inf, np.float32)
            wide[:, items] = found.scores(rows_of(data.by_user, place[part]))
            return wide

        return scores

    return fit


def grids(
    dims: list[int], weights: list[float], regs: list[float]
) -> dict[str, tuple[Callable[..., Scores], list[Settings], str]]:
    """System -> what fits it, the settings that are tried, the package."""
    factors = [
        {"dim": dim, "unobserved": unobserved, "reg": reg}
        for dim, unobserved, reg in product(dims, weights, regs)
    ]
    return {
        "popularity": (by_baseline(Popularity), [{}], "nearspace"),
        "svd": (svd, [{"dim": dim} for dim in (32, 64, 128, 256)], "scipy"),
        "item-knn": (
            by_baseline(ItemKNN),
            [
                {"k": k, "shrink": shrink}
                for k, shrink in product((2, 3, 5, 10, 20, 50, 100), (0.0, 2.0, 10.0, 50.0))
            ],
            "nearspace",
        ),
        "implicit item-knn": (implicit_knn, [{"k": k} for k in (2, 3, 5, 10, 20, 50, 100)], "implicit"),
        "ease": (by_baseline(EASE), [{"reg": reg} for reg in (30.0, 60.0, 100.0, 200.0, 500.0)], "nearspace"),
        "implicit als": (implicit_als, factors, "implicit"),
        "als": (als, factors, "nearspace"),
    }


def judged(data: Data, scores: Scores, final: bool) -> dict[str, np.ndarray]:
    """Recall and nDCG of each judged user."""
    users, items = data.training(final)
    held = data.held[int(final)]
    places = np.empty((data.shape[0], K), np.int64)
    for start in range(0, data.shape[0], 256):
        part = slice(start, min(start + 256, data.shape[0]))
        block = np.ascontiguousarray(scores(part), np.float32)
        own = (users >= part.start) & (users < part.stop)
        block[users[own] - part.start, items[own]] = -np.inf
        best_of(block, K, places[part], np.empty((len(block), K), np.float32))
    hits = (places == held[:, None])[held >= 0]
    return {"recall": hits.any(axis=1) * 1.0, "ndcg": hits @ (1 / np.log2(np.arange(2, K + 2)))}


def tuned(data: Data, fit: Callable[..., Scores], grid: list[Settings], kept: dict[str, Any]) -> Settings:
    """Try settings on the validation events, and give the best of these and of those in `kept`."""
    for settings in grid:
        name = json.dumps(settings)
        if name not in kept and len(grid) > 1:
            began, cpu = time.perf_counter(), time.process_time()
            found = judged(data, fit(data.shape, data.training(False), **settings), False)
            spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
            kept[name] = {figure: float(values.mean()) for figure, values in found.items()} | spent
            show(name, kept[name])
    best: Settings = json.loads(max(kept, key=lambda name: kept[name]["ndcg"])) if kept else grid[0]
    return best


def show(name: str, figures: dict[str, float]) -> None:
    """Show one try."""
    print(name, {key: round(value, 4) for key, value in figures.items()}, flush=True)


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The table: each system at its best with intervals, and ours minus each."""
    yield f"| system | settings | version | recall@{K} | nDCG@{K} | als - it: recall | nDCG |"
    yield "|---|---|---|---|---|---|---|"
    means = {
        name: {figure: Mean(np.array(one[figure]), len(one[figure])) for figure in ("recall", "ndcg")}
        for name, one in figures["test"].items()
    }
    for name, one in figures["test"].items():
        cells = [interval(figure) for figure in means[name].values()]
        ours = means.get("als", means[name])
        cells += [interval(Difference(ours[figure], means[name][figure])) for figure in ours]
        settings = ", ".join(f"{key} {value:g}" for key, value in one["settings"].items())
        yield f"| {name} | {settings} | {one['version']} | {' | '.join(cells)} |"
    users = len(next(iter(figures["test"].values()))["recall"])
    yield f"\n{users:,} users; intervals over users, differences paired."


def interval(figure: Any) -> str:
    """Value and 95 % interval."""
    value = value_of(figure)
    low, high = percentile(resampled(figure, stream(1, "anime"), 1000), value)
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def main() -> None:
    """Tune, judge and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path)
    parser.add_argument("--systems", nargs="+")
    parser.add_argument("--dims", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--unobserved", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--regs", type=float, nargs="+", default=[0.002, 0.003, 0.004, 0.006])
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text("utf-8")) if options.figures.exists() else {}
    tries, test = figures.setdefault("tries", {}), figures.setdefault("test", {})
    data = Data()
    for name, (fit, grid, package) in grids(options.dims, options.unobserved, options.regs).items():
        if options.systems and name not in options.systems:
            continue
        settings = tuned(data, fit, grid, tries.setdefault(name, {}))
        if test.get(name, {}).get("settings") != settings:
            found = judged(data, fit(data.shape, data.training(True), **settings), True)
            test[name] = {figure: values.tolist() for figure, values in found.items()}
            test[name] |= {"settings": settings, "version": f"{package} {version(package)}"}
        options.figures.write_text(json.dumps(figures), "utf-8")
    print("\n".join(lines(figures)))


if __name__ == "__main__":
    main()
