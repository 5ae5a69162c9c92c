"""What every family of test sets offers: its words, and its figures on one Space."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import Figure
from nearspace.evaluation.settings import MeasureSettings
from nearspace.protocols import Progress
from nearspace.results import Measure
from nearspace.space import Space

Mask = NDArray[np.bool_]


class Trial(Protocol):
    """One test set on one Space."""

    @property
    def known(self) -> Mask:
        """(words,) which of the set's words the Space can judge."""

    @property
    def encoded(self) -> int:
        """How many of them were placed by the encoder."""

    def figures(self, known: Mask) -> Mapping[str, Figure]:
        """Name -> figure over the cases whose words are all in `known`; without a case it is left out."""

    def baselines(self, known: Mask) -> Mapping[str, Mapping[str, float]]:
        """Name of a figure -> name of a baseline -> what it reaches on the same cases."""


class WordSet(Protocol):
    """A test set: words, and cases made of them.

    Attributes:
        unit: what a case is, in the plural: "pairs", "questions", ...
        least: how many cases must be judged for a figure to mean anything.
    """

    unit: ClassVar[str]
    least: ClassVar[int]

    @property
    def name(self) -> str:
        """What the measures are called after."""

    @property
    def words(self) -> tuple[str, ...]:
        """The different words of the set."""

    @property
    def total(self) -> int:
        """Number of cases."""

    def usable(self, known: Mask) -> int:
        """Count the cases that can be judged from the `known` words."""

    def on(self, space: Space, settings: MeasureSettings) -> Trial:
        """Look the words up in `space`."""


def numbered(words: Sequence[str]) -> dict[str, int]:
    """Number the different words in order of first appearance."""
    return {word: number for number, word in enumerate(dict.fromkeys(words))}


def require_usable(test: WordSet, known: Mask, whose: str) -> None:
    """Refuse a test set of which `whose` words judge too few cases.

    Raises:
        InputError: names how many cases can be judged and some of the unknown words.
    """
    usable = test.usable(known)
    if usable >= test.least:
        return
    missing = [repr(test.words[int(at)]) for at in np.flatnonzero(~known)[:5]]
    named = f"; not known, for example: {', '.join(missing)}" if missing else ""
    raise InputError(
        f"{test.name}: {whose} can judge {usable:,} of {test.total:,} {test.unit}, "
        f"expected at least {test.least}{named}",
        "Take a test set in the language and the spelling of the Space; a Space with an encoder can place"
        " unseen words (oov).",
    )


def measure_each(
    tests: Sequence[WordSet],
    measures: Callable[[WordSet], Iterable[Measure]],
    *,
    lenient: bool,
    progress: Progress,
) -> tuple[Measure, ...]:
    """Join the `measures` of each test set; if `lenient`, unusable sets are noted, as long as one is usable.

    Raises:
        InputError: a set is unusable.
    """
    made: list[Measure] = []
    refused = 0
    with progress.task("Measuring", total=len(tests), unit="sets") as task:
        for test in tests:
            try:
                made.extend(measures(test))
            except InputError as error:
                refused += 1
                if not lenient or refused == len(tests):
                    raise
                progress.note(f"left out {error.message}")
            task.advance(1)
    return tuple(made)
