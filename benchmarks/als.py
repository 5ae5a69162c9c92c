"""Is ALS faster than implicit's: a sweep, and the whole way to the quality that implicit reaches?

Events are planted by seed (planted_events.py); one event of each of 10,000 users is held out, and all items
are ranked for it. Every run is a process of its own, kernels warm; runs alternate. A sweep: median of wall
seconds of all but the first. The way: wall seconds of a whole `fit`, from the sorted events to the Space,
with so many sweeps, and nDCG@20. implicit runs with BLAS on one thread, as it advises, and two of its own.
ALS_STEPS=2 has ours take two steps of conjugate gradients instead of implicit's three.
Usage: python benchmarks/als.py [--shape small|ml-20m] [--dims 64 128 256] [--runs 3] [--way 64] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HELD, K, SWEEPS, THREADS = 10_000, 20, 15, 2
STEPS = int(os.environ.get("ALS_STEPS", "3"))  # of conjugate gradients a row and sweep; implicit takes 3


def prepare(shape: str, folder: Path) -> Path:
    """Write the matrix without the held-out events, and these."""
    from nearspace.data.interactions import Interactions
    from nearspace.keys import Keys
    from planted_events import events

    users, items, size = events(shape)
    names = Keys(map(str, range(size.users))), Keys(map(str, range(size.items)))
    data = Interactions.from_pairs(*names, (users, items), np.ones(len(users), np.float32))
    draw = np.random.default_rng(2)
    starts = data.by_user.starts
    asked = np.sort(draw.choice(len(data.users), HELD, replace=False))
    held = starts[asked] + np.floor(draw.random(HELD) * np.diff(starts)[asked]).astype(np.int64)
    kept = np.ones(len(data), bool)
    kept[held] = False
    left = data.where(kept).by_user
    path = folder / f"{shape}.npz"
    np.savez(path, starts=left.starts, columns=left.columns, items=len(data.items), asked=asked,
             held=data.by_user.columns[held])  # fmt: skip
    return path


def ndcg(data: Any, users: np.ndarray, items: np.ndarray) -> float:
    """Mean of 1 / log2(1 + place) of the held-out items that are among the first K of all unseen ones."""
    total = 0.0
    for first in range(0, HELD, 1000):
        asked, held = data["asked"][first : first + 1000], data["held"][first : first + 1000]
        scores = users[asked] @ items.T
        for row, user in enumerate(asked):
            scores[row, data["columns"][data["starts"][user] : data["starts"][user + 1]]] = -np.inf
        place = (scores > scores[np.arange(len(asked)), held][:, None]).sum(axis=1)
        total += float(np.where(place < K, 1 / np.log2(place + 2), 0).sum())
    return total / HELD


def ours(data: Any, dim: int, sweeps: int, quality: bool) -> dict[str, Any]:
    """A whole fit, the seconds of each sweep, and the quality of the Space."""
    from nearspace.data.interactions import Interactions, Sparse
    from nearspace.keys import Keys
    from nearspace.learners.als import ALS

    columns = data["columns"]
    matrix = Sparse(data["starts"], columns, np.ones(len(columns), np.float32))
    names = Keys(map(str, range(len(matrix.starts) - 1))), Keys(map(str, range(int(data["items"]))))
    tiny = Interactions(
        Keys(["a"]), Keys(["b"]), Sparse(np.array([0, 1]), columns[:1] * 0, matrix.weights[:1])
    )
    ALS(dim=dim, sweeps=1).fit(tiny)  # kernels
    told, last = [], [0.0]

    def after(_: int) -> None:
        told.append(time.perf_counter() - last[0])
        last[0] = time.perf_counter()

    events = Interactions(*names, matrix)
    began = last[0] = time.perf_counter()
    space = ALS(dim=dim, sweeps=sweeps, steps=STEPS).fit(events, workers=THREADS, after=after)
    seconds = time.perf_counter() - began
    count = int(data["items"])
    vectors = space.vectors
    found = ndcg(data, vectors[count:], vectors[:count]) if quality else 0.0
    return {"sweeps": told[1:], "seconds": seconds, "ndcg": found}


def theirs(data: Any, dim: int, sweeps: int, quality: bool) -> dict[str, Any]:
    """implicit with its own settings; quality after each sweep, its time not counted."""
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    columns, starts = data["columns"], data["starts"]
    ones = np.ones(len(columns), np.float32)
    matrix = sp.csr_matrix((ones, columns, starts), shape=(len(starts) - 1, int(data["items"])))
    told, way, last, spent = [], [], [0.0], [0.0]
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=dim, iterations=sweeps, num_threads=THREADS, random_state=1)

        def after(*_: Any) -> None:
            told.append(time.perf_counter() - last[0])
            spent[0] += told[-1]
            if quality:
                way.append([spent[0], ndcg(data, model.user_factors, model.item_factors)])
            last[0] = time.perf_counter()

        last[0] = time.perf_counter()
        model.fit(matrix, show_progress=False, callback=after)
    return {"sweeps": told[1:], "seconds": spent[0], "way": way, "ndcg": way[-1][1] if way else 0.0}


def run(which: str, path: Path, dim: int, sweeps: int, *, quality: bool = False) -> dict[str, Any]:
    """Run one in a process of its own, with the BLAS kernels that its numpy chooses."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    command = [sys.executable, __file__, "--one", which, str(path), str(dim), str(sweeps), str(int(quality))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def middle(runs: list[dict[str, Any]]) -> float:
    return statistics.median(second for one in runs for second in one["sweeps"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="small")
    parser.add_argument("--dims", type=int, nargs="*", default=[64, 128, 256])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", type=int, nargs="*", default=[64])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=5)
    asked = parser.parse_args()
    if asked.one:
        which, path, dim, sweeps, quality = asked.one
        work = ours if which == "ours" else theirs
        print(json.dumps(work(dict(np.load(path)), int(dim), int(sweeps), quality == "1")))
        return
    figures: dict[str, Any] = {"shape": asked.shape, "sweep": {}, "way": {}}
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(asked.shape, Path(folder))
        figures["events"] = len(np.load(path)["columns"])
        for dim in asked.dims:
            pairs = [(run("ours", path, dim, 4), run("theirs", path, dim, 4)) for _ in range(asked.runs)]
            mine, peer = middle([one for one, _ in pairs]), middle([one for _, one in pairs])
            figures["sweep"][dim] = {"ours": mine, "implicit": peer, "ratio": peer / mine}
            print(
                f"dim {dim}: {mine:.3f} s a sweep, implicit {peer:.3f} s, {peer / mine:.2f}x", file=sys.stderr
            )
        for dim in asked.way:
            peer = run("theirs", path, dim, SWEEPS, quality=True)
            mine = {sweeps: run("ours", path, dim, sweeps, quality=True) for sweeps in (1, 2, 3, 5, 10)}
            figures["way"][dim] = {
                "implicit": peer["way"],
                "ours": {n: [one["seconds"], one["ndcg"]] for n, one in mine.items()},
            }
            told = ", ".join(f"{n}: {one['seconds']:.2f} s, {one['ndcg']:.4f}" for n, one in mine.items())
            print(
                f"dim {dim}: implicit {peer['seconds']:.1f} s, nDCG {peer['ndcg']:.4f}; ours {told}",
                file=sys.stderr,
            )
    if asked.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
