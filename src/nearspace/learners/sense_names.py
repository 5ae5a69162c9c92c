"""Names of the senses of a word: the neighbouring words that tell each from the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_][\w'’]+")
_COMMON = 0.25  # of the sentences of the other senses: words in more of them name nothing
_SURE = 1.5
MANY = 3


def name_senses(
    word: str, sentences: Sequence[str], labels: NDArray[np.int64], *, leave_out: Sequence[str] = ()
) -> tuple[str, ...]:
    """Give each sense of `word` a name: "bank: river, shore, water"; a word of one sense is its own name.

    Words are ordered by the log odds of standing beside the sense instead of beside the others, times their
    ratio to the standard error, with the counts of all sentences as the prior (after Monroe, Colaresi and
    Quinn: Fightin' Words, 2008). A sentence counts a word once.
    """
    count = int(labels.max(initial=0)) + 1
    if count == 1:
        return (word,)
    own = {part.lower() for form in (word, *leave_out) for part in _WORD.findall(form)}
    beside = [Counter[str]() for _ in range(count)]
    for sentence, label in zip(sentences, labels.tolist(), strict=True):
        beside[label].update({found.lower() for found in _WORD.findall(sentence)} - own)
    everywhere = Counter[str]()
    for counts in beside:
        everywhere.update(counts)
    sizes = np.bincount(labels, minlength=count).tolist()
    names: list[str] = []
    for counts, size in zip(beside, sizes, strict=True):
        most = _COMMON * (len(sentences) - size)
        usual = {one for one, times in everywhere.items() if times - counts[one] > most}
        ranked = [one for one in _by_odds(counts, everywhere) if one not in usual and len(one) > 2]
        tries = [", ".join(_varied(ranked)[:many]) for many in range(MANY, MANY + count)]
        free = next((name for name in tries if name and f"{word}: {name}" not in names), "")
        names.append(f"{word}: {free}" if free else f"{word}: sense {len(names) + 1}")
    return tuple(names)


def _by_odds(counts: Counter[str], everywhere: Counter[str]) -> list[str]:
    """Give the words that are typical of `counts`, best first, ties by the alphabet."""
    inside, total = counts.total(), everywhere.total()
    outside = total - inside
    scored = []
    for word, times in counts.items():
        prior = everywhere[word] / total * 100  # the prior weighs as much as 100 words
        here, there = times + prior, everywhere[word] - times + prior
        odds = log(here / (inside + 100 - here)) - log(there / (outside + 100 - there))
        score = odds / sqrt(1 / here + 1 / there)
        if score > _SURE and times > 1:
            scored.append((-score * odds, word))
    return [word for _, word in sorted(scored)]


def _varied(ranked: Sequence[str]) -> list[str]:
    """Leave out plurals and the like of a better word."""
    kept: list[str] = []
    for word in ranked:
        if not any(word.startswith(other[:-1]) or other.startswith(word[:-1]) for other in kept):
            kept.append(word)
    return kept
