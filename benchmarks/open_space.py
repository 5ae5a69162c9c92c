"""How long does it take to open a large saved Space and search it once, and how much memory does that need?

Every figure comes from a fresh process. The peers in the same run: numpy loading the same vectors whole, and
Lance reading the same table. Usage: python benchmarks/open_space.py [--rows 1000000] [--dim 100] [--runs 5]
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
import resource, sys, threading, time
import numpy as np
import nearspace as ns
target, n, d = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(1)
vectors = rng.standard_normal((n, d), dtype=np.float32)
keys = ns.Keys(f"word{row}" for row in range(n))
space = ns.Space(keys, vectors, columns={"count": np.arange(n)[::-1].copy()})
import lance, pyarrow  # their import is no cost of saving
now = lambda: int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
before, highest, going = now(), [now()], True
def watch():
    while going:
        highest[0] = max(highest[0], now())
        time.sleep(0.005)
thread = threading.Thread(target=watch)
thread.start()
began = time.perf_counter()
ns.save(space, target)
seconds = time.perf_counter() - began
going = False
thread.join()
print({"save s": seconds, "save extra MB": highest[0] - before})
"""

START = """
import sys, time
began, started = time.perf_counter(), time.process_time()
def highest():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1e3
"""

OPEN = """
import nearspace as ns
imported = time.perf_counter() - began
space = ns.open(sys.argv[1])
opened = time.perf_counter() - began
processor = time.process_time() - started
figures = {"import s": imported, "import + open s": opened, "import + open CPU s": processor}
print({**figures, "open MB": highest()})
"""

SEARCH = """
import nearspace as ns
space = ns.open(sys.argv[1])
began, started = time.perf_counter(), time.process_time()
found = ns.nearest(space, "word17", k=10)
first, processor = time.perf_counter() - began, time.process_time() - started
assert found.rows.shape == (1, 10) and 17 not in found.rows
began = time.perf_counter()
ns.nearest(space, "word18", k=10)
second = time.perf_counter() - began
figures = {"first search s": first, "first search CPU s": processor, "second search s": second}
print({**figures, "open + search MB": highest()})
"""

# the same question answered with numpy alone over the map: what the arrays themselves cost
MATMUL = """
import numpy as np, nearspace as ns
space = ns.open(sys.argv[1])
began = time.perf_counter()
query, scores = space["word17"], np.empty(len(space), np.float32)
for start in range(0, len(space), 16384):
    np.matmul(space.vectors[start:start + 16384], query, out=scores[start:start + 16384])
scores /= space.norms
best = np.argpartition(-scores, 11)[:11]
first = time.perf_counter() - began
assert 17 in best
print({"numpy over the map s": first, "numpy over the map MB": highest()})
"""

WHOLE = """
import numpy as np
vectors = np.load(sys.argv[1] + "/index/vectors.npy")
print({"numpy.load whole s": time.perf_counter() - began, "numpy.load whole MB": highest()})
"""

TABLE = """
import lance
table = lance.dataset(sys.argv[1] + "/items.lance").to_table(columns=["vector"])
vectors = table.column("vector").combine_chunks().flatten().to_numpy()
print({"Lance whole s": time.perf_counter() - began, "Lance whole MB": highest()})
"""


def measured(program: str, *arguments: object) -> dict[str, float]:
    """Run a program in a process of its own and read the figures that it prints."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout.replace("'", '"')))


def main() -> None:
    """Measure in alternating runs and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "big.space"
        rounds = [measured(MAKE, target, given.rows, given.dim)]
        for _ in range(given.runs):
            rounds += [measured(START + part, target) for part in (OPEN, SEARCH, MATMUL, WHOLE, TABLE)]
    for one in rounds:
        for name, value in one.items():
            figures.setdefault(name, []).append(value)
    medians = {name: round(statistics.median(values), 4) for name, values in figures.items()}
    medians["vectors MB"] = given.rows * given.dim * 4 / 1e6
    medians["memory / vectors"] = round(medians["open + search MB"] / medians["vectors MB"], 3)
    if given.json:
        print(json.dumps(medians))
        return
    for name, value in medians.items():
        print(f"{name:28}{value:12,.3f}")


if __name__ == "__main__":
    main()
