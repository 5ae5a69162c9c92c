"""What is measured before and after: figures of held-out examples and of a probe, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.kernels.ranking_scores import midranks, ndcg_at, pearson
from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.nearest import nearest, unit
from nearspace.learners.contrastive.text_file import Ids

Floats = NDArray[np.float32]
Figures = NDArray[np.float64]
DEPTH = 10  # of nDCG
MOST = 2_000  # texts beside the held-out ones that are searched


class Task(Protocol):
    """Cases that vectors are judged by.

    Attributes:
        name: of the figure.
        texts: whose vectors it needs.
        groups: (n,) which cases are drawn together.
    """

    @property
    def name(self) -> str:
        """Name of the figure."""

    @property
    def texts(self) -> Sequence[str]:
        """Whose vectors it needs."""

    @property
    def groups(self) -> Ids:
        """(n,) which cases are drawn together."""

    def cases(self, vectors: Floats) -> Figures:
        """(texts, d) -> (n,) what a case is judged by."""

    def figure(self, cases: Figures, weights: Figures) -> Figures:
        """(n,) and (b, n) how often each case was drawn -> (b,)."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Spearman's correlation of cosines with scores.

    Attributes:
        name: of the figure.
        texts: the different ones.
        pairs: (n, 2) numbers of texts.
        scores: (n,) larger is more similar.
        groups: (n,) which pairs are drawn together.
    """

    name: str
    texts: Sequence[str]
    pairs: Ids
    scores: Figures
    groups: Ids

    def cases(self, vectors: Floats) -> Figures:
        """(n,) cosines."""
        scaled = unit(vectors)
        left, right = scaled[self.pairs[:, 0]], scaled[self.pairs[:, 1]]
        return np.asarray(np.einsum("nd,nd->n", left, right), dtype=np.float64)

    def figure(self, cases: Figures, weights: Figures) -> Figures:
        """(b,) correlations."""
        made: Figures = pearson(midranks(self.scores, weights), midranks(cases, weights), weights)
        return made


@dataclass(frozen=True, eq=False)
class Retrieval:
    """nDCG@10 of finding the right texts among many.

    Attributes:
        name: of the figure.
        texts: the different ones.
        queries: (q,) numbers of texts.
        searched: (m,) numbers of the texts that are searched.
        grades: (q, m) True where a text is right; of a query itself False.
        groups: (q,) which queries are drawn together.
    """

    name: str
    texts: Sequence[str]
    queries: Ids
    searched: Ids
    grades: NDArray[np.bool_]
    groups: Ids

    @cached_property
    def _itself(self) -> NDArray[np.bool_]:
        return np.asarray(self.queries[:, None] == self.searched[None, :])

    def cases(self, vectors: Floats) -> Figures:
        """(q,) nDCG@10 of each query."""
        scaled = unit(vectors)
        rows, _ = nearest(scaled[self.queries], scaled[self.searched], DEPTH + 1)
        gains = np.zeros((len(rows), DEPTH))
        for number, row in enumerate(rows):
            row = row[~self._itself[number, row]][:DEPTH]
            gains[number, : len(row)] = self.grades[number, row]
        right = self.grades.sum(axis=1)
        ideal = (np.arange(DEPTH)[None, :] < right[:, None]).astype(np.float64)
        made: Figures = ndcg_at(gains, ideal, DEPTH)
        return made

    def figure(self, cases: Figures, weights: Figures) -> Figures:
        """(b,) means."""
        return np.asarray(weights @ cases / np.maximum(weights.sum(axis=1), 1e-12))


def task_of(examples: Examples, groups: Ids, others: Examples | None, name: str, seed: int) -> Task:
    """Make the task of held-out examples.

    Scored pairs: `Scored`. Pairs and triplets: find the second text of each first one among all second and
    third texts, and among some of those of `others`. Labelled texts: find texts of the same label among some
    of `others`. Bare texts: find the second half of each text by the first.
    """
    if examples.kind == "scored":
        numbers, flat = np.unique(examples.rows, return_inverse=True)
        pairs = flat.reshape(examples.rows.shape).astype(np.int64)
        scores = examples.targets.astype(np.float64)
        return Scored(f"{name}.spearman", examples.texts.take(numbers), pairs, scores, groups)
    random = np.random.default_rng([seed, 0x7A5C])
    if examples.kind == "labels":
        return _of_labels(examples, examples if others is None else others, groups, name, random)
    if examples.kind == "texts":
        return _of_halves(examples, groups, name)
    return _of_pairs(examples, others, groups, name, random)


def _of_pairs(
    examples: Examples, others: Examples | None, groups: Ids, name: str, random: np.random.Generator
) -> Retrieval:
    queries, number = np.unique(examples.rows[:, 0], return_inverse=True)
    own = np.unique(examples.rows[:, 1:])
    texts = [*examples.texts.take(queries), *examples.texts.take(own)]
    seen = set(texts)
    if others is not None:
        more = np.unique(others.rows[:, 1:])
        more = more[np.sort(random.permutation(len(more))[:MOST])]
        texts += [text for text in others.texts.take(more) if text not in seen]
    searched = np.arange(len(queries), len(texts))
    grades = np.zeros((len(queries), len(searched)), dtype=bool)
    grades[number, np.searchsorted(own, examples.rows[:, 1])] = True
    first = np.zeros(len(queries), dtype=np.int64)
    first[number] = groups
    at = np.arange(len(queries))
    known = {text: place for place, text in enumerate(texts[: len(queries)])}
    places = np.array([known.get(texts[place], place) for place in range(len(texts))], dtype=np.int64)
    return Retrieval(f"{name}.ndcg@{DEPTH}", texts, at, places[searched], grades, first)


def _of_labels(
    examples: Examples, others: Examples, groups: Ids, name: str, random: np.random.Generator
) -> Retrieval:
    chosen = np.sort(random.permutation(len(others))[:MOST])
    texts = [*examples.texts.take(examples.rows[:, 0]), *others.texts.take(others.rows[chosen, 0])]
    at = np.arange(len(examples))
    searched = np.arange(len(examples), len(texts))
    label = {one: number for number, one in enumerate(examples.labels)}
    theirs = np.array([label.get(others.labels[code], -1) for code in others.targets[chosen]])
    grades = examples.targets[:, None] == theirs[None, :]
    if not grades.any(axis=1).all():
        lacking = sorted({examples.labels[code] for code in examples.targets[~grades.any(axis=1)]})
        raise InputError(
            f"{examples.name}: the held-out texts have labels that no text to learn from has, for example "
            f"{lacking[0]!r}",
            "Give more examples of these labels, or hold out fewer.",
        )
    return Retrieval(f"{name}.ndcg@{DEPTH}", texts, at, searched, grades, groups)


def _of_halves(examples: Examples, groups: Ids, name: str) -> Retrieval:
    halves = []
    kept = []
    for number, text in enumerate(examples.texts.take(examples.rows[:, 0])):
        words = text.split()
        if len(words) >= 4:
            halves.append((" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])))
            kept.append(number)
    if len(halves) < 2:
        raise InputError(
            f"{examples.name}: fewer than two held-out texts have four words",
            "Texts are judged by finding their second half by the first: give longer ones, or pairs.",
        )
    count = len(halves)
    texts = [first for first, _ in halves] + [second for _, second in halves]
    grades = np.array([[one[1] == other[1] for other in halves] for one in halves])
    return Retrieval(
        f"{name}.halves.ndcg@{DEPTH}",
        texts,
        np.arange(count),
        np.arange(count, 2 * count),
        grades,
        groups[kept],
    )
