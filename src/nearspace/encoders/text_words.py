"""The words of texts as rows of a fixed vocabulary."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.data.text_characters import character_table, fill_page
from nearspace.errors import InputError
from nearspace.kernels import text_vectors as kernel
from nearspace.kernels.token_table import rebuild
from nearspace.keys import Keys

_LONGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Found:
    """The words of some texts.

    Attributes:
        ids: (m,) int64, the row of each word; -2 - u: word u of `unknown`; -1: left out.
        starts: (n + 1,) int64, where the words of each text begin.
        unknown: the words that the vocabulary lacks, each once.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    unknown: list[str]


class TextWords:
    """A vocabulary as a hash table, and the characters that make words.

    Raises:
        InputError: the words have more than 2 GiB together.
    """

    def __init__(self, words: Keys, *, lowercase: bool) -> None:
        if int(words.offsets[-1]) > _LONGEST:
            raise InputError("the words of the encoder are longer than 2 GiB together", "Use fewer words.")
        self._words, self._lowercase = words, lowercase
        self._chars, self._fast = character_table(lowercase=lowercase)
        self._names = np.array(words.data)
        self._starts = np.array(words.offsets, dtype=np.int32)
        size = max(8, 1 << int(len(words) * 3 // 2).bit_length())
        self._slots = np.zeros(size, dtype=np.uint64)
        rebuild(self._names, self._starts, len(words), self._slots)

    def of_texts(self, texts: Sequence[str], *, keep: bool) -> Found:
        """Split texts as a corpus is split, and look their words up; `keep` those that are unknown."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        most = len(data) // 2 + len(encoded) + 1  # words: something separates two, or they are long
        ids, starts = np.empty(most, dtype=np.int64), np.zeros(len(encoded) + 1, dtype=np.int64)
        unknown = np.empty(2 * len(data) if keep else 0, dtype=np.uint8)  # a lowered letter may be longer
        unknown_starts = np.zeros(most + 1 if keep else 1, dtype=np.int64)
        progress = np.zeros(kernel.PROGRESS_SIZE, dtype=np.int64)
        table = (self._fast, self._chars, self._names, self._starts, self._slots)
        while not kernel.look_up_words(data, offsets, *table, ids, starts, unknown, unknown_starts, progress):
            fill_page(self._chars, int(progress[kernel.LACKING]), lowercase=self._lowercase)
        ids = ids[: progress[kernel.WORDS]]
        raw, edges = unknown.tobytes(), unknown_starts[: progress[kernel.UNKNOWN] + 1].tolist()
        return _merged(ids, starts, [raw[begin:end].decode() for begin, end in itertools.pairwise(edges)])

    def of_tokens(self, texts: Sequence[list[str]], *, keep: bool) -> Found:
        """Look up words that a tokenizer of the user's made; `keep` those that are unknown."""
        known: dict[str, int] = {}
        unknown: dict[str, int] = {}
        ids = []
        for words in texts:
            for word in words:
                row = known.get(word)
                if row is None:
                    at = self._words.find(word)
                    if at is None:
                        at = -2 - unknown.setdefault(word, len(unknown)) if keep else -1
                    row = known[word] = at
                ids.append(row)
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(words) for words in texts], out=starts[1:])
        return Found(np.array(ids, dtype=np.int64), starts, list(unknown))


def _merged(ids: NDArray[np.int64], starts: NDArray[np.int64], words: list[str]) -> Found:
    """Give each unknown word one number, however often it comes."""
    if not words:
        return Found(ids, starts, [])
    numbers: dict[str, int] = {}
    for word in words:
        numbers.setdefault(word, len(numbers))
    merged = np.array([-2 - numbers[word] for word in words], dtype=np.int64)
    return Found(np.where(ids < -1, merged[np.maximum(-2 - ids, 0)], ids), starts, list(numbers))
