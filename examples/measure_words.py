"""Measure a Space on a test set of your own; every figure has an interval, a baseline and its n.

usage: python examples/measure_words.py TEXT FOLDER
"""

import sys
from pathlib import Path

import nearspace as ns

text, folder = sys.argv[1], Path(sys.argv[2])
space = ns.learn.words(text, dim=50, epochs=3, seed=1)

# Your own pairs: two words and how similar people find them, tab-separated. Made up here.
words = space.keys.names(range(60))
pairs = [f"{words[i]}\t{words[i + 30]}\t{i % 10}" for i in range(30)]
(folder / "pairs.tsv").write_text("\n".join(pairs) + "\n", encoding="utf-8")

report = ns.measure.words(space, similarity=folder / "pairs.tsv", seed=1)
for measure in report:
    print(f"{measure.name} {measure.value:.3f}, n {measure.n}")
    print(f"  95 % interval {measure.low:.3f} to {measure.high:.3f}")
    print("  baselines:", ", ".join(f"{name} {value:.3f}" for name, value in measure.baseline.items()))
