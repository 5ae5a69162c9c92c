"""build_index: a saved Space gets an index that is faster than comparing with every row."""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nearspace.engine.local import worker_count
from nearspace.errors import SettingError
from nearspace.index.disk import build_disk, rows_indexed
from nearspace.protocols import Progress, Quiet
from nearspace.search.indexes import saved_graph
from nearspace.space import Space
from nearspace.store.dataset import Table
from nearspace.store.editor import editing
from nearspace.store.folder import open_space
from nearspace.store.graphs import new_graph, remove_graphs
from nearspace.store.rows import map_rows, write_rows
from nearspace.store.snapshot import Snapshot, mapped
from nearspace.store.table import table_version
from nearspace.store.text_index import index_written

KINDS = ("auto", "exact", "graph", "disk")
GRAPH_FROM = 20_000  # rows; below, comparing with every row takes a millisecond or two (docs/index.md)
STALE = 0.1  # of the rows that the graph may lack before it is worth building anew
_GRAPH = "nearspace.index.graph"  # imported on use


@dataclass(frozen=True)
class IndexState:
    """What index a saved Space has.

    Attributes:
        kind: "exact", "graph" or "disk".
        rows: of the Space.
        covered: share of the rows that the index holds (the others are compared one by one), or of its rows
            that are not gone, whichever is less.
        built: whether it was built by this call.
        reason: why this kind, one sentence.
        seconds: wall time.
    """

    kind: str
    rows: int
    covered: float
    built: bool
    reason: str
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def build_index(
    path: str | Path,
    *,
    kind: str = "auto",
    settings: Any = None,
    if_stale: bool = False,
    workers: int | None = None,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> IndexState:
    """Build the index of a saved Space anew; searches find it the next time the Space is opened.

    "auto" builds a graph from `GRAPH_FROM` rows on, and says in the result what it chose. "exact" removes the
    graph. The Space can be read and written while a graph is built.

    Args:
        path: of the Space.
        kind: one of `KINDS`.
        settings: of a graph, an `index.graph.Graph`; None: its defaults.
        if_stale: build only if more than `STALE` of the rows are not in the index, or there is none.
        workers: threads; None: all cores.
        wait: seconds to wait for another writer (only "disk" writes the table).
        progress: where the work is shown.

    Raises:
        SettingError: there is no such kind, or it needs more rows.
        MissingExtraError: a graph needs a package that is not installed.
        OutputError: it cannot be written.
    """
    if kind not in KINDS:
        raise SettingError(f"kind is {kind!r}", f"Accepted kinds: {', '.join(KINDS)}.")
    began = time.perf_counter()
    space = open_space(path)
    wanted, reason = _choose(space, kind)
    covered = _covered(space, wanted)
    if wanted == "exact":
        remove_graphs(Path(path).absolute())
    elif not if_stale or covered < 1 - STALE:
        if wanted == "graph":
            _build_graph(space, settings, workers, progress)
        else:
            with editing(path, wait) as editor, progress.task(f"disk index of {path}") as task:
                before = table_version(editor.folder)
                build_disk(Table(editor.folder, before.number), space.metric)
                index_written(editor.folder, before)
                task.advance(1)
        progress.note(f"index of {path}: {wanted}, since {reason}")
        return IndexState(wanted, len(space), 1.0, True, reason, time.perf_counter() - began)
    return IndexState(wanted, len(space), covered, False, reason, time.perf_counter() - began)


def _choose(space: Space, kind: str) -> tuple[str, str]:
    if kind != "auto":
        return kind, "it was asked for"
    if len(space) < GRAPH_FROM:
        return "exact", f"comparing with all {len(space):,} rows takes milliseconds and finds every hit"
    return "graph", f"from {GRAPH_FROM:,} rows on a graph is faster than comparing with all {len(space):,}"


def _covered(space: Space, kind: str) -> float:
    if kind == "graph":
        found = saved_graph(space)
        return 0.0 if found is None else found.worth
    if kind == "disk" and isinstance(space.origin, Snapshot):
        return min(1.0, rows_indexed(space.origin.table.dataset) / max(1, len(space)))
    return 1.0


def _build_graph(space: Space, settings: Any, workers: int | None, progress: Progress) -> None:
    """Build a graph on the rows of a version that is mapped as a whole."""
    snapshot = space.origin
    if not isinstance(snapshot, Snapshot):
        raise SettingError("a Space in memory keeps no index", "Save it first.")
    dim = snapshot.shape[1]
    if snapshot.slots is not None:
        path = write_rows(snapshot.folder, snapshot.table, snapshot.version, dim)
        snapshot = mapped(snapshot.folder, map_rows(path, dim))
    graph = importlib.import_module(_GRAPH).Graph() if settings is None else settings
    with new_graph(snapshot) as draft:
        threads = worker_count(workers)
        built = graph.build(
            snapshot.base.vectors, snapshot.base.norms, space.metric, workers=threads, progress=progress
        )
        built.save(draft)
