"""What does a whole map cost: neighbours, layout and trust of a Space, and how much memory?

A Gaussian mixture of 1,000 centres, or Fashion-MNIST, laid out by UMAP with all that `map` does. Prints
seconds of each part, wall and CPU, the peak memory of the process with the vectors in it, the recall of the
neighbours, and the mean trust. --peer has umap-learn lay out the same vectors, without trust.
Usage: python benchmarks/whole_map.py [--rows N] [--dim 50] [--workers 2] [--fashion] [--peer seeded|unseeded]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from graph_data import fashion


def mixture(rows: int, dim: int, centres: int = 1000) -> np.ndarray:
    """Rows around centres, each with a spread of its own."""
    random = np.random.default_rng(1)
    middles = random.standard_normal((centres, dim), dtype=np.float32) * 3
    widths = random.uniform(0.5, 1.5, centres).astype(np.float32)
    out = random.standard_normal((rows, dim), dtype=np.float32)
    for start in range(0, rows, 65_536):
        mine = random.integers(0, centres, len(out[start : start + 65_536]))
        out[start : start + 65_536] *= widths[mine, None]
        out[start : start + 65_536] += middles[mine]
    return out


def peak() -> float:
    """Peak memory of this process in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def timed(module: Any, name: str) -> None:
    """Print what each call of a function takes."""
    function: Callable[..., Any] = getattr(module, name)

    def call(*given: Any, **more: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = function(*given, **more)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"  {name:<18} {wall:7.1f} s wall {cpu:7.1f} s CPU   peak {peak():.2f} GB", flush=True)
        return result

    setattr(module, name, call)


def ours(vectors: np.ndarray, workers: int) -> None:
    """Lay out by nearspace."""
    from nearspace.keys import Keys
    from nearspace.maps import space_graph, trust, umap, verb
    from nearspace.space import Space

    def named(some: np.ndarray) -> Space:
        return Space(Keys(map(str, range(len(some)))), some, "euclidean")

    verb.map_space(named(vectors[:20_000].copy()), method="umap", limit=None)  # compiled kernels
    space = named(vectors)
    for module, name in (
        (verb, "layout_vectors"),
        (space_graph, "knn_graph"),
        (umap, "fuzzy_graph"),
        (umap, "spectral"),
        (umap, "edges_of"),
        (trust, "neighbors_in_map"),
        (verb, "judge"),
    ):
        timed(module, name)
    wall, cpu = time.perf_counter(), time.process_time()
    found = verb.map_space(space, method="umap", limit=None, workers=workers)
    told(f"map, {workers} workers", vectors, wall, cpu)
    print(f"  recall {found.settings['neighbors_recall']:.4f}, mean trust {found.trust.mean():.4f}")


def theirs(vectors: np.ndarray, seed: int | None) -> None:
    """Lay out by umap-learn."""
    import umap

    umap.UMAP(random_state=seed).fit_transform(vectors[:5000])
    wall, cpu = time.perf_counter(), time.process_time()
    umap.UMAP(random_state=seed).fit_transform(vectors)
    told(f"umap-learn, seed {seed}", vectors, wall, cpu)


def told(what: str, vectors: np.ndarray, wall: float, cpu: float) -> None:
    """Print what took how long since then."""
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows, dim = vectors.shape
    print(f"{what}, {rows:,} x {dim}: {wall:.1f} s wall, {cpu:.1f} s CPU, peak {peak():.2f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fashion", action="store_true")
    parser.add_argument("--peer", choices=["seeded", "unseeded"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    vectors = np.ascontiguousarray(fashion()) if options.fashion else mixture(options.rows, options.dim)
    if options.peer:
        theirs(vectors, 1 if options.peer == "seeded" else None)
    else:
        ours(vectors, options.workers)


if __name__ == "__main__":
    main()
