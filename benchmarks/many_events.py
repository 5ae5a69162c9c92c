"""Does a recommender of 100 million events fit in 8 GB, and does a sweep take time in proportion?

Events are planted by seed and lie in a Parquet file. A process of its own reads them, learns ALS and saves
the Space; at 25, 50 and 100 million events: seconds of each stage and of a sweep, and peak memory.
Usage: python benchmarks/many_events.py FOLDER [--millions 25 50 100] [--dim 64] [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from planted_events import Shape, write

SWEEPS = 3


def file_of(folder: Path, millions: int) -> Path:
    """Give the file of so many million events; it is written once."""
    path = folder / f"events-{millions}.parquet"
    if not path.exists():
        write(path, Shape(10_000 * millions, 100_000, 1_000_000 * millions))
    return path


def one(path: Path, dim: int) -> dict[str, Any]:
    """Read, learn and save; seconds of each, and the most memory that the process held."""
    import nearspace as ns
    from nearspace.learners.als import ALS

    began = time.perf_counter()
    events = ns.read_interactions(path)
    read = time.perf_counter()
    memory = {"read": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}
    told: list[float] = []
    space = ALS(dim=dim, sweeps=SWEEPS).fit(events, after=lambda _: told.append(time.perf_counter()))
    learned = time.perf_counter()
    memory["learn"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    ns.save(space, path.with_suffix(".space"), overwrite=True)
    saved = time.perf_counter()
    memory["save"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "events": len(events),
        "users": len(events.users),
        "items": len(events.items),
        "read": read - began,
        "start": told[0] - read,
        "sweep": (told[-1] - told[1]) / (SWEEPS - 1),
        "learn": learned - read,
        "save": saved - learned,
        "peak_gb": memory,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--millions", type=int, nargs="*", default=[25, 50, 100])
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=Path)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one, asked.dim)))
        return
    asked.folder.mkdir(exist_ok=True)
    figures = []
    for millions in asked.millions:
        path = file_of(asked.folder, millions)
        command = [sys.executable, __file__, str(asked.folder), "--one", str(path), "--dim", str(asked.dim)]
        figures.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
        print(json.dumps(figures[-1]), file=sys.stderr, flush=True)
    if asked.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
