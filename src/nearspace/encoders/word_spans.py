"""Where the words of a corpus's tokenizer stand in the text that they were found in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SAME = str.maketrans({"\u2019": "'", "ς": "σ"})


def word_spans(text: str, words: Sequence[str], *, lowercase: bool) -> NDArray[np.int32]:
    """(w, 2) first and last + 1 character of each word, which come in this order; others may lie between.

    A word that cannot be found again, such as one of a user's own tokenizer, has an empty span.
    """
    plain, places = _plain(text, lowercase)
    spans = np.zeros((len(words), 2), dtype=np.int32)
    cursor = 0
    for row, word in enumerate(words):
        wanted = re.escape(word.translate(_SAME))
        found = re.compile(rf"(?<!\w){wanted}(?!\w)").search(plain, cursor)
        found = found or re.compile(wanted).search(plain, cursor)  # a script without spaces
        begin, cursor = found.span() if found else (cursor, cursor)
        spans[row] = places[begin], places[cursor - 1] + 1 if cursor > begin else places[begin]
    return spans


def _plain(text: str, lowercase: bool) -> tuple[str, list[int]]:
    """Give the text as its words are spelt, and the place in `text` of each character, and of the end."""
    kept = [number for number, char in enumerate(text) if unicodedata.category(char) != "Cf"]
    lowered = "".join(text[number].lower()[0] if lowercase else text[number] for number in kept)
    return lowered.translate(_SAME), [*kept, len(text)]
