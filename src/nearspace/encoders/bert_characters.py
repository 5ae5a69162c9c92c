"""What the normaliser and the splitter of BERT make of each character, as a table for the kernel.

The facts are in bert_characters.json, which `tools/bert_characters.py` has read off the package `tokenizers`;
the order of the steps (clean, set ideographs apart, strip accents, lower, split at punctuation) is that of
Devlin, Chang, Lee and Toutanova 2019.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.wordpiece import (
    ALONE,
    CLASS_BITS,
    FAST_ALONE,
    FAST_SPACE,
    ORDERED,
    REMOVED,
    SEVERAL,
    SPACE,
    WORD,
)

_FACTS = Path(__file__).with_name("bert_characters.json")
_POINTS = 0x110000
_HANGUL, _LEADS, _VOWELS, _TAILS = 0xAC00, 0x1100, 0x1161, 0x11A7
_VOWEL_COUNT, _TAIL_COUNT, _SYLLABLES = 21, 28, 11_172


@dataclass(frozen=True)
class Rules:
    """Which steps the normaliser takes.

    Attributes:
        clean: control characters vanish, all white space is one.
        ideographs: Chinese ideographs are words of their own.
        strip: accents are stripped.
        lower: letters are lowered.
    """

    clean: bool = True
    ideographs: bool = True
    strip: bool = True
    lower: bool = True


@dataclass(frozen=True, eq=False)
class Characters:
    """The tables of the kernel.

    Attributes:
        entries: (0x110000,) int32, see `kernels.wordpiece`.
        several: int32, the parts of the characters that become more than one.
        fast: (256,) uint8, the lowered byte of ASCII letters and digits, see `kernels.wordpiece`.
        order: combining class of the marks that are kept, whose order is normalised; empty unless stripped.
    """

    entries: NDArray[np.int32]
    several: NDArray[np.int32]
    fast: NDArray[np.uint8]
    order: dict[int, int]


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(_FACTS.read_bytes())
    return facts


def _points(ranges: list[int]) -> NDArray[np.int64]:
    pairs = zip(ranges[::2], ranges[1::2], strict=True)
    return np.concatenate([np.arange(first, last + 1) for first, last in pairs])


@lru_cache(maxsize=4)
def characters(rules: Rules) -> Characters:
    """Give the tables for a normaliser that takes these steps."""
    facts = _facts()
    kinds = np.full(_POINTS, WORD, dtype=np.int32)
    kinds[_points(facts["separators"])] = SPACE
    kinds[_points(facts["punctuation"])] = ALONE
    lowered = np.arange(_POINTS, dtype=np.int32)
    several: list[int] = []
    longer: dict[int, list[int]] = {}  # characters that become more than one
    if rules.lower:
        for point, *parts in facts["lowered"]:
            lowered[point] = parts[0]
            if len(parts) > 1:
                longer[point] = parts
    entries = lowered << CLASS_BITS | kinds[lowered]
    order: dict[int, int] = {}
    if rules.strip:
        for point, *parts in facts["decomposed"]:
            parts = [part for one in parts for part in longer.get(one, [int(lowered[one])])]
            entries[point] = parts[0] << CLASS_BITS | kinds[parts[0]]
            longer.pop(point, None)
            if len(parts) > 1:
                longer[point] = parts
        entries[_points(facts["marks"])] = REMOVED
        order = {point: value for point, value in facts["ordered"] if value}
        kept = np.fromiter(order, dtype=np.int64)
        entries[kept] = kept << CLASS_BITS | ORDERED
    if rules.ideographs:
        apart = _points(facts["ideographs"])
        entries[apart] = entries[apart] >> CLASS_BITS << CLASS_BITS | ALONE
    for point, parts in longer.items():
        entries[point] = len(several) << CLASS_BITS | SEVERAL
        several += [len(parts), *(part << CLASS_BITS | int(kinds[part]) for part in parts)]
    parts_of_all = np.array(several, dtype=np.int32)
    if rules.strip:
        parts_of_all = np.concatenate([parts_of_all, _syllables(entries, len(parts_of_all))])
    if rules.clean:
        entries[_points(facts["removed"])] = REMOVED
        entries[_points(facts["spaces"])] = SPACE
    entries[0xD800:0xE000] = REMOVED  # no characters
    return Characters(entries, parts_of_all, _fast(entries), order)


def _syllables(entries: NDArray[np.int32], begin: int) -> NDArray[np.int32]:
    """Decompose the Hangul syllables: set their entries, give their parts, which stand from `begin` on."""
    number = np.arange(_SYLLABLES, dtype=np.int32)
    rest, tail = np.divmod(number, _TAIL_COUNT)
    lead, vowel = np.divmod(rest, _VOWEL_COUNT)
    points = np.stack([lead + _LEADS, vowel + _VOWELS, tail + _TAILS], axis=1)
    parts = np.empty((_SYLLABLES, 4), dtype=np.int32)
    parts[:, 0] = 2 + (tail > 0)
    parts[:, 1:] = points << CLASS_BITS | WORD
    entries[_HANGUL : _HANGUL + _SYLLABLES] = (begin + 4 * number) << CLASS_BITS | SEVERAL
    return parts.reshape(-1)


def _fast(entries: NDArray[np.int32]) -> NDArray[np.uint8]:
    fast = np.zeros(256, dtype=np.uint8)
    kinds, points = entries[:128] & 7, entries[:128] >> CLASS_BITS
    fast[:128] = np.where((kinds == WORD) & (points > FAST_ALONE) & (points < 128), points, 0)
    fast[:128][kinds == SPACE] = FAST_SPACE
    fast[:128][(kinds == ALONE) & (points == np.arange(128))] = FAST_ALONE
    return fast
