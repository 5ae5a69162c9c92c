"""Does `learn texts` run flat in memory, and which way of asking finds the right paragraph?

    NEARSPACE_DATA=... python benchmarks/learn_texts.py [--texts 1000000] [--model MODEL]

memory: so many short texts, a tenth of them doubles, go to disk through a static encoder of 100 components;
the resident memory is read after each tenth. retrieval: XQuAD, English, nDCG@10 of each question's paragraph
by vectors, hybrid and BM25, with 95 % intervals over the questions; encoders learned from the paragraphs, and
the model if one is named (a folder, a package or a name). BM25 is the peer: what a user has without vectors.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import nearspace as ns
from nearspace.encoders.static import StaticEncoder
from nearspace.learners.texts import write_texts

WORDS = 20_000


def resident() -> float:
    """Resident memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def short_texts(count: int, seen: list[dict[str, Any]], began: float) -> Iterator[dict[str, str]]:
    """Texts of 5 to 20 words by Zipf's law; every tenth is one of a thousand that come again and again."""
    rng = np.random.default_rng(1)
    for number in range(count):
        if number % max(count // 10, 1) == 0:
            megabytes, seconds = round(resident()), round(time.perf_counter() - began, 1)
            seen.append({"texts": number, "megabytes": megabytes, "seconds": seconds})
        if number % 10 == 0:
            text = f"w{number // 10 % 1000} again"
        else:
            picked = np.minimum(rng.zipf(1.3, rng.integers(5, 21)), WORDS) - 1
            text = " ".join(f"w{word}" for word in picked.tolist())
        yield {"key": str(number), "text": text}


def memory(folder: Path, count: int) -> dict[str, Any]:
    """What is resident while the texts go to disk."""
    rows = np.random.default_rng(2).normal(size=(WORDS, 100)).astype(np.float32)
    encoder = StaticEncoder.from_space(ns.Space(ns.Keys(f"w{n}" for n in range(WORDS)), rows))
    write_texts([{"key": "a", "text": "w1 w2"}], folder / "warm.space", encoder=encoder)
    before, seen, began = resident(), [], time.perf_counter()  # type: ignore[var-annotated]
    done = write_texts(short_texts(count, seen, began), folder / "many.space", encoder=encoder)
    return {
        "texts": done.passages,
        "encoded": done.encoded,
        "texts_per_second": round(done.passages / done.seconds),
        "before_megabytes": round(before),
        "line": seen,
        "after_megabytes": round(resident()),
    }


def retrieval(folder: Path, data: Path, model: str | None) -> dict[str, Any]:
    """nDCG@10 and recall@1 on XQuAD."""
    pages = json.loads((data / "text" / "xquad" / "xquad.en.json").read_bytes())["data"]
    paragraphs = [one for page in pages for one in page["paragraphs"]]
    rows = [{"key": str(number), "text": one["context"]} for number, one in enumerate(paragraphs)]
    asked = [
        {"query": question["question"], "key": str(number)}
        for number, one in enumerate(paragraphs)
        for question in one["qas"]
    ]
    found: dict[str, Any] = {}
    for name in ["lsa", "words", *([model] if model else [])]:
        space = ns.learn.texts(rows, folder / "xquad.space", encoder=name, passages=None, overwrite=True)
        report = ns.measure.retrieval(space, asked)
        for way in ("", "hybrid."):
            for figure in ("ndcg@10", "recall@1"):
                one = report[f"retrieval.{way}{figure}"]
                shown = [round(value, 3) for value in (one.value, one.low, one.high)]
                found.setdefault(f"{Path(name).name} {way or 'vectors.'}"[:-1], {})[figure] = shown
                found.setdefault("BM25", {})[figure] = [round(one.baseline["bm25"], 3)]
                found.setdefault("tf-idf", {})[figure] = [round(one.baseline["tfidf"], 3)]
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--model", default=os.environ.get("NEARSPACE_MODEL"))
    parser.add_argument("--parts", nargs="+", default=["memory", "retrieval"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if "memory" in options.parts:
            print(json.dumps({"memory": memory(Path(folder), options.texts)}))
        if "retrieval" in options.parts:
            data = Path(os.environ["NEARSPACE_DATA"])
            print(json.dumps({"retrieval": retrieval(Path(folder), data, options.model)}))


if __name__ == "__main__":
    main()
