"""Continue training on new text: new words are added, old keys keep their rows.

usage: python examples/continue_training.py TEXT FOLDER
"""

import sys
from pathlib import Path

import nearspace as ns

lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
half = len(lines) // 2

first = ns.learn.words(lines[:half], dim=20, epochs=2, seed=1)
second = ns.learn.words(lines[half:], start=first, dim=first.dim, epochs=2, seed=1)

print(f"{len(first):,} words, then {len(second):,}")
print("old keys keep their rows:", second.keys.names(range(len(first))) == first.keys.names())
print("new words:", ", ".join(second.keys.names(range(len(first), min(len(first) + 5, len(second))))))
print("history:", [step.data[:8] for step in (*second.recipe.history, second.recipe)])
