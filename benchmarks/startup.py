"""How long until the first result in a new process, with a warm kernel cache? Medians of fresh processes.

Usage: python benchmarks/startup.py [--json] [--runs 7]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

IMPORT = """
import time
began = time.perf_counter()
import nearspace
print(time.perf_counter() - began)
"""

# a corpus that is trained in milliseconds: what is measured is imports, kernels from the cache, threads
TRAIN = """
import time
lines = [[f"w{(i * 7 + j * j) % 300}" for j in range(20)] for i in range(500)]
began = time.perf_counter()
import nearspace as ns
ns.learn.words(lines, epochs=1)
print(time.perf_counter() - began)
"""

GENSIM = """
import time
began = time.perf_counter()
import gensim.models
print(time.perf_counter() - began)
"""


def median(python: str, code: str, runs: int) -> float:
    """Median seconds that the code prints, the first run (which may fill caches) left out."""
    seconds = []
    for _ in range(runs + 1):
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
        seconds.append(float(done.stdout))
    return statistics.median(seconds[1:])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peers", help="python with gensim")
    options = parser.parse_args()
    figures = {
        "import nearspace": median(sys.executable, IMPORT, options.runs),
        "first training call": median(sys.executable, TRAIN, options.runs),
    }
    if options.peers:
        figures["import gensim"] = median(options.peers, GENSIM, options.runs)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, seconds in figures.items():
            print(f"{name:22s} {seconds * 1000:6.0f} ms")


if __name__ == "__main__":
    main()
