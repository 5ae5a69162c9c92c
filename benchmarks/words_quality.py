"""How good are the vectors that `words.py` kept? Three public sets, with intervals and the peer beside.

Usage: NEARSPACE_DATA=... python benchmarks/words_quality.py OUT.json
Adds to each entry of "quality" in OUT.json its measures, and the paired difference from the peer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nearspace as ns

SETS = ("wordsim353.spearman", "simlex999.spearman", "google.accuracy")
PEER = {
    "ours seeded": "gensim", "ours free": "gensim", "ours cbow": "gensim cbow",
    "ours glove": "gensim", "ours ppmi": "gensim",
}  # fmt: skip


def main(out: Path) -> None:
    """Measure every kept Space."""
    data = Path(os.environ["NEARSPACE_DATA"]) / "words"
    sets = {"similarity": ["wordsim353", data / "simlex999.txt"], "analogies": "google"}
    figures = json.loads(out.read_text())
    spaces = {}
    for name, run in figures["quality"].items():
        path = Path(run["path"])
        spaces[name] = ns.open(path) if path.suffix == ".space" else ns.read(path)
        report = ns.measure.words(spaces[name], **sets)
        run["measures"] = [m for m in report.to_json()["measures"] if m["name"] in SETS]
        print(name, [(m["name"], round(m["value"], 3)) for m in run["measures"]], flush=True)
    for name, peer in PEER.items():
        if name in spaces and peer in spaces:
            report = ns.measure.compare(spaces[name], spaces[peer], **sets)
            wanted = {f"{name}.difference" for name in SETS}
            measures = [m for m in report.to_json()["measures"] if m["name"] in wanted]
            figures["quality"][name]["differences"] = measures
    out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
