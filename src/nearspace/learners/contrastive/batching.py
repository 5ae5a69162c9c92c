"""Batches of examples: their order by the seed, and no text twice that would be taken for wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nearspace.learners.contrastive.examples import Examples
from nearspace.learners.contrastive.text_file import Ids

_WAITING = 4  # batches of examples that wait for one without their texts


def batches(examples: Examples, size: int, seed: int, epoch: int) -> Iterator[Ids]:
    """Give rows of the examples, `size` at a time, all of them once, in an order of this seed and epoch.

    No text is twice in a batch of pairs or triplets, as it would be a wrong answer to itself; what does not
    fit waits for the next one. Labelled texts come in twos of a label. A last batch of one example is left
    out.
    """
    random = np.random.default_rng([seed, epoch, 0xBA7C])
    if examples.kind == "labels":
        order = _in_twos(examples.targets, random)
    else:
        order = random.permutation(len(examples))
    if examples.kind in ("pairs", "triplets"):
        made = _apart(examples.rows, order, size)
    else:
        made = (order[start : start + size] for start in range(0, len(order), size))
    return (rows for rows in made if len(rows) > 1)


def count_batches(examples: Examples, size: int, seed: int, epochs: int) -> list[int]:
    """Give how many batches each epoch has."""
    return [sum(1 for _ in batches(examples, size, seed, epoch)) for epoch in range(epochs)]


def _apart(rows: Ids, order: Ids, size: int) -> Iterator[Ids]:
    batch: list[int] = []
    used: set[int] = set()
    waiting: list[int] = []

    def add(row: int) -> bool:
        texts = {int(one) for one in rows[row]}
        if used & texts:
            return False
        used.update(texts)
        batch.append(row)
        return True

    for row in order.tolist():
        if not add(row):
            waiting.append(row)
        if len(batch) == size or len(waiting) >= _WAITING * size:
            yield np.array(batch)
            batch.clear()
            used.clear()
            waiting = [one for one in waiting if len(batch) >= size or not add(one)]
    while batch:
        yield np.array(batch)
        batch.clear()
        used.clear()
        waiting = [one for one in waiting if len(batch) >= size or not add(one)]


def _in_twos(labels: NDArray[np.int64], random: np.random.Generator) -> Ids:
    """Give all rows, such that two of a label follow each other where it has two left."""
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    twos: list[Ids] = []
    for own in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        twos += [own[start : start + 2] for start in range(0, len(own), 2)]
    return np.concatenate([twos[at] for at in random.permutation(len(twos))])


class KnownPairs:
    """Which text belongs to which, over all examples: what must not count as a wrong answer."""

    def __init__(self, examples: Examples) -> None:
        self._count = len(examples.texts)
        rows = examples.rows
        self._keys = np.unique(rows[:, 0] * self._count + rows[:, min(1, rows.shape[1] - 1)])

    def has(self, left: Ids, right: Ids) -> NDArray[np.bool_]:
        """(n,) and (m,) -> (n, m) True where the right text belongs to the left one, or is the same."""
        keys = left[:, None] * self._count + right[None, :]
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found: NDArray[np.bool_] = (self._keys[at] == keys) | (left[:, None] == right[None, :])
        return found
