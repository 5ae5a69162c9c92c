"""Write a Space in the formats of other tools and read it back.

usage: python examples/convert_formats.py TEXT FOLDER
"""

import sys
from pathlib import Path

import nearspace as ns

text, folder = sys.argv[1], Path(sys.argv[2])
space = ns.learn.words(text, dim=20, epochs=1, seed=1)

for name in ("vectors.txt", "vectors.bin", "vectors.parquet", "vectors.npy", "vectors.safetensors"):
    ns.write(space, folder / name, overwrite=True)
    again = ns.read(folder / name)
    print(name, len(again), "x", again.dim, again.keys == space.keys)

top = ns.read(folder / "vectors.bin", limit=100)  # the first rows: the most frequent words
print("only the first", len(top))
