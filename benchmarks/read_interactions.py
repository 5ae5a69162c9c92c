"""How fast are tables of events read into a sparse matrix, in how much memory, beside pandas and scipy?

Usage: see --help. The peer reads the table into a frame, numbers users and items with factorize, and makes a
scipy CSR matrix with equal pairs added up. Every figure comes from a fresh process, engines in turn. The
events are made here: users by a power law, items by a steeper one. The peer runs in an interpreter of its
own, given with --peer, that has pandas and scipy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MAKE = """
import sys
import numpy as np, pyarrow as pa, pyarrow.csv as pc, pyarrow.parquet as pq
path, n, text = sys.argv[1], int(sys.argv[2]), "text" in sys.argv[1]
random = np.random.default_rng(1)
kind = pa.string() if text else pa.int64()
schema = pa.schema([("user", kind), ("item", kind), ("time", pa.int64())])
write = pq.ParquetWriter if path.endswith(".parquet") else pc.CSVWriter
with write(path, schema) as file:
    for begin in range(0, n, 1 << 21):
        size = min(1 << 21, n - begin)
        users = (random.random(size) ** 2 * max(n // 100, 10)).astype(np.int64) * 7 + 13
        items = (random.random(size) ** 3 * 200_000).astype(np.int64) * 11 + 5
        times = 1_600_000_000 + random.integers(0, 10**8, size)
        columns = [pa.array(users), pa.array(items)]
        if text:
            columns = [pa.array([f"id-{one:x}" for one in ids.to_pylist()]) for ids in columns]
        file.write_batch(pa.record_batch([*columns, pa.array(times)], schema=schema))
"""
HEAD = """
import json, resource, sys, time
path = sys.argv[1]
def tell(pairs, began, started):
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps([time.perf_counter() - began, time.process_time() - started, memory, pairs]))
"""
OURS = (
    HEAD
    + """
import nearspace as ns
ns.read_interactions({"user": ["a"], "item": [1]}), ns.read_interactions({"user": [1], "item": ["a"]})
began, started = time.perf_counter(), time.process_time()
data = ns.read_interactions(path)
tell(len(data), began, started)
"""
)
PEER = (
    HEAD
    + """
import numpy as np, pandas, scipy.sparse
began, started = time.perf_counter(), time.process_time()
read = pandas.read_parquet if path.endswith(".parquet") else pandas.read_csv
frame = read(path, **{"columns" if path.endswith(".parquet") else "usecols": ["user", "item"]})
users, user_names = pandas.factorize(frame["user"])
items, item_names = pandas.factorize(frame["item"])
ones = np.ones(len(frame), np.float32)
shape = len(user_names), len(item_names)
matrix = scipy.sparse.coo_matrix((ones, (users, items)), shape).tocsr()
tell(matrix.nnz, began, started)
"""
)
TABLES = ("whole.parquet", "text.parquet", "whole.csv")


def measured(interpreter: str, program: str, *arguments: object) -> str:
    """Run a program in a process of its own; give what it prints, or nothing if memory ran out."""
    command = [interpreter, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "MemoryError" not in done.stderr and done.returncode != -9:
        sys.exit(done.stderr)
    return done.stdout


def main() -> None:
    """Measure in alternating runs and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--peer", help="a Python that has pandas and scipy")
    parser.add_argument("--folder", help="for the tables; else a temporary one")
    given = parser.parse_args()
    engines = {"nearspace": (sys.executable, OURS)}
    if given.peer:
        engines["pandas"] = (given.peer, PEER)
    print(f"{given.events:,} events")
    print(f"{'table':16}{'engine':11}{'s':>8}{'CPU s':>8}{'M events/s':>12}{'memory MB':>11}{'pairs':>13}")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for name in given.tables:
            path = Path(folder) / name
            measured(sys.executable, MAKE, path, given.events)
            figures: dict[str, list[list[float]]] = {engine: [] for engine in engines}
            for _ in range(given.runs):
                for engine, (interpreter, program) in engines.items():
                    told = measured(interpreter, program, path)
                    figures[engine] += [json.loads(told)] if told else []
            for engine, rounds in figures.items():
                show(name, engine, rounds, given.events)
            path.unlink()


def show(name: str, engine: str, rounds: list[list[float]], events: int) -> None:
    """Print medians, or that there are none."""
    if not rounds:
        print(f"{name:16}{engine:11} out of memory")
        return
    wall, processor, memory, pairs = (statistics.median(values) for values in zip(*rounds, strict=True))
    rate = events / wall / 1e6
    print(f"{name:16}{engine:11}{wall:8.2f}{processor:8.2f}{rate:12.2f}{memory:11.0f}{pairs:13,.0f}")


if __name__ == "__main__":
    main()
