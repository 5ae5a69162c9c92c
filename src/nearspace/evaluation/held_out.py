"""Held-out events, and which of them a Space of users and items can be judged on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.events import read_interactions
from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.recommender import USER
from nearspace.errors import InputError
from nearspace.evaluation.choice import Choice
from nearspace.evaluation.textfile import stem
from nearspace.keys import Keys
from nearspace.search.askers import encoder_of
from nearspace.space import Space

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def read_held_out(source: Any, user: str = "user", item: str = "item") -> Interactions:
    """Give Interactions as they are, and read anything else as `read_interactions` does.

    Raises:
        InputError, MissingInputError: there is no such table or column, or no event in it.
    """
    if isinstance(source, Interactions):
        return source
    name = stem(Path(source)) if isinstance(source, str | Path) else "held-out"
    return dataclasses.replace(read_interactions(source, user=user, item=item), name=name)


@dataclass(frozen=True, eq=False)
class Trial:
    """Held-out events on a Space.

    Attributes:
        held: the events.
        choice: what may be recommended.
        vectors: (U, d) of the users of `held`; zeros for one that could not be placed.
        seen: (U, C) what each of them had before; it is not recommended.
        items: (n,) number among the choice of the item of each event, -1 for none.
        judged: (n,) events whose user is placed, and whose item is in the Space and was not seen.
    """

    held: Interactions
    choice: Choice
    vectors: Floats
    seen: Sparse
    items: Ints
    judged: NDArray[np.bool_]

    @classmethod
    def of(cls, space: Space, held: Interactions, known: Interactions | None = None) -> Trial:
        """Place users and items; users that the Space does not know by their `known` events."""
        choice = Choice.of(space)
        keys = Keys([USER + name for name in held.users])
        rows = space.keys.find_all(keys)
        vectors = np.zeros((len(rows), space.dim), np.float32)
        vectors[rows >= 0] = space.take(rows[rows >= 0])
        before = [_events(choice.history, choice.history.users.find_all(held.users))]
        if known is not None:
            given = known.users.find_all(held.users)
            before.append(_events(known, given, choice.items.find_all(known.items)))
            new = (rows < 0) & (given >= 0)
            vectors[new] = _folded(choice, known, given[new])
        seen = _joined(before, len(rows), len(choice.items))
        numbers = choice.items.find_all(held.items)[held.by_user.columns]
        trial = cls(held, choice, vectors, seen, numbers, np.zeros(len(numbers), dtype=bool))
        there = (numbers >= 0) & choice.offered[numbers] & trial.placed
        new = ~_within(trial.whose, numbers, seen, len(choice.items))
        return dataclasses.replace(trial, judged=there & new)

    @cached_property
    def whose(self) -> Ints:
        """(n,) the user of each event."""
        return np.repeat(np.arange(len(self.held.users)), self.held.user_counts)

    @cached_property
    def placed(self) -> NDArray[np.bool_]:
        """(n,) events whose user could be placed."""
        return np.asarray(np.count_nonzero(self.vectors, axis=1)[self.whose] > 0)

    def users(self, judged: NDArray[np.bool_]) -> Ints:
        """(m,) users with judged events, ascending."""
        return np.unique(self.whose[judged])

    def require_judged(self, judged: NDArray[np.bool_], whose: str) -> None:
        """Refuse a trial without any event that can be judged.

        Raises:
            InputError: says what may be the reason.
        """
        if judged.any():
            return
        held, history = self.held, self.choice.history
        swapped = (history.users.find_all(held.items) >= 0).any()
        swapped &= (self.choice.items.find_all(held.users) >= 0).any()
        if swapped:
            hint = "Its users look like items and its items like users: swap the two columns."
        elif not self.placed.any():
            hint = "None of its users is known: give earlier events of theirs (known), or check the names."
        elif (self.items < 0).all():
            hint = "None of its items is known: check the names."
        else:
            hint = "The Space was trained on these very events: hold them out before training."
        raise InputError(
            f"{held.name}: none of {len(held):,} events can be judged by {whose}, for example user "
            f"{held.users[0]!r} with item {held.items[int(held.by_user.columns[0])]!r}",
            hint,
        )


def rows_of(matrix: Sparse, rows: Ints) -> Sparse:
    """Give some rows of a sparse matrix, (m,) -> (m, ...); -1 is an empty row."""
    begin = np.where(rows >= 0, matrix.starts[np.maximum(rows, 0)], 0)
    lengths = np.where(rows >= 0, matrix.starts[np.maximum(rows, 0) + 1] - begin, 0)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    entries = np.arange(starts[-1]) + np.repeat(begin - starts[:-1], lengths)
    return Sparse(starts, matrix.columns[entries], matrix.weights[entries])


def _events(data: Interactions, rows: Ints, numbers: Ints | None = None) -> tuple[Ints, Ints]:
    """Give place in `rows` and item of each of their events; items as `numbers` says, without those at -1."""
    taken = rows_of(data.by_user, rows)
    whose = np.repeat(np.arange(len(rows)), np.diff(taken.starts))
    items = taken.columns.astype(np.int64) if numbers is None else numbers[taken.columns]
    return whose[items >= 0], items[items >= 0]


def _joined(parts: list[tuple[Ints, Ints]], users: int, items: int) -> Sparse:
    """Put events of several tables into one matrix of ones."""
    codes = np.concatenate([whose * items + numbers for whose, numbers in parts])
    if len(parts) > 1:
        codes = np.unique(codes)
    starts = np.searchsorted(codes, np.arange(users + 1) * items)
    return Sparse(starts, (codes % items).astype(np.int32), np.ones(len(codes), np.float32))


def _within(whose: Ints, numbers: Ints, matrix: Sparse, items: int) -> NDArray[np.bool_]:
    """(n,) whether a matrix has an entry at these rows and columns."""
    rows = np.repeat(np.arange(len(matrix.starts) - 1), np.diff(matrix.starts))
    codes = np.append(rows * items + matrix.columns, -1)  # ascending but for the last, which is none
    asked = whose * items + numbers
    return np.asarray((codes[np.searchsorted(codes[:-1], asked)] == asked) & (numbers >= 0))


def _folded(choice: Choice, known: Interactions, rows: Ints) -> Floats:
    """(m, d) vectors of users by their known events."""
    numbers = choice.history.items.find_all(known.items)
    taken = rows_of(known.by_user, rows)
    whose = np.repeat(np.arange(len(rows)), np.diff(taken.starts))
    columns = numbers[taken.columns]
    order = np.lexsort((columns, whose))
    order = order[columns[order] >= 0]
    starts = np.searchsorted(whose[order], np.arange(len(rows) + 1))
    liked = Sparse(starts, columns[order].astype(np.int32), taken.weights[order])
    return np.asarray(encoder_of(choice.space).fold_in(liked), np.float32)
