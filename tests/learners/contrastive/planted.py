"""Pairs whose similarity is known by construction: words that stand for each other."""

from __future__ import annotations

import numpy as np
from tests.tiny_model import WORDS

SYNONYMS = [
    ("river", "shore"), ("cat", "dog"), ("money", "cash"), ("film", "movie"), ("king", "queen"),
    ("star", "planet"), ("weather", "rain"), ("food", "pizza"), ("war", "battle"), ("house", "city"),
]  # fmt: skip
FILLING = WORDS[:36]


def synonym_pairs(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Give texts of two words and some filling, each with one of their synonyms and other filling."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        one, other = (SYNONYMS[at] for at in random.choice(len(SYNONYMS), 2, replace=False))
        left, right = random.choice(FILLING, (2, 2))
        rows.append({
            "a": f"{one[0]} {left[0]} {other[0]} {left[1]} {number}",
            "b": f"{one[1]} {right[0]} {other[1]} {right[1]} {number}",
        })  # fmt: skip
    return rows


def scored_pairs(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Give pairs of three words each; the score is how many are synonyms."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        alike = int(random.integers(0, 4))
        picked = random.choice(len(SYNONYMS), 6, replace=False)
        left = [SYNONYMS[at][0] for at in picked[:3]]
        right = [SYNONYMS[at][1] for at in (*picked[:alike], *picked[3 : 6 - alike])]
        rows.append({"a": f"{' '.join(left)} {number}", "b": f"{' '.join(right)} {number}", "score": alike})
    return rows


def labelled(each: int, seed: int = 0) -> list[dict[str, str]]:
    """Give texts of ten labels: each has a word of its label, or its synonym."""
    random = np.random.default_rng(seed)
    return [
        {"text": f"{word[int(random.integers(2))]} {' '.join(random.choice(FILLING, 3))} {label} {number}",
         "label": f"l{label}"}
        for label, word in enumerate(SYNONYMS)
        for number in range(each)
    ]  # fmt: skip
