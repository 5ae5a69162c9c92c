"""nearest and search: a Space and a query give Neighbors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.local import worker_count
from nearspace.errors import InputError, SettingError
from nearspace.index.exact import check_count
from nearspace.results import Neighbors
from nearspace.search.documents import by_document, place_documents
from nearspace.search.filters import matching
from nearspace.search.indexes import index_of
from nearspace.search.methods import add, check_method, multiply
from nearspace.search.terms import Term, place, place_terms, place_text
from nearspace.space import Space


def nearest(
    space: Space,
    items: str | Sequence[Any] | NDArray[Any],
    *,
    k: int = 10,
    where: str | None = None,
    restrict: int | None = None,
    index: str = "auto",
    documents: bool = False,
    workers: int | None = None,
) -> Neighbors:
    """Find the k nearest rows of each item.

    Args:
        space: where to search.
        items: a key, a list of keys, a vector (d,) or vectors (q, d). A key is no hit of its own. Words that
            are no keys are placed by the encoder of the Space, if it has one.
        k: hits an item, at least 1; may exceed the size of the Space.
        where: SQL condition on `key` and the columns, for example "year >= 2020 AND topic = 'sport'"; only
            rows for which it holds are hits, and there are always min(k, such rows) of them.
        restrict: look only at the first so many rows, which in learned spaces are the most frequent keys.
        index: "exact" compares with every row; "graph" is approximate and faster; "disk" asks the index in
            the table; "auto" takes the graph if the saved Space has one.
        documents: the rows are passages: each document is a hit once, by its best passage. The document of a
            key is no hit; an item may be the name of a document, which stands for the mean of its passages.
        workers: threads, None: all cores; they change no result.

    Raises:
        UnknownKeyError: a word is no key and cannot be encoded; the error suggests keys like it.
        DimensionError: vectors have another dimension than the Space.
        InputError: nothing was asked, or a vector has NaN or infinity.
        SettingError: k or restrict is not a whole number of at least 1, or `where` or `index` is not
            accepted.
    """
    placed = place_documents(space, items) if documents else place(space, items)
    allowed = None if where is None else matching(space, where)
    own = placed.rows[:, None]

    def ask(count: int) -> Neighbors:
        rows, scores = index_of(space, index).search(
            placed.vectors, count, restrict, own, allowed=allowed, workers=worker_count(workers)
        )
        return Neighbors(placed.labels, rows, scores, space.keys, space.columns)

    return by_document(space, ask, check_count("k", k), own, placed.labels) if documents else ask(k)


def search(
    space: Space,
    query: str | None = None,
    *,
    positive: str | Iterable[Term] = (),
    negative: str | Iterable[Term] = (),
    k: int = 10,
    method: str = "3cosadd",
    where: str | None = None,
    restrict: int | None = None,
    index: str = "auto",
    documents: bool = False,
) -> Neighbors:
    """Find the rows that are near to a text and to positive terms, and far from negative ones.

    Args:
        space: where to search.
        query: text, one more positive term: the key of that name; else, if one of its words at least is a
            key, the mean of its words; else what the encoder makes of it.
        positive: keys, vectors (d,), or (key or vector, weight) to be near to.
        negative: the same, to be far from. No term is a hit.
        k: hits, at least 1; may exceed the size of the Space.
        method: "3cosadd" adds the terms up (Mikolov and others 2013); "3cosmul" multiplies cosines and takes
            no weights (Levy and Goldberg 2014).
        where: SQL condition on `key` and the columns; only rows for which it holds are hits.
        restrict: look only at the first so many rows, which in learned spaces are the most frequent keys.
        index: as for `nearest`; 3CosMul always compares with every row.
        documents: the rows are passages: each document is a hit once, by its best passage. Documents of the
            terms are no hits.

    Returns:
        One query. Scores are those of the metric of the Space to the sum of the terms, or the product of
        3CosMul.

    Raises:
        UnknownKeyError: a term is no key and cannot be encoded; the error suggests keys like it.
        DimensionError: a vector has another dimension than the Space.
        InputError: nothing was asked, the terms cancel each other out, or a vector has NaN or infinity.
        SettingError: the method, k, restrict or a weight is not accepted.
    """
    check_method(method)
    wanted, wanted_weights = place_terms(space, positive)
    unwanted, unwanted_weights = place_terms(space, negative)
    asked = [] if query is None else [place_text(space, query)]
    vectors = np.concatenate([*(one.vectors for one in asked), wanted.vectors, unwanted.vectors])
    rows = np.concatenate([*(one.rows for one in asked), wanted.rows, unwanted.rows])
    labels = [*(label for one in asked for label in one.labels), *wanted.labels]
    if not len(vectors):
        raise InputError("the query is empty", "Give a text, or positive or negative terms.")
    weights = np.concatenate([np.ones(len(asked)), wanted_weights, -unwanted_weights])
    allowed = None if where is None else matching(space, where)
    if method != "3cosadd":
        _check_unweighted(weights)
    numbers = np.arange(len(vectors), dtype=np.int64)[None]
    split = len(labels)
    label = " - ".join([" + ".join(labels), *unwanted.labels]).strip()

    def ask(count: int) -> Neighbors:
        if method == "3cosadd":
            found, scores = add(
                space, vectors[None], weights, count, restrict, rows[None],
                allowed=allowed, index=index, workers=worker_count(None),
            )  # fmt: skip
        else:
            found, scores = multiply(
                space, vectors, numbers[:, :split], numbers[:, split:], count, restrict, rows[None],
                allowed=allowed,
            )  # fmt: skip
        return Neighbors((label,), found, scores, space.keys, space.columns)

    return by_document(space, ask, check_count("k", k), rows[None]) if documents else ask(k)


def _check_unweighted(weights: NDArray[np.float64]) -> None:
    if (np.abs(weights) != 1).any():
        raise SettingError("3cosmul takes no weights", "Leave the weights out, or use method '3cosadd'.")
    if not (weights > 0).any():
        raise SettingError(
            "3cosmul needs a positive term", "Give a text or positive terms, or use '3cosadd'."
        )
