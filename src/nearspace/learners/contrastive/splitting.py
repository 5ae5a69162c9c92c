"""Holding examples out in whole groups: those that share a text, also through others, stay together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.text_file import Ids

LEAST = 20  # groups that are held out: fewer give no interval worth its name


@dataclass(frozen=True, eq=False)
class Split:
    """Examples in three parts that have no text in common.

    Attributes:
        train: those that are learned from.
        choice: held out; say when to stop, and how far to go from the old weights to the new.
        test: held out; say whether it was worth it.
        groups: (n,) group of each example of the test.
        choice_groups: (n,) of each example of the choice.
    """

    train: Examples
    choice: Examples
    test: Examples
    groups: Ids
    choice_groups: Ids


def groups_of(examples: Examples) -> Ids:
    """(n,) number of the group of each example: the connected parts of the graph of texts."""
    parent = list(range(len(examples.texts)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    columns = [examples.rows[:, number].tolist() for number in range(examples.rows.shape[1])]
    for other in columns[1:]:
        for one, two in zip(columns[0], other, strict=True):
            parent[root(two)] = root(one)
    roots = np.array([root(one) for one in columns[0]], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def split(examples: Examples, share: float, seed: int) -> Split:
    """Hold out groups until `share` of the examples is reached, half of it for the choice, half for the test.

    Labelled texts are held out label by label, so that each keeps its share.

    Raises:
        SettingError: the share is not between 0 and 1.
        InputError: too few groups are left to hold out, or to learn from.
    """
    if not 0 < share < 1:
        raise SettingError(f"held_out is {share}", "It is the share of the examples, above 0 and below 1.")
    groups = groups_of(examples)
    part = _parts(examples, groups, share, np.random.default_rng([seed, 0x5EED]))
    held = len(np.unique(groups[part > 0]))
    if held < LEAST or not (part == 0).any():
        largest = int(np.bincount(groups).max())
        raise InputError(
            f"{examples.name}: {len(examples):,} examples in {int(groups.max()) + 1:,} groups without a "
            f"common text (the largest has {largest:,}) are too few to hold {share:.0%} of them out: "
            f"that are {held:,} groups, expected at least {LEAST}",
            "Give more examples, a larger share, or examples of your own to hold out (held_out=TABLE).",
        )
    tested = part == 2
    return Split(
        examples.only(part == 0), examples.only(part == 1), examples.only(tested), groups[tested],
        groups[part == 1],
    )  # fmt: skip


def split_given(train: Examples, held: Examples, seed: int) -> Split:
    """Take the user's own held-out examples, half for the choice, half for the test.

    Raises:
        InputError: they are too few.
    """
    groups = groups_of(held)
    order = np.random.default_rng([seed, 0x5EED]).permutation(int(groups.max()) + 1)
    if len(order) < LEAST:
        raise InputError(
            f"{held.name}: {len(order):,} groups of examples are too few to measure with",
            f"Hold out at least {LEAST} that have no text in common.",
        )
    turn = order[groups] % 2
    chosen, tested = np.flatnonzero(turn == 0), np.flatnonzero(turn == 1)
    return Split(train, held.only(chosen), held.only(tested), groups[tested], groups[chosen])


def without_texts(examples: Examples, others: Examples) -> Examples:
    """Give the examples that have no text in common with `others`."""
    taken = set(others.texts.take(np.unique(others.rows)))
    shared = np.array([text in taken for text in examples.texts])
    return examples.only(np.flatnonzero(~shared[examples.rows].any(axis=1)))


def _parts(examples: Examples, groups: Ids, share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """(n,) 0 for training, 1 for the choice, 2 for the test."""
    strata = examples.targets if examples.kind == "labels" else np.zeros(len(examples), np.int64)
    part = np.zeros(len(examples), dtype=np.int64)
    sizes = np.bincount(groups)
    stratum = np.zeros(len(sizes), dtype=np.int64)
    stratum[groups] = strata
    turn = 0
    number = np.zeros(len(sizes), dtype=np.int64)
    for one in np.unique(stratum):
        own = random.permutation(np.flatnonzero(stratum == one))
        wanted = share * float(sizes[own].sum())
        taken = 0.0
        for group in own[: len(own) - 1]:
            if taken + sizes[group] / 2 > wanted:
                continue
            taken += float(sizes[group])
            number[group] = 1 + turn % 2
            turn += 1
    part[:] = number[groups]
    return part
