"""What texts share by their words: BM25 and tf-idf, the baselines of every measure of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nearspace.search.tokens import words_of

K1, B = 1.2, 0.75  # as search_text and Lucene have them
Floats = NDArray[np.float64]


class Words:
    """The words of n texts, as the text index cuts and folds them.

    Args:
        texts: read once.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        numbers: dict[str, int] = {}
        terms: list[NDArray[np.int32]] = []
        times: list[NDArray[np.int32]] = []
        lengths: list[int] = []
        for text in texts:
            counts = Counter(words_of(text))
            found = [numbers.setdefault(word, len(numbers)) for word in counts]
            terms.append(np.array(found, dtype=np.int32))
            times.append(np.array(list(counts.values()), dtype=np.int32))
            lengths.append(sum(counts.values()))
        self.count = len(terms)
        self._numbers = numbers
        rows = np.repeat(np.arange(self.count), [len(one) for one in terms])
        flat = np.concatenate([*terms, np.empty(0, np.int32)])
        order = np.argsort(flat, kind="stable")
        self._rows = rows[order]
        self._times = np.concatenate([*times, np.empty(0, np.int32)])[order].astype(np.float64)
        self._begins = np.searchsorted(flat[order], np.arange(len(numbers) + 1))
        have = np.diff(self._begins)
        lengths_of = np.array(lengths, dtype=np.float64)
        mean = lengths_of.mean() if self.count and lengths_of.any() else 1.0
        self._norms = K1 * (1 - B + B * lengths_of / mean)
        self._rare = np.log(1 + (self.count - have + 0.5) / (have + 0.5))
        self._idf = np.log((1 + self.count) / (1 + have)) + 1
        squares = ((1 + np.log(self._times)) * np.repeat(self._idf, have)) ** 2
        self._lengths = np.sqrt(np.bincount(self._rows, squares, minlength=self.count))

    def bm25(self, query: str) -> Floats:
        """(n,) scores of all texts (Robertson and others, TREC-3, 1994), as `search_text` has them."""
        found = np.zeros(self.count)
        for word in set(words_of(query)):
            rows, times, number = self._postings(word)
            if number >= 0:
                found[rows] += self._rare[number] * (K1 + 1) * times / (times + self._norms[rows])
        return found

    def tfidf(self, query: str) -> Floats:
        """(n,) cosines with all texts; a word weighs (1 + ln times) (ln((1 + n) / (1 + texts)) + 1)."""
        found = np.zeros(self.count)
        counts = Counter(words_of(query))
        length = 0.0
        for word, times_asked in counts.items():
            rows, times, number = self._postings(word)
            if number < 0:
                continue
            idf = self._idf[number]
            asked = (1 + np.log(times_asked)) * idf
            length += asked**2
            found[rows] += asked * (1 + np.log(times)) * idf
        scale = np.sqrt(length) * self._lengths
        return np.asarray(np.divide(found, scale, out=np.zeros(self.count), where=scale > 0))

    def _postings(self, word: str) -> tuple[NDArray[np.int64], Floats, int]:
        number = self._numbers.get(word, -1)
        if number < 0:
            return np.empty(0, np.int64), np.empty(0), -1
        part = slice(self._begins[number], self._begins[number + 1])
        return self._rows[part], self._times[part], number
