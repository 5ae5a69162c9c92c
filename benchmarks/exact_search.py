"""How many exact nearest-neighbour queries a second, beside faiss (flat), gensim and plain numpy, in one run?

Batches and single queries over the same vectors, medians of alternating runs; peers that are not installed
are left out. A peer gets as many queries as it can answer in a second or two, and all are reported as queries
a second, of wall and of processor time (on a busy machine only the latter says something). "same": the share
of queries for which the peer gives the k rows of nearspace in the same order. Each round also times numpy's
sgemm on large squares, the machine's peak at that moment, and says which share of it nearspace reached.
Usage: python benchmarks/exact_search.py [--vectors FILE.npy] [--metric M] [--threads 1] [--queries 10000]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import statistics
import time


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", help="(n, d) float32 .npy; without it 400,000 x 50 planted vectors")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--metric", choices=("cosine", "dot", "euclidean"), default="cosine")
    parser.add_argument(
        "--only-faiss", action="store_true", help="leave the slow peers out, faiss gets all queries"
    )
    return parser.parse_args()


OPTIONS = arguments()
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(OPTIONS.threads)  # read when numpy and faiss are imported

import numpy as np  # noqa: E402

import nearspace as ns  # noqa: E402
from nearspace.index import fused  # noqa: E402, F401 - loaded, so that every search uses the kernels
from nearspace.index.exact import ExactIndex  # noqa: E402


def planted(rows: int = 400_000, dim: int = 50) -> np.ndarray:
    """Clusters of clusters, so that neighbours are as near as those of words."""
    random = np.random.default_rng(1)
    coarse = random.standard_normal((200, dim), dtype=np.float32)
    fine = coarse[random.integers(0, 200, 5000)] + random.standard_normal((5000, dim), dtype=np.float32)
    return fine[random.integers(0, 5000, rows)] + random.standard_normal((rows, dim), dtype=np.float32)


def ours(vectors: np.ndarray, k: int):
    index = ExactIndex(vectors, metric=OPTIONS.metric)
    index.search(vectors[:100], 1, restrict=1000)  # the kernels come out of their cache
    index.search(vectors[:1], 1, restrict=1000)
    return lambda rows: index.search(vectors[rows], k, exclude=rows[:, None], workers=OPTIONS.threads)[0]


def faiss_flat(vectors: np.ndarray, k: int):
    import faiss

    faiss.omp_set_num_threads(OPTIONS.threads)
    cosine, l2 = OPTIONS.metric == "cosine", OPTIONS.metric == "euclidean"
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if cosine else vectors
    index = (faiss.IndexFlatL2 if l2 else faiss.IndexFlatIP)(vectors.shape[1])
    index.add(units)

    def search(rows: np.ndarray) -> np.ndarray:
        return index.search(units[rows], k + 1)[1]  # a query's own row is taken out when answers are compared

    return search


def gensim_vectors(vectors: np.ndarray, k: int):
    from gensim.models import KeyedVectors

    model = KeyedVectors(vectors.shape[1])
    model.add_vectors([str(row) for row in range(len(vectors))], vectors)
    model.fill_norms()
    return lambda rows: np.array(
        [[int(key) for key, _ in model.most_similar(str(row), topn=k)] for row in rows]
    )


def numpy_sort(vectors: np.ndarray, k: int):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def search(rows: np.ndarray) -> np.ndarray:
        scores = units[rows] @ units.T
        scores[np.arange(len(rows)), rows] = -np.inf
        return np.argsort(-scores, axis=1)[:, :k]

    return search


# name -> (maker, queries of the batch, package)
PEERS = {
    "nearspace": (ours, None, "numpy"),
    "faiss flat": (faiss_flat, 1000, "faiss-cpu"),
    "gensim most_similar": (gensim_vectors, 30, "gensim"),
    "numpy matmul + argsort": (numpy_sort, 30, "numpy"),
}


def sgemm_peak(size: int = 4096) -> float:
    """Floating-point operations a second of numpy's product of two squares."""
    square = np.random.default_rng(1).random((size, size), dtype=np.float32)
    began = time.perf_counter()
    np.matmul(square, square)
    return 2 * size**3 / (time.perf_counter() - began)


def timed(search, rows: np.ndarray) -> tuple[float, float, np.ndarray]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = search(rows)
    return time.perf_counter() - wall, time.process_time() - cpu, found


def without_own(found: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Leave out the query's own row, where it was found."""
    return np.array([line[line != row][:k] for line, row in zip(found, rows, strict=True)])


def main() -> None:
    vectors = np.load(OPTIONS.vectors) if OPTIONS.vectors else planted()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    asked = np.random.default_rng(2).permutation(len(vectors))[: OPTIONS.queries]
    engines = {}
    for name, (make, queries, package) in PEERS.items():
        if OPTIONS.only_faiss:
            queries = None
        if (OPTIONS.only_faiss or OPTIONS.metric != "cosine") and name not in ("nearspace", "faiss flat"):
            continue
        try:
            engines[name] = make(vectors, OPTIONS.k), asked[:queries], importlib.metadata.version(package)
        except ImportError:
            print(f"{name}: not installed")
    results: dict[str, list] = {name: [] for name in engines}
    peaks = []
    for _ in range(OPTIONS.runs):
        peaks.append(sgemm_peak())
        for name, (search, rows, _) in engines.items():
            batch = timed(search, rows)
            single = timed(lambda some, go=search: [go(some[i : i + 1]) for i in range(len(some))], rows[:30])
            results[name].append(
                (
                    len(rows) / batch[0],
                    len(rows) / batch[1],
                    *(len(rows[:30]) / t for t in single[:2]),
                    without_own(batch[2], rows, OPTIONS.k),
                )
            )
    truth = results["nearspace"][0][4]
    print(
        f"\n{len(vectors):,} x {vectors.shape[1]}, k {OPTIONS.k}, threads {OPTIONS.threads}, "
        f"nearspace {ns.__version__}, {OPTIONS.metric}, load {os.getloadavg()[0]:.1f}"
    )
    flops = 2 * vectors.size * statistics.median(line[0] for line in results["nearspace"])
    peak = statistics.median(peaks)
    print(f"nearspace {flops / 1e9:.0f} GFLOP/s, sgemm {peak / 1e9:.0f}: {flops / peak:.2f} of the peak\n")
    print("| engine | batch of | queries/s wall | per CPU s | one at a time /s wall | per CPU s | same |")
    print("|---|---|---|---|---|---|---|")
    for name, lines in results.items():
        figures = [f"{statistics.median(line[at] for line in lines):,.0f}" for at in range(4)]
        found = lines[0][4]
        same = (found == truth[: len(found)]).all(axis=1).mean()
        version = "" if name == "nearspace" else f" {engines[name][2]}"
        print(f"| {name}{version} | {len(engines[name][1]):,} | {' | '.join(figures)} | {same:.3f} |")


if __name__ == "__main__":
    main()
