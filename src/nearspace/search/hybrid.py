"""hybrid: words and vectors asked at once, the two lists fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, InputError, SettingError, UnknownKeyError
from nearspace.index.exact import check_count, check_queries
from nearspace.results import Neighbors
from nearspace.search.documents import by_document
from nearspace.search.filters import matching
from nearspace.search.indexes import index_of
from nearspace.search.terms import place_text
from nearspace.search.text import matches_of, open_index, ranked
from nearspace.search.text_query import TextQuery
from nearspace.space import Space
from nearspace.store.dataset import KEY

SMOOTHING = 60  # of the paper: how little the first places count more than the next ones
DEPTH = 100


def hybrid(
    space: Space,
    query: str | Sequence[str],
    *,
    column: str | None = None,
    k: int = 10,
    where: str | None = None,
    depth: int = DEPTH,
    weights: tuple[float, float] = (1.0, 1.0),
    fuzzy: int | str = 0,
    vector: NDArray[Any] | None = None,
    index: str = "auto",
    documents: bool = False,
) -> Neighbors:
    """Find the rows that are good by their words, by their vectors, or best by both.

    A row at place r of a list gets weight / (60 + r) from it, and the sum is its score: reciprocal rank
    fusion (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank
    Learning Methods, SIGIR 2009).

    Args:
        space: a saved Space whose column has a text index, see `nearspace.index_text`.
        query: the question, or several; quotes as in `search_text`. The encoder of the Space places it,
            without its quotes.
        column: where to search for words; None: the only column that has a text index.
        k: hits a question, at least 1.
        where: SQL condition on `key` and the columns; only rows for which it holds are hits.
        depth: length of each list, at least; never shorter than k.
        weights: of the list by words and of the list by vectors; 0 leaves one out.
        fuzzy: as in `search_text`.
        vector: (d,) or (q, d) what to look for by vectors instead of what the encoder makes of the question.
        index: as in `nearest`.
        documents: the rows are passages: each document is a hit once, by its best passage. The lists are as
            long as it takes to have k documents.

    Returns:
        Scores are the sums; rows of equal score come in row order. `matches` have the place in each list.
        A question that the encoder cannot place has hits by words only.

    Raises:
        InputError: there is no text index, the question has no word, or the Space has no encoder.
        SettingError: k, depth, weights, fuzzy, index or `where` is not accepted.
        DimensionError: `vector` has another dimension, or there are not as many as questions.
    """
    check_count("k", k)
    _check(depth, weights)
    opened = open_index(space, column)
    questions = [query] if isinstance(query, str) else list(query)
    asked = [TextQuery.parse(one, fuzzy) for one in questions]
    placed = (
        _vectors(space, questions, vector) if weights[1] else np.zeros((len(asked), space.dim), np.float32)
    )

    def ask(count: int) -> Neighbors:
        length = max(count, depth)
        near = vector_list(space, placed, length, where, index)
        rows = np.full((len(asked), count), -1, dtype=np.int64)
        scores = np.full((len(asked), count), -np.inf, dtype=np.float32)
        matches = []
        for number, one in enumerate(asked):
            by_words = ranked(space, opened, one, length, where)[0] if weights[0] else near[number][:0]
            by_vectors = near[number][near[number] >= 0] if placed[number].any() else near[number][:0]
            found, found_scores, ranks = fuse({"text": by_words, "vector": by_vectors}, weights, count)
            rows[number, : len(found)], scores[number, : len(found)] = found, found_scores
            matches.append(matches_of(space, opened.column, one, found, ranks))
        return Neighbors(tuple(questions), rows, scores, space.keys, space.columns, tuple(matches))

    return by_document(space, ask, k) if documents else ask(k)


def fuse(
    lists: dict[str, NDArray[np.int64]], weights: Sequence[float], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[dict[str, int]]]:
    """Fuse lists of rows, best first: give the k best rows, their scores, and their place in each list.

    score(row) = sum over the lists that have it of weight / (60 + place), places from 1.
    """
    joined = np.concatenate([*lists.values(), np.empty(0, dtype=np.int64)])
    rows, at = np.unique(joined, return_inverse=True)
    parts = [
        weight / (SMOOTHING + np.arange(1, len(found) + 1, dtype=np.float64))
        for found, weight in zip(lists.values(), weights, strict=True)
    ]
    shares = np.concatenate([*parts, np.empty(0)])
    sums = np.bincount(at, shares, minlength=len(rows)).astype(np.float64)
    order: NDArray[np.int64] = np.lexsort((rows, -sums))[:k].astype(np.int64)
    places = {name: {int(row): place for place, row in enumerate(found, 1)} for name, found in lists.items()}
    best: NDArray[np.int64] = rows[order]
    ranks = [{name: of[row] for name, of in places.items() if row in of} for row in best.tolist()]
    return best, sums[order], ranks


def vector_list(
    space: Space, vectors: NDArray[np.float32], length: int, where: str | None, index: str
) -> NDArray[np.int64]:
    """(q, length) the rows nearest to each vector, best first; -1 where there are fewer."""
    allowed = None if where is None else matching(space, where)
    rows, _ = index_of(space, index).search(vectors, length, allowed=allowed)
    return rows


def _vectors(space: Space, questions: Sequence[str], vector: NDArray[Any] | None) -> NDArray[np.float32]:
    """(q, d) where questions lie; zeros for one that cannot be placed."""
    if vector is not None:
        given = np.asarray(vector)
        checked = check_queries(given[None] if given.ndim == 1 else given, space.dim)
        if len(checked) != len(questions):
            raise DimensionError(f"{len(questions)} questions came with {len(checked)} vectors")
        return checked
    if space.encoder is None:
        raise InputError(
            f"{space.name!r} has no encoder that could place the question",
            "Give vector=, or search by words only with search_text.",
        )
    plain = [question.replace('"', " ") for question in questions]
    if space.content not in (None, KEY):
        # rows are texts: a word that happens to be a key says nothing
        return np.asarray(space.encoder.encode(plain), dtype=np.float32)
    placed = np.zeros((len(plain), space.dim), dtype=np.float32)
    for number, question in enumerate(plain):
        try:
            placed[number] = place_text(space, question.strip()).vectors[0]
        except UnknownKeyError:
            continue
    return placed


def _check(depth: int, weights: Sequence[float]) -> None:
    check_count("depth", depth)
    good = len(weights) == 2 and all(np.isfinite(weight) and weight >= 0 for weight in weights)
    if not good or not sum(weights):
        raise SettingError(
            f"weights are {weights!r}", "Give two numbers of at least 0, one of them above 0: words, vectors."
        )
