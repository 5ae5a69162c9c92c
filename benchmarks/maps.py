"""Which t-SNE is fastest, and which map keeps most neighbours?

    python benchmarks/maps.py                                   # scikit-learn's digits, 1,797 x 64
    python benchmarks/maps.py --vectors words.npy --n 5000      # rows of an array, of length 1
    python benchmarks/maps.py --dim 3 --workers 1 2 --peers nearspace scikit-learn

Every run is a process of its own. Printed: wall and processor seconds of the layout (neighbours included,
imports and compilation not), mean trust (shared of 10 neighbours), trustworthiness (k = 10), peak memory
beyond the start, and a digest of the coordinates, which must not depend on --workers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

PEERS = ("nearspace", "openTSNE", "scikit-learn")


def load(path: str | None, n: int) -> np.ndarray:
    if path is None:
        from sklearn.datasets import load_digits

        return load_digits().data.astype(np.float32)[:n]
    vectors = np.array(np.load(path, mmap_mode="r")[:n], dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def layout(peer: str, dim: int, workers: int, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    if peer == "nearspace":
        from nearspace.maps.tsne import TSNE

        return lambda vectors: TSNE(dim, seed=seed).project(vectors, workers=workers)
    if peer == "openTSNE":
        import openTSNE

        method = "bh" if dim == 3 else "auto"
        settings = openTSNE.TSNE(dim, n_jobs=workers, random_state=seed, negative_gradient_method=method)
        return lambda vectors: np.asarray(settings.fit(vectors))
    from sklearn.manifold import TSNE as SklearnTSNE
    from threadpoolctl import threadpool_limits

    def run(vectors: np.ndarray) -> np.ndarray:
        with threadpool_limits(workers):
            settings = SklearnTSNE(dim, init="pca", random_state=seed, n_jobs=workers)
            return settings.fit_transform(vectors)

    return run


def measure(peer: str, vectors: np.ndarray, dim: int, workers: int, seed: int) -> dict[str, object]:
    from nearspace.maps.trust import trust_per_point, trustworthiness

    run = layout(peer, dim, workers, seed)
    run(vectors[:200])  # imports and compiled kernels
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, processor = time.perf_counter(), time.process_time()
    coordinates = np.ascontiguousarray(run(vectors))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    flat = coordinates.astype(np.float32)
    return {
        "peer": peer,
        "workers": workers,
        "wall": wall,
        "processor": processor,
        "megabytes": memory,
        "trust": float(trust_per_point(vectors, flat).mean()),
        "trustworthiness": trustworthiness(vectors, flat),
        "digest": hashlib.blake2b(coordinates.tobytes(), digest_size=4).hexdigest(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", help=".npy of (n, d)")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--dim", type=int, choices=(2, 3), default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        vectors = load(arguments.vectors, arguments.n)
        found = measure(arguments.peers[0], vectors, arguments.dim, arguments.workers[0], arguments.seed)
        print(json.dumps(found))
        return
    print("| t-SNE | workers | wall s | processor s | MB | mean trust | trustworthiness | digest |")
    print("|---|---|---|---|---|---|---|---|")
    for peer in arguments.peers:
        for workers in arguments.workers:
            command = [
                sys.executable,
                str(Path(__file__)),
                "--one",
                "--peers",
                peer,
                "--workers",
                str(workers),
            ]
            command += ["--n", str(arguments.n), "--dim", str(arguments.dim), "--seed", str(arguments.seed)]
            command += ["--vectors", arguments.vectors] if arguments.vectors else []
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {peer} | {workers} | {row['wall']:.1f} | {row['processor']:.1f} | {row['megabytes']:.0f} "
                f"| {row['trust']:.4f} | {row['trustworthiness']:.4f} | {row['digest']} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
