"""Which index answers for a Space: exact, graph or disk."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.index.exact import ExactIndex
from nearspace.index.layered import LayeredIndex, Part
from nearspace.protocols import Index
from nearspace.space import Space
from nearspace.store.graphs import GraphRows, open_graph
from nearspace.store.snapshot import Snapshot

KINDS = ("auto", "exact", "graph", "disk")
_MODULES = {"graph": "nearspace.index.graph", "disk": "nearspace.index.disk"}  # imported on use
_FEW = 0.25  # of the rows of an index: up to so many are put side by side, instead of masking the others


def index_of(space: Space, kind: str = "exact") -> Index:
    """Give the index of a Space; it is opened once.

    "exact" compares with every row. "graph" walks the saved graph and compares with the rows that it lacks;
    a Space in memory gets a graph when it is first asked for one. "disk" asks the vector index in the table,
    and reads no mapped vectors. "auto" is what `chosen` says.

    Raises:
        SettingError: there is no such kind, or the saved Space has no such index.
    """
    name = chosen(space, kind)
    opened: dict[str, Index] = space.cache.setdefault("indexes", {})
    if name not in opened:
        opened[name] = _OPENERS[name](space)
    return opened[name]


def chosen(space: Space, kind: str) -> str:
    """Give the kind of index that answers: "auto" means the graph if a saved Space has one, else exact.

    Raises:
        SettingError: there is no such kind.
    """
    if kind not in KINDS:
        raise SettingError(f"index is {kind!r}", f"Accepted indexes: {', '.join(KINDS)}.")
    if kind != "auto":
        return kind
    known: str | None = space.cache.get("auto")
    if known is None:
        known = space.cache["auto"] = "exact" if saved_graph(space) is None else "graph"
    return known


def saved_graph(space: Space) -> GraphRows | None:
    """Give the rows of the graph of a saved Space, None without one; they are mapped once."""
    if "graph" not in space.cache:
        origin = space.origin
        space.cache["graph"] = open_graph(origin) if isinstance(origin, Snapshot) else None
    found: GraphRows | None = space.cache["graph"]
    return found


def _exact(space: Space) -> Index:
    if not isinstance(space.origin, Snapshot) or isinstance(space.held, np.ndarray):
        return ExactIndex(space.vectors, space.norms, space.metric)
    return LayeredIndex(_exact_parts(space, space.origin, None), len(space))


def _graph(space: Space) -> Index:
    if not isinstance(space.origin, Snapshot):
        built: Index = _module("graph").Graph().build(space.vectors, space.norms, space.metric)
        return built
    found = saved_graph(space)
    if found is None:
        raise SettingError(
            f"{str(space.origin.folder)!r} has no graph index",
            "Build one with nearspace.build_index(path) (nearspace index SPACE), or ask with index='exact'.",
        )
    graph = _module("graph").GraphIndex.open(found.folder, found.vectors, found.norms, space.metric)
    covered = np.zeros(len(space), dtype=bool)
    covered[found.rows[found.rows >= 0]] = True
    return LayeredIndex([Part(graph, found.rows), *_exact_parts(space, space.origin, covered)], len(space))


def _exact_parts(space: Space, snapshot: Snapshot, covered: NDArray[np.bool_] | None) -> list[Part]:
    """Give exact indexes over the rows that are not covered: mapped ones, and those added since."""
    base, added = snapshot.base, snapshot.added
    rows = snapshot.row_of_slot
    if covered is not None:
        rows = np.where((rows >= 0) & ~np.append(covered, False)[rows], rows, -1)
    first = len(base.addresses)
    parts = []
    for vectors, norms, own in (
        (base.vectors, base.norms, rows[:first]),
        *([] if added is None else [(added.vectors, added.norms, rows[first:])]),
    ):
        left = np.flatnonzero(own >= 0)
        if 0 < len(left) <= _FEW * len(own):
            parts.append(Part(ExactIndex(vectors[left], norms[left], space.metric), own[left]))
        elif len(left):
            parts.append(Part(ExactIndex(vectors, norms, space.metric), own))
    return parts


def _disk(space: Space) -> Index:
    if not isinstance(space.origin, Snapshot):
        raise SettingError("a Space in memory has no disk index", "Save it, or search with index='exact'.")
    opened: Index = _module("disk").DiskIndex(space.origin, space.metric)
    return opened


def _module(kind: str) -> Any:
    return importlib.import_module(_MODULES[kind])


_OPENERS = {"exact": _exact, "graph": _graph, "disk": _disk}
