"""Write src/nearspace/encoders/bert_characters.json: what the BERT normaliser does to each character.

Run it where the package `tokenizers` is. It asks that package about every code point, since its tables come
from several versions of Unicode and no table of Python's says the same.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

OUT = Path(__file__).resolve().parents[1] / "src" / "nearspace" / "encoders" / "bert_characters.json"
POINTS = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by a formula


def normalizer(**options: bool) -> BertNormalizer:
    """Give a normaliser that takes only the named steps."""
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return BertNormalizer(**(off | options))


def ranges(points: list[int]) -> list[int]:
    """First and last of each run, flat."""
    found: list[int] = []
    for point in points:
        if found and found[-1] == point - 1:
            found[-1] = point
        else:
            found += [point, point]
    return found


def changed(made: BertNormalizer) -> dict[int, list[int]]:
    """Give what becomes of each code point that does not stay what it is."""
    texts = {point: made.normalize_str(chr(point)) for point in POINTS}
    return {point: [ord(char) for char in text] for point, text in texts.items() if text != chr(point)}


def kept_marks(stripping: BertNormalizer, stripped: dict[int, list[int]]) -> dict[int, int]:
    """Combining class of the marks that stay: found by which of two marks comes first."""
    known = {point: unicodedata.combining(chr(point)) for point in POINTS if point not in stripped}
    references = sorted({value: point for point, value in known.items() if value}.items())
    found = {}
    for point in POINTS:
        if point in stripped:
            continue
        low, high = 0, 256
        for value, reference in references:
            ahead, behind = chr(point) + chr(reference), chr(reference) + chr(point)
            if stripping.normalize_str(ahead) == behind:
                low = max(low, value + 1)
            if stripping.normalize_str(behind) == ahead:
                high = min(high, value - 1)
        if low > 0 or high < 256:
            value = known[point]
            found[point] = value if low <= value <= high else (low if low else high)
    return found


def main() -> None:
    """Write the table."""
    split = BertPreTokenizer()
    pieces = {point: len(split.pre_tokenize_str(f"a{chr(point)}b")) for point in POINTS}
    cleaned, stripping = changed(normalizer(clean_text=True)), normalizer(strip_accents=True)
    stripped = changed(stripping)
    spaced = changed(normalizer(handle_chinese_chars=True))
    decomposed = {point: to for point, to in stripped.items() if to and point not in HANGUL}
    table = {
        "tokenizers": tokenizers.__version__,
        "removed": ranges([point for point, to in cleaned.items() if not to]),
        "separators": ranges([point for point in POINTS if pieces[point] == 2]),
        "punctuation": ranges([point for point in POINTS if pieces[point] == 3]),
        "ideographs": ranges(list(spaced)),
        "marks": ranges([point for point, to in stripped.items() if not to]),
        "decomposed": [[point, *to] for point, to in decomposed.items()],
        "lowered": [[point, *to] for point, to in changed(normalizer(lowercase=True)).items()],
        "ordered": [list(pair) for pair in kept_marks(stripping, stripped).items()],
    }
    table["spaces"] = ranges(sorted([point for point, to in cleaned.items() if to] + [32]))
    lines = [
        f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in table.items()
    ]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
