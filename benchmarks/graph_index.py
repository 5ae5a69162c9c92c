"""Is the graph index as fast as the best library called bare, and does it stay right under a filter?

Ours and the bare libraries answer the same held-out queries at the smallest effort that reaches the recall,
in turns. The filtered table compares with post-filtering: the top 40 by the bare graph (pgvector's default),
then the filter. Indexes are kept in --cache; libraries that are not installed are left out.
Usage: python benchmarks/graph_index.py [--data glove|fashion|synthetic] [--cache FOLDER] [--only NAMES]
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from graph_data import load, nearest, recall
from graph_libraries import K, arguments, built, folder_of, installed, least_effort, resident, single, timed
from graph_peers import PEERS, Faiss

import nearspace as ns
from nearspace.index.exact import ExactIndex
from nearspace.index.graph import Graph
from nearspace.index.graph_index import GraphIndex
from nearspace.space import norms_of

OURS = {"nearspace": Graph(), "nearspace float32": Graph(quantize="none")}
KEYS = "nearspace, with keys"
POST = 40  # rows that post-filtering looks at


class Ours:
    """GraphIndex with the methods of a peer."""

    def __init__(self, index: GraphIndex) -> None:
        self.index, self.threads = index, 1

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        return self.index.search(queries, k, effort=effort, workers=self.threads)[0]


class Public:
    """The same through the public functions, at the calibrated effort, with the keys of the hits."""

    def __init__(self, index: GraphIndex) -> None:
        self.index, self.threads = index, 1
        keys = ns.Keys(f"row{row}" for row in range(len(index)))
        self.space = ns.Space(keys, index.vectors, index.metric)
        self.space.cache["indexes"] = {"graph": index}

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        found = ns.nearest(self.space, queries, k=k, index="graph", workers=self.threads)
        assert len(found.keys) == len(queries)
        return found.rows


def opened(options: Any, name: str, vectors: np.ndarray, norms: np.ndarray, metric: str) -> tuple[Any, dict]:
    """Open our index, built first if the cache has none, with its figures."""
    folder = folder_of(options, name)
    note = folder / "built.json"
    if not note.exists():
        start = time.perf_counter()
        OURS[name].build(vectors, norms, metric, workers=options.build_threads).save(folder / "index")
        spent = time.perf_counter() - start
        note.write_text(json.dumps({"seconds": spent, "load": os.getloadavg()[0]}))
    figures = json.loads(note.read_text())
    before, start = resident("VmRSS"), time.perf_counter()
    index = GraphIndex.open(folder / "index", vectors, norms, metric)
    figures["open"] = time.perf_counter() - start
    figures["open_mb"] = resident("VmRSS") - before
    files = (file for file in (folder / "index").iterdir())
    figures["file_mb"] = sum(file.stat().st_size for file in files) / 2**20
    figures["effort"], figures["recall"] = index.effort, index.description["recall"]
    return index, figures


def filtered(index: GraphIndex, peer: Any, queries: np.ndarray) -> None:
    """Print recall, hits and queries/s under filters that match at random and far from each query."""
    vectors, metric = index.vectors, index.metric
    exact = ExactIndex(vectors, index.norms, metric)
    asked = queries[:500]
    far = np.linalg.norm(vectors - asked[0], axis=1)
    random = np.random.default_rng(5)
    print("\n| rows that match | recall | hits | q/s 1 thread | post-filter recall | hits | q/s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for share in (0.001, 0.01, 0.1, 0.5):
        count = int(share * len(vectors))
        cases = {"random": np.zeros(len(vectors), bool), "far": np.zeros(len(vectors), bool)}
        cases["random"][random.permutation(len(vectors))[:count]] = True
        cases["far"][np.argsort(-far)[:count]] = True
        for case, allowed in cases.items():
            some = asked if case == "random" else nearby(queries, asked[0])
            truth = exact.search(some, K, allowed=allowed, workers=2)[0]
            start = time.perf_counter()
            found = index.search(some, K, allowed=allowed)[0]
            ours = len(some) / (time.perf_counter() - start)
            peer.set_threads(1)
            start = time.perf_counter()
            wide = peer.search(some, POST, max(POST, index.effort))
            kept = [row[allowed[row]][:K] for row in wide]
            post = len(some) / (time.perf_counter() - start)
            padded = np.full((len(some), K), -2)
            for at, row in enumerate(kept):
                padded[at, : len(row)] = row
            hits, whole = (found >= 0).sum(axis=1).mean(), (padded >= 0).sum(axis=1).mean()
            print(f"| {share:.1%} {case} | {recall(found, truth):.4f} | {hits:.1f} | {ours:,.0f} |", end="")
            print(f" {recall(padded, truth):.4f} | {whole:.1f} | {post:,.0f} |", flush=True)


def nearby(queries: np.ndarray, query: np.ndarray) -> np.ndarray:
    """The 100 queries nearest to one, which are far from what is far from it."""
    return queries[np.argsort(np.linalg.norm(queries - query, axis=1))[:100]]


def main() -> None:
    options = arguments()
    options.cache = options.cache or Path("graph-cache")
    vectors, queries, metric = load(options.data, rows=options.rows)
    kept = folder_of(options, "vectors") / "vectors.npy"
    if not kept.exists():
        np.save(kept, vectors)
    del vectors
    vectors = np.load(kept, mmap_mode="r")
    norms = norms_of(vectors)
    names = [name for name in PEERS if not options.only or name in options.only.split(",")]
    peers: dict[str, Any] = {}
    figures: dict[str, dict] = {}
    for name in OURS:
        index, figures[name] = opened(options, name, vectors, norms, metric)
        peers[name] = Ours(index)
        if name == "nearspace":
            figures[KEYS], peers[KEYS] = figures[name], Public(index)
    for name in [name for name in names if installed(PEERS[name]().package)]:
        figures[name] = built(options, name)
        peers[name] = PEERS[name]()
        peers[name].open(folder_of(options, name), np.asarray(vectors), metric, 1)
    file = folder_of(options, "vectors") / "truth.npy"
    if not file.exists():
        np.save(file, nearest(np.asarray(vectors), queries, metric))
    truth = np.load(file)
    efforts = {
        name: least_effort(peer, queries, truth, options.recall)
        for name, peer in peers.items()
        if name != KEYS
    }
    efforts[KEYS] = peers[KEYS].index.effort, recall(peers[KEYS].search(queries, K, 0), truth)
    spent: dict[str, list] = {name: [[], [], []] for name in peers}
    before = os.getloadavg()[0]
    for _ in range(options.runs):
        for name, peer in peers.items():
            for threads in (1, 2):
                spent[name][threads - 1].append(timed(peer, queries, efforts[name][0], threads))
            spent[name][2].append(single(peer, queries, efforts[name][0]))
    print(
        f"\n{options.data} {vectors.shape} {metric}, {len(queries)} held-out queries, k {K}, medians of ",
        end="",
    )
    print(f"{options.runs} alternating rounds, load {before:.1f} to {os.getloadavg()[0]:.1f}\n")
    print("| index | effort | recall | q/s | q/s 2 threads | one query us | build s | file MB | open s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name in peers:
        rates, f = [statistics.median(one) for one in spent[name]], figures[name]
        print(
            f"| {name} | {efforts[name][0]} | {efforts[name][1]:.4f} | {rates[0]:,.0f} | {rates[1]:,.0f} | "
            f"{rates[2]:,.0f} | {f['seconds']:.0f} | {f['file_mb']:.0f} | {f.get('open', 0):.2f} |"
        )
    for name in OURS:
        f = figures[name]
        index = peers[name].index
        own = recall(index.search(queries, K, workers=2)[0], truth)
        print(
            f"{name}: calibrated effort {f['effort']} (recall {f['recall']} on rows), on held-out queries "
            f"{own:.4f}; opening took {f['open_mb']:.0f} MB beyond the vectors"
        )
    post = next((peer for peer in peers.values() if isinstance(peer, Faiss)), peers["nearspace"])
    filtered(peers["nearspace"].index, post, queries)


if __name__ == "__main__":
    main()
