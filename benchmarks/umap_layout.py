"""Is UMAP seeded and parallel faster than umap-learn seeded or parallel, and as good?

Every run is a process of its own, kernels warm: wall seconds of neighbours and layout, trustworthiness
(k 10, on 5,000 points drawn by seed), accuracy of a 10-nearest-neighbour vote where there are labels,
peak memory beyond the vectors, and a digest, which must not depend on workers. --first times a first map of
1,000 x 20 in a new process, with and without kernels in the cache.
Usage: python benchmarks/umap_layout.py [--data fashion|glove|million] [--runs 3] [--peers NAMES] [--first]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from graph_data import FASHION, fashion, glove
from whole_map import mixture

SAMPLE = 5000


def million() -> np.ndarray:
    """1,000,000 x 50, a mixture of 1,000 centres."""
    return mixture(1_000_000, 50)


def unit_glove() -> np.ndarray:
    vectors = glove()
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


DATA = {"fashion": fashion, "glove": unit_glove, "million": million}


def ours(workers: int) -> Any:
    from nearspace.maps.umap import UMAP

    return lambda vectors: UMAP(seed=1).project(vectors, workers=workers)


def theirs(seed: int | None) -> Any:
    import umap

    return lambda vectors: umap.UMAP(random_state=seed).fit_transform(vectors)


PEERS = {
    "nearspace, 1 worker": lambda: ours(1),
    "nearspace, 2 workers": lambda: ours(2),
    "umap-learn, seeded": lambda: theirs(1),
    "umap-learn, unseeded": lambda: theirs(None),
}


def memory(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def vote(coordinates: np.ndarray, labels: np.ndarray) -> float:
    from nearspace.maps.neighbors import neighbors_in_map

    near = labels[neighbors_in_map(coordinates, 10)]
    counts = (near[:, :, None] == np.arange(10)).sum(axis=1)
    return float((counts.argmax(axis=1) == labels).mean())


def one(options: argparse.Namespace) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    from nearspace.maps.trust import trustworthiness

    run = PEERS[options.one]()
    vectors = DATA[options.data]()[: options.rows]
    run(np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32))  # compiled kernels, both roads
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.perf_counter()
    coordinates = np.ascontiguousarray(run(vectors), dtype=np.float32)
    spent = time.perf_counter() - start
    peak = memory("VmHWM") - before
    drawn = np.random.default_rng(3).permutation(len(vectors))[:SAMPLE]
    figures = {
        "seconds": spent,
        "peak_mb": peak,
        "trustworthiness": trustworthiness(vectors[drawn], coordinates[drawn]),
        "digest": hashlib.blake2b(coordinates.tobytes(), digest_size=4).hexdigest(),
        "vote": None,
    }
    if options.data == "fashion":
        with gzip.open(str(FASHION).replace("images-idx3", "labels-idx1")) as file:
            labels = np.frombuffer(file.read(), dtype=np.uint8, offset=8)[: len(vectors)]
        figures["vote"] = vote(coordinates, labels)
    return figures


def child(*arguments: str, **more: str) -> str:
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **more})
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return done.stdout.splitlines()[-1]


def first() -> None:
    """Time a first map in a new process, imports included."""
    program = (
        "import time; began = time.perf_counter()\n"
        "import numpy as np\nvectors = np.random.default_rng(0).normal(size=(1000, 20)).astype('float32')\n"
        "{}\nprint(time.perf_counter() - began)"
    )
    ways = {
        "nearspace": "from nearspace.maps.umap import UMAP; UMAP().project(vectors)",
        "umap-learn": "import umap; umap.UMAP(random_state=1).fit_transform(vectors)",
    }
    for name, way in ways.items():
        for cache in ("empty", "warm"):
            spent = []
            with tempfile.TemporaryDirectory() as folder:
                for _ in range(1 if cache == "empty" else 4):
                    done = subprocess.run(
                        [sys.executable, "-W", "ignore", "-c", program.format(way)],
                        capture_output=True,
                        text=True,
                        env={**os.environ, **({"NUMBA_CACHE_DIR": folder} if cache == "empty" else {})},
                    )
                    spent.append(float(done.stdout.split()[-1]))
            print(f"{name}, 1,000 x 20 in a new process, cache {cache}: {statistics.median(spent):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=DATA, default="fashion")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default="", help="of these names, with semicolons between")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    if options.first:
        first()
        return
    names = [name for name in PEERS if not options.peers or name in options.peers.split(";")]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    begun = os.getloadavg()[0]
    for _ in range(options.runs):
        for name in names:
            more = ["--rows", str(options.rows)] if options.rows else []
            found[name].append(json.loads(child("--data", options.data, "--one", name, *more)))
    print(f"{options.data}, medians of {options.runs} alternating runs, load {begun:.1f} at the start\n")
    print("| UMAP | seconds | peak MB | trustworthiness | 10-NN vote | digests |")
    print("|---|---:|---:|---:|---:|---|")
    for name, runs in found.items():
        middle = {
            key: statistics.median([run[key] for run in runs])
            for key in ("seconds", "peak_mb", "trustworthiness", "vote")
            if runs[0][key] is not None
        }
        digests = ", ".join(sorted({run["digest"] for run in runs}))
        print(
            f"| {name} | {middle['seconds']:.1f} | {middle['peak_mb']:.0f} | "
            f"{middle['trustworthiness']:.4f} | {middle.get('vote', float('nan')):.4f} | {digests} |"
        )


if __name__ == "__main__":
    main()
