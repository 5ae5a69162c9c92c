"""Occurrences of words in texts: each with the sentence around it, a seeded sample of them for each word."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from nearspace.errors import InputError, SettingError

_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[¿¡]*[^\W_a-z])|(?<=[。！？])")
_TITLES = re.compile(r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Prof|Gen|Col|Sgt|Jr|Sr|vs|No|Inc|Ltd|cf|e\.g|i\.e))\.$")
_MARKS = "\u0300-\u036f"  # of a decomposed accent: the letter before them is another letter without them
LEAST_WINDOW = 20


@dataclass(frozen=True)
class Occurrence:
    """A word at its place in a text.

    Attributes:
        word: as it was asked for.
        document: what the text is called.
        sentence: the sentence around it, or of a long one the piece around it.
        start: first character of the word in `sentence`.
        end: the character after its last.
        place: its number among all occurrences of all words, in the order of the texts.
    """

    word: str
    document: str
    sentence: str
    start: int
    end: int
    place: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """Start and end."""
        return self.start, self.end


@dataclass(frozen=True)
class Sampling:
    """Which occurrences are kept.

    Attributes:
        forms: word -> its other forms that count as it, for example {"mouse": ["mice"]}.
        most: occurrences of a word; of more, a seeded sample.
        window: characters of a sentence at most; of a longer one those around the word.
        seed: of the sample.

    Raises:
        SettingError: a setting is out of its range.
    """

    forms: Mapping[str, Sequence[str]] | None = None
    most: int = 2000
    window: int = 400
    seed: int = 1

    def __post_init__(self) -> None:
        if self.most < 1:
            raise SettingError(f"most is {self.most}", "Keep at least 1 occurrence of a word.")
        if self.window < LEAST_WINDOW:
            raise SettingError(
                f"window is {self.window}", f"Give at least {LEAST_WINDOW} characters; 400 is usual."
            )


class Finder:
    """Finds words, whole and in any case, in texts.

    Args:
        words: what to look for; each may be of several words.
        forms: word -> its other forms.

    Raises:
        SettingError: there is no word, one is empty or there twice, or a form belongs to two words.
    """

    def __init__(self, words: Sequence[str], forms: Mapping[str, Sequence[str]] | None = None) -> None:
        self.words = _checked(words, forms or {})
        self._word: dict[str, str] = {}
        for word in self.words:
            for form in (word, *(forms or {}).get(word, ())):
                for written in {unicodedata.normalize(kind, form) for kind in ("NFC", "NFD")}:
                    taken = self._word.setdefault(written.casefold(), word)
                    if taken != word:
                        raise SettingError(
                            f"{form!r} is a form of {taken!r} and of {word!r}", "Give it to one of them."
                        )
        longest = sorted(self._word, key=lambda form: (-len(form), form))
        either = "|".join(re.escape(form) for form in longest)
        self._pattern = re.compile(rf"(?<![\w{_MARKS}])(?:{either})(?![\w{_MARKS}])", re.IGNORECASE)

    def spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Give word, start and end of each occurrence in a text, in order."""
        for found in self._pattern.finditer(text):
            word = self._word.get(found.group().casefold())
            if word is not None:  # a letter that folds to several is another word
                yield word, found.start(), found.end()


def find(
    texts: Iterable[tuple[str, str]], words: Sequence[str], sampling: Sampling = Sampling()
) -> tuple[list[Occurrence], dict[str, int]]:
    """Find words in texts (document, text): up to `most` occurrences of each, and how many there were.

    Each occurrence has the same chance to be kept (Vitter: Random Sampling with a Reservoir, 1985); they come
    in the order of the texts. The same sentence counts once for a word.
    """
    finder = Finder(words, sampling.forms)
    kept: dict[str, list[Occurrence]] = {word: [] for word in finder.words}
    seen = dict.fromkeys(finder.words, 0)
    streams = {
        word: np.random.default_rng([sampling.seed, zlib.crc32(word.encode())]) for word in finder.words
    }
    place, known = 0, set[bytes]()
    for document, text in texts:
        for one in _around(finder, document, text, sampling.window):
            same = blake2b(
                f"{one.word}\0{one.start}\0{one.sentence}".encode("utf-8", "replace"), digest_size=8
            )
            if same.digest() in known:
                continue
            known.add(same.digest())
            held, count = kept[one.word], seen[one.word]
            seen[one.word] += 1
            numbered = Occurrence(one.word, one.document, one.sentence, one.start, one.end, place)
            place += 1
            if count < sampling.most:
                held.append(numbered)
            elif (at := int(streams[one.word].integers(count + 1))) < sampling.most:
                held[at] = numbered
    found = sorted((one for held in kept.values() for one in held), key=lambda one: one.place)
    return found, seen


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Give start and end of each sentence of a text.

    One ends at . ! ? or … before white space and a capital, a digit or an opening sign, but not at an
    abbreviation such as "Dr." or an initial, and at 。！？.
    """
    begin = 0
    for end in _END.finditer(text):
        if not _TITLES.search(text, max(begin, end.start() - 6), end.start()):
            yield begin, end.start() + len(end.group().rstrip())
            begin = end.end()
    if begin < len(text):
        yield begin, len(text)


def _around(finder: Finder, document: str, text: str, window: int) -> Iterator[Occurrence]:
    spans = list(finder.spans(text))
    if not spans:
        return
    waiting = iter(sentences(text))
    begin, end = next(waiting)
    for word, start, stop in spans:
        while start >= end:
            begin, end = next(waiting)
        left, right = _cut(text, begin, max(end, stop), start, stop, window)
        yield Occurrence(word, document, text[left:right], start - left, stop - left)


def _cut(text: str, begin: int, end: int, start: int, stop: int, window: int) -> tuple[int, int]:
    """Give the piece of at most `window` characters, without blanks at its ends and not within a word."""
    if end - begin > window:
        room = max(0, window - (stop - start))
        left = max(begin, min(start - room // 2, end - window))
        right = min(end, left + max(window, stop - left))
        if left > begin:
            left += _to_blank(text[left:start])
        if right < end:
            right -= _to_blank(text[stop:right][::-1])
        begin, end = left, right
    while begin < start and text[begin].isspace():
        begin += 1
    while end > stop and text[end - 1].isspace():
        end -= 1
    return begin, end


def _to_blank(text: str) -> int:
    """Characters up to the first blank, or 0 where none is near."""
    found = re.search(r"\s", text[:40])
    return found.start() if found else 0


def _checked(words: Sequence[str], forms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    if isinstance(words, str):
        words = [words]
    if not words:
        raise SettingError("no word is named whose contexts should be learned", "Name at least one (--word).")
    for word in [*words, *(form for of in forms.values() for form in of)]:
        if not isinstance(word, str) or not re.search(r"\w", word) or "\n" in word:
            raise SettingError(f"{word!r} is no word", "Give words of letters or digits.")
    if len({word.casefold() for word in words}) < len(words):
        raise SettingError(f"a word is named twice: {', '.join(words)}", "Name each once.")
    strange = sorted(set(forms) - set(words))
    if strange:
        raise InputError(
            f"there are forms of {strange[0]!r}, which is none of the words", "Name it as a word too."
        )
    return tuple(words)
