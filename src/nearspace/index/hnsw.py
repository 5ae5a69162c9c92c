"""Hnsw: a graph of links over float32 points or int8 codes, and the search that walks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nearspace.index.chunks import each_chunk
from nearspace.index.codes import Ranges
from nearspace.kernels.walk import DOT, EUCLIDEAN, SCALED, Links, Points, Room, walk

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

_CHUNK = 64  # queries that a thread takes at once


@dataclass(frozen=True, eq=False)
class Hnsw:
    """A searchable graph.

    Attributes:
        links: of the points, numbered 0..m-1.
        values: (m, w) float32 points, or uint8 codes; may be memory maps.
        ranges: of the codes; None: `values` are the points.
        metric: "cosine", of points of unit length, or "euclidean".
    """

    links: Links
    values: NDArray[np.float32] | NDArray[np.uint8]
    ranges: Ranges | None
    metric: str
    _rooms: list[tuple[NDArray[np.uint8], int]] = field(default_factory=list)  # marks, and the last one used

    def __len__(self) -> int:
        return len(self.values)

    def search(
        self,
        queries: Floats,
        count: int,
        effort: int,
        allowed: NDArray[np.bool_] | None,
        look: int,
        workers: int,
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Give (q, count) point numbers, nearest first as the values see it, -1 filling up; and a share.

        Args:
            queries: (q, d) float32; missing components are 0.
            count: points a query.
            effort: candidates that are kept, at least `count`.
            allowed: (m,) points that may be found; the others are only walked through.
            look: nearest points of any kind, of which the share of allowed ones is given, (q,).
            workers: threads.
        """
        found = np.empty((len(queries), count), dtype=np.int64)
        share = np.empty(len(queries))
        asked = self._asked(queries)
        links, points, may = self._frozen, self._points, _read_only(_mask(allowed))

        def one(part: slice) -> None:
            try:
                seen, mark = self._rooms.pop()
            except IndexError:
                seen, mark = np.zeros(len(self.values), dtype=np.uint8), 0
            room = Room(
                np.empty(max(effort, count), np.uint64),
                np.empty(count, np.uint64),
                np.empty(2 * links.degree + 2, np.uint64),
                seen,
            )
            mark = walk(links, points, asked[part], room, may, look, mark, found[part], share[part])
            self._rooms.append((seen, mark))

        each_chunk(one, len(queries), _CHUNK, workers)
        return found, share

    def _asked(self, queries: Floats) -> Floats:
        """(q, w) queries in the terms of the values."""
        missing = (len(self.ranges.low) if self.ranges else self.values.shape[1]) - queries.shape[1]
        whole = np.ascontiguousarray(queries)
        if missing:  # np.pad takes as long as a walk
            whole = np.concatenate([whole, np.zeros((len(whole), missing), np.float32)], axis=1)
        if self.ranges is None:
            return whole
        near = self.metric == "euclidean"
        return self.ranges.ask_distances(whole) if near else self.ranges.ask_products(whole)

    @cached_property
    def _points(self) -> Points:
        kind = DOT if self.metric != "euclidean" else EUCLIDEAN if self.ranges is None else SCALED
        scale = np.zeros(0, np.float32) if self.ranges is None else self.ranges.weights
        return Points(
            _read_only(np.asarray(self.values).reshape(-1)), self.values.shape[1], kind, _read_only(scale)
        )

    @cached_property
    def _frozen(self) -> Links:
        links = self.links
        return links._replace(
            base=_read_only(links.base), upper=_read_only(links.upper), place=_read_only(links.place)
        )


def coded(links: Links, points: Floats, metric: str, workers: int) -> Hnsw:
    """Make a graph over int8 codes of the points."""
    ranges = Ranges.of(points)
    return Hnsw(links, ranges.encode(points, workers), ranges, metric)


def _mask(allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    return np.zeros(0, dtype=bool) if allowed is None else np.ascontiguousarray(allowed)


def _read_only(array: NDArray) -> NDArray:  # type: ignore[type-arg]
    """Give a view that cannot be written: numba compiles once for arrays in memory and mapped ones."""
    view = np.asarray(array)[:]
    view.flags.writeable = False
    return view
