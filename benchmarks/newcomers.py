"""How well are items that nobody has chosen yet recommended, from titles and genres alone?

Holds out 15 % of the anime with all their events, learns the rest, places the held-out by their texts, and
ranks them for the users who chose them; beside chance, popularity of the nearest items, content alone and the
mean item. Usage: NEARSPACE_DATA=... python benchmarks/newcomers.py [--learner als|bpr|item2vec] [--seeds N]
"""

from __future__ import annotations

import argparse
import html
import os
import time
from pathlib import Path

import nearspace as ns
from nearspace.learners.als import ALS
from nearspace.learners.bpr import BPR
from nearspace.learners.item2vec import Item2Vec

LEARNERS = {"als": ALS(), "bpr": BPR(), "item2vec": Item2Vec()}


def described(folder: Path) -> list[dict[str, str]]:
    """Give the items' names, titles and genres; anime_info.dat has the ids of the events."""
    rows = []
    for line in (folder / "anime_info.dat").read_text(encoding="utf-8").splitlines()[1:]:
        number, title, genres, kind = line.split("\t")[:4]
        tags = " ".join(f"genre_{one.strip().lower().replace(' ', '_')}" for one in genres.split(","))
        rows.append({"key": number, "text": f"{html.unescape(title)} . {tags} kind_{kind}"})
    return rows


def chosen(folder: Path) -> list[dict[str, str]]:
    """Give the events."""
    lines = (folder / "anime_history.dat").read_text(encoding="utf-8").splitlines()[1:]
    return [dict(zip(("user", "item"), line.split("\t")[:2], strict=True)) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learner", choices=LEARNERS, default="als")
    parser.add_argument("--encoder", default="lsa")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(os.environ["NEARSPACE_DATA"]) / "interactions" / "anime"
    events, items = chosen(folder), described(folder)
    for seed in range(1, asked.seeds + 1):
        began = time.perf_counter()
        report = ns.measure.newcomers(
            events, items, text="text", encoder=asked.encoder, learner=LEARNERS[asked.learner], seed=seed
        )
        print(f"seed {seed}, {asked.learner}, {asked.encoder}, {time.perf_counter() - began:.0f} s")
        for one in report:
            beside = ", ".join(f"{name} {value:.4f}" for name, value in one.baseline.items())
            print(f"{one.name:22s} {one.value:.4f} [{one.low:.4f}, {one.high:.4f}] n {one.n:,}; {beside}")


if __name__ == "__main__":
    main()
