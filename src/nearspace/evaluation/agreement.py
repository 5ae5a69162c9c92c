"""Two Spaces on the same cases: is one better, or is the difference within the luck of the test set?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearspace.data.interactions import Interactions
from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import Figure, Floats, value_of
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.families import Sources, load_all
from nearspace.evaluation.index_quality import Mean
from nearspace.evaluation.ranked import lists_of_space
from nearspace.evaluation.ranking import ranking_trial, read_events
from nearspace.evaluation.ranking_figures import ranking_figures
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.texts_pairs import pair_trial
from nearspace.evaluation.texts_retrieval import answerable, figures, ranked_lists
from nearspace.evaluation.texts_sets import PairSet, RetrievalSet, read_pairs, read_retrieval
from nearspace.evaluation.wordset import WordSet, measure_each, require_usable
from nearspace.protocols import Progress, Quiet
from nearspace.results import Measure, Report
from nearspace.space import Space


@dataclass(frozen=True, eq=False)
class Difference:
    """Figure of one Space minus that of another, on test sets drawn once for both (paired)."""

    one: Figure
    other: Figure

    def __post_init__(self) -> None:
        if self.one.strata != self.other.strata or self.one.cases != self.other.cases:
            raise ValueError("the two figures rest on different cases")

    @property
    def strata(self) -> tuple[int, ...]:
        """Those of both."""
        return self.one.strata

    @property
    def cases(self) -> int:
        """Those of both."""
        return self.one.cases

    @property
    def total(self) -> int:
        """That of the set."""
        return self.one.total

    @property
    def share(self) -> bool:
        """A difference is no share."""
        return False

    def __call__(self, weights: Floats) -> Floats:
        """(b, units) weights -> (b,) differences."""
        return np.asarray(self.one(weights) - self.other(weights))


def compare(
    space_a: Space,
    space_b: Space,
    *,
    similarity: Sources = None,
    analogies: Sources = None,
    categories: Sources = None,
    outliers: Sources = None,
    restrict: int | None = 30_000,
    method: str = "3cosadd",
    oov: bool = False,
    pairs: Any = None,
    retrieval: Any = None,
    ranking: Any = None,
    known: Any = None,
    user: str = "user",
    item: str = "item",
    k: int | None = None,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure `space_a` minus `space_b` on the cases that both can judge; arguments as in `verb.words`.

    With `pairs`, `retrieval` or `ranking`, a table as the measure of that name takes it, that is compared
    instead; `k` is of the last two (None: 10 and 20), `known`, `user` and `item` of `ranking`.

    Each measure is called "set.figure.difference"; its interval is the paired bootstrap's, so the Spaces
    differ by more than the luck of the test set where it leaves out 0; its baseline holds the figures of
    "a" and "b" themselves on these cases.

    Raises:
        InputError: a file is not what it should be, or the Spaces have too few cases in common.
        SettingError: an unknown name or a setting outside its range.
    """
    settings = MeasureSettings(restrict, method, oov, seed, samples)
    name = f"{space_a.name} - {space_b.name}"
    found = [] if pairs is None else _on_pairs(space_a, space_b, read_pairs(pairs), settings, progress)
    if retrieval is not None:
        questions = read_retrieval(retrieval)
        found += _on_questions(space_a, space_b, questions, 10 if k is None else k, settings, progress)
    if ranking is not None:
        events = read_events(ranking, known, user, item)
        found += _on_events(space_a, space_b, events, 20 if k is None else k, settings, progress)
    if found:
        return Report(name, tuple(found))
    tests, by_default = load_all(
        {"similarity": similarity, "analogies": analogies, "categories": categories, "outliers": outliers}
    )

    def measures(test: WordSet) -> Iterator[Measure]:
        return _differences(space_a, space_b, test, settings)

    return Report(name, measure_each(tests, measures, lenient=by_default, progress=progress))


def _differences(
    space_a: Space, space_b: Space, test: WordSet, settings: MeasureSettings
) -> Iterator[Measure]:
    one, other = test.on(space_a, settings), test.on(space_b, settings)
    known = one.known & other.known
    require_usable(test, known, f"{space_a.name!r} and {space_b.name!r} together")
    theirs = other.figures(known)
    for name, figure in one.figures(known).items():
        yield _difference(f"{test.name}.{name}", figure, theirs[name], settings)


def _on_pairs(
    space_a: Space, space_b: Space, test: PairSet, settings: MeasureSettings, progress: Progress
) -> list[Measure]:
    one, other = pair_trial(space_a, test, progress), pair_trial(space_b, test, progress)
    known = one.known & other.known
    theirs = other.figures(known)
    return [
        _difference(f"{test.name}.{name}", figure, theirs[name], settings)
        for name, figure in one.figures(known).items()
    ]


def _on_questions(
    space_a: Space, space_b: Space, test: RetrievalSet, k: int, settings: MeasureSettings, progress: Progress
) -> list[Measure]:
    asked = [answerable(space, test) for space in (space_a, space_b)]
    both = set(asked[0].queries) & set(asked[1].queries)
    if not both:
        raise InputError(
            f"{test.name}: no question can be answered by both Spaces",
            "The keys are those of rows or documents.",
        )
    values = []
    for space, one in zip((space_a, space_b), asked, strict=True):
        kept = one.only(both)
        values.append(figures(ranked_lists(space, kept, k, progress)["vectors"], kept, k))
    return [
        _difference(
            f"{test.name}.{name}",
            Mean(ours, len(test.queries)),
            Mean(values[1][name], len(test.queries)),
            settings,
        )
        for name, ours in values[0].items()
    ]


def _on_events(
    space_a: Space,
    space_b: Space,
    events: tuple[Interactions, Interactions | None],
    k: int,
    settings: MeasureSettings,
    progress: Progress,
) -> list[Measure]:
    one, other = (ranking_trial(space, *events, k, progress) for space in (space_a, space_b))
    judged = one.judged & other.judged
    one.require_judged(judged, f"{space_a.name!r} and {space_b.name!r} together")
    users = one.users(judged)
    ours, theirs = (
        ranking_figures(trial, judged, lists_of_space(trial, users, k, progress=progress), k)
        for trial in (one, other)
    )
    return [
        _difference(f"{one.held.name}.{name}", figure, theirs[name], settings, float(judged.mean()))
        for name, figure in ours.items()
        if name in theirs
    ]


def _difference(
    name: str, one: Figure, other: Figure, settings: MeasureSettings, coverage: float | None = None
) -> Measure:
    return measured(
        f"{name}.difference",
        Difference(one, other),
        {"a": value_of(one), "b": value_of(other)},
        seed=settings.seed,
        samples=settings.samples,
        coverage=coverage,
    )
