"""Passages: long texts split into overlapping pieces, at ends of paragraphs and sentences where possible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from nearspace.errors import SettingError

# signs of languages that are written without blanks, each of which counts as a word
_SIGNS = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# a run without blanks that goes on and on counts as several words
_WORD = re.compile(rf"[{_SIGNS}][^\w\s]*|[^\s{_SIGNS}]{{1,40}}")
_SENTENCE = re.compile(r"[.!?…。！？।][\"'”’»)\]]*$")
_SIGNS_OF_ENDS = frozenset(".!?…。！？।\"'”’»)]")
_ENDS_PARAGRAPH, _ENDS_SENTENCE = 3, 2
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")

Word = tuple[int, int]


@dataclass(frozen=True)
class Passages:
    """How long texts are split.

    A text of at most `words` words is one passage, as it is. Of a longer one, a passage ends where a
    paragraph does, if one ends in its second half, else where a sentence does, else a line, else after
    `words` words; the next begins up to `overlap` words before that, with a sentence where one begins there.

    Attributes:
        words: most words of a passage. Languages without blanks: most signs.
        overlap: most words that a passage shares with the one before; below half of `words`.

    Raises:
        SettingError: a number is out of its range.
    """

    words: int = 200
    overlap: int = 40

    def __post_init__(self) -> None:
        if self.words < 2:
            raise SettingError(f"words is {self.words}", "A passage has at least 2 words; 200 is usual.")
        if not 0 <= self.overlap < self.words / 2:
            raise SettingError(
                f"overlap is {self.overlap}, and words is {self.words}",
                "Choose an overlap of at least 0 and below half of the words.",
            )

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Give (start, end) in characters of each passage, in order; no words, no passage.

        Besides the text, only the places of the words of one passage are held.
        """
        words = ((found.start(), found.end()) for found in _WORD.finditer(text))
        held = list(islice(words, self.words + 1))
        if not held:
            return
        if len(held) <= self.words:
            yield 0, len(text)
            return
        while len(held) > self.words:
            last = self._last(text, held)
            yield held[0][0], held[last][1]
            del held[: self._next(text, held, last)]
            held += islice(words, self.words + 1 - len(held))
        yield held[0][0], held[-1][1]

    def _last(self, text: str, held: list[Word]) -> int:
        """Give the number of the word that a passage ends with: the best one of its second half."""
        best, kind = self.words - 1, -2
        for word in range(self.words - 1, self.words // 2 - 1, -1):
            found = _end(text, held, word)
            if found > kind:
                best, kind = word, found
                if kind == _ENDS_PARAGRAPH:
                    break
        return best

    def _next(self, text: str, held: list[Word], last: int) -> int:
        """Give the number of the word that the next passage begins with."""
        first = last + 1 - self.overlap
        starts = (word for word in range(first, last + 1) if _end(text, held, word - 1) >= _ENDS_SENTENCE)
        return next(starts, first)


def _end(text: str, held: list[Word], word: int) -> int:
    """How good an end is after a word: 3 paragraph, 2 sentence, 1 line, 0 between words, -1 inside of one."""
    end, following = held[word][1], held[word + 1][0]
    if end == following and text[end - 1] not in _SIGNS_OF_ENDS:
        return -1
    line = (following - end > 1 or text[end] == "\n") and "\n" in text[end:following]
    if line and _PARAGRAPH.search(text, end, following):
        return _ENDS_PARAGRAPH
    if text[end - 1] in _SIGNS_OF_ENDS and _SENTENCE.search(text, max(held[word][0], end - 8), end):
        return _ENDS_SENTENCE
    return 1 if line else 0 if following > end else -1
