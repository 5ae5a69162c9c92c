"""search_text: the rows of a saved Space whose text has the words of a question, by BM25."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.index.exact import check_count
from nearspace.results import Match, Neighbors
from nearspace.search.documents import by_document
from nearspace.search.highlights import find_spans, snippet
from nearspace.search.text_query import TextQuery, in_reach
from nearspace.search.tokens import tokenize
from nearspace.space import Space
from nearspace.store.dataset import KEY, damaged
from nearspace.store.snapshot import Snapshot
from nearspace.store.text_index import TextIndex, open_text

Ranked = tuple[NDArray[np.int64], NDArray[np.float32]]

_MORE = 16  # hits beyond k that are asked for, to see whether the last places are shared


def search_text(
    space: Space,
    query: str | Sequence[str],
    *,
    column: str | None = None,
    k: int = 10,
    where: str | None = None,
    fuzzy: int | str = 0,
    phrase: bool = False,
    documents: bool = False,
) -> Neighbors:
    """Find the rows whose text has the words of a question, best first by BM25.

    A text needs one of the words at least; words in double quotes form a phrase, which it must have. The
    column needs a text index, see `nearspace.index_text`; rows that were added after that are found too. BM25
    is that of Robertson and others (TREC-3, 1994) with k1 = 1.2 and b = 0.75.

    Args:
        space: a saved Space, at the version that was opened.
        query: the question, or several.
        column: where to search; None: the only column that has a text index.
        k: hits a question, at least 1.
        where: SQL condition on `key` and the columns; only rows for which it holds are hits, and there are
            always min(k, such rows that have a word) of them.
        fuzzy: edits that a word may be away from what is asked: 0, 1, 2, or "auto" (0 up to two characters, 1
            up to five, else 2). Words that are as they should be count three times as much as near ones.
        phrase: the whole question is one phrase.
        documents: the rows are passages: each document is a hit once, by its best passage.

    Returns:
        Scores are BM25 scores, rows of equal score come in row order; `matches` say what matched.

    Raises:
        InputError: the Space is in memory, the column has no text index, or the question has no word.
        SettingError: k, fuzzy or `where` is not accepted.
    """
    check_count("k", k)
    index = open_index(space, column)
    questions = [query] if isinstance(query, str) else list(query)
    asked = [TextQuery.parse(one, fuzzy, phrase) for one in questions]

    def ask(count: int) -> Neighbors:
        rows = np.full((len(asked), count), -1, dtype=np.int64)
        scores = np.full((len(asked), count), -np.inf, dtype=np.float32)
        matches = []
        for number, one in enumerate(asked):
            found, found_scores = ranked(space, index, one, count, where)
            rows[number, : len(found)], scores[number, : len(found)] = found, found_scores
            ranks = [{"text": place} for place in range(1, len(found) + 1)]
            matches.append(matches_of(space, index.column, one, found, ranks))
        return Neighbors(tuple(questions), rows, scores, space.keys, space.columns, tuple(matches))

    return by_document(space, ask, k) if documents else ask(k)


def open_index(space: Space, column: str | None) -> TextIndex:
    """Open the text index of a column of a saved Space; kept for the next question.

    Raises:
        InputError: the Space is in memory, the column has no text index, or a file of it is damaged.
    """
    if not isinstance(space.origin, Snapshot):
        raise InputError(
            "a Space in memory has no text index",
            "Save it, index its text with nearspace.index_text(path, column), and open it.",
        )
    kept: dict[str | None, TextIndex] = space.cache.setdefault("text indexes", {})
    if column not in kept:
        kept[column] = open_text(space.origin, column)
    return kept[column]


def ranked(space: Space, index: TextIndex, query: TextQuery, k: int, where: str | None) -> Ranked:
    """Give up to k rows and their scores, best first, ties in row order.

    Raises:
        SettingError: `where` cannot be understood.
        InputError: the index or the table cannot be read.
    """
    plain = query.to_lance(index.column)
    if not (query.fuzzy and index.left):
        return _best(index, [(plain, None)], k, where)
    # Lance does not look for near words in rows that are not indexed: they are looked up here
    words = _words_left(space, index)
    near = {word: list(in_reach(word, words)) for word in query.words if word.distance}
    parts = {fragment.fragment_id: fragment for fragment in index.snapshot.table.dataset.get_fragments()}
    left = [parts.pop(number) for number in index.left]
    asked = [(plain, list(parts.values())), (query.to_lance(index.column, near), left)]
    return _best(index, [one for one in asked if one[1]], k, where)


def matches_of(
    space: Space,
    column: str,
    query: TextQuery,
    rows: NDArray[np.int64],
    ranks: Sequence[Mapping[str, int]],
) -> tuple[Match, ...]:
    """Say what matched in the texts of some rows."""
    if column == KEY:
        texts = [space.keys[int(row)] for row in rows]
    else:
        texts = [str(record[column] or "") for record in space.columns.records(rows.tolist())]
    found = []
    for text, places in zip(texts, ranks, strict=True):
        spans = find_spans(text, query)
        found.append(Match(column, spans, snippet(text, spans), places))
    return tuple(found)


def _best(index: TextIndex, asked: Sequence[tuple[Any, Any]], k: int, where: str | None) -> Ranked:
    """Ask Lance for the k best of one or two parts of the table; more if the last places are shared."""
    parts = []
    for query, fragments in asked:
        limit = k + _MORE
        while True:
            addresses, scores = _scan(index, query, fragments, where, limit)
            if len(scores) < limit or np.sort(scores)[-k] > scores.min():
                break
            limit *= 4
        parts.append((index.snapshot.rows_at(addresses), scores))
    rows = np.concatenate([part[0] for part in parts])
    scores = np.concatenate([part[1] for part in parts])
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]


def _scan(
    index: TextIndex, query: Any, fragments: Any, where: str | None, limit: int
) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    try:
        found = index.snapshot.table.dataset.scanner(
            columns=["_score"],
            full_text_query=query,
            filter=where,
            prefilter=True,
            limit=limit,
            fragments=fragments,
            with_row_address=True,
        ).to_table()
    except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
        if where is not None:
            index.snapshot.matching(where)  # says what is wrong with the filter, if it is the filter
        raise damaged(index.snapshot.folder, error) from error
    return (
        np.asarray(found.column("_rowaddr").to_numpy()),
        np.asarray(found.column("_score").to_numpy(), dtype=np.float32),
    )


def _words_left(space: Space, index: TextIndex) -> dict[str, str]:
    """Give the words of the rows that are not indexed, folded -> as written; kept for the next question."""
    kept: dict[str, dict[str, str]] = space.cache.setdefault("words left", {})
    if index.column not in kept:
        words: dict[str, str] = {}
        dataset = index.snapshot.table.dataset
        left = [one for one in dataset.get_fragments() if one.fragment_id in index.left]
        for batch in dataset.scanner(columns=[index.column], fragments=left).to_batches():
            for text in batch.column(0).to_pylist():
                for token in tokenize(text or ""):
                    words.setdefault(token.word, text[token.start : token.end])
        words.pop("", None)
        kept[index.column] = words
    return kept[index.column]
