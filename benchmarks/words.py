"""How fast and how good are the word learners beside gensim and fastText?

Everything runs on the same 20M-word text, cut once into lines of 1,000 tokens (the form that gensim's
`corpus_file` is fastest with), every run in a fresh process, ours and the peer's in turn. Writes one JSON.

Usage: NEARSPACE_DATA=... python benchmarks/words.py OUT.json [--peers PYTHON] [--only NAME...]
"""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
WORKERS = 2


def make_corpus(raw: Path, target: Path) -> dict[str, float]:
    """Tokenize the raw text as a gensim user would, in Python; tell how long that takes."""
    began = time.perf_counter()
    line: list[str] = []
    with lzma.open(raw, "rt", encoding="utf-8") as text, target.open("w", encoding="utf-8") as out:
        for paragraph in text:
            if not paragraph.startswith(("<doc ", "</doc>")):
                line += TOKEN.findall(paragraph.lower())
            while len(line) >= 1_000:
                out.write(" ".join(line[:1_000]) + "\n")
                del line[:1_000]
        out.write(" ".join(line) + "\n")
    return {"tokenizing": time.perf_counter() - began}


class Bench:
    """Runs jobs in fresh processes and keeps what they print."""

    def __init__(self, peers: str, work: Path, corpus: Path) -> None:
        self.peers, self.work, self.corpus = peers, work, corpus
        self.runs: list[dict[str, object]] = []

    def run(self, tool: str, **job: object) -> dict[str, float]:
        """Run one job and return its figures; `tool` is ours, gensim or fasttext."""
        defaults = {"method": "skipgram", "dim": 100, "epochs": 1, "workers": WORKERS, "subwords": False}
        full = {**defaults, "input": "file", "free": False, "corpus": str(self.corpus), "tool": tool, **job}
        python, script = (sys.executable, "our_words.py") if tool == "ours" else (self.peers, "peer_words.py")
        command = [python, str(HERE / script), json.dumps(full)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{tool} {job}:\n{done.stderr}")
        result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        self.runs.append({**full, **result})
        rate = result["words"] / result["training"]
        print(f"{tool:9s} {job} {rate:,.0f} words/s, peak {result['peak_mb']:.0f} MB", flush=True)
        return result

    def rates(self, rounds: int, jobs: dict[str, dict[str, object]]) -> dict[str, float]:
        """Median training words/s of each job over `rounds` alternating rounds."""
        seen: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(rounds):
            for name, job in jobs.items():
                result = self.run(**job)  # type: ignore[arg-type]
                seen[name].append(result["words"] / result["training"])
        return {name: statistics.median(values) for name, values in seen.items()}


def training(bench: Bench, rounds: int) -> dict[str, dict[str, float]]:
    """Words/s of the learners."""

    def pair(**job: object) -> dict[str, dict[str, object]]:
        return {
            "gensim": {"tool": "gensim", **job},
            "seeded": {"tool": "ours", **job},
            "free": {"tool": "ours", "free": True, **job},
        }

    # fastText, the slowest by far, gets the first quarter of the text: words/s hardly change with the size
    quarter = bench.work / "quarter.txt"
    with bench.corpus.open(encoding="utf-8") as text, quarter.open("w", encoding="utf-8") as out:
        out.writelines(itertools.islice(text, 5_000))
    slow = {"tool": "fasttext", "subwords": True, "corpus": str(quarter)}
    subword = {**pair(subwords=True), "fasttext": slow}
    return {
        "skipgram 100": bench.rates(rounds, pair()),
        "cbow 100": bench.rates(rounds, pair(method="cbow")),
        "skipgram 300": bench.rates(1, pair(dim=300)),
        "subwords 100": bench.rates(1, subword),
    }


def scaling(bench: Bench, rounds: int) -> dict[str, float]:
    """Words/s of the seeded skip-gram on 1 and 2 workers."""
    jobs: dict[str, dict[str, object]] = {f"{n} workers": {"tool": "ours", "workers": n} for n in (1, 2)}
    return bench.rates(rounds, jobs)


def quality(bench: Bench, epochs: int) -> dict[str, dict[str, object]]:
    """Five epochs of each, the vectors kept for `words_quality.py`, and the whole job's seconds."""
    results: dict[str, dict[str, object]] = {}
    for name, job in {
        "ours seeded": {"tool": "ours"},
        "ours free": {"tool": "ours", "free": True},
        "gensim": {"tool": "gensim"},
        "ours cbow": {"tool": "ours", "method": "cbow"},
        "gensim cbow": {"tool": "gensim", "method": "cbow"},
    }.items():
        path = self_path(bench.work, name, str(job["tool"]))
        results[name] = {**bench.run(epochs=epochs, save=str(path), **job), "path": str(path)}  # type: ignore[arg-type]
    return results


def self_path(work: Path, name: str, tool: str) -> Path:
    """Where the vectors of a quality run go."""
    return work / (name.replace(" ", "-") + (".space" if tool == "ours" else ".bin"))


def whole(bench: Bench, raw: Path, tokenizing: float) -> dict[str, float]:
    """Seconds from raw text to saved vectors, one epoch: ours reads the raw file, gensim the tokens."""
    ours = bench.run("ours", corpus=str(raw), save=str(bench.work / "whole.space"))
    iterator = bench.run("gensim", input="iterator", save=str(bench.work / "whole.bin"))
    file = bench.run("gensim", save=str(bench.work / "whole.bin"))
    total = ("vocabulary", "training", "saving")
    return {
        "ours": sum(ours[part] for part in total) + ours["import"],
        "gensim corpus_file": tokenizing + sum(file[part] for part in total),
        "gensim iterator": tokenizing + sum(iterator[part] for part in total),
        "tokenizing for gensim": tokenizing,
    }


def main() -> None:
    """Run what is asked for and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--peers", default=".venv-peers/bin/python")
    parser.add_argument("--only", nargs="*", default=["training", "scaling", "whole", "quality"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("/tmp/nearspace-bench"))
    options = parser.parse_args()
    raw = Path(os.environ["NEARSPACE_DATA"]) / "wiki" / "enwiki-2018-20M.txt.xz"
    options.work.mkdir(parents=True, exist_ok=True)
    corpus = options.work / "lines.txt"
    figures = json.loads(options.out.read_text()) if options.out.exists() else {}
    if not corpus.exists() or "tokenizing" not in figures:
        figures |= make_corpus(raw, corpus)
    bench = Bench(options.peers, options.work, corpus)
    todo = {
        "training": lambda: training(bench, options.rounds),
        "scaling": lambda: scaling(bench, options.rounds),
        "whole": lambda: whole(bench, raw, figures["tokenizing"]),
        "quality": lambda: quality(bench, options.epochs),
    }
    for name in options.only:
        figures[name] = todo[name]()
        figures["runs"] = figures.get("runs", []) + bench.runs
        bench.runs = []
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
