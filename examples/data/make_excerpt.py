"""Make encyclopedia.txt.xz: whole articles of an English Wikipedia text, chosen for everyday words.

usage: NEARSPACE_DATA=FOLDER python examples/data/make_excerpt.py [TARGET FOLDER]

FOLDER holds wiki/enwiki-2018-20M.txt.xz, one <doc id="..." title="..."> an article. Articles are taken one by
one, the one that adds most for its length first. What an article adds is the sum over everyday-words.txt of
sqrt(n + c) - sqrt(n), where n is how often the word came in the articles taken and c how often it comes in
this one: so every word comes often, and none fills the excerpt. The text is the same whenever this runs.
"""

import hashlib
import lzma
import os
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

BUDGET = 3_300_000  # words
SHORTEST, LONGEST = 300, 20_000  # words of an article

WORDS = (Path(__file__).parent / "everyday-words.txt").read_text().split()


def articles(data: Path) -> tuple[list[tuple[str, str, str]], np.ndarray, np.ndarray]:
    """Read (id, title, text), how often each of WORDS comes in it, and its length in words."""
    text = lzma.decompress((data / "wiki" / "enwiki-2018-20M.txt.xz").read_bytes()).decode()
    wanted = {word: place for place, word in enumerate(dict.fromkeys(WORDS))}
    found, counts, sizes = [], [], []
    for part in re.split(r"(?m)^(?=<doc id=)", text)[1:]:
        known = re.match(r'<doc id="(\d+)" title="(.*)">\n', part)
        assert known, part[:80]
        seen = Counter(re.findall(r"[a-z]+", part.lower()))
        size = sum(seen.values())
        if SHORTEST <= size <= LONGEST:
            found.append((known[1], known[2], part.rstrip("\n") + "\n"))
            counts.append([seen[word] for word in wanted])
            sizes.append(size)
    return found, np.array(counts, dtype=np.float64), np.array(sizes, dtype=np.float64)


def choose(counts: np.ndarray, sizes: np.ndarray) -> list[int]:
    """Take the article that adds most for its length until the budget is spent; give them in file order."""
    total, left, taken = np.zeros(counts.shape[1]), BUDGET, []
    free = np.ones(len(sizes), dtype=bool)
    while True:
        gain = (np.sqrt(total + counts) - np.sqrt(total)).sum(1) / sizes
        gain[~free | (sizes > left)] = -1
        best = int(gain.argmax())
        if gain[best] < 0:
            return sorted(taken)
        total, left, free[best] = total + counts[best], left - sizes[best], False
        taken.append(best)


def main() -> None:
    """Write encyclopedia.txt.xz and articles.tsv."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    found, counts, sizes = articles(Path(os.environ["NEARSPACE_DATA"]))
    taken = choose(counts, sizes)
    text = "".join(found[at][2] for at in taken).encode()
    packed = lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
    (target / "encyclopedia.txt.xz").write_bytes(packed)
    rows = [found[at][:2] for at in taken]
    lines = [f"{number}\t{title}\thttps://en.wikipedia.org/wiki?curid={number}" for number, title in rows]
    (target / "articles.tsv").write_text("\n".join(["id\ttitle\turl", *lines, ""]), encoding="utf-8")
    words = int(sizes[taken].sum())
    print(f"{len(taken)} articles, {words:,} words, {len(text):,} bytes, {len(packed):,} compressed")
    print(f"sha256 of the text {hashlib.sha256(text).hexdigest()}")


if __name__ == "__main__":
    main()
