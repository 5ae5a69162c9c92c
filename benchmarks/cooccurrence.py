"""How fast, how good and how large are the learners that count, stage by stage, with 1 and 2 workers?

Every run is a fresh process. The decomposition stands beside scikit-learn's `randomized_svd` on the same
matrix. Writes one JSON.

Usage: NEARSPACE_DATA=... python benchmarks/cooccurrence.py OUT.json [--megabytes 30]
       (only the first megabytes of the text; needs the extra "maps" for scikit-learn)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.cooccurrence import Cooccurrence, Window, count_cooccurrences
from nearspace.data.corpus import prepare
from nearspace.data.svd import truncated_svd
from nearspace.evaluation import verb as measure
from nearspace.learners.glove import GloVe
from nearspace.learners.ppmi import PPMI, multiply, terms
from nearspace.protocols import Quiet

SETS = ("wordsim353.spearman", "simlex999.spearman", "google.accuracy")
DIM = 100


class Stages(Quiet):
    """Remembers seconds and work of each task."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, Any]] = {}

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Any:
        stages = self.stages

        class Task:
            def __enter__(self) -> Any:
                self.began, self.done, self.shown = time.perf_counter(), 0.0, {}
                return self

            def __exit__(self, *raised: object) -> None:
                seconds = time.perf_counter() - self.began
                stages[description] = {
                    "seconds": seconds, f"{unit or 'items'} a second": self.done / seconds, **self.shown
                }  # fmt: skip

            def advance(self, amount: float, **shown: float) -> None:
                self.done += amount
                self.shown = shown

        return Task()


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def learn(job: dict[str, Any]) -> dict[str, Any]:
    """One run of a learner."""
    stages = Stages()
    learner = {"glove": GloVe, "ppmi": PPMI}[job["method"]](dim=DIM)
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Path(job["text"]), folder=Path(folder))
        before, began = peak(), time.perf_counter()
        space = learner.fit(data, folder=Path(folder), workers=job["workers"], progress=stages)
        seconds = time.perf_counter() - began
    result = {
        "seconds": seconds,
        "words a second": data.stream.tokens / seconds,
        "rows": len(space),
        "peak MB": peak(),
        "peak MB before": before,
        "two matrices MB": 2 * space.vectors.nbytes / 2**20,
        "bytes": hashlib.sha256(space.vectors.tobytes()).hexdigest()[:16],
        "stages": stages.stages,
    }
    if job["measure"]:
        words = Path(os.environ["NEARSPACE_DATA"]) / "words"
        sets = {"similarity": ["wordsim353", words / "simlex999.txt"], "analogies": "google"}
        report = measure.words(space, **sets)
        result["measures"] = {
            name: [report[name].value, report[name].low, report[name].high] for name in SETS
        }
    return result


def decompose(job: dict[str, Any]) -> dict[str, Any]:
    """The same matrix decomposed by us and by scikit-learn; energy: the sum of squared singular values."""
    from scipy.sparse import csr_matrix
    from sklearn.utils.extmath import randomized_svd

    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Path(job["text"]), folder=Path(folder))
        size = len(data.vocabulary)
        counts = count_cooccurrences(data.stream, size, Window(10), folder=Path(folder), workers=2)
        words, contexts = terms(counts.totals, 0.75, 1.0)
        sparse = csr_matrix(as_sparse(counts, words, contexts), shape=(size, size))
        result: dict[str, Any] = {"rows": size, "entries": counts.entries}
        for iterations in (1, 2, 4):
            began = time.perf_counter()
            with ThreadPoolExecutor(2) as pool:
                task = Quiet().task("")
                factors = truncated_svd(
                    multiply(counts, words, contexts, pool, task),
                    multiply(counts, contexts, words, pool, task),
                    size, DIM, iterations=iterations, seed=1, pool=pool,
                )  # fmt: skip
            middle = time.perf_counter()
            values = randomized_svd(sparse, DIM, n_oversamples=12, n_iter=iterations, random_state=1)[1]
            result[f"{iterations} iterations"] = {
                "ours": {"seconds": middle - began, "energy": float((factors.values**2).sum())},
                "scikit-learn": {"seconds": time.perf_counter() - middle, "energy": float((values**2).sum())},
            }  # fmt: skip
    return result


def as_sparse(counts: Cooccurrence, words: Any, contexts: Any) -> tuple[Any, Any, Any]:
    lengths, columns, values = counts.rows(np.arange(counts.size))
    rows = np.repeat(np.arange(counts.size), lengths)
    values = np.maximum(np.log(values) - words[rows] - contexts[columns], 0)
    kept = values > 0
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=counts.size))])
    return values[kept], columns[kept], pointers


def fresh(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job in a process of its own."""
    command = [sys.executable, __file__, "--job", json.dumps(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job}:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({**job, **result}, indent=1), flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--megabytes", type=int)
    parser.add_argument("--job", type=json.loads)
    given = parser.parse_args()
    if given.job:
        print(json.dumps({"learn": learn, "decompose": decompose}[given.job["kind"]](given.job)))
        return
    raw = Path(os.environ["NEARSPACE_DATA"]) / "wiki" / "enwiki-2018-20M.txt.xz"
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        with lzma.open(raw) as packed:
            text.write_bytes(packed.read(-1 if given.megabytes is None else given.megabytes << 20))
        figures: dict[str, Any] = {}
        for method in ("ppmi", "glove"):
            for workers in (1, 2):
                job = {"kind": "learn", "method": method, "workers": workers, "text": str(text)}
                figures[f"{method} {workers}"] = fresh({**job, "measure": workers == 2})
        figures["decompose"] = fresh({"kind": "decompose", "text": str(text)})
    given.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
