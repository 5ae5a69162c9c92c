"""rerank: the hits of a search, read once more by a slower and better judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.cross_encoder import CrossEncoder
from nearspace.encoders.late_interaction import LateInteraction
from nearspace.errors import InputError, SettingError
from nearspace.index.exact import check_count
from nearspace.results import Match, Neighbors
from nearspace.search.highlights import snippet
from nearspace.space import Space

TOKENS = "tokens"
DEPTH = 50


class Reranker(Protocol):
    """Judges texts by a query."""

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) scores, larger is better."""


def rerank(
    found: Neighbors,
    query: str | Sequence[str] | None,
    model: Reranker | str | Path,
    *,
    column: str = "text",
    depth: int | None = None,
    k: int | None = None,
) -> Neighbors:
    """Order the hits of a search anew by how well their texts answer the query.

    Args:
        found: what a search gave; ask it for more hits than you want (50 to 100).
        query: the question of each query of `found`; None: those of `found`.
        model: a `CrossEncoder`, a `LateInteraction`, anything with `scores(query, texts)`, or the name of a
            cross-encoder's folder.
        column: metadata with the texts; "key": the keys.
        depth: hits of a query that are read, from the best on; None: all. The others are left out.
        k: hits of a query that are given, from the best on; None: all that were read.

    Returns:
        Scores are those of the model; equal ones keep their order. `matches` have the place of each hit in
        the list before ("vector", or the lists of a hybrid search) and after ("rerank").

    Raises:
        InputError: there is no such column, or there are not as many questions as queries.
        SettingError: depth or k is not at least 1.
    """
    questions = [query] if isinstance(query, str) else list(found.queries if query is None else query)
    if len(questions) != len(found):
        raise InputError(f"{len(questions)} questions came for {len(found)} queries", "Give one for each.")
    if column != "key" and column not in found.columns:
        raise InputError(
            f"the hits have no column {column!r} whose texts could be read",
            f"Columns: {', '.join(['key', *found.columns])}.",
        )
    read = found.rows.shape[1] if depth is None else min(check_count("depth", depth), found.rows.shape[1])
    kept = read if k is None else min(check_count("k", k), read)
    judge = CrossEncoder.open(model) if isinstance(model, str | Path) else model
    rows = np.full((len(questions), kept), -1, dtype=np.int64)
    scores = np.full((len(questions), kept), -np.inf, dtype=np.float32)
    matches = []
    for number, question in enumerate(questions):
        listed = found.rows[number, :read]
        listed = listed[listed >= 0]
        texts = _texts(found, column, listed)
        judged = np.asarray(judge.scores(question, texts), dtype=np.float32) if texts else np.empty(0, "f4")
        order = np.argsort(-judged, kind="stable")[:kept]
        rows[number, : len(order)], scores[number, : len(order)] = listed[order], judged[order]
        matches.append(
            tuple(
                _match(found, number, int(before), after, column, texts[before])
                for after, before in enumerate(order, 1)
            )
        )
    return Neighbors(tuple(questions), rows, scores, found.names, found.columns, tuple(matches))


def reranker_of(name: str, space: Space) -> Reranker:
    """Give the judge that a command names: a cross-encoder's folder, or "tokens": the Space's encoder.

    Raises:
        SettingError: the encoder of the Space has no vectors of tokens.
    """
    if name != TOKENS:
        return CrossEncoder.open(name)
    if space.encoder is None:
        raise SettingError(f"{space.name!r} has no encoder whose tokens could be compared", "Name a model.")
    return LateInteraction(space.encoder)  # type: ignore[arg-type]  # it checks that there are token vectors


def _texts(found: Neighbors, column: str, rows: NDArray[np.int64]) -> list[str]:
    if column == "key":
        return [found.names[int(row)] for row in rows]
    return [str(record[column] or "") for record in found.columns.records(rows.tolist())]


def _match(found: Neighbors, query: int, before: int, after: int, column: str, text: str) -> Match:
    """Give what matched before, with the places in both lists."""
    if found.matches:
        old = found.matches[query][before]
        return Match(old.column, old.highlights, old.snippet, {**old.ranks, "rerank": after})
    return Match(column, (), snippet(text, ()), {"vector": before + 1, "rerank": after})
