"""The graph itself: the hierarchical navigable small world (HNSW) of faiss.

Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using hierarchical navigable
small world graphs, 2018. faiss 1.15 builds the same graph on any number of threads.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, OutputError
from nearspace.optional import require

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 65_536  # rows that are coded at once
TRAIN = 131_072  # rows that the ranges of int8 codes are taken from
_WIDTH = 16  # components that faiss decodes at once; other dimensions cost four times as much

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def library() -> Any:
    """Import faiss.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("faiss", extra="graph", purpose="a graph index")


class Hnsw:
    """A searchable graph: links, and the float32 points or int8 codes that distances are taken from."""

    def __init__(self, links: Any, storage: Any, keep: Any = None) -> None:
        links.storage, links.own_fields, links.d = storage, False, storage.d
        self._links, self._storage, self._keep = links, storage, keep
        self._faiss = library()

    @property
    def points(self) -> Floats:
        """(m, d) float32, a view on what faiss holds; for graphs over float32 points."""
        codes = self._faiss.downcast_index(self._storage).codes
        view = self._faiss.rev_swig_ptr(codes.data(), codes.size())
        return np.asarray(view.view(np.float32).reshape(-1, self._storage.d))

    def search(
        self, queries: Floats, count: int, effort: int, allowed: NDArray[np.bool_] | None, workers: int
    ) -> Rows:
        """(q, count) point numbers, nearest first as float32 or the codes see it; -1 fills up.

        Args:
            queries: (q, d) float32.
            count: points a query.
            effort: candidates that are kept, at least `count`.
            allowed: (m,) points that may be found; the others are only walked through.
            workers: threads.
        """
        asked = {"efSearch": max(effort, count)}
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            asked["sel"] = self._faiss.IDSelectorBitmap(bits)
        settings = self._faiss.SearchParametersHNSW(**asked)
        with _threads(self._faiss, workers if len(queries) > 1 else 1):
            found: Rows = self._links.search(_padded(queries, self._storage.d), count, params=settings)[1]
        return found

    def save_links(self, file: Path) -> None:
        """Write the links.

        Raises:
            OutputError: the file cannot be written.
        """
        _write(self._faiss, self._links, file, self._faiss.IO_FLAG_SKIP_STORAGE)

    def save_codes(self, file: Path) -> None:
        """Write the int8 codes.

        Raises:
            OutputError: the file cannot be written.
        """
        _write(self._faiss, self._storage, file, 0)


def build_links(points: Floats, metric: str, degree: int, effort: int, seed: int, workers: int) -> Hnsw:
    """Link each point with near ones; faiss copies the points and draws the order that they are linked in."""
    faiss = library()
    links = faiss.IndexHNSWFlat(points.shape[1], degree, _measure(faiss, metric))
    links.hnsw.efConstruction = effort
    links.hnsw.rng = faiss.RandomGenerator(seed)
    storage = faiss.downcast_index(links.storage)
    storage.this.own(True)  # it goes when Python lets it go, also if the links get other storage
    graph = Hnsw(links, storage)
    add_points(graph, points, workers)
    return graph


def add_points(graph: Hnsw, points: Floats, workers: int) -> None:
    """Link more points into a graph over float32 points that faiss holds."""
    graph._links.storage, graph._links.d = graph._storage, graph._storage.d
    with _threads(graph._faiss, workers):
        graph._links.add(np.ascontiguousarray(points))


def reordered(graph: Hnsw, order: Rows) -> Hnsw:
    """Number the points anew: point i becomes what point order[i] was."""
    graph._links.permute_entries(np.ascontiguousarray(order, dtype=np.int64))
    return graph


def with_codes(graph: Hnsw, metric: str) -> Hnsw:
    """Give the same links over the points as int8: 255 steps over the range of each component."""
    faiss, points = library(), graph.points
    coder = faiss.ScalarQuantizer.QT_8bit
    codes = faiss.IndexScalarQuantizer(
        points.shape[1] + -points.shape[1] % _WIDTH, coder, _measure(faiss, metric)
    )
    step = max(1, len(points) // TRAIN)
    codes.train(_padded(np.ascontiguousarray(points[::step]), codes.d))
    for start in range(0, len(points), BATCH):
        codes.add(_padded(points[start : start + BATCH], codes.d))
    return Hnsw(graph._links, codes)


def open_points(file: Path, points: Floats, metric: str) -> Hnsw:
    """Open saved links over float32 points (may be a memory map), which are not copied.

    Raises:
        InputError: the file is damaged.
    """
    faiss = library()
    links = _read(faiss, file)
    flat = np.ascontiguousarray(np.asarray(points), dtype=np.float32)
    storage = faiss.IndexFlat(points.shape[1], _measure(faiss, metric))
    view = flat.reshape(-1).view(np.uint8)
    # faiss wants some owner of a view; the memory map of the links is one that is never null
    owner = links.hnsw.neighbors.owner
    storage.codes = faiss.MaybeOwnedVectorUInt8.create_view(faiss.swig_ptr(view), view.nbytes, owner)
    storage.ntotal = len(points)
    return Hnsw(links, storage, flat)


def open_codes(file: Path, codes: Path) -> Hnsw:
    """Open saved links over saved int8 codes, both memory-mapped.

    Raises:
        InputError: a file is damaged.
    """
    faiss = library()
    return Hnsw(_read(faiss, file), _read(faiss, codes))


def _measure(faiss: Any, metric: str) -> Any:
    return faiss.METRIC_L2 if metric == "euclidean" else faiss.METRIC_INNER_PRODUCT


def _padded(points: Floats, width: int) -> Floats:
    """Fill up with zeros to `width` components."""
    missing = width - points.shape[1]
    return np.pad(points, ((0, 0), (0, missing))) if missing else np.ascontiguousarray(points)


@contextmanager
def _threads(faiss: Any, workers: int) -> Iterator[None]:
    """Let faiss use so many threads, and give the caller's own setting back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(workers)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _write(faiss: Any, index: Any, file: Path, flags: int) -> None:
    try:
        faiss.write_index(index, str(file), flags)
    except RuntimeError as error:
        raise OutputError(
            f"cannot write {str(file)!r}: {str(error).splitlines()[0]}",
            "Free space on that disk, or choose an output on another one.",
        ) from error


def _read(faiss: Any, file: Path) -> Any:
    try:
        return faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise InputError(
            f"{str(file)!r} is no graph that this faiss reads", "Build the graph index again."
        ) from error
