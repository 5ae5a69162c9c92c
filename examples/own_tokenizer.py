"""Learn from any iterable of texts, cut into words by a function of your own.

usage: python examples/own_tokenizer.py TEXT FOLDER
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nearspace as ns


def paragraphs(path: str) -> Iterator[str]:
    """Give one text a line; a generator is fine, for it is read once."""
    with Path(path).open(encoding="utf-8") as lines:
        yield from (line for line in lines if not line.startswith("<"))


def tokenize(text: str) -> list[str]:
    """Keep only words of letters, and keep hyphens and apostrophes inside them."""
    return re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", text.casefold())


space = ns.learn.words(paragraphs(sys.argv[1]), tokenizer=tokenize, dim=20, epochs=1, seed=1)
print(space)
print("with a hyphen:", ", ".join([key for key in space.keys if "-" in key][:5]) or "none")
print("with a digit:", sum(any(sign.isdigit() for sign in key) for key in space.keys))
