"""The verb `map`: lay a Space out in 2 or 3 dimensions and measure how far each point can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.pca import PCA
from nearspace.maps.regions import check_regions, find_regions
from nearspace.maps.space_graph import layout_vectors, space_graph
from nearspace.maps.stability import check_layouts, stability_per_point
from nearspace.maps.trust import judge, neighbors_to_compare
from nearspace.maps.tsne import TSNE
from nearspace.maps.umap import UMAP
from nearspace.maps.vectors import Fingerprint
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map
from nearspace.space import Space

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
    method: str | MapProjector = "umap",
    dim: int = 2,
    limit: int | None = None,
    keys: Sequence[str] | None = None,
    perplexity: float = 30.0,
    neighbors: int = 15,
    seed: int = 1,
    stability: int | None = None,
    regions: bool = False,
    names: str | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Map:
    """Lay the rows of a Space out in 2 or 3 dimensions, with the trust of each point and its details.

    Rows of cosine Spaces are brought to length 1 first; layouts of dot Spaces are Euclidean. Trust is
    by the Space's own metric among the rows of the map. Layout and trust share one graph of nearest
    neighbours, exact up to some thousand rows (`settings["neighbors_recall"]`); that of all rows is kept
    with the Space.

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
        stability: lay out with so many seeds, this one included, and tell which neighbours stay: the detail
            "stability". None: not; 3 is usual, and costs two more layouts.
        regions: find where points lie dense, at three zoom levels, and name it (`regions.find_regions`).
        names: column that names the regions; None: texts, else categories, else the keys.
        workers: threads; the map does not depend on them.
        progress: where the work is shown.

    Raises:
        SettingError: a setting is out of range, the method is unknown, or there are too few rows.
        UnknownKeyError: one of `keys` is not in the Space.
        DuplicateKeyError: one of `keys` comes twice.
        InputError: a vector holds NaN or infinity.
        MissingExtraError: finding regions needs a package that is not installed.
    """
    projector = _projector(method, dim, perplexity, neighbors, seed)
    check_layouts(projector, stability)
    check_regions(space, regions, names)
    rows = _rows(space, limit, keys)
    own = space.keys if len(rows) == len(space) and keys is None else Keys(space.keys.names(rows))
    vectors = layout_vectors(space, rows, own)
    k = neighbors_to_compare(len(rows))
    # zero vectors are near to none by cosine, and as far as an angle of 60 degrees by distance
    same = space.metric == "euclidean" or (space.metric == "cosine" and bool(vectors.any(axis=1).all()))
    wanted = max(k if same else 0, projector.neighbors_of(len(rows)))
    graph = None
    if wanted and own is space.keys:
        graph = space_graph(space, wanted, vectors=vectors, workers=workers, progress=progress)
    elif wanted:
        graph = knn_graph(vectors, wanted, workers=workers, progress=progress)

    def project(one: MapProjector) -> NDArray[np.float32]:
        return one.project(vectors, graph=graph, workers=workers, progress=progress)

    shown: dict[str, Any] = {"k": k, "workers": workers, "progress": progress}
    coordinates = project(projector)
    near = graph.first(k) if same and graph else None
    trust, details = judge(vectors, coordinates, metric=space.metric, graph=near, **shown)
    if stability is not None:
        details["stability"] = stability_per_point(
            projector, project, coordinates, layouts=stability, **shown
        )
    settings = {
        **projector.facts(vectors, coordinates),
        "space": space.name,
        "learner": space.recipe.learner,
        "metric": space.metric,
        "trust_k": k,
        "stability_layouts": stability,
        "neighbors_recall": graph.recall if graph else 1.0,
        "fingerprint": str(Fingerprint(own).add(space.vectors if own is space.keys else space.vectors[rows])),
        "versions": versions("numpy", "numba", "openTSNE"),
    }
    columns = {name: np.asarray(values)[rows] for name, values in space.columns.items()}
    chance = k / (len(rows) - 1)
    laid_out = Map(own, coordinates, trust, projector.name, settings, chance, columns, details)
    if not regions:
        return laid_out
    return find_regions(laid_out, space, names=names, seed=seed, workers=workers, progress=progress)


def is_current(laid_out: Map, space: Space) -> bool:
    """Tell whether a Map still shows the vectors that its keys have in `space`."""
    rows = space.keys.find_all(laid_out.keys)
    if (rows < 0).any():
        return False
    now = str(Fingerprint(laid_out.keys).add(space.vectors[rows]))
    return bool(laid_out.settings.get("fingerprint") == now)


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
