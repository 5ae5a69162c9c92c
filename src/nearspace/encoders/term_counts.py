"""How many texts have each word, and the words of a sample of the texts; read once, in blocks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.text_words import TextWords
from nearspace.errors import InputError
from nearspace.keys import Keys
from nearspace.protocols import Progress

_BLOCK = 8_192


@dataclass(frozen=True, eq=False)
class TermCounts:
    """The words of texts.

    Attributes:
        words: that come in most texts first, ties by their bytes.
        counts: (len(words),) int64, texts that have each.
        occurrences: (len(words),) int64, how often each comes.
        total: all words that were read, those that are none of `words` included.
        texts: all texts that were read.
        ids: (m,) int64, the words of the sampled texts, -1 for one that is none of `words`.
        starts: (s + 1,) int64, where those of each sampled text begin.
    """

    words: Keys
    counts: NDArray[np.int64]
    occurrences: NDArray[np.int64]
    total: int
    texts: int
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]


def count_terms(
    texts: Iterable[str],
    *,
    lowercase: bool,
    max_words: int,
    min_texts: int,
    keep: int,
    seed: int,
    progress: Progress,
) -> TermCounts:
    """Count the texts that have each word, and keep the words of a random sample of at most `keep` texts.

    Raises:
        InputError: no word comes in `min_texts` texts.
    """
    table = TextWords(Keys(), lowercase=lowercase)  # knows no word: all come back by name
    numbers: dict[str, int] = {}
    counts = np.zeros((2, 1024), dtype=np.int64)  # texts that have each word, how often it comes
    sample, total, rest = _Sample(keep, seed), 0, iter(texts)
    with progress.task("counting words", unit="texts") as task:
        while block := list(itertools.islice(rest, _BLOCK)):
            found = table.of_texts(block, keep=True)
            own = np.array([numbers.setdefault(word, len(numbers)) for word in found.unknown], dtype=np.int64)
            ids = own[-2 - found.ids] if len(own) else found.ids
            if len(numbers) > counts.shape[1]:
                counts = np.pad(counts, ((0, 0), (0, max(counts.shape[1], len(numbers)))))
            rows = np.repeat(np.arange(len(block)), np.diff(found.starts))
            pairs = np.unique(rows * max(len(numbers), 1) + ids)
            counts[0] += np.bincount(pairs % max(len(numbers), 1), minlength=counts.shape[1])
            counts[1] += np.bincount(ids, minlength=counts.shape[1])
            sample.take(ids, found.starts)
            total += len(block)
            task.advance(len(block))
    chosen, names = _chosen(numbers, counts[0], max_words, min_texts)
    if not names:
        raise InputError(
            f"none of {len(numbers):,} words comes in {min_texts} of the {total:,} texts",
            "Give more texts, or a smaller min_texts.",
        )
    places = np.full(len(numbers), -1, dtype=np.int64)
    places[chosen] = np.arange(len(chosen))
    ids, starts = sample.joined()
    texts_of, occurrences = counts[:, chosen]
    return TermCounts(Keys(names), texts_of, occurrences, int(counts[1].sum()), total, places[ids], starts)


def _chosen(
    numbers: dict[str, int], counts: NDArray[np.int64], max_words: int, min_texts: int
) -> tuple[NDArray[np.int64], list[str]]:
    names = list(numbers)
    enough = np.flatnonzero(counts[: len(names)] >= min_texts).tolist()
    enough.sort(key=lambda number: (-counts[number], names[number].encode()))
    chosen = enough[:max_words]
    return np.array(chosen, dtype=np.int64), [names[number] for number in chosen]


class _Sample:
    """A uniform sample of texts, by reservoir (Vitter 1985, algorithm R), in the order of their places."""

    def __init__(self, keep: int, seed: int) -> None:
        self._keep, self._seen = keep, 0
        self._random = np.random.Generator(np.random.Philox(seed))
        self._texts: list[NDArray[np.int64]] = []

    def take(self, ids: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
        """Offer the texts of a block."""
        if not self._keep:
            return
        for begin, end in itertools.pairwise(starts.tolist()):
            self._seen += 1
            if len(self._texts) < self._keep:
                self._texts.append(ids[begin:end].copy())
                continue
            place = int(self._random.integers(self._seen))
            if place < self._keep:
                self._texts[place] = ids[begin:end].copy()

    def joined(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the words of all sampled texts, and where those of each begin."""
        starts = np.zeros(len(self._texts) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in self._texts], out=starts[1:])
        return np.concatenate([np.empty(0, np.int64), *self._texts]), starts
