"""The verb `map`: lay a Space out in 2 or 3 dimensions and measure how far each point can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.pca import PCA
from nearspace.maps.trust import neighbors_to_compare, trust_per_point
from nearspace.maps.tsne import TSNE
from nearspace.maps.umap import UMAP
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map
from nearspace.space import Space, norms_of

LIMIT = 5_000
FEWEST = 3


class MapProjector(Protocol):
    """A Projector that a Map can name: `PCA`, `TSNE`, `UMAP` or your own.

    Attributes:
        name: what `Map.method` says.
    """

    @property
    def name(self) -> str:
        """What `Map.method` says."""

    def neighbors_of(self, n: int) -> int:
        """Give how many neighbours of each row a layout of n rows asks the graph for; 0: none."""

    def project(
        self,
        vectors: NDArray[np.float32],
        *,
        graph: KnnGraph | None = None,
        workers: int | None = None,
        progress: Progress = ...,
    ) -> NDArray[np.float32]:
        """(n, d) -> (n, 2 or 3) float32; `graph` has at least the neighbours asked for, or is made."""

    def facts(self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32]) -> dict[str, Any]:
        """Give what a Map should record: the settings and what came out, JSON values."""


# name -> (dim, perplexity, neighbors, seed) to the projector
METHODS: Mapping[str, Callable[[int, float, int, int], MapProjector]] = {
    "pca": lambda dim, perplexity, neighbors, seed: PCA(dim),
    "tsne": lambda dim, perplexity, neighbors, seed: TSNE(dim, perplexity=perplexity, seed=seed),
    "umap": lambda dim, perplexity, neighbors, seed: UMAP(dim, neighbors=neighbors, seed=seed),
}


def map_space(
    space: Space,
    *,
    method: str | MapProjector = "tsne",
    dim: int = 2,
    limit: int | None = LIMIT,
    keys: Sequence[str] | None = None,
    perplexity: float = 30.0,
    neighbors: int = 15,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Map:
    """Lay the rows of a Space out in 2 or 3 dimensions, with the trust of each point.

    Rows of cosine Spaces are brought to length 1 first; layouts of dot Spaces are Euclidean. Trust is
    by the Space's own metric among the rows of the map. Layout and trust share one graph of nearest
    neighbours, which is exact for some ten thousand rows and searched by a graph index above
    (`settings["neighbors_recall"]`).

    Args:
        space: what to lay out.
        method: "pca", "tsne", "umap", or a projector with settings of its own such as
            `TSNE(2, iterations=1000)`, which then overrules `dim`, `perplexity`, `neighbors` and `seed`.
        dim: 2 or 3.
        limit: how many rows to take from the top (of learned words: the most frequent); None for all.
        keys: take exactly these rows instead, in this order; `limit` does not count then.
        perplexity: of t-SNE; lowered where there are too few points (see `TSNE`).
        neighbors: of UMAP: nearest rows that a point is tied to.
        seed: of t-SNE and UMAP.
        workers: threads; the map does not depend on them.
        progress: where the work is shown.

    Raises:
        SettingError: a setting is out of range, the method is unknown, or there are too few rows.
        UnknownKeyError: one of `keys` is not in the Space.
        DuplicateKeyError: one of `keys` comes twice.
        InputError: a vector holds NaN or infinity.
        MissingExtraError: the method needs a package that is not installed.
    """
    projector = _projector(method, dim, perplexity, neighbors, seed)
    rows = _rows(space, limit, keys)
    names = space.keys if len(rows) == len(space) and keys is None else Keys(space.keys.names(rows))
    vectors = _vectors(space, rows, names)
    k = neighbors_to_compare(len(rows))
    # zero vectors are near to none by cosine, and as far as an angle of 60 degrees by distance
    same = space.metric == "euclidean" or (space.metric == "cosine" and bool(vectors.any(axis=1).all()))
    wanted = max(k if same else 0, projector.neighbors_of(len(rows)))
    graph = knn_graph(vectors, wanted, workers=workers, progress=progress) if wanted else None
    coordinates = projector.project(vectors, graph=graph, workers=workers, progress=progress)
    trust = trust_per_point(
        vectors,
        coordinates,
        k=k,
        metric=space.metric,
        graph=graph.first(k) if same and graph else None,
        workers=workers,
        progress=progress,
    )
    settings = {
        **projector.facts(vectors, coordinates),
        "space": space.name,
        "learner": space.recipe.learner,
        "metric": space.metric,
        "trust_k": k,
        "neighbors_recall": graph.recall if graph else 1.0,
        "fingerprint": _fingerprint(names, space.vectors[rows]),
        "versions": versions("numpy", "openTSNE"),
    }
    columns = {name: np.asarray(values)[rows] for name, values in space.columns.items()}
    return Map(names, coordinates, trust, projector.name, settings, k / (len(rows) - 1), columns)


def is_current(laid_out: Map, space: Space) -> bool:
    """Tell whether a Map still shows the vectors that its keys have in `space`."""
    found = [space.keys.find(key) for key in laid_out.keys]
    rows = np.array([row for row in found if row is not None], dtype=np.int64)
    if len(rows) < len(laid_out):
        return False
    return bool(laid_out.settings.get("fingerprint") == _fingerprint(laid_out.keys, space.vectors[rows]))


def _projector(
    method: str | MapProjector, dim: int, perplexity: float, neighbors: int, seed: int
) -> MapProjector:
    if not isinstance(method, str):
        return method
    try:
        make = METHODS[method]
    except KeyError:
        raise SettingError(f"method is {method!r}", f"Accepted methods: {', '.join(METHODS)}.") from None
    return make(dim, perplexity, neighbors, seed)


def _rows(space: Space, limit: int | None, keys: Sequence[str] | None) -> NDArray[np.int64]:
    """Give the rows to lay out."""
    if keys is not None:
        rows = space.keys.rows(keys)
    elif limit is not None and limit < FEWEST:
        raise SettingError(f"limit is {limit!r}", f"Give at least {FEWEST}, or None for all rows.")
    else:
        rows = np.arange(len(space) if limit is None else min(limit, len(space)))
    if len(rows) < FEWEST:
        raise SettingError(
            f"a map needs at least {FEWEST} points, and there are {len(rows)}",
            "Give more keys." if keys is not None else f"The Space {space.name!r} is too small for a map.",
        )
    return rows


def _vectors(space: Space, rows: NDArray[np.int64], names: Keys) -> NDArray[np.float32]:
    """(n, d) float32 vectors of the rows, of length 1 for cosine Spaces (zero rows stay zero)."""
    vectors: NDArray[np.float32] = np.asarray(space.vectors[rows])
    norms = norms_of(vectors)
    bad = np.flatnonzero(~np.isfinite(norms))
    if len(bad):
        raise InputError(
            f"the vector of {names[int(bad[0])]!r} in Space {space.name!r} is not finite (NaN or infinity)",
            "Leave this row out, or learn the Space again.",
        )
    if space.metric == "cosine":
        vectors = (vectors / np.where(norms > 0, norms, 1.0)[:, None]).astype(np.float32)
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _fingerprint(names: Keys, vectors: NDArray[np.float32]) -> str:
    """Hexadecimal digest of the keys and the vectors that were laid out."""
    digest = blake2b(digest_size=16)
    for part in (names.offsets, names.data, vectors):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
