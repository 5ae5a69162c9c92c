"""Which characters make words: the table of the default tokenizer, filled in a page at a time.

A word is a run of letters, marks and digits (Unicode categories L, M, Nd, Nl), lowered one character at a
time (a capital sigma at the end of a word becomes a final sigma). An apostrophe or an underscore joins when
it stands alone between two of them: don't, new_york; the typographic apostrophe becomes the plain one. All
else separates, so hyphenated words are several. Marks continue words and begin none; invisible format
characters such as the soft hyphen vanish. A Chinese ideograph or a hiragana letter is a word of its own;
katakana, hangul and the scripts without spaces (Thai, Lao, Khmer, Burmese) go by runs: bring a tokenizer of
your own for those. Nothing is normalised: composed and decomposed accents are different words. The rules are
the simple part of Unicode's word boundaries (UAX #29).
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.tokens import (
    BREAK,
    CLASS_BITS,
    EXTEND,
    IGNORED,
    INNER,
    SEPARATOR,
    SINGLE,
    WORD,
)

_PAGE = 256
_INNER = {"'": "'", "\u2019": "'", "_": "_"}
_ALONE = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA LETTER", "IDEOGRAPHIC ")


def character_table(*, lowercase: bool) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Give the table of all characters, with the first page filled in, and the (256,) table of the fast road.

    The pages that no text has asked for take no memory.
    """
    chars = np.zeros(0x110000, dtype=np.int32)
    fill_page(chars, 0, lowercase=lowercase)
    ascii_kinds, lowered = chars[:128] & 7, chars[:128] >> CLASS_BITS
    fast = np.zeros(256, dtype=np.uint8)
    fast[:128] = np.where(ascii_kinds == WORD, lowered, np.isin(ascii_kinds, (SEPARATOR, BREAK)))
    return chars, fast


def fill_page(chars: NDArray[np.int32], code: int, *, lowercase: bool) -> None:
    """Fill in the 256 characters of the page of `code`."""
    first = code // _PAGE * _PAGE
    for point in range(first, first + _PAGE):
        char = chr(point)
        kept = _INNER.get(char, char.lower()[0] if lowercase else char)
        chars[point] = ord(kept) << CLASS_BITS | _kind(char)


def _kind(char: str) -> int:
    if char in "\n\r":
        return BREAK
    if char in _INNER:
        return INNER
    category = unicodedata.category(char)
    if category[0] == "L" or category in ("Nd", "Nl"):
        by_name = category in ("Lo", "Lm", "Nl") and unicodedata.name(char, "").startswith(_ALONE)
        return SINGLE if by_name else WORD
    if category[0] == "M":
        return EXTEND
    return IGNORED if category == "Cf" and char != "\u200b" else SEPARATOR
