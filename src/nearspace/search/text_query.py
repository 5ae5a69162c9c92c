"""TextQuery: what a text search asks for: words, one of which must be there, and phrases, which all must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nearspace.errors import InputError, SettingError
from nearspace.search.tokens import tokenize

FUZZY = (0, 1, 2, "auto")
_QUOTES = re.compile("[“”„«»]")
_EXPANSIONS = 1 << 14
_NEAR_WEIGHT = 0.5


@dataclass(frozen=True)
class Word:
    """A word that is asked for.

    Attributes:
        written: as in the question.
        word: folded, as in the index.
        distance: edits (a character put in, left out or replaced) that a word of a text may be away from it.
    """

    written: str
    word: str
    distance: int


@dataclass(frozen=True)
class TextQuery:
    """A question to a text index.

    Attributes:
        words: a text must have one of them, unless there are phrases; the more the better.
        phrases: (written, folded words) of each; a text must have all of them.
    """

    words: tuple[Word, ...]
    phrases: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def parse(cls, query: str, fuzzy: int | str = 0, phrase: bool = False) -> TextQuery:
        """Read a question: words, and phrases in double quotes; a quote that is not closed counts as a space.

        Args:
            query: the question.
            fuzzy: one of `FUZZY`: how far words may be away; "auto": 0 for words of up to two characters, 1
                for up to five, 2 for longer ones. Phrases are always exact.
            phrase: the whole question is one phrase.

        Raises:
            InputError: the question has no word.
            SettingError: `fuzzy` is none of `FUZZY`, or asked for together with `phrase`.
        """
        if isinstance(fuzzy, bool) or fuzzy not in FUZZY:
            raise SettingError(f"fuzzy is {fuzzy!r}", f"Accepted: {', '.join(map(repr, FUZZY))}.")
        if phrase and fuzzy != 0:
            raise SettingError("a phrase cannot be fuzzy", "Leave out one of fuzzy and phrase.")
        parts = [query] if phrase else _QUOTES.sub('"', query).split('"')
        closed = len(parts) - (len(parts) % 2 == 0)
        words: list[Word] = []
        phrases: list[tuple[str, tuple[str, ...]]] = []
        for number, part in enumerate(parts):
            tokens = [token for token in tokenize(part) if token.word]
            if not tokens:
                continue
            if phrase or (number % 2 and number < closed):
                phrases.append((part, tuple(token.word for token in tokenize(part))))
            else:
                for token in tokens:
                    distance = _auto(token.word) if fuzzy == "auto" else int(fuzzy)
                    words.append(Word(part[token.start : token.end], token.word, distance))
        if not words and not phrases:
            raise InputError(f"the query {query!r} has no word", "Ask with letters or digits.")
        return cls(tuple(words), tuple(phrases))

    @property
    def fuzzy(self) -> bool:
        """Whether one of the words may differ."""
        return any(word.distance for word in self.words)

    def to_lance(self, column: str, near: dict[Word, list[str]] | None = None) -> Any:
        """Give the question as Lance takes it.

        The score of a text is its BM25 score for the words and phrases; words that may differ add half the
        score of each word in reach, themselves included.

        Args:
            column: whose words are asked for.
            near: the words in reach of each fuzzy one, where Lance shall not look for them.
        """
        from lance.query import BooleanQuery, MatchQuery, Occur, PhraseQuery

        must = [PhraseQuery(written, column) for written, _ in self.phrases]
        should = [MatchQuery(" ".join(word.written for word in self.words), column)] if self.words else []
        for distance in (1, 2):
            fuzzy = [word for word in self.words if word.distance == distance]
            if not fuzzy:
                continue
            if near is None:
                asked, more = [word.written for word in fuzzy], {"fuzziness": distance}
            else:
                asked, more = [other for word in fuzzy for other in near[word]], {}
            if asked:
                should.append(
                    MatchQuery(
                        " ".join(asked), column, boost=_NEAR_WEIGHT, max_expansions=_EXPANSIONS, **more
                    )
                )
        if len(must) + len(should) == 1:
            return (must + should)[0]
        return BooleanQuery([*((Occur.MUST, one) for one in must), *((Occur.SHOULD, one) for one in should)])


def within(one: str, other: str, most: int) -> bool:
    """Tell whether the Levenshtein distance of two words is at most `most`."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > most:
        return False
    last = list(range(len(other) + 1))
    for row, sign in enumerate(one, start=1):
        current = [row]
        for column, against in enumerate(other, start=1):
            current.append(min(last[column] + 1, current[-1] + 1, last[column - 1] + (sign != against)))
        if min(current) > most:
            return False
        last = current
    return last[-1] <= most


def in_reach(word: Word, written: dict[str, str]) -> Iterator[str]:
    """Give the words of a vocabulary (folded -> as written) that a fuzzy word reaches."""
    for other, shown in written.items():
        if within(word.word, other, word.distance):
            yield shown


def _auto(word: str) -> int:
    return 0 if len(word) <= 2 else 1 if len(word) <= 5 else 2
