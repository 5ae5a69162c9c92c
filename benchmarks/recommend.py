"""How fast are the best 20 items of all users, what they have chosen left out, beside implicit? Of a new one?

Both rank with the same vectors, learned by our ALS in a few sweeps from planted events (planted_events.py)
or from a table of yours; answers are compared. implicit runs as it advises, BLAS on one thread and two of its
own, and also with BLAS on all threads; its better figure counts. Runs alternate; users a second of the median
run by the clock, and by processor seconds of all threads. Then the median and 95th percentile of `recommend`
for a new user of 50 items: placing, ranking and names. Ours by name is `ns.recommend` for all users, with
names looked up and hits made; ours is the ranking alone, as implicit's.
Usage: python benchmarks/recommend.py [--shape small|ml-20m | --table FILE --user U --item I] [--dims 64 128]
[--runs 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

K, THREADS, SWEEPS, NEW = 20, 2, 3, 300


def learned(asked: argparse.Namespace, dim: int) -> Any:
    """A Space of users and items."""
    from nearspace.data.events import read_interactions
    from nearspace.data.interactions import Interactions
    from nearspace.keys import Keys
    from nearspace.learners.als import ALS

    if asked.table:
        data = read_interactions(asked.table, user=asked.user, item=asked.item)
    else:
        from planted_events import events

        users, items, size = events(asked.shape)
        names = Keys(map(str, range(size.users))), Keys(map(str, range(size.items)))
        data = Interactions.from_pairs(*names, (users, items), np.ones(len(users), np.float32))
    return ALS(dim=dim, sweeps=SWEEPS).fit(data, workers=THREADS)


def timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    wall, processor = time.perf_counter(), time.process_time()
    found = work()
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}, found


def compare(space: Any, runs: int) -> dict[str, Any]:
    """Seconds of every run of each way, and how many of the answers are the same."""
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    import nearspace as ns
    from nearspace.search.recommend import top_items

    history = space.encoder.history
    count, users = len(history.items), np.arange(len(history.users))
    vectors, names = space.vectors[count:], list(history.users)
    model = AlternatingLeastSquares(factors=space.dim, num_threads=THREADS)
    model.user_factors, model.item_factors = vectors, space.vectors[:count]
    starts, columns, weights = history.by_user
    matrix = sp.csr_matrix((weights, columns, starts), shape=(len(users), count))

    def theirs(threads: int | None) -> Any:
        with threadpool_limits(threads, "blas"):
            return model.recommend(users, matrix, N=K, filter_already_liked_items=True)

    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: top_items(space, vectors, history.by_user, K, workers=THREADS),
        "ours by name": lambda: ns.recommend(space, names, k=K, workers=THREADS),
        "implicit, BLAS on one thread": lambda: theirs(1),
        "implicit, BLAS on all": lambda: theirs(None),
    }
    told: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    answers = {name: work() for name, work in ways.items()}  # kernels are loaded
    for _ in range(runs):
        for name, work in ways.items():
            told[name].append(timed(work)[0])
    same = float((answers["ours"][0] == answers["implicit, BLAS on one thread"][0]).mean())
    multiply_adds = len(users) * count * space.dim
    return {"users": len(users), "items": count, "events": len(columns), "dim": space.dim, "same": same,
            "gflop": 2 * multiply_adds / 1e9, "seconds": told}  # fmt: skip


def newcomers(space: Any) -> dict[str, float]:
    """Milliseconds of one new user, from names of items to names of items."""
    import nearspace as ns

    draw = np.random.default_rng(3)
    items = space.encoder.history.items
    chances = np.diff(space.encoder.history.by_item.starts) / len(space.encoder.history)
    told = []
    for _ in range(NEW):
        liked = items.names(draw.choice(len(items), 50, replace=False, p=chances))
        began = time.perf_counter()
        assert len(ns.recommend(space, liked=liked, k=K).keys[0]) == K
        told.append(1000 * (time.perf_counter() - began))
    told = told[NEW // 3 :]  # the index loads its kernels after some questions
    return {"p50": statistics.median(told), "p95": float(np.percentile(told, 95))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="small")
    parser.add_argument("--table")
    parser.add_argument("--user", default="user")
    parser.add_argument("--item", default="item")
    parser.add_argument("--dims", type=int, nargs="*", default=[64, 128])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int)
    asked = parser.parse_args()
    if asked.one:
        space = learned(asked, asked.one)
        print(json.dumps({**compare(space, asked.runs), "newcomer": newcomers(space)}))
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    found = []
    for dim in asked.dims:
        command = [sys.executable, __file__, *sys.argv[1:], "--one", str(dim)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(done.stderr)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        if not asked.json:
            show(found[-1])
    if asked.json:
        print(json.dumps(found, indent=1))


def show(one: dict[str, Any]) -> None:
    print(
        f"{one['users']:,} users, {one['items']:,} items, {one['events']:,} events, {one['dim']} components; "
        f"{one['same']:.4%} of the answers are the same"
    )
    for name, runs in one["seconds"].items():
        wall, processor = (statistics.median(run[kind] for run in runs) for kind in ("wall", "processor"))
        print(
            f"  {name:30s} {one['users'] / wall:9,.0f} users/s, {one['gflop'] / wall:6.1f} GFLOP/s; "
            f"a processor second {one['users'] / processor:8,.0f} users, {one['gflop'] / processor:.1f} GFLOP"
        )
    print(f"  a new user: {one['newcomer']['p50']:.2f} ms, 95 % below {one['newcomer']['p95']:.2f} ms")


if __name__ == "__main__":
    main()
