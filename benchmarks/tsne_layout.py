"""Is our t-SNE faster than openTSNE at an equal divergence, and seeded on any number of workers?

Every run is a process of its own, kernels warm, both at their defaults (perplexity 30, PCA start, 250 + 500
iterations): wall and processor seconds of neighbours and layout together, peak memory beyond the vectors, and
a digest, which must not depend on workers. All layouts are judged by one evaluator: the Kullback-Leibler
divergence over all pairs from the affinities of exact neighbours, trustworthiness (k 10, on 5,000 points
drawn by seed), and the accuracy of a 10-nearest-neighbour vote of the labels on the map.
Usage: python benchmarks/tsne_layout.py [--rows 60000] [--dim 2] [--runs 3] [--peers NAMES]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from graph_data import FASHION, fashion
from umap_layout import memory, vote

SAMPLE = 5000
PERPLEXITY = 30.0
COMPONENTS = 50


def components(vectors: np.ndarray) -> np.ndarray:
    """Project on the first 50 principal axes."""
    centred = vectors - vectors.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :COMPONENTS]
    return np.ascontiguousarray(centred @ axes, dtype=np.float32)


def ours(workers: int) -> Callable[[int], Callable[[np.ndarray], np.ndarray]]:
    def layout(dim: int) -> Callable[[np.ndarray], np.ndarray]:
        from nearspace.maps.tsne import TSNE

        return lambda vectors: TSNE(dim, seed=1).project(vectors, workers=workers)

    return layout


def theirs(dim: int) -> Callable[[np.ndarray], np.ndarray]:
    import openTSNE

    method = "bh" if dim == 3 else "auto"
    settings = openTSNE.TSNE(dim, n_jobs=2, random_state=1, negative_gradient_method=method)
    return lambda vectors: np.asarray(settings.fit(vectors))


PEERS = {
    "nearspace, 1 worker": ours(1),
    "nearspace, 2 workers": ours(2),
    "nearspace, 4 workers": ours(4),
    "openTSNE, n_jobs=2": theirs,
}


def one(options: argparse.Namespace) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    run = PEERS[options.one](options.dim)
    vectors = np.load(options.vectors)
    run(np.random.default_rng(0).normal(size=(2_000, 8)).astype(np.float32))  # compiled kernels, imports
    if options.one.startswith("nearspace"):
        compile_grid(options.dim)
    Path("/proc/self/clear_refs").write_text("5")
    before, start, processor = memory("VmRSS"), time.perf_counter(), time.process_time()
    coordinates = np.ascontiguousarray(run(vectors), dtype=np.float32)
    figures = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - processor,
        "peak_mb": memory("VmHWM") - before,
        "digest": hashlib.blake2b(coordinates.tobytes(), digest_size=4).hexdigest(),
    }
    np.save(options.out, coordinates)
    return figures


def compile_grid(dim: int) -> None:
    from nearspace.maps.repulsion import GridRepulsion

    with ThreadPoolExecutor(1) as pool:
        GridRepulsion(pool)(np.random.default_rng(0).normal(size=(1000, dim)))


class Judge:
    """The one evaluator of all layouts."""

    def __init__(self, vectors: np.ndarray) -> None:
        from nearspace.maps.affinities import affinities
        from nearspace.maps.knn_graph import KnnGraph
        from nearspace.maps.neighbors import neighbors_in_space

        rows, scores = neighbors_in_space(vectors, int(3 * PERPLEXITY))
        self.vectors = vectors
        self.ties = affinities(KnnGraph(rows, -scores, 1.0), PERPLEXITY, None)
        with gzip.open(str(FASHION).replace("images-idx3", "labels-idx1")) as file:
            self.labels = np.frombuffer(file.read(), dtype=np.uint8, offset=8)[: len(vectors)]

    def __call__(self, coordinates: np.ndarray) -> dict[str, float]:
        from nearspace.kernels.descent import divergence
        from nearspace.maps.repulsion import ExactRepulsion
        from nearspace.maps.trust import trustworthiness

        points, parts = coordinates.astype(np.float64), np.empty(len(coordinates))
        divergence(self.ties, points, 0, len(points), parts)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            sum_q = ExactRepulsion(pool)(points)[1]
        drawn = np.random.default_rng(3).permutation(len(points))[:SAMPLE]
        return {
            "divergence": float(parts.sum() + np.log(sum_q)),
            "trustworthiness": trustworthiness(self.vectors[drawn], coordinates[drawn]),
            "vote": vote(coordinates, self.labels),
        }


def child(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def show(found: dict[str, list[dict[str, Any]]]) -> None:
    print("| t-SNE | seconds | processor s | peak MB | divergence | trustworthiness | 10-NN vote | digests |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for name, runs in found.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "digest"}
        print(
            f"| {name} | {middle['seconds']:.1f} | {middle['processor']:.1f} | {middle['peak_mb']:.0f} | "
            f"{middle['divergence']:.4f} | {middle['trustworthiness']:.4f} | {middle['vote']:.4f} | "
            f"{', '.join(sorted({run['digest'] for run in runs}))} |"
        )
    mine, peer = "nearspace, 2 workers", "openTSNE, n_jobs=2"
    if mine in found and peer in found:
        for key in ("seconds", "processor"):
            ratios = [b[key] / a[key] for a, b in zip(found[mine], found[peer], strict=True)]
            print(f"\n{key}: {peer} takes {statistics.median(ratios):.2f} times {mine}", end="")
        print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--dim", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default="", help="of these names, with semicolons between")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--vectors", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    names = [name for name in PEERS if not options.peers or name in options.peers.split(";")]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    begun = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        vectors, out = f"{folder}/vectors.npy", f"{folder}/coordinates.npy"
        np.save(vectors, components(fashion())[: options.rows])
        judge = Judge(np.load(vectors))
        for _ in range(options.runs):
            for name in names:
                figures = child("--one", name, "--vectors", vectors, "--out", out, "--dim", str(options.dim))
                found[name].append({**figures, **judge(np.load(out))})
                print(name, found[name][-1], file=sys.stderr)
    packages = ", ".join(f"{name} {version(name)}" for name in ("openTSNE", "numba", "numpy", "scipy"))
    print(
        f"Fashion-MNIST, {options.rows:,} x {COMPONENTS}, {options.dim}-D, {options.runs} alternating runs,"
    )
    print(f"load {begun:.1f} at the start; Python {platform.python_version()}, {packages}\n")
    show(found)


if __name__ == "__main__":
    main()
