"""How fast are files of vectors read and written, beside gensim? Usage: see --help.

Every figure comes from a fresh process, engines in turn. The file is made here: normal numbers, with as many
digits as float32 needs. The peer runs in an interpreter of its own, given with --peer, that has gensim.
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
import numpy as np, nearspace as ns
target, n, d = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
vectors = np.random.default_rng(1).standard_normal((n, d), dtype=np.float32)
space = ns.Space(ns.Keys(f"word{row}" for row in range(n)), vectors)
for name in ("v.txt", "v.bin"):
    ns.write(space, target + "/" + name)
for name in ("warm.txt", "warm.bin"):  # so that kernels come from their cache
    ns.write(ns.Space(ns.Keys(["a"]), vectors[:1]), target + "/" + name)
"""
HEAD = """
import json, sys, time
path = sys.argv[1]
def highest():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1e3
def tell(before, began, started):
    figures = [time.perf_counter() - began, time.process_time() - started, highest() - before]
    print(json.dumps(figures))
"""
READ = (
    HEAD
    + """
import nearspace as ns
ns.read(path.replace("v.", "warm."))
before, began, started = highest(), time.perf_counter(), time.process_time()
space = ns.read(path)
tell(before, began, started)
"""
)
WRITE = (
    HEAD
    + """
import nearspace as ns
ns.write(ns.read(path.replace("v.", "warm.")), path + ".warm.txt", overwrite=True)
space = ns.read(path.replace(".txt", ".bin"))
before, began, started = highest(), time.perf_counter(), time.process_time()
ns.write(space, path + ".copy.txt", overwrite=True)
tell(before, began, started)
"""
)
PEER_READ = (
    HEAD
    + """
from gensim.models import KeyedVectors
before, began, started = highest(), time.perf_counter(), time.process_time()
KeyedVectors.load_word2vec_format(path, binary=path.endswith(".bin"))
tell(before, began, started)
"""
)
PEER_WRITE = (
    HEAD
    + """
from gensim.models import KeyedVectors
vectors = KeyedVectors.load_word2vec_format(path.replace(".txt", ".bin"), binary=True)
before, began, started = highest(), time.perf_counter(), time.process_time()
vectors.save_word2vec_format(path + ".copy.txt")
tell(before, began, started)
"""
)


def measured(interpreter: str, program: str, *arguments: object) -> str:
    """Run a program in a process of its own; give what it prints."""
    command = [interpreter, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main() -> None:
    """Measure in alternating runs and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", help="a Python that has gensim, for example /tmp/peers/bin/python")
    given = parser.parse_args()
    jobs = {
        ("read text", "nearspace"): (sys.executable, READ, "v.txt"),
        ("read binary", "nearspace"): (sys.executable, READ, "v.bin"),
        ("write text", "nearspace"): (sys.executable, WRITE, "v.txt"),
    }
    if given.peer:
        jobs[("read text", "gensim")] = (given.peer, PEER_READ, "v.txt")
        jobs[("read binary", "gensim")] = (given.peer, PEER_READ, "v.bin")
        jobs[("write text", "gensim")] = (given.peer, PEER_WRITE, "v.txt")
    figures: dict[tuple[str, str], list[list[float]]] = {job: [] for job in jobs}
    with tempfile.TemporaryDirectory() as folder:
        measured(sys.executable, MAKE, folder, given.rows, given.dim)
        for _ in range(given.runs):
            for job, (interpreter, program, name) in jobs.items():
                figures[job].append(json.loads(measured(interpreter, program, Path(folder) / name)))
        sizes = {name: (Path(folder) / name).stat().st_size / 1e6 for name in ("v.txt", "v.bin")}
    print(f"{given.rows:,} x {given.dim}, {given.rows * given.dim * 4e-6:.0f} MB of float32")
    print(f"{'job':14}{'engine':12}{'s':>8}{'CPU s':>8}{'MB/s':>8}{'MB/CPU s':>10}{'memory MB':>11}")
    for job, rounds in sorted(figures.items()):
        wall, processor, memory = (statistics.median(values) for values in zip(*rounds, strict=True))
        size = sizes[jobs[job][2]]
        print(
            f"{job[0]:14}{job[1]:12}{wall:8.2f}{processor:8.2f}{size / wall:8.0f}"
            f"{size / processor:10.0f}{memory:11.0f}"
        )


if __name__ == "__main__":
    main()
