"""Draw the most frequent words of a Space, and see how far each point can be trusted.

usage: python examples/map_words.py TEXT FOLDER      (needs the extra: pip install 'nearspace[maps]')
"""

import sys
from pathlib import Path

import numpy as np

import nearspace as ns

text, folder = sys.argv[1], Path(sys.argv[2])
space = ns.learn.words(text, dim=50, epochs=3, seed=1)

found = ns.map(space, method="tsne", dim=2, limit=200, seed=1)
print(f"mean trust {found.trust.mean():.2f}; random points would have {found.chance:.2f}")

best = np.argsort(-found.trust)[:5]
print("most trusted:", ", ".join(found.keys.names(best)))

ns.draw(found, folder / "map.png")
ns.draw(found, folder / "map.svg")
