"""Learn a Space from a text, save it and open it again.

usage: python examples/learn_words.py TEXT FOLDER
"""

import sys
from pathlib import Path

import nearspace as ns

text, folder = Path(sys.argv[1]), Path(sys.argv[2])

space = ns.learn.words(text, method="skipgram", dim=50, epochs=3, seed=1)
print(space)
print("most frequent:", ", ".join(space.keys.names(range(5))))

ns.save(space, folder / "words.space", overwrite=True)

again = ns.open(folder / "words.space")  # maps the vectors, reads none
print("the same bytes:", bool((again.vectors == space.vectors).all()))
print("made by:", again.recipe.learner, "with seed", again.recipe.seed)
