"""ShownSpace: one Space as files for the page, each made when it is asked for. See docs/page-data.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.local import worker_count
from nearspace.maps.space_graph import space_graph
from nearspace.results import Report
from nearspace.search.indexes import index_of
from nearspace.search.inventory import held_indexes
from nearspace.server.fields import Field, fields_of
from nearspace.server.maps import PageMap
from nearspace.server.records import records
from nearspace.server.thumbnails import Thumbnails
from nearspace.space import Space
from nearspace.store.changes import history
from nearspace.store.dataset import KEY
from nearspace.store.snapshot import Snapshot

CHUNK = 1024  # rows of a file of rows or neighbours
NEIGHBORS = 15
MANY = 20_000  # rows, from which on the neighbours of all of them are found together
NOBODY = 0xFFFFFFFF  # a neighbour or a linked row that does not exist
LARGEST = 64 << 20  # components of all vectors: more are not sent to the page


@dataclass(frozen=True, eq=False)
class ShownSpace:
    """A Space as the page sees it.

    Attributes:
        space: the Space.
        number: by which the page asks for it.
        folder: where it is saved; None: in memory only.
        maps: by name, the first is shown first.
        report: measures of the Space that were kept.
        neighbors: true neighbours that the page shows for a row; 0: none.
        save: what the page may save: "table", "tag", "space".
        thumbnails: small pictures of the rows, if they have some.
        linked: numbers of the other Spaces that are shown.
    """

    space: Space
    number: int
    folder: Path | None
    maps: Mapping[str, PageMap]
    report: Report
    neighbors: int = NEIGHBORS
    save: tuple[str, ...] = ()
    thumbnails: Thumbnails | None = None
    linked: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.space)

    @property
    def version(self) -> int | None:
        """Of the table of a saved Space: rows have other numbers in another."""
        origin = self.space.origin
        return origin.version.number if isinstance(origin, Snapshot) else None

    @property
    def chunks(self) -> int:
        """Files of rows."""
        return -(-self.count // CHUNK)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The columns."""
        return fields_of(self.space)

    @cached_property
    def usable(self) -> bool:
        """Whether neighbours can be looked for: there are some, and all vectors are finite."""
        return self.count > 1 and self.space.dim > 0 and bool(np.isfinite(self.space.norms).all())

    @property
    def shown_neighbors(self) -> int:
        """Neighbours in a file of them."""
        return min(self.neighbors, self.count - 1) if self.usable else 0

    @property
    def has_vectors(self) -> bool:
        """Whether the page may ask for the vectors."""
        return self.usable and 0 < self.count * self.space.dim <= LARGEST

    def to_json(self) -> dict[str, Any]:
        """Give space.json."""
        space = self.space
        versions = [] if self.folder is None else [one.to_json() for one in history(self.folder)]
        return {
            "id": self.number,
            "name": space.name,
            "count": self.count,
            "dim": space.dim,
            "metric": space.metric,
            "version": self.version,
            "content": None if space.content in (None, KEY) else space.content,
            "columns": [one.to_json(number) for number, one in enumerate(self.fields)],
            "maps": [one.summary() for one in self.maps.values()],
            "neighbors": self.shown_neighbors,
            "vectors": self.has_vectors,
            "thumbnails": self.thumbnails is not None,
            "has_zero_rows": bool((space.norms == 0).any()),
            "search": list(self.searches),
            "save": list(self.save),
            "spaces_linked": list(self.linked),
            "recipe": space.recipe.to_json(),
            "history": versions,
        }

    @property
    def searches(self) -> tuple[str, ...]:
        """What a search understands."""
        known = ["key"]
        if self.usable:
            known.append("analogy")
            if self.space.encoder is not None:
                known.append("encoded")
        if self.text_columns:
            known.append("text")
        return tuple(known)

    @cached_property
    def text_columns(self) -> tuple[str, ...]:
        """Columns whose words are indexed."""
        return tuple(sorted(one.column for one in held_indexes(self.space) if one.kind == "text"))

    def keys_offsets(self) -> bytes:
        """Give keys.offsets.bin."""
        return np.asarray(self.space.keys.offsets).astype("<u4").tobytes()

    def keys_bytes(self) -> bytes:
        """Give keys.bin."""
        return np.asarray(self.space.keys.data).tobytes()

    def column(self, number: int) -> bytes | None:
        """Give the file of a column, None for texts."""
        data = self.fields[number].data
        return None if data is None else data.astype(data.dtype.newbyteorder("<")).tobytes()

    def rows(self, chunk: int) -> list[dict[str, Any]]:
        """Give a file of rows."""
        return records(self.space, list(range(chunk * CHUNK, min(self.count, (chunk + 1) * CHUNK))))

    def neighbor_rows(self, chunk: int) -> bytes:
        """Give a file of neighbours: those of each row by the metric of the Space, itself left out."""
        rows = np.arange(chunk * CHUNK, min(self.count, (chunk + 1) * CHUNK), dtype=np.int64)
        if self._has_graph:
            graph = space_graph(self.space, self.shown_neighbors)
            found, away = graph.rows[rows], graph.distances[rows]
            scores = 1 - away * away / 2 if self.space.metric == "cosine" else -away
        else:
            found, scores = index_of(self.space, "auto").search(
                self.space.take(rows), self.shown_neighbors, None, rows[:, None], workers=worker_count(None)
            )
        near = np.where(found >= 0, found, NOBODY).astype("<u4")
        return near.tobytes() + np.where(found >= 0, scores, 0).astype("<f4").tobytes()

    @cached_property
    def _has_graph(self) -> bool:
        """Whether the neighbours of all rows are those of the graph that maps share: of many rows, faster."""
        metric = self.space.metric
        same = metric == "euclidean" or (metric == "cosine" and bool((self.space.norms > 0).all()))
        return same and self.count > MANY

    def vectors(self) -> bytes:
        """Give vectors.bin: int8 codes and the scale of each row."""
        codes = np.empty((self.count, self.space.dim), dtype=np.int8)
        scales = np.empty(self.count, dtype="<f4")
        for start in range(0, self.count, CHUNK):
            part = self.space.take(np.arange(start, min(self.count, start + CHUNK)))
            codes[start : start + len(part)], scales[start : start + len(part)] = coded(part)
        return codes.tobytes() + scales.tobytes()

    def links(self, other: ShownSpace) -> bytes:
        """Give the row of `other` with the same key, for each row here."""
        found = other.space.keys.find_all(self.space.keys)
        return np.where(found >= 0, found, NOBODY).astype("<u4").tobytes()


def coded(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(n, d) -> int8 codes (n, d) and scales (n,): a row is its codes times its scale, within half a step."""
    scales = (np.abs(vectors).max(axis=1, initial=0) / 127).astype(np.float32)
    safe = np.where(scales > 0, scales, np.float32(1))
    return np.rint(vectors / safe[:, None]).astype(np.int8), scales
