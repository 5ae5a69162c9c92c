"""Shares of right answers: of independent cases, of cases in groups, and of analogy questions.

Cases that share a word share their luck, and an interval that takes them for independent is too short
(docs/decisions/measure-intervals.md). So the bootstrap draws the unit behind the cases: the category, the
group of words, and for analogies the word pair. Questions are made from pairs, and every pair meets every
other; a question counts (how often its first pair was drawn) x (how often its second was), the pigeonhole
bootstrap (Owen 2007, doi:10.1214/07-AOAS122).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from nearspace.evaluation.bootstrap import LEVEL, Floats

Rows = NDArray[np.int64]


def wilson(share: float, cases: int) -> tuple[float, float]:
    """The 95 % score interval of a share of `cases` independent cases (Wilson 1927).

    It needs no beta quantile, never leaves 0..1 and is not of length 0 where all cases are right.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    middle = share + z * z / (2 * cases)
    reach = z * sqrt(max(0.0, share * (1 - share)) / cases + z * z / (4 * cases * cases))
    scale = 1 + z * z / cases
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def _ratio(hits: Floats, trials: Floats) -> Floats:
    return np.asarray(np.divide(hits, trials, out=np.full_like(hits, np.nan), where=trials > 0))


@dataclass(frozen=True, eq=False)
class Share:
    """The share of right cases where units (words, groups) hold one or more cases each.

    Attributes:
        hits: (units,) right cases of each unit; fractions are allowed.
        trials: (units,) judged cases of each unit.
        total: cases of the set, judged or not.
    """

    hits: Floats
    trials: Floats
    total: int

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of all units."""
        return (len(self.hits),)

    @property
    def cases(self) -> int:
        """Judged cases."""
        return round(float(self.trials.sum()))

    @property
    def share(self) -> bool:
        """Yes."""
        return True

    def __call__(self, weights: Floats) -> Floats:
        """(b, units) weights -> (b,) shares."""
        return _ratio(weights @ self.hits, weights @ self.trials)


@dataclass(frozen=True, eq=False)
class Crossing:
    """The questions of one section: which two word pairs each is made of, and whether it was right.

    Attributes:
        pairs: number of word pairs of the section.
        first: (q,) number of the pair a:b.
        second: (q,) number of the pair c:d.
        right: (q,) 1.0 or 0.0.
    """

    pairs: int
    first: Rows
    second: Rows
    right: Floats

    @cached_property
    def tables(self) -> tuple[Floats, Floats]:
        """(pairs, pairs) right questions and all questions of each two pairs."""
        hits = np.zeros((self.pairs, self.pairs))
        trials = np.zeros((self.pairs, self.pairs))
        np.add.at(hits, (self.first, self.second), self.right)
        np.add.at(trials, (self.first, self.second), 1.0)
        return hits, trials


@dataclass(frozen=True, eq=False)
class CrossedShare:
    """The share of right analogy questions of one or more sections; the unit drawn again is the word pair."""

    sections: Sequence[Crossing]
    total: int

    @property
    def strata(self) -> tuple[int, ...]:
        """Word pairs of each section."""
        return tuple(section.pairs for section in self.sections)

    @property
    def cases(self) -> int:
        """Judged questions."""
        return sum(len(section.right) for section in self.sections)

    @property
    def share(self) -> bool:
        """Yes."""
        return True

    def __call__(self, weights: Floats) -> Floats:
        """(b, pairs of all sections) weights -> (b,) shares."""
        hits, trials = np.zeros(len(weights)), np.zeros(len(weights))
        start = 0
        for section in self.sections:
            part = weights[:, start : start + section.pairs]
            start += section.pairs
            right, asked = section.tables
            hits += ((part @ right) * part).sum(axis=1)
            trials += ((part @ asked) * part).sum(axis=1)
        return _ratio(hits, trials)
