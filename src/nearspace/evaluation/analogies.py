"""Analogies: a is to b as c is to which word?

Sources: Mikolov and others 2013 (3CosAdd, the Google set); Levy and Goldberg 2014 (3CosMul); Linzen 2016 (the
baseline that looks at c only); Gladkova and others 2016 (BATS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, MissingInputError
from nearspace.evaluation.answers import Answers, frequent
from nearspace.evaluation.bootstrap import Figure, value_of
from nearspace.evaluation.lookup import rows
from nearspace.evaluation.proportion import CrossedShare, Crossing, Rows
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.textfile import lines, stem
from nearspace.evaluation.wordset import Mask, numbered
from nearspace.space import Space

_BATS = {
    "inflectional": "syntactic",
    "derivational": "syntactic",
    "encyclopedic": "semantic",
    "lexicographic": "semantic",
}


@dataclass(frozen=True)
class Question:
    """a is to b as c is to one of `answers`."""

    a: str
    b: str
    c: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """Questions about one relation.

    Attributes:
        name: for example "capital-world".
        kind: "semantic", "syntactic", or "" if the file does not tell.
        questions: the cases.
    """

    name: str
    kind: str
    questions: tuple[Question, ...]

    @cached_property
    def pairs(self) -> tuple[Rows, Rows]:
        """(questions,) numbers of the pair a:b, and of the pair c:answer, of each question."""
        first = [(asked.a, asked.b) for asked in self.questions]
        second = [(asked.c, asked.answers[0]) for asked in self.questions]
        number = {pair: at for at, pair in enumerate(dict.fromkeys([*first, *second]))}
        left, right = (np.array([number[pair] for pair in side], dtype=np.int64) for side in (first, second))
        return left, right


@dataclass(frozen=True)
class AnalogySet:
    """Sections of analogy questions."""

    name: str
    sections: tuple[Section, ...]
    unit: ClassVar[str] = "questions"
    least: ClassVar[int] = 1

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions, section by section."""
        return tuple(asked for section in self.sections for asked in section.questions)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The different words, answers included."""
        asked = self.questions
        return tuple(numbered([word for one in asked for word in (one.a, one.b, one.c, *one.answers)]))

    @cached_property
    def terms(self) -> Rows:
        """(questions, 3) numbers of the words a, b, c."""
        number = numbered(self.words)
        return np.array([[number[word] for word in (one.a, one.b, one.c)] for one in self.questions])

    @cached_property
    def answers(self) -> tuple[Rows, Rows]:
        """The numbers of all accepted words, and of the question that each belongs to."""
        number = numbered(self.words)
        listed = [(number[word], at) for at, one in enumerate(self.questions) for word in one.answers]
        both = np.array(listed, dtype=np.int64)
        return both[:, 0], both[:, 1]

    @property
    def total(self) -> int:
        """Number of questions."""
        return len(self.questions)

    def judged(self, known: Mask) -> Mask:
        """(questions,) whether a, b, c and an accepted answer are known."""
        words, owners = self.answers
        answered = np.zeros(self.total, dtype=bool)
        answered[owners[known[words]]] = True
        return np.asarray(known[self.terms].all(axis=1) & answered)

    def usable(self, known: Mask) -> int:
        """Count the questions of which a, b, c and an accepted answer are known."""
        return int(self.judged(known).sum())

    def on(self, space: Space, settings: MeasureSettings) -> AnalogyTrial:
        """Look the words up among the most frequent ones of `space`."""
        answers = Answers(space, frequent(space, settings.restrict))
        return AnalogyTrial(self, answers, rows(space, self.words), settings.method)


@dataclass(frozen=True, eq=False)
class AnalogyTrial:
    """An analogy set on one Space: a question is judged if its words are candidates for the answer.

    Attributes:
        test: the questions.
        answers: answers them among the most frequent words; a, b and c are never the answer.
        places: (words,) row of each word of the set, -1 where unknown.
        method: how they are answered.
    """

    test: AnalogySet
    answers: Answers
    places: Rows
    method: str

    @cached_property
    def known(self) -> Mask:
        """(words,) the words that are candidates; a vector of zeros has no place and so is not known."""
        inside = np.isin(self.places, self.answers.candidates)
        inside[inside] = self.answers.space.norms[self.places[inside]] > 0
        return np.asarray(inside)

    @property
    def encoded(self) -> int:
        """None: an answer must be a key."""
        return 0

    def _right(self, known: Mask, answer: Callable[[Rows], Rows]) -> NDArray[np.float64]:
        """(questions,) 1.0 where the answer is accepted; nan where the question cannot be asked."""
        kept = self.test.judged(known)
        found = np.full(self.test.total, -1, dtype=np.int64)
        found[kept] = answer(self.places[self.test.terms[kept]])
        words, owners = self.test.answers
        result = np.where(kept, 0.0, np.nan)
        hit = (self.places[words] == found[owners]) & (self.places[words] >= 0)
        result[owners[hit]] = 1.0
        return result

    def _shares(self, right: NDArray[np.float64]) -> dict[str, CrossedShare]:
        """Accuracies of all, of each kind and of each section, over the questions that are not nan."""
        sections = self.test.sections
        groups: dict[str, Sequence[Section]] = {"accuracy": sections}
        kinds = dict.fromkeys(section.kind for section in sections if section.kind)
        for kind in kinds if len(kinds) > 1 else ():
            groups[f"{kind}.accuracy"] = [section for section in sections if section.kind == kind]
        for section in sections if len(sections) > 1 else ():
            groups[f"{section.name}.accuracy"] = [section]
        starts = np.cumsum([0, *(len(section.questions) for section in sections)])
        crossings = {
            section.name: _crossing(section, right[start:end])
            for section, start, end in zip(sections, starts[:-1], starts[1:], strict=True)
        }
        shares = {
            name: CrossedShare(
                [crossings[section.name] for section in members if len(crossings[section.name].right)],
                sum(len(section.questions) for section in members),
            )
            for name, members in groups.items()
        }
        return {name: share for name, share in shares.items() if share.cases}

    def figures(self, known: Mask) -> dict[str, Figure]:
        """Accuracies of the chosen method."""
        return dict(self._shares(self._right(known, lambda asked: self.answers.solve(asked, self.method))))

    def baselines(self, known: Mask) -> dict[str, dict[str, float]]:
        """A random candidate, and the candidate nearest to c alone (Linzen 2016)."""
        only_c = self._shares(self._right(known, self.answers.nearest_to_c))
        chance = 1 / max(1, len(self.answers.candidates) - 3)
        return {name: {"random": chance, "only_c": value_of(share)} for name, share in only_c.items()}


def _crossing(section: Section, right: NDArray[np.float64]) -> Crossing:
    first, second = section.pairs
    kept = np.isfinite(right)
    used, number = np.unique(np.concatenate([first[kept], second[kept]]), return_inverse=True)
    half = int(kept.sum())
    return Crossing(len(used), number[:half], number[half:], right[kept])


def read(path: Path) -> AnalogySet:
    """Read a file of questions, or a folder of pairs as BATS has it.

    A file has four words a line and lines ": name" that begin a section; sections called "gram..." are
    syntactic and, where a file has such, the others semantic. A folder has, at any depth, one .txt file a
    relation, a line a pair, accepted answers separated by "/"; every two pairs make two questions.

    Raises:
        InputError: a line has another number of words; the message names the file and the line.
    """
    return _read_folder(path) if path.is_dir() else _read_file(path)


def _read_file(path: Path) -> AnalogySet:
    sections: dict[str, list[Question]] = {}
    current = "questions"
    for number, line in enumerate(lines(path), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0].startswith(":"):
            current = line.strip().lstrip(":").strip()
        elif len(words) == 4:
            sections.setdefault(current, []).append(Question(words[0], words[1], words[2], (words[3],)))
        else:
            raise InputError(
                f"{path}, line {number:,}: expected 4 words or ': section', "
                f"got {len(words)} words: {line.strip()[:60]}",
                "Correct the line, or begin it with '#' to leave it out.",
            )
    if not sections:
        raise InputError(f"{path} holds no question", "Each line should have four words.")
    mixed = any(name.startswith("gram") for name in sections)
    return AnalogySet(
        stem(path),
        tuple(
            Section(
                name,
                "syntactic" if name.startswith("gram") else "semantic" if mixed else "",
                tuple(questions),
            )
            for name, questions in sections.items()
        ),
    )


def _read_folder(path: Path) -> AnalogySet:
    files = sorted(path.rglob("*.txt"))
    if not files:
        raise MissingInputError(f"{path} has no .txt file", "BATS has one .txt file a relation.")
    sections = []
    for file in files:
        pairs = []
        for number, line in enumerate(lines(file), 1):
            words = line.split()
            if len(words) not in (0, 2):
                raise InputError(
                    f"{file}, line {number:,}: expected a word and its answers, got {len(words)} words",
                    "Separate the two with a tab and answers with '/'.",
                )
            if words:
                pairs.append((words[0], tuple(word for word in words[1].split("/") if word)))
        folder = file.parent.name.lower()
        kind = next((kind for word, kind in _BATS.items() if word in folder), "")
        questions = tuple(
            Question(one[0], one[1][0], other[0], other[1])
            for one in pairs
            for other in pairs
            if one is not other
        )
        if questions:
            sections.append(Section(file.stem, kind, questions))
    if not sections:
        raise InputError(f"{path} holds no two pairs of one relation", "Each line should have two words.")
    return AnalogySet(path.name.lower(), tuple(sections))
