"""Which graph library answers most queries a second at recall@10 of .95, and what does it cost?

Each library is called bare, built in a process of its own (seconds, peak memory beyond the vectors, file
size) and saved; then all are opened side by side. The smallest effort that reaches the recall is found for
each, and the libraries are timed in turn, several rounds. "same build": the bytes of two builds of the first
12,000 rows, with --determinism. Libraries that are not installed are left out and named.
Usage: python benchmarks/graph_libraries.py [--data glove|fashion|synthetic] [--cache FOLDER] [--only NAMES]
"""

from __future__ import annotations

import argparse
import importlib.metadata
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
from graph_data import DATA, load, nearest, recall
from graph_peers import PEERS

K = 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=DATA, default="glove")
    parser.add_argument("--rows", type=int, help="take only so many")
    parser.add_argument("--cache", type=Path, help="keep the built indexes here and use them again")
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="libraries of these names, with commas between")
    parser.add_argument("--determinism", action="store_true", help="build twice more, and compare")
    parser.add_argument("--build-threads", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # build this one, here, and print its figures
    parser.add_argument("--twice", type=int, help=argparse.SUPPRESS)  # build it twice on so many threads
    return parser.parse_args()


def folder_of(options: argparse.Namespace, name: str) -> Path:
    folder = options.cache / f"{options.data}-{options.rows or 'all'}" / name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def resident(what: str) -> float:
    """MB of memory, now (VmRSS) or at the most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def build_one(options: argparse.Namespace) -> dict[str, Any]:
    """Build and save one library's index in this process."""
    vectors, _, metric = load(options.data, rows=options.rows)
    peer = PEERS[options.one]()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, start = resident("VmRSS"), time.perf_counter()
    peer.build(vectors, metric, options.build_threads)
    spent = time.perf_counter() - start
    peak = resident("VmHWM") - before
    folder = folder_of(options, options.one)
    peer.save(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
    return {"seconds": spent, "peak_mb": peak, "file_mb": size, "load": os.getloadavg()[0]}


def build_twice(options: argparse.Namespace) -> dict[str, Any]:
    """Tell whether two builds on so many threads have the same bytes."""
    vectors, _, metric = load(options.data, rows=12_000)
    contents = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            peer = PEERS[options.one]()
            peer.build(vectors, metric, options.twice)
            peer.save(Path(folder))
            files = sorted(
                file for file in Path(folder).rglob("*") if file.is_file() and file.suffix != ".toml"
            )
            contents.append([file.read_bytes() for file in files])
    return {"same": contents[0] == contents[1]}


def child(options: argparse.Namespace, name: str, *more: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--data", options.data, "--cache", str(options.cache), "--one", name]
    command += ["--rows", str(options.rows)] if options.rows else []
    command += ["--build-threads", str(options.build_threads), *more]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not done.stdout:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def built(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """Build in a process of its own, or take what an earlier run kept."""
    note = folder_of(options, name) / "built.json"
    if not note.exists():
        figures = child(options, name)
        for threads in (1, 2):
            same = child(options, name, "--twice", str(threads))["same"] if options.determinism else None
            figures[f"same_{threads}"] = {None: "?", True: "yes", False: "no"}[same]
        note.write_text(json.dumps(figures))
    return json.loads(note.read_text())


def least_effort(peer: Any, queries: np.ndarray, truth: np.ndarray, target: float) -> tuple[int, float]:
    """The smallest effort that reaches the recall, by bisection."""
    low, high = K, K
    while recall(peer.search(queries, K, high), truth) < target:
        low, high = high, high * 2
        if high > 4000:
            return high, recall(peer.search(queries, K, high), truth)
    while high - low > 1:
        middle = (low + high) // 2
        if recall(peer.search(queries, K, middle), truth) < target:
            low = middle
        else:
            high = middle
    return high, recall(peer.search(queries, K, high), truth)


def timed(peer: Any, queries: np.ndarray, effort: int, threads: int) -> float:
    peer.set_threads(threads)
    start = time.perf_counter()
    peer.search(queries, K, effort)
    return len(queries) / (time.perf_counter() - start)


def single(peer: Any, queries: np.ndarray, effort: int) -> float:
    peer.set_threads(1)
    spent = []
    for at in range(300):
        start = time.perf_counter()
        peer.search(queries[at : at + 1], K, effort)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e6


def installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main() -> None:
    options = arguments()
    if options.one:
        print(json.dumps(build_twice(options) if options.twice else build_one(options)))
        return
    options.cache = options.cache or Path(tempfile.mkdtemp())
    names = [name for name in PEERS if not options.only or name in options.only.split(",")]
    for name in [name for name in names if not installed(PEERS[name]().package)]:
        print(f"{name}: {PEERS[name]().package} is not installed")
        names.remove(name)
    figures = {name: built(options, name) for name in names}
    vectors, queries, metric = load(options.data, rows=options.rows)
    truth = nearest(vectors, queries, metric)
    peers, efforts, spent = {}, {}, {}
    for name in names:
        peers[name] = PEERS[name]()
        start = time.perf_counter()
        peers[name].open(folder_of(options, name), vectors, metric, 2)
        figures[name]["open"] = time.perf_counter() - start
        efforts[name] = least_effort(peers[name], queries, truth, options.recall)
        spent[name] = [[], [], []]
    load_before = os.getloadavg()[0]
    for _ in range(options.runs):
        for name in names:
            for threads in (1, 2):
                spent[name][threads - 1].append(timed(peers[name], queries, efforts[name][0], threads))
            spent[name][2].append(single(peers[name], queries, efforts[name][0]))
    print(
        f"\n{options.data} {vectors.shape}, {len(queries)} held-out queries, k {K}, recall {options.recall}, "
    )
    print(f"medians of {options.runs} alternating rounds, load {load_before:.1f} to {os.getloadavg()[0]:.1f}")
    print(
        "| library | effort | recall | q/s 1 thread | q/s 2 threads | one query us | build s (load) ",
        end="| peak MB ",
    )
    print("| file MB | open s | same build 1 / 2 threads |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|")
    for name in names:
        rates = [statistics.median(one) for one in spent[name]]
        f = figures[name]
        print(
            f"| {name} | {efforts[name][0]} | {efforts[name][1]:.4f} | {rates[0]:,.0f} | {rates[1]:,.0f} | "
            f"{rates[2]:,.0f} | {f['seconds']:.0f} ({f['load']:.1f}) | {f['peak_mb']:.0f} | "
            f"{f['file_mb']:.0f} | {f['open']:.2f} | {f['same_1']} / {f['same_2']} |"
        )


if __name__ == "__main__":
    main()
