"""measure.pairs: do the vectors of texts rank pairs of them as people do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import stream, value_of
from nearspace.evaluation.correlation import Correlation
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.lookup import scores
from nearspace.evaluation.texts_sets import PairSet, read_pairs
from nearspace.evaluation.texts_words import Words
from nearspace.learners.text_encoders import lent
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.results import Measure, Report
from nearspace.space import Space

_DRAWS = 20  # random vectors whose mean is the random baseline
_LEAST = 3
_BLOCK = 512
FIGURES = {"spearman": True, "pearson": False}


@dataclass(frozen=True, eq=False)
class PairTrial:
    """A set of pairs on one encoder.

    Attributes:
        test: the pairs.
        vectors: (texts, d) of the different texts.
        ends: (pairs, 2) their numbers.
        metric: how vectors are compared.
    """

    test: PairSet
    vectors: NDArray[np.float32]
    ends: NDArray[np.int64]
    metric: str

    @property
    def known(self) -> NDArray[np.bool_]:
        """(pairs,) of which both texts have a vector."""
        placed = np.asarray(self.vectors.any(axis=1))
        return np.asarray(placed[self.ends].all(axis=1))

    def figures(
        self, known: NDArray[np.bool_], vectors: NDArray[np.float32] | None = None
    ) -> dict[str, Correlation]:
        """The correlations of the scores of known pairs with what people said."""
        held = self.vectors if vectors is None else vectors
        left, right = held[self.ends[known]].transpose(1, 0, 2)
        return correlations(self.test, known, scores(left, right, self.metric))


def correlations(
    test: PairSet, known: NDArray[np.bool_], said: NDArray[np.float64]
) -> dict[str, Correlation]:
    """Spearman's and Pearson's of some scores of the known pairs."""
    gold = np.array(test.gold)[known]
    return {name: Correlation(gold, said, ranked, len(known)) for name, ranked in FIGURES.items()}


def pair_trial(
    source: Encoder | Space,
    test: PairSet,
    progress: Progress = Quiet(),  # noqa: B008
) -> PairTrial:
    """Place the texts of the pairs.

    Raises:
        InputError: a Space has neither words nor an encoder, or fewer than 3 pairs can be placed.
    """
    encoder = lent(source) if isinstance(source, Space) else source
    metric = source.metric if isinstance(source, Space) else "cosine"
    numbers = {text: number for number, text in enumerate(dict.fromkeys((*test.left, *test.right)))}
    texts = list(numbers)
    parts = []
    with progress.task(f"placing the texts of {test.name}", total=len(texts), unit="texts") as task:
        for start in range(0, len(texts), _BLOCK):
            some = texts[start : start + _BLOCK]
            parts.append(np.asarray(encoder.encode(some), dtype=np.float32))
            task.advance(len(some))
    ends = np.array([[numbers[a], numbers[b]] for a, b in zip(test.left, test.right, strict=True)], np.int64)
    trial = PairTrial(test, np.concatenate(parts), ends, metric)
    usable = int(trial.known.sum())
    if usable < _LEAST:
        raise InputError(
            f"{test.name}: {usable} of {len(ends)} pairs can be placed, at least {_LEAST} are needed",
            "Check the columns of the texts, and their language.",
        )
    return trial


def pairs(
    source: Encoder | Space,
    table: Any,
    *,
    columns: Sequence[str] | None = None,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure how the similarity of texts follows what people said.

    Figures: Spearman's and Pearson's correlation, over the pairs of which both texts can be placed. Baselines
    are tf-idf with the frequencies of these very texts, and random vectors (mean of 20).

    Args:
        source: an encoder, or a Space whose encoder or words place texts.
        table, columns: see `texts_sets.read_pairs`.
        seed: of the bootstrap and the random vectors.
        samples: of the bootstrap.
        progress: where the work is shown.

    Raises:
        InputError, MissingInputError: the table is none of pairs, or fewer than 3 can be placed.
    """
    test = read_pairs(table, columns)
    trial = pair_trial(source, test, progress)
    known = trial.known
    baselines = _baselines(trial, known, seed)
    name = source.name if isinstance(source, Space) else source.kind
    return Report(name, tuple(_measures(trial, known, baselines, seed, samples)))


def _measures(
    trial: PairTrial,
    known: NDArray[np.bool_],
    baselines: dict[str, dict[str, float]],
    seed: int,
    samples: int,
) -> list[Measure]:
    return [
        measured(f"{trial.test.name}.{name}", figure, baselines[name], seed=seed, samples=samples)
        for name, figure in trial.figures(known).items()
    ]


def _baselines(trial: PairTrial, known: NDArray[np.bool_], seed: int) -> dict[str, dict[str, float]]:
    test = trial.test
    words = Words(dict.fromkeys((*test.left, *test.right)))
    cache: dict[str, NDArray[np.float64]] = {}
    said = []
    for at in np.flatnonzero(known).tolist():
        left = test.left[at]
        if left not in cache:
            cache = {left: words.tfidf(left)}
        said.append(cache[left][trial.ends[at, 1]])
    found = {
        name: {"tfidf": value_of(figure), "random": 0.0}
        for name, figure in correlations(test, known, np.array(said)).items()
    }
    generator = stream(seed, test.name, "random vectors")
    for _ in range(_DRAWS):
        drawn = generator.standard_normal(trial.vectors.shape, dtype=np.float32)
        for name, figure in trial.figures(known, drawn).items():
            found[name]["random"] += value_of(figure) / _DRAWS
    return found
