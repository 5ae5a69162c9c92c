"""Documents: the rows of a Space are passages, and each document is found once, by its best one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import column_array
from nearspace.errors import InputError
from nearspace.results import Neighbors
from nearspace.search.terms import Placed, place, units
from nearspace.space import Space
from nearspace.store.columns import StoredColumns

COLUMN = "document"
_DEEPER = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Documents:
    """Which document each row is of.

    Attributes:
        codes: (n,) number of its document; -1 where the column has no value: a document of its own.
        names: Arrow array of the documents.
    """

    codes: NDArray[np.int64]
    names: Any

    def find(self, name: str) -> int:
        """Give the number of a document, -1 if there is none of this name."""
        return int(self.names.index(name).as_py())


def documents_of(space: Space) -> Documents:
    """Give the documents of a Space of passages; kept for the next question.

    Raises:
        InputError: it has no column "document".
    """
    known: Documents | None = space.cache.get("documents")
    if known is None:
        if COLUMN not in space.columns:
            raise InputError(
                f"{space.name!r} has no column {COLUMN!r}, so its rows are no passages of documents",
                "Make such a Space with nearspace learn texts, or search without documents (--documents).",
            )
        known = space.cache["documents"] = _encoded(space)
    return known


def place_documents(space: Space, items: Any) -> Placed:
    """Find vectors as `place` does; the name of a document stands for the mean of its passages.

    `rows` of it are -1, as it is no row.
    """
    listed = [items] if isinstance(items, str) else items
    if isinstance(listed, np.ndarray) or not all(isinstance(item, str) for item in listed):
        return place(space, items)
    of = documents_of(space)
    parts = []
    for item in listed:
        number = -1 if item in space.keys else of.find(item)
        if number < 0:
            parts.append(place(space, item))
            continue
        vectors = space.take(np.flatnonzero(of.codes == number))
        mean = units(vectors).mean(axis=0, keepdims=True).astype(np.float32)
        parts.append(Placed((item,), np.array([-1], dtype=np.int64), mean))
    if not parts:
        return place(space, items)
    return Placed(
        tuple(label for part in parts for label in part.labels),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.vectors for part in parts]),
    )


def by_document(
    space: Space,
    ask: Callable[[int], Neighbors],
    k: int,
    asked: NDArray[np.int64] | None = None,
    names: Sequence[str] = (),
) -> Neighbors:
    """Give the best row of each of the k best documents.

    Args:
        space: of passages.
        ask: gives Neighbors of a number of hits; it is asked for more until there are k documents.
        k: documents a query.
        asked: (q, e) rows whose documents are no hits, -1 pads.
        names: (q,) of documents that are no hits, where a query has no such row.

    Raises:
        InputError: the Space has no column "document".
    """
    of = documents_of(space)
    refused = (
        None if asked is None else [_refused(of, rows, names[at : at + 1]) for at, rows in enumerate(asked)]
    )
    depth = _DEEPER * k
    while True:
        found = ask(min(depth, max(len(space), 1)))
        left_out = refused or [set()] * len(found)
        picked = [
            _first_of_each(of.codes, row, k, out) for row, out in zip(found.rows, left_out, strict=True)
        ]
        full = found.rows.size and found.rows[:, -1] >= 0
        lacking = [len(one) < k for one in picked]
        if depth >= len(space) or not np.any(np.logical_and(lacking, full)):
            return _picked(found, picked, k)
        depth *= _DEEPER


def _first_of_each(
    codes: NDArray[np.int64], rows: NDArray[np.int64], k: int, refused: set[int]
) -> NDArray[np.int64]:
    """Give the places of a list where a document comes for the first time, k at most."""
    held = np.flatnonzero(rows >= 0)
    names = np.where(codes[rows[held]] < 0, -2 - rows[held], codes[rows[held]])
    first = np.sort(np.unique(names, return_index=True)[1])
    if refused:
        first = first[~np.isin(names[first], list(refused))]
    return held[first[:k]]


def _refused(of: Documents, rows: NDArray[np.int64], names: Sequence[str]) -> set[int]:
    rows = rows[rows >= 0]
    found = {int(code) for code in of.codes[rows]} if len(rows) else {of.find(name) for name in names}
    return found - {-1}


def _picked(found: Neighbors, picked: list[NDArray[np.int64]], k: int) -> Neighbors:
    rows = np.full((len(found), k), -1, dtype=np.int64)
    scores = np.full((len(found), k), -np.inf, dtype=np.float32)
    matches = []
    for number, places in enumerate(picked):
        rows[number, : len(places)] = found.rows[number, places]
        scores[number, : len(places)] = found.scores[number, places]
        if found.matches:
            matches.append(tuple(found.matches[number][place] for place in places.tolist()))
    return dataclasses.replace(found, rows=rows, scores=scores, matches=tuple(matches))


def _encoded(space: Space) -> Documents:
    import pyarrow as pa

    columns = space.columns
    if isinstance(columns, StoredColumns):
        values = columns.arrow(COLUMN)
    else:
        values = column_array(COLUMN, columns[COLUMN])
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    packed = values.cast(pa.string()).dictionary_encode()
    codes = packed.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Documents(codes, packed.dictionary)
