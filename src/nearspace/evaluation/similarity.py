"""Word similarity: do a Space's scores rank pairs of words as people do?

Sources: Rubenstein and Goodenough 1965; Finkelstein and others 2002 (WordSim-353); Hill and others 2015
(SimLex-999); Bruni and others 2014 (MEN).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.evaluation import table
from nearspace.evaluation.bootstrap import Figure, stream, value_of
from nearspace.evaluation.correlation import Correlation
from nearspace.evaluation.lookup import Placed, place, scores
from nearspace.evaluation.overlap import dice
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.textfile import stem
from nearspace.evaluation.wordset import Mask, numbered
from nearspace.space import Space

_LEFT = ("word1", "w1", "left", "first")
_RIGHT = ("word2", "w2", "right", "second")
_SCORE = ("simlex999", "human(mean)", "similarity", "score", "rating", "mean", "human", "gold", "sim")
_DRAWS = 20  # random Spaces whose mean is the random baseline


@dataclass(frozen=True)
class SimilaritySet:
    """Pairs of words with the similarity that people gave them.

    Attributes:
        name: what the measures are called after.
        pairs: the two words of each case.
        gold: what people said, larger is more similar.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    gold: tuple[float, ...]
    unit: ClassVar[str] = "pairs"
    least: ClassVar[int] = 3

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The different words."""
        return tuple(numbered([word for pair in self.pairs for word in pair]))

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """(pairs, 2) numbers of the words."""
        number = numbered(self.words)
        return np.array([[number[left], number[right]] for left, right in self.pairs], dtype=np.int64)

    @property
    def total(self) -> int:
        """Number of pairs."""
        return len(self.pairs)

    def usable(self, known: Mask) -> int:
        """Count the pairs of which both words are known."""
        return int(known[self.ends].all(axis=1).sum())

    def on(self, space: Space, settings: MeasureSettings) -> SimilarityTrial:
        """Look the words up in `space`."""
        return SimilarityTrial(self, place(space, self.words, oov=settings.oov), space.metric, settings.seed)


@dataclass(frozen=True, eq=False)
class SimilarityTrial:
    """A similarity set on one Space, scored by the Space's metric."""

    test: SimilaritySet
    placed: Placed
    metric: str
    seed: int

    @property
    def known(self) -> Mask:
        """(words,) the words that have a vector."""
        return self.placed.known

    @property
    def encoded(self) -> int:
        """How many of them the encoder placed."""
        return self.placed.encoded

    def _kept(self, known: Mask) -> Mask:
        return np.asarray(known[self.test.ends].all(axis=1))

    def _correlations(self, kept: Mask, said: NDArray[np.float64]) -> dict[str, Correlation]:
        gold = np.array(self.test.gold)[kept]
        return {
            name: Correlation(gold, said, ranked, self.test.total)
            for name, ranked in (("spearman", True), ("pearson", False))
        }

    def figures(self, known: Mask) -> dict[str, Figure]:
        """The rank and the product-moment correlation of scores with gold scores."""
        kept = self._kept(known)
        left, right = self.placed.vectors[self.test.ends[kept]].transpose(1, 0, 2)
        return dict(self._correlations(kept, scores(left, right, self.metric)))

    def baselines(self, known: Mask) -> dict[str, dict[str, float]]:
        """Random vectors of the same shape (mean of 20 Spaces), and overlap of character n-grams."""
        kept = self._kept(known)
        pairs = [self.test.pairs[int(at)] for at in np.flatnonzero(kept)]
        spelling = self._correlations(kept, np.array([dice(left, right) for left, right in pairs]))
        found = {name: {"random": 0.0, "characters": value_of(said)} for name, said in spelling.items()}
        generator = stream(self.seed, self.test.name, "random vectors")
        for _ in range(_DRAWS):
            drawn = generator.standard_normal(self.placed.vectors.shape, dtype=np.float32)
            left, right = drawn[self.test.ends[kept]].transpose(1, 0, 2)
            for name, said in self._correlations(kept, scores(left, right, self.metric)).items():
                found[name]["random"] += value_of(said) / _DRAWS
        return found


def read(path: Path) -> SimilaritySet:
    """Read pairs from WordSim-353, SimLex-999, MEN, RG-65, SimVerb-3500, Rare Words and the like.

    Columns are separated by tabs, semicolons, commas or blanks. With a header, columns are found by name
    (`word1`, `word2` and, in this order, `SimLex999`, `Human (mean)`, `similarity`, `score`, ...); else the
    words come first and the first number after them is the score. Where all words end in "-n", "-v" or "-j"
    (MEN's lemma form), these go.

    Raises:
        InputError: a line is not two words and a number; the message names the file and the line.
    """
    found = table.rows(path)
    head = found[0]
    left, right = table.column(head.cells, _LEFT), table.column(head.cells, _RIGHT)
    titled = left is not None and right is not None
    titled = titled or (len(found) > 1 and all(table.number(cell) is None for cell in head.cells))
    if left is None or right is None:
        left, right = 0, 1
    body = found[1:] if titled else found
    if not body:
        raise InputError(f"{path} has a header and no pairs", "Name the file of the test set.")
    score = table.column(head.cells, _SCORE) if titled else None
    if score is None:
        cells = body[0].cells
        start = max(left, right) + 1
        score = next((at for at in range(start, len(cells)) if table.number(cells[at]) is not None), start)
    pairs, gold = [], []
    for row in body:
        value = table.number(row.cells[score]) if len(row.cells) > score else None
        if value is None or not row.cells[left] or not row.cells[right]:
            raise table.malformed(path, row, f"two words and a finite number in column {score + 1}")
        pairs.append((row.cells[left], row.cells[right]))
        gold.append(value)
    if all(word[-2:] in ("-n", "-v", "-j") and len(word) > 2 for pair in pairs for word in pair):
        pairs = [(one[:-2], other[:-2]) for one, other in pairs]
    return SimilaritySet(stem(path), tuple(pairs), tuple(gold))
