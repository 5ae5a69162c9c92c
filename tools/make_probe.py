"""Make the probe of encoders of texts out of the encyclopedia excerpt of the examples.

Usage: python tools/make_probe.py   (writes src/nearspace/evaluation/data/encyclopedia-probe.tsv.xz)
The choice is the same whenever it runs.
"""

from __future__ import annotations

import lzma
import re
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "examples" / "data" / "encyclopedia.txt.xz"
TARGET = ROOT / "src" / "nearspace" / "evaluation" / "data" / "encyclopedia-probe.tsv.xz"
ARTICLES = 320
PASSAGE = 420  # characters of a passage at most
QUERY = (50, 180)  # characters of a sentence that is asked
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"][.!?]) (?=[A-Z])")


def articles() -> dict[str, list[str]]:
    """Give the paragraphs of each article, by its number."""
    found: dict[str, list[str]] = {}
    number = ""
    for line in lzma.decompress(SOURCE.read_bytes()).decode("utf-8").split("\n"):
        if line.startswith("<doc "):
            number = line.split('"')[1]
            found[number] = []
        elif not line.startswith("</doc") and len(line) > PASSAGE:
            found[number].append(" ".join(line.split()))
    return found


def passage(sentences: list[str]) -> str:
    """Join as many of the first sentences as a passage takes."""
    kept = sentences[0]
    for sentence in sentences[1:]:
        if len(kept) + 1 + len(sentence) > PASSAGE:
            break
        kept += " " + sentence
    return kept


def asked(paragraph: str) -> tuple[str, str] | None:
    """Take the second or third sentence out of a paragraph; give it and what is left."""
    sentences = _SENTENCE.split(paragraph)
    for place in (1, 2):
        if len(sentences) > 4 and QUERY[0] <= len(sentences[place]) <= QUERY[1]:
            left = passage(sentences[:place] + sentences[place + 1 :])
            if 150 <= len(left) <= PASSAGE:
                return sentences[place], left
    return None


def main() -> None:
    """Write the probe."""
    random = np.random.default_rng(1)
    found = articles()
    rows = []
    numbers = sorted(found)
    for at in random.permutation(len(numbers)):
        paragraphs = [found[numbers[at]][one] for one in random.permutation(len(found[numbers[at]]))]
        chosen = next((one for one in paragraphs if asked(one)), None)
        other = next((passage(_SENTENCE.split(one)) for one in paragraphs if one != chosen), "")
        if chosen is None or not 150 <= len(other) <= PASSAGE:
            continue
        query, left = asked(chosen) or ("", "")
        rows += [(numbers[at], query, left), (numbers[at], "", other)]
        if len(rows) == 2 * ARTICLES:
            break
    head = "# article of examples/data/articles.tsv, sentence that is asked, passage; CC BY-SA 3.0\n"
    text = head + "".join("\t".join(row) + "\n" for row in rows)
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{len(rows)} passages, {len(text):,} bytes, {TARGET.stat().st_size:,} compressed\n")


if __name__ == "__main__":
    main()
