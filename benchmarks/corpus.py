"""How fast does text become a vocabulary and ids, from each kind of source, beside plain Python and gensim?

Wall and processor seconds, medians of alternating runs, and the growth of the peak of memory, each run in a
process of its own. The peers only count words (gensim: `build_vocab` of its `corpus_file`, which wants
lower-case words parted by blanks, made for it beforehand); nearspace also lowers, splits and writes the ids.

Usage: python benchmarks/corpus.py TEXT [--runs 3] [--megabytes 126] [--peers PYTHON] [--json OUT]
       (PYTHON: an interpreter that has gensim)
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import lzma
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORD = re.compile(r"\w+(?:['’]\w+)*")


def ours(source: Any, **settings: Any) -> Callable[[], int]:
    from nearspace.data.corpus import CorpusSettings, prepare

    def run() -> int:
        with tempfile.TemporaryDirectory() as folder:
            return prepare(source(), CorpusSettings(**settings), folder=Path(folder)).stream.tokens

    return run


def kinds(text: Path, work: Path) -> dict[str, Callable[[], Callable[[], int]]]:
    """Name -> what gets the input ready (not timed) and gives what is timed."""

    def lines() -> list[str]:
        return text.read_text("utf-8").splitlines()

    def tokens() -> list[list[str]]:
        return [WORD.findall(line.lower()) for line in lines()]

    def generator() -> Callable[[], int]:
        ready = lines()
        return ours(lambda: (line for line in ready))

    def own() -> Callable[[], int]:
        ready = lines()
        return ours(lambda: ready, tokenizer=lambda line: WORD.findall(line.lower()))

    def ready(make: Callable[[], Any]) -> Callable[[], Callable[[], int]]:
        def prepared() -> Callable[[], int]:
            made = make()
            return ours(lambda: made)

        return prepared

    return {
        "file": lambda: ours(lambda: text),
        "gz": lambda: ours(lambda: work / "text.gz"),
        "xz": lambda: ours(lambda: work / "text.xz"),
        "zst": lambda: ours(lambda: work / "text.zst"),
        "bz2": lambda: ours(lambda: work / "text.bz2"),
        "list of strings": ready(lines),
        "generator of strings": generator,
        "token lists": ready(tokens),
        "file, phrases": lambda: ours(lambda: text, phrases=phrases()),
        "strings, own tokenizer": own,
        "Python: regular expression and Counter": lambda: lambda: python(text),
        "gensim: build_vocab(corpus_file)": lambda: lambda: gensim(work / "words.txt"),
    }


def phrases() -> Any:
    from nearspace.data.phrases import Phrases

    return Phrases()


def python(text: Path) -> int:
    counts: Counter[str] = Counter()
    with text.open(encoding="utf-8") as lines:
        for line in lines:
            counts.update(WORD.findall(line.lower()))
    return counts.total()


def gensim(words: Path) -> int:
    from gensim.models import Word2Vec

    model = Word2Vec(min_count=5)
    model.build_vocab(corpus_file=str(words))
    return int(model.corpus_total_words)


def pack(text: Path, work: Path) -> None:
    import zstandard

    data = text.read_bytes()
    (work / "text.gz").write_bytes(gzip.compress(data, 6))
    (work / "text.xz").write_bytes(lzma.compress(data, preset=1))
    (work / "text.bz2").write_bytes(bz2.compress(data))
    (work / "text.zst").write_bytes(zstandard.compress(data))
    with (work / "words.txt").open("w", encoding="utf-8") as file:
        for line in data.decode().splitlines():
            file.write(" ".join(WORD.findall(line.lower())) + "\n")


def child(text: Path, work: Path, kind: str) -> None:
    """One timed run, the second in its process; prints a line of JSON."""
    run = kinds(text, work)[kind]()
    small = work / "small.txt"
    small.write_text("the kernels are loaded by this line\n" * 10)
    if not kind.startswith(("Python", "gensim")):
        ours(lambda: small)()
    before = highest()
    wall, processor = time.perf_counter(), time.process_time()
    count = run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = highest() - before
    print(json.dumps({"wall": wall, "processor": processor, "tokens": count, "peak": peak}))


def highest() -> float:
    """Peak resident megabytes of this process (ru_maxrss would begin with those of its parent)."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=1e6, help="only so much of the text")
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.text, Path(options.child[0]), options.child[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        work, text = Path(folder), Path(folder) / "text.txt"
        data = options.text.read_bytes()[: int(options.megabytes * 1e6)]
        text.write_bytes(data[: data.rindex(b"\n") + 1])
        pack(text, work)
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds(text, work)}
        for _ in range(options.runs):
            for kind in runs:
                python = options.peers if kind.startswith("gensim") else sys.executable
                command = [python, __file__, str(text), "--child", folder, kind]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode == 0:
                    runs[kind].append(json.loads(done.stdout))
        size = text.stat().st_size / 1e6
    table = {
        kind: {name: statistics.median(run[name] for run in found) for name in found[0]}
        for kind, found in runs.items()
        if found
    }
    print(f"{size:.0f} MB; seconds\n| source | wall | processor | tokens | peak MB |\n|---|---|---|---|---|")
    for kind, row in table.items():
        seconds = f"{row['wall']:.2f} | {row['processor']:.2f}"
        print(f"| {kind} | {seconds} | {row['tokens']:,.0f} | {row['peak']:.0f} |")
    if options.json:
        options.json.write_text(json.dumps({"megabytes": size, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
