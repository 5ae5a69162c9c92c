"""held_indexes: which indexes a saved Space has, and how many of its rows each of them holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nearspace.index.disk import NAME as DISK
from nearspace.space import Space
from nearspace.store.dataset import VECTOR
from nearspace.store.graphs import open_graph
from nearspace.store.snapshot import Snapshot

_WORDS = "INVERTED"  # Lance's type of an index of words


@dataclass(frozen=True)
class HeldIndex:
    """One index of a saved Space.

    Attributes:
        kind: "graph", "disk" or "text".
        column: what it indexes: "vector", or the column of texts.
        rows: how many rows of the Space it holds; the others are compared one by one.
        share: the same as a share of all rows.
    """

    kind: str
    column: str
    rows: int
    share: float

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def held_indexes(space: Space) -> list[HeldIndex]:
    """List the indexes of a Space at the version that was opened; none of a Space in memory."""
    if not isinstance(space.origin, Snapshot):
        return []
    total = len(space)
    found = []
    graph = open_graph(space.origin)
    if graph is not None:
        found.append(("graph", VECTOR, int((graph.rows >= 0).sum())))
    found += _in_table(space.origin.table.dataset)
    return [HeldIndex(kind, column, rows, rows / total if total else 1.0) for kind, column, rows in found]


def _in_table(dataset: Any) -> Iterator[tuple[str, str, int]]:
    for index in dataset.describe_indices():
        words = str(index.index_type).upper() == _WORDS
        if words or index.name == DISK:
            known = {number for part in index.segments for number in part.fragment_ids}
            fragments = (one for one in dataset.get_fragments() if one.fragment_id in known)
            rows = sum(one.count_rows() for one in fragments)
            yield "text" if words else "disk", index.field_names[0], rows
