"""Categorisation: do words of one category fall into one cluster? Purity of spherical k-means.

Sources: Almuhareb and Poesio 2005 (AP); Baroni and Lenci 2011 (BLESS); Battig and Montague 1969; purity as
in Manning, Raghavan and Schütze 2008, section 16.3.
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
from nearspace.evaluation.bootstrap import Figure, stream
from nearspace.evaluation.lookup import Placed, place, unit
from nearspace.evaluation.overlap import spelled
from nearspace.evaluation.proportion import Share
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.textfile import stem
from nearspace.evaluation.wordset import Mask, numbered
from nearspace.kernels.kmeans import Labels, Vectors, spherical_kmeans
from nearspace.space import Space

_WORD = ("word", "words", "concept", "item")
_CATEGORY = ("category", "class", "label")
_SHUFFLES = 100


@dataclass(frozen=True)
class CategorySet:
    """Words with the category that each belongs to.

    Attributes:
        name: what the measures are called after.
        items: (word, category) of each case; a word may stand in several categories.
    """

    name: str
    items: tuple[tuple[str, str], ...]
    unit: ClassVar[str] = "words"
    least: ClassVar[int] = 3

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The different words."""
        return tuple(numbered([word for word, _ in self.items]))

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """(items,) number of the word of each item."""
        number = numbered(self.words)
        return np.array([number[word] for word, _ in self.items], dtype=np.int64)

    @cached_property
    def labels(self) -> Labels:
        """(items,) number of the category of each item."""
        number = numbered([category for _, category in self.items])
        return np.array([number[category] for _, category in self.items], dtype=np.int64)

    @property
    def total(self) -> int:
        """Number of words to be sorted."""
        return len(self.items)

    def usable(self, known: Mask) -> int:
        """Count the items whose word is known; 0 if they are all of one category."""
        kept = known[self.places]
        return int(kept.sum()) if len(np.unique(self.labels[kept])) > 1 else 0

    def on(self, space: Space, settings: MeasureSettings) -> CategoryTrial:
        """Look the words up in `space`."""
        return CategoryTrial(self, place(space, self.words, oov=settings.oov), settings.seed)


@dataclass(frozen=True, eq=False)
class CategoryTrial:
    """A set of categories on one Space; directions are clustered, whatever the Space's metric."""

    test: CategorySet
    placed: Placed
    seed: int

    @property
    def known(self) -> Mask:
        """(words,) the words that have a vector."""
        return self.placed.known

    @property
    def encoded(self) -> int:
        """How many of them the encoder placed."""
        return self.placed.encoded

    def _clusters(self, vectors: Vectors, gold: Labels) -> Labels:
        generator = stream(self.seed, self.test.name, "k-means")
        return spherical_kmeans(unit(vectors), len(np.unique(gold)), generator)

    def figures(self, known: Mask) -> dict[str, Figure]:
        """The purity: share of words that are of the most common category of their cluster.

        Words of one category stand or fall together, so categories are what the bootstrap draws.
        """
        kept = known[self.test.places]
        gold = self.test.labels[kept]
        clusters = self._clusters(self.placed.vectors[self.test.places[kept]], gold)
        _, category = np.unique(gold, return_inverse=True)
        hits = np.bincount(category, weights=at_home(clusters, gold)).astype(np.float64)
        return {"purity": Share(hits, np.bincount(category).astype(np.float64), self.test.total)}

    def baselines(self, known: Mask) -> dict[str, dict[str, float]]:
        """Clusters of the same sizes filled at random (mean of 100), and clusters of hashed n-grams."""
        kept = known[self.test.places]
        gold = self.test.labels[kept]
        clusters = self._clusters(self.placed.vectors[self.test.places[kept]], gold)
        generator = stream(self.seed, self.test.name, "random clusters")
        shuffled = [at_home(generator.permutation(clusters), gold).mean() for _ in range(_SHUFFLES)]
        words = [self.test.items[int(at)][0] for at in np.flatnonzero(kept)]
        spelling = at_home(self._clusters(spelled(words), gold), gold).mean()
        return {"purity": {"random": float(np.mean(shuffled)), "characters": float(spelling)}}


def at_home(clusters: Labels, gold: Labels) -> NDArray[np.float64]:
    """(n,) 1.0 where an item is of the most common category of its cluster (the first one if they tie)."""
    counts = np.zeros((int(clusters.max()) + 1, int(gold.max()) + 1), dtype=np.int64)
    np.add.at(counts, (clusters, gold), 1)
    return np.asarray(counts.argmax(axis=1)[clusters] == gold, dtype=np.float64)


def read(path: Path) -> CategorySet:
    """Read a table with a column `category` and a column `word`; without a header, in this order.

    Rows with an empty word (the public copy of AP has some) are left out.

    Raises:
        InputError: a line has no word or no category; the message names the file and the line.
    """
    found = table.rows(path)
    word, category = (table.column(found[0].cells, names) for names in (_WORD, _CATEGORY))
    if word is not None and category is not None:
        body = found[1:]
    elif len(found[0].cells) == 2:
        body, category, word = found, 0, 1
    else:
        raise table.malformed(path, found[0], "a header that names the columns category and word")
    items = []
    for row in body:
        if len(row.cells) <= max(word, category) or not row.cells[category]:
            raise table.malformed(path, row, f"a category in column {category + 1}, a word in {word + 1}")
        if row.cells[word]:
            items.append((row.cells[word], row.cells[category]))
    if not items:
        raise InputError(f"{path} holds no words", "Name the file of the test set.")
    return CategorySet(stem(path), tuple(items))
