"""The verb `measure`: how good is a Space, in figures with intervals and baselines."""

from __future__ import annotations

from collections.abc import Iterator

from nearspace.evaluation.agreement import compare
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.families import Sources, load_all
from nearspace.evaluation.index_quality import index
from nearspace.evaluation.labels import measure_head as head
from nearspace.evaluation.map_quality import measure_map as map  # noqa: A004
from nearspace.evaluation.newcomers import newcomers
from nearspace.evaluation.ranking import ranking
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.texts_pairs import pairs
from nearspace.evaluation.texts_retrieval import retrieval
from nearspace.evaluation.word_in_context import word_in_context
from nearspace.evaluation.wordset import WordSet, measure_each, require_usable
from nearspace.protocols import Progress, Quiet
from nearspace.results import Measure, Report
from nearspace.space import Space

__all__ = [
    "compare",
    "head",
    "index",
    "map",
    "newcomers",
    "pairs",
    "ranking",
    "retrieval",
    "word_in_context",
    "words",
]


def words(
    space: Space,
    *,
    similarity: Sources = None,
    analogies: Sources = None,
    categories: Sources = None,
    outliers: Sources = None,
    restrict: int | None = 30_000,
    method: str = "3cosadd",
    oov: bool = False,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure a Space of words on test sets of four families; docs/evaluation.md explains every figure.

    Each family takes nothing, one or many of: a packaged name ("wordsim353", "google", "nouns100",
    "groups25"), the path of a file in a public format, a set already read. With all four left out, the
    packaged sets are used, and of these such as the Space cannot judge are noted and left out; a set
    that was asked for must be usable. The other settings are explained at `MeasureSettings`.

    Raises:
        InputError: a file is not what it should be, or a set has no usable case; says where and why.
        SettingError: an unknown name or a setting outside its range.
    """
    settings = MeasureSettings(restrict, method, oov, seed, samples)
    tests, by_default = load_all(
        {"similarity": similarity, "analogies": analogies, "categories": categories, "outliers": outliers}
    )

    def measures(test: WordSet) -> Iterator[Measure]:
        return _measures(space, test, settings, progress)

    return Report(space.name, measure_each(tests, measures, lenient=by_default, progress=progress))


def _measures(
    space: Space, test: WordSet, settings: MeasureSettings, progress: Progress
) -> Iterator[Measure]:
    trial = test.on(space, settings)
    require_usable(test, trial.known, repr(space.name))
    name = test.name
    if trial.encoded:
        name += "+oov"
        progress.note(f"{name}: {trial.encoded} of {len(test.words)} words are placed by the encoder")
    baselines = trial.baselines(trial.known)
    for figure_name, figure in trial.figures(trial.known).items():
        yield measured(
            f"{name}.{figure_name}",
            figure,
            baselines[figure_name],
            seed=settings.seed,
            samples=settings.samples,
        )
