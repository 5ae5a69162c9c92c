"""Do new rows land on a map where rows like them lie, how fast, and what does `transform` of the peers do?

Fashion-MNIST: a map of the 60,000 training images (or the first --rows), on which the 10,000 test images are
placed. Each program lays out the map itself, in a process of its own; then it places --runs times, warm. In
the table: wall and CPU seconds of placing, CPU seconds of placing one image, accuracy of a vote of the 10
nearest images of the map, share of the 10 nearest on the map that are the 10 nearest in the data (and the
same for the map's own images), and how far from their places 2,000 images of the map land that are placed
again, or (ours) left out and placed among the others: per mille of the extent, median, 95 %.
Usage: python benchmarks/placing.py [--rows 60000] [--runs 3] [--peers NAMES]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from graph_data import FASHION, fashion

AGAIN = 2000
TEST = FASHION.with_name(FASHION.name.replace("train", "t10k"))
Placing = Callable[[np.ndarray], np.ndarray]


def labels(which: str) -> np.ndarray:
    with gzip.open(FASHION.with_name(f"{which}-labels-idx1-ubyte.gz")) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=8)


def tests() -> np.ndarray:
    with gzip.open(TEST) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784).astype(np.float32)


def ours(method: str, with_graph: bool = False) -> Callable[[np.ndarray], tuple[np.ndarray, Placing, Any]]:
    import nearspace as ns
    from nearspace.index.graph import Graph
    from nearspace.maps.place import fixed_map

    def fit(vectors: np.ndarray) -> tuple[np.ndarray, Placing, Any]:
        space = ns.Space(ns.Keys(map(str, range(len(vectors)))), vectors, "euclidean")
        laid_out = ns.map(space, method=method, limit=None, neighbors=15)
        index = None
        if with_graph:
            graph = Graph(degree=12, effort_build=32, sample=100)
            index = graph.build(vectors, space.norms, "euclidean", workers=2)
        ready = fixed_map(laid_out, space, index=index)

        def put(some: np.ndarray) -> np.ndarray:
            new = ns.Space(ns.Keys(f"new {row}" for row in range(len(some))), some, "euclidean")
            return ready.place(new).coordinates

        return laid_out.coordinates, put, ready

    return fit


def umap_learn(vectors: np.ndarray) -> tuple[np.ndarray, Placing, Any]:
    import umap

    fitted = umap.UMAP(random_state=1).fit(vectors)
    return fitted.embedding_, fitted.transform, None


def open_tsne(vectors: np.ndarray) -> tuple[np.ndarray, Placing, Any]:
    import openTSNE

    fitted = openTSNE.TSNE(n_jobs=2, random_state=1).fit(vectors)
    return np.asarray(fitted), lambda some: np.asarray(fitted.transform(some)), None


PEERS: dict[str, Callable[[], Any]] = {
    "nearspace UMAP": lambda: ours("umap"),
    "nearspace UMAP, graph index": lambda: ours("umap", True),
    "umap-learn": lambda: umap_learn,
    "nearspace t-SNE": lambda: ours("tsne"),
    "openTSNE": lambda: open_tsne,
}


def left_out(ready: Any, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where images of the map land if they are not on it."""
    near, scores = ready.index.search(vectors[rows], ready.placer.neighbors, exclude=rows[:, None], workers=2)
    return ready.placer.place(vectors[rows], near, -scores, 2)


def gaps(found: np.ndarray, coordinates: np.ndarray, rows: np.ndarray) -> list[float]:
    far = np.linalg.norm(found - coordinates[rows], axis=1) / np.ptp(coordinates, axis=0).max()
    return [1000 * float(np.median(far)), 1000 * float(np.quantile(far, 0.95))]


def one(options: argparse.Namespace) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    from nearspace.index.exact import ExactIndex
    from nearspace.maps.neighbors import neighbors_in_map
    from nearspace.maps.trust import shared

    vectors, new = fashion()[: options.rows], tests()
    coordinates, put, ready = PEERS[options.one]()(vectors)
    coordinates = np.ascontiguousarray(coordinates, dtype=np.float32)
    put(new[:300])  # compiled
    wall, cpu, single = [], [], []
    for _ in range(options.runs):
        begun = time.perf_counter(), time.process_time()
        found = put(new)
        wall.append(time.perf_counter() - begun[0])
        cpu.append(time.process_time() - begun[1])
        begun = time.perf_counter(), time.process_time()
        put(new[7:8])
        single.append(time.process_time() - begun[1])
    truth = ExactIndex(vectors, metric="euclidean").search(new, 10, workers=2)[0]
    # of the points of the map only: a new point is put among them alone
    near = np.empty((len(new), 10), np.int64)
    for start in range(0, len(new), 500):
        square = ((found[start : start + 500, None] - coordinates[None]) ** 2).sum(axis=2)
        best = np.argpartition(square, 10, axis=1)[:, :10]
        near[start : start + 500] = best
    votes = (labels("train")[near][:, :, None] == np.arange(10)).sum(axis=1).argmax(axis=1)
    drawn = np.sort(np.random.default_rng(3).permutation(len(vectors))[:AGAIN])
    own = ExactIndex(vectors, metric="euclidean").search(
        vectors[drawn], 10, exclude=drawn[:, None], workers=2
    )[0]
    return {
        "wall": statistics.median(wall),
        "cpu": statistics.median(cpu),
        "one": statistics.median(single),
        "vote": float((votes == labels("t10k")).mean()),
        "kept": float(shared(truth, near).mean()),
        "map_kept": float(shared(own, neighbors_in_map(coordinates, 10)[drawn]).mean()),
        "again": gaps(put(vectors[drawn]), coordinates, drawn),
        "left_out": None if ready is None else gaps(left_out(ready, vectors, drawn), coordinates, drawn),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default="nearspace UMAP;umap-learn", help="names, with semicolons between")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    print(
        f"{options.rows} images, medians of {options.runs} runs, load {os.getloadavg()[0]:.1f} at the start\n"
    )
    print("| 10,000 new images | wall s | CPU s | one, CPU s | vote | kept (map) | again | left out |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in options.peers.split(";"):
        arguments = ["--one", name, "--rows", str(options.rows), "--runs", str(options.runs)]
        done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        got = json.loads(done.stdout.splitlines()[-1])
        far = [
            " / ".join(f"{one:.1f}" for one in got[key]) if got[key] else "" for key in ("again", "left_out")
        ]
        print(
            f"| {name} | {got['wall']:.1f} | {got['cpu']:.1f} | {got['one']:.3f} | {got['vote']:.4f} | "
            f"{got['kept']:.3f} ({got['map_kept']:.3f}) | {far[0]} | {far[1]} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
