"""The graph of neighbours of a whole Space: found once, kept with it, and taken from there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, OutputError, SettingError
from nearspace.keys import Keys
from nearspace.maps.knn_graph import SEED, KnnGraph, class_of, knn_graph
from nearspace.maps.vectors import prepared
from nearspace.protocols import Progress, Quiet
from nearspace.space import Space
from nearspace.store.nearest import StoredNeighbors, store_neighbors, stored_neighbors
from nearspace.store.snapshot import Snapshot


def space_graph(
    space: Space,
    k: int,
    *,
    vectors: NDArray[np.float32] | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> KnnGraph:
    """Give the k nearest other rows of each row of a Space, as layouts see them.

    They are those of `knn_graph`. A graph that was kept with this version of a saved Space is taken from
    there. One that is found is kept with it; where its folder cannot be written, is gone, or holds a newer
    version, for the life of this object.

    Args:
        space: with more than k rows.
        k: how many, at least 1.
        vectors: `layout_vectors` of all rows, if they are there already.
        workers: threads; the result does not depend on them.
        progress: shown in rows.

    Raises:
        SettingError: k is below 1, or there are not so many other rows.
        InputError: a vector holds NaN or infinity.
    """
    if not 1 <= k < len(space):
        raise SettingError(f"k is {k!r}", f"Give 1 to {len(space) - 1}: the Space has {len(space)} rows.")
    size, metric = min(class_of(k), len(space) - 1), _metric(space)
    origin = space.origin if isinstance(space.origin, Snapshot) else None
    held: dict[int, KnnGraph] = space.cache.setdefault("neighbours", {})
    if size not in held and origin is not None:
        for found in stored_neighbors(origin):
            if found.metric == metric and found.seed == SEED and _serves(found.k, found.recall, size):
                rows = found.rows[:, :size].astype(np.int64)
                held[size] = KnnGraph(rows, np.array(found.distances[:, :size]), found.recall)
                break
    if size not in held:
        if vectors is None:
            vectors = layout_vectors(space, np.arange(len(space)), space.keys)
        graph = held[size] = knn_graph(vectors, size, workers=workers, progress=progress)
        if origin is not None:
            rows32 = graph.rows.astype(np.int32)
            _keep(origin, StoredNeighbors(rows32, graph.distances, metric, graph.recall, SEED), progress)
    return held[size].first(k)


def layout_vectors(space: Space, rows: NDArray[np.int64], names: Keys) -> NDArray[np.float32]:
    """(n, d) float32 vectors of some rows, of length 1 for cosine Spaces (zero rows stay zero).

    Raises:
        InputError: a vector holds NaN or infinity.
    """
    return prepared(np.asarray(space.vectors[rows]), space.metric, names, space.name)


def _metric(space: Space) -> str:
    return "euclidean, unit vectors" if space.metric == "cosine" else "euclidean"


def _serves(k: int, recall: float, size: int) -> bool:
    """Whether a graph begins as a search for `size` neighbours would: all of that size, and exact ones."""
    return k == size or (k > size and recall == 1)


def _keep(origin: Snapshot, found: StoredNeighbors, progress: Progress) -> None:
    try:
        store_neighbors(origin, found)
    except (OSError, OutputError) as error:
        progress.note(f"the graph of neighbours is not kept with {origin.folder.name}: {error}")
    except InputError:
        pass  # the Space was removed or replaced meanwhile
