"""Continuing a map when its Space has changed: new rows find room, and old points stay near their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.pca import PCA
from nearspace.maps.place import any_fixed_map
from nearspace.maps.procrustes import best_turn
from nearspace.maps.tsne import TSNE
from nearspace.maps.umap import UMAP, fuzzy_graph
from nearspace.maps.verb import map_space
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map
from nearspace.space import Space

Floats = NDArray[np.float32]

NEW_ROUNDS = 100  # of UMAP, in which new points move alone
TSNE_NEW_ROUNDS = 100
ROUNDS = 50  # in which all move
# of the usual step, when all move (measured in docs/decisions/placing.md)
PACES = {"pca": 1.0, "tsne": 1.0, "umap": 0.1}
JITTER = 1e-5  # of the extent: equal new rows must not start as one point
FEWEST = 4  # points of the old map


def continue_map(
    old: Map,
    space: Space,
    *,
    still: bool = False,
    limit: int | None = None,
    keys: Sequence[str] | None = None,
    rounds: int = ROUNDS,
    pace: float | None = None,
    seed: int | None = None,
    regions: bool = False,
    names: str | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Map:
    """Lay a Space out that has changed since a map was made, starting from that map.

    Rows that have left the Space leave the map. New rows are placed on what is left (`place`), then they
    move alone until they have room, and then all points move gently, with the settings of the old map. On
    PCA maps the axes are found anew and turned onto the old ones. Old points come first, in their old order.

    `settings["moved"]` is the mean distance that the points of the old map have gone, as a share of its
    extent; `settings["kept"]` says how many they are.

    Args:
        old: the map to continue.
        space: the Space as it is now.
        still: old points do not move at all; then they also stay where their vectors have changed, which
            their trust shows.
        limit: take so many rows from the top of the Space; None for all.
        keys: take exactly these rows instead.
        rounds: how often all points move. Many (of UMAP 200, of t-SNE 500) with pace=1 give a layout of its
            own that starts from the old one, for Spaces whose vectors are quite other ones.
        pace: of these rounds, 1 being that of a new map; None: 0.1 for UMAP, 1 for t-SNE.
        seed: another one than that of the map.
        regions: find and name where points lie dense, anew (as in `map_space`).
        names: column that names the regions.
        workers: threads; the map does not depend on them.
        progress: where the work is shown.

    Raises:
        InputError: fewer than 4 points of the map are among the rows, or a vector holds NaN or infinity.
        SettingError: the metric is another one, the map's method cannot be continued, or a setting is out of
            range.
        UnknownKeyError: one of `keys` is not in the Space.
        DuplicateKeyError: one of `keys` comes twice.
    """
    if rounds < 1 or not (pace is None or 0 < pace <= 1):
        raise SettingError(
            f"rounds is {rounds!r} and pace {pace!r}", "Give at least 1, and above 0 up to 1; or still=True."
        )
    if old.settings.get("metric") not in (None, space.metric):
        raise SettingError(
            f"the map was made by {old.settings['metric']}, but Space {space.name!r} is by {space.metric}",
            "Give the Space that the map was made of.",
        )
    projector = _projector(old, seed)
    rows = _rows(space, limit, keys)
    kept = _kept(old, space, rows)
    is_new = kept.keys.find_all(space.keys.select(rows)) < 0
    start = kept.coordinates
    if is_new.any():
        ground = any_fixed_map(kept, space, workers=workers)
        placed = ground.placed(space, rows[is_new], workers=workers, progress=progress)
        start = np.concatenate([start, _shaken(placed.coordinates, kept, seed)])
    order = np.concatenate([space.keys.find_all(kept.keys), rows[is_new]])
    mark = str(old.settings.get("fingerprint"))
    continued = Continued(projector, start, len(kept), still, rounds, pace or PACES[old.method], mark)
    whole = len(order) == len(space) and bool((order == np.arange(len(space))).all())
    return map_space(
        space,
        method=continued,
        keys=None if whole else space.keys.names(order),  # of all rows the Space keeps the graph
        regions=regions,
        names=names,
        workers=workers,
        progress=progress,
    )


@dataclass(frozen=True, eq=False)
class Continued:
    """A projector that starts from a map.

    Attributes:
        projector: with the settings of the map.
        start: (n, dim) where all points are; the old ones come first.
        old: how many these are.
        still: they do not move.
        rounds: in which all move.
        pace: of these rounds.
        fingerprint: of the map.
    """

    projector: PCA | TSNE | UMAP
    start: Floats
    old: int
    still: bool
    rounds: int
    pace: float
    fingerprint: str

    @property
    def name(self) -> str:
        """As the projector."""
        return self.projector.name

    def neighbors_of(self, n: int) -> int:
        """As the projector."""
        return self.projector.neighbors_of(n)

    def project(
        self,
        vectors: Floats,
        *,
        graph: KnnGraph | None = None,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> Floats:
        """(n, d) -> (n, dim) float32, not centred: the middle of the map stays where it was."""
        k = self.neighbors_of(len(vectors))
        if graph is None and k:
            graph = knn_graph(vectors, k, workers=workers, progress=progress)
        near = None if graph is None else graph.first(k)
        return _MOVERS[self.name](self, vectors, near, workers, progress)

    def facts(self, vectors: Floats, coordinates: Floats) -> dict[str, Any]:
        """Give the settings of the projector, and how far old points have moved."""
        gone = np.linalg.norm(coordinates[: self.old] - self.start[: self.old], axis=1)
        extent = float(np.ptp(self.start[: self.old], axis=0).max()) or 1.0
        return {
            **self.projector.facts(vectors, coordinates),
            "continued": self.fingerprint,
            "kept": self.old,
            "still": self.still,
            "moved": round(float(gone.mean(dtype=np.float64)) / extent, 6),
        }


def _move_pca(
    one: Continued, vectors: Floats, near: KnnGraph | None, workers: int | None, progress: Progress
) -> Floats:
    """Find the axes of all rows, and turn them as the old ones were."""
    if one.still:
        return one.start
    found = one.projector.project(vectors, progress=progress)
    turn = best_turn(found[: one.old], one.start[: one.old], scaled=False)
    return turn.of(found)


def _move_umap(
    one: Continued, vectors: Floats, near: KnnGraph | None, workers: int | None, progress: Progress
) -> Floats:
    """Let new points move alone, then all."""
    assert isinstance(one.projector, UMAP) and near is not None
    fuzzy, places = fuzzy_graph(near, workers), np.zeros((len(vectors), 4), np.float32)
    places[:, : one.start.shape[1]] = one.start
    settle = one.projector.settle
    if one.old < len(vectors):
        settle(fuzzy, places, NEW_ROUNDS, still=one.old, workers=workers, progress=progress)
    if not one.still:
        settle(fuzzy, places, one.rounds, pace=one.pace, workers=workers, progress=progress)
    return np.ascontiguousarray(places[:, : one.start.shape[1]])


def _move_tsne(
    one: Continued, vectors: Floats, near: KnnGraph | None, workers: int | None, progress: Progress
) -> Floats:
    """Let new points move alone, then go down the gradient with all."""
    assert isinstance(one.projector, TSNE) and near is not None
    found, settle = one.start, one.projector.settle
    if one.old < len(vectors):
        found = settle(near, found, TSNE_NEW_ROUNDS, still=one.old, workers=workers, progress=progress)
    if not one.still:
        found = settle(near, found, one.rounds, pace=one.pace, workers=workers, progress=progress)
    return found


_Mover = Callable[[Continued, Floats, KnnGraph | None, int | None, Progress], Floats]
_MOVERS: Mapping[str, _Mover] = {"pca": _move_pca, "tsne": _move_tsne, "umap": _move_umap}

# method of a map -> what laid it out, from its settings
_PROJECTORS: Mapping[str, tuple[Callable[..., PCA | TSNE | UMAP], tuple[str, ...]]] = {
    "pca": (PCA, ()),
    "tsne": (TSNE, ("perplexity", "iterations", "start_iterations", "seed")),
    "umap": (UMAP, ("neighbors", "min_dist", "rounds", "pushes", "seed")),
}


def _projector(old: Map, seed: int | None) -> PCA | TSNE | UMAP:
    if old.method not in _PROJECTORS:
        raise SettingError(
            f"the map was made by {old.method!r}, which cannot be continued",
            f"Maps made by one of these can: {', '.join(_PROJECTORS)}.",
        )
    make, names = _PROJECTORS[old.method]
    settings = {name: old.settings[name] for name in names if name in old.settings}
    if seed is not None and "seed" in names:
        settings["seed"] = seed
    return make(dim=old.coordinates.shape[1], **settings)


def _rows(space: Space, limit: int | None, keys: Sequence[str] | None) -> NDArray[np.int64]:
    if keys is not None:
        return space.keys.rows(Keys(keys).names())
    return np.arange(len(space) if limit is None else min(limit, len(space)))


def _kept(old: Map, space: Space, rows: NDArray[np.int64]) -> Map:
    """Give the part of the map that is among the rows."""
    wanted = np.zeros(len(space) + 1, bool)
    wanted[rows] = True
    seen = np.isfinite(old.coordinates).all(axis=1)
    stay = np.flatnonzero(wanted[space.keys.find_all(old.keys)] & seen)
    if len(stay) < FEWEST:
        raise InputError(
            f"of the {len(old)} points of the map {len(stay)} are among the rows of Space {space.name!r}",
            f"A map is continued from at least {FEWEST} of its points; else make a new one with `map`.",
        )
    return replace(
        old,
        keys=old.keys.select(stay),
        coordinates=old.coordinates[stay],
        trust=old.trust[stay],
        columns={},
        details={},
        regions=(),
    )


def _shaken(coordinates: Floats, kept: Map, seed: int | None) -> Floats:
    """Move each of the new points a little, by seed."""
    extent = float(np.ptp(kept.coordinates, axis=0).max())
    seed = int(kept.settings.get("seed", 1)) if seed is None else seed
    noise = np.random.default_rng(seed).normal(scale=JITTER * extent, size=coordinates.shape)
    return (coordinates + noise).astype(np.float32)
