"""Outlier detection: which word does not belong to the group? (Camacho-Collados and Navigli 2016).

Each outlier is put among the words of its group; all are sorted by their mean similarity to the others. The
outlier's position is the number of words that are nearer to the rest: all of them if it is found.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, MissingInputError
from nearspace.evaluation import table
from nearspace.evaluation.bootstrap import Figure, value_of
from nearspace.evaluation.lookup import Placed, place, scores
from nearspace.evaluation.overlap import dice
from nearspace.evaluation.proportion import Share
from nearspace.evaluation.settings import MeasureSettings
from nearspace.evaluation.textfile import lines, stem
from nearspace.evaluation.wordset import Mask, numbered
from nearspace.space import Space

_LEAST_MEMBERS = 3
Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Words that belong together, and words that do not belong to them."""

    name: str
    members: tuple[str, ...]
    outliers: tuple[str, ...]


@dataclass(frozen=True)
class OutlierSet:
    """Groups of words with outliers; each outlier is one case."""

    name: str
    groups: tuple[Group, ...]
    unit: ClassVar[str] = "outliers"
    least: ClassVar[int] = 1

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The different words."""
        return tuple(numbered([w for group in self.groups for w in (*group.members, *group.outliers)]))

    @cached_property
    def places(self) -> tuple[tuple[Numbers, Numbers], ...]:
        """For each group the numbers of its members and of its outliers."""
        number = numbered(self.words)
        return tuple(
            (
                np.array([number[word] for word in group.members], dtype=np.int64),
                np.array([number[word] for word in group.outliers], dtype=np.int64),
            )
            for group in self.groups
        )

    @property
    def total(self) -> int:
        """Number of outliers."""
        return sum(len(group.outliers) for group in self.groups)

    def judged(self, known: Mask) -> list[tuple[Numbers, Numbers]]:
        """The known members and outliers of the groups that have three known members and a known outlier."""
        kept = [(members[known[members]], others[known[others]]) for members, others in self.places]
        return [(ins, outs) for ins, outs in kept if len(ins) >= _LEAST_MEMBERS and len(outs)]

    def usable(self, known: Mask) -> int:
        """Count the known outliers of groups with at least three known members."""
        return sum(len(outs) for _, outs in self.judged(known))

    def on(self, space: Space, settings: MeasureSettings) -> OutlierTrial:
        """Look the words up in `space`."""
        return OutlierTrial(self, place(space, self.words, oov=settings.oov), space.metric)


@dataclass(frozen=True, eq=False)
class OutlierTrial:
    """An outlier set on one Space, scored by the Space's metric."""

    test: OutlierSet
    placed: Placed
    metric: str

    @property
    def known(self) -> Mask:
        """(words,) the words that have a vector."""
        return self.placed.known

    @property
    def encoded(self) -> int:
        """How many of them the encoder placed."""
        return self.placed.encoded

    def _near(self, words: Numbers) -> Matrix:
        count = len(words)
        left, right = np.repeat(words, count), np.tile(words, count)
        vectors = self.placed.vectors
        return scores(vectors[left], vectors[right], self.metric).reshape(count, count)

    def _spelled(self, words: Numbers) -> Matrix:
        named = [self.test.words[int(word)] for word in words]
        return np.array([[dice(one, other) for other in named] for one in named])

    def _shares(self, known: Mask, near: Callable[[Numbers], Matrix]) -> dict[str, Share]:
        found, position, trials = [], [], []
        for members, outliers in self.test.judged(known):
            places = positions(near(np.concatenate([members, outliers])), len(members))
            found.append((places == len(members)).sum())
            position.append((places / len(members)).sum())
            trials.append(len(outliers))
        return {
            name: Share(np.array(hits, dtype=float), np.array(trials, dtype=float), self.test.total)
            for name, hits in (("accuracy", found), ("opp", position))
        }

    def figures(self, known: Mask) -> dict[str, Figure]:
        """The share of outliers found, and the outlier position percentage as a share (1 is 100 %)."""
        return dict(self._shares(known, self._near))

    def baselines(self, known: Mask) -> dict[str, dict[str, float]]:
        """A random order of the words (exact), and overlap of character n-grams in place of the Space."""
        judged = self.test.judged(known)
        cases = sum(len(outs) for _, outs in judged)
        chance = {"accuracy": sum(len(outs) / (len(ins) + 1) for ins, outs in judged) / cases, "opp": 0.5}
        return {
            name: {"random": chance[name], "characters": value_of(share)}
            for name, share in self._shares(known, self._spelled).items()
        }


def positions(near: Matrix, members: int) -> NDArray[np.float64]:
    """(m + o, m + o) similarities of m members and o outliers -> (o,) positions in 0..m, ties counting half.

    Member i: mean of its similarity to the other members and to the outlier; outlier: mean to all members.
    Both means have m terms, so sums are compared.
    """
    inner = near[:members, :members].sum(axis=1) - np.diag(near)[:members]
    cross = near[:members, members:]
    gap = (inner[:, None] + cross) - cross.sum(axis=0)[None, :]
    tie = np.abs(gap) < 1e-9
    return np.asarray(np.where(tie, 0.5, gap > 0).sum(axis=0))


def read(path: Path) -> OutlierSet:
    """Read a table with columns `words` and `outliers` (and `category`), or a folder as 8-8-8 has it.

    A cell of a table is a list such as "['tiger', 'lion']", or words separated by blanks. A folder has one
    .txt file a group: the words, a line each, an empty line, then the outliers.

    Raises:
        InputError: a group lacks words or outliers; the message names the file and the line.
    """
    return _read_folder(path) if path.is_dir() else _read_table(path)


def _read_table(path: Path) -> OutlierSet:
    found = table.rows(path)
    head = found[0].cells
    words, outliers = table.column(head, ("words", "members")), table.column(head, ("outliers",))
    if words is None or outliers is None:
        raise table.malformed(path, found[0], "a header that names the columns words and outliers")
    name = table.column(head, ("category", "group", "name"))
    groups = []
    for row in found[1:]:
        if len(row.cells) != len(head):
            raise table.malformed(path, row, f"{len(head)} columns")
        members, others = _cell(path, row, words), _cell(path, row, outliers)
        if len(members) < _LEAST_MEMBERS or not others:
            raise table.malformed(path, row, f"at least {_LEAST_MEMBERS} words and an outlier")
        groups.append(Group(row.cells[name] if name is not None else str(row.line), members, others))
    if not groups:
        raise InputError(f"{path} has a header and no groups", "Name the file of the test set.")
    return OutlierSet(stem(path), tuple(groups))


def _cell(path: Path, row: table.Row, column: int) -> tuple[str, ...]:
    cell = row.cells[column]
    if not cell.startswith("["):
        return tuple(cell.split())
    try:
        listed = ast.literal_eval(cell)
    except (ValueError, SyntaxError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise table.malformed(path, row, f"a list of words in column {column + 1}")
    return tuple(word for word in listed if word)


def _read_folder(path: Path) -> OutlierSet:
    files = sorted(path.glob("*.txt"))
    if not files:
        raise MissingInputError(f"{path} has no .txt file", "A folder of groups has one .txt file a group.")
    groups = []
    for file in files:
        listed = [line.strip() for line in lines(file)]
        gap = listed.index("") if "" in listed else len(listed)
        members, others = (tuple(word for word in part if word) for part in (listed[:gap], listed[gap:]))
        if len(members) < _LEAST_MEMBERS or not others:
            raise InputError(
                f"{file}: expected at least {_LEAST_MEMBERS} words, an empty line and outliers, "
                f"got {len(members)} and {len(others)}",
                "One word a line.",
            )
        groups.append(Group(file.stem, members, others))
    return OutlierSet(path.name.lower(), tuple(groups))
