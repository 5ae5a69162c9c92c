"""How each method puts new rows on a map whose points stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.kernels.affinities import conditional
from nearspace.kernels.fuzzy import memberships
from nearspace.kernels.placing import LANES, Curve, place_tsne, place_umap
from nearspace.maps.neighbors import threads
from nearspace.maps.pca import PCA
from nearspace.maps.tsne import NEIGHBORS, repulsion_for
from nearspace.maps.umap import curve

Floats = NDArray[np.float32]

UMAP_ROUNDS, PUSHERS = 50, 128  # and how many points of the map push new ones in each (docs/decisions)
TSNE_ROUNDS = 25
TWIN = 0.1  # of the distance to the last neighbour: a row nearer than that to its first is drawn to it


class Placer(Protocol):
    """Puts new rows on the map that it was made for; where one lands depends on no other.

    Attributes:
        neighbors: of a new row among those of the map, that it needs.
    """

    @property
    def neighbors(self) -> int:
        """Of a new row among those of the map, that it needs; 0: none."""

    def place(self, vectors: Floats, rows: NDArray[np.int64], distances: Floats, workers: int) -> Floats:
        """(q, d) vectors, (q, at least k) neighbours on the map, nearest first -> (q, dim) float32."""


@dataclass(frozen=True, eq=False)
class ByAxes:
    """The axes of the rows of the map, turned as the map shows them."""

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    neighbors: int = 0

    def place(self, vectors: Floats, rows: NDArray[np.int64], distances: Floats, workers: int) -> Floats:
        """Project; each row is summed by itself, so that it does not depend on the others."""
        centred = vectors - self.mean
        return np.stack([(centred * along).sum(axis=1) for along in self.directions], axis=1).astype(
            np.float32
        )


@dataclass(frozen=True, eq=False)
class ByForces:
    """What pulls and pushes new points until they rest.

    Attributes:
        places: (3, n) float32 points of the map; the third axis is 0 on a plane.
        dim: 2 or 3.
        neighbors: that pull.
        weigh: (distances, out): writes how much each counts.
        settle: (near, weights, points): moves up to LANES points, see `kernels/placing.py`.
    """

    places: Floats
    dim: int
    neighbors: int
    weigh: Callable[[Floats, Floats], None]
    settle: Callable[[Floats, Floats, Floats], None]

    def place(self, vectors: Floats, rows: NDArray[np.int64], distances: Floats, workers: int) -> Floats:
        """Start at the weighted mean of the neighbours, and settle."""
        out = np.empty((len(rows), self.dim), np.float32)

        def shard(start: int) -> None:
            some = slice(start, start + LANES)
            away = np.ascontiguousarray(distances[some, : self.neighbors])
            weights = np.empty_like(away)
            self.weigh(away, weights)
            near, weights = self.places[:, rows[some, : self.neighbors].T], np.ascontiguousarray(weights.T)
            points = _mean(near, weights)
            self.settle(near, weights, points)
            out[some] = _drawn_to_twins(points, near[:, 0], away)[: self.dim].T

        with ThreadPoolExecutor(workers, thread_name_prefix="place") as pool:
            list(pool.map(shard, range(0, len(rows), LANES)))
        return out


def _mean(near: Floats, weights: Floats) -> Floats:
    """(3, k, m) and (k, m) -> (3, m); added up in one order, however many points there are."""
    total, sums = np.zeros(weights.shape[1], np.float32), np.zeros((3, weights.shape[1]), np.float32)
    for own, weight in zip(np.moveaxis(near, 1, 0), weights, strict=True):
        total += weight
        sums += own * weight
    mean: Floats = sums / total
    return mean


def _drawn_to_twins(points: Floats, nearest: Floats, distances: Floats) -> Floats:
    """(3, m): a row that is nearly one of the map lies nearly on it, and its duplicate exactly."""
    last = distances[:, -1]
    reach = np.divide(distances[:, 0], TWIN * last, out=np.zeros_like(last), where=last > 0)
    share = np.minimum(reach, np.float32(1))
    drawn: Floats = share * points + (1 - share) * nearest
    return drawn


def pca_placer(coordinates: Floats, vectors: Floats, settings: Mapping[str, Any], workers: int) -> Placer:
    """Find the axes of the map's rows anew, and which way round the map shows each."""
    axes = PCA(coordinates.shape[1]).axes(vectors)
    sums = np.zeros(coordinates.shape[1])
    for start in range(0, len(vectors), 8192):
        some = slice(start, start + 8192)
        sums += (((vectors[some] - axes.mean) @ axes.directions.T) * coordinates[some]).sum(axis=0)
    return ByAxes(axes.mean, axes.directions * np.where(sums < 0, -1.0, 1.0)[:, None])


def umap_placer(coordinates: Floats, vectors: Floats, settings: Mapping[str, Any], workers: int) -> Placer:
    """Pulls of the neighbours, and pushes of points that are drawn once for all new rows."""
    places, n = _three_axes(coordinates), len(coordinates)
    a, b = curve(float(settings["min_dist"]))
    force = Curve(np.float32(a), np.float32(b), np.float32(settings["pushes"]))
    drawn = np.random.default_rng(int(settings["seed"])).integers(0, n, (UMAP_ROUNDS, PUSHERS))
    pushers = np.ascontiguousarray(np.moveaxis(places[:, drawn], 0, 1))
    return ByForces(
        places,
        coordinates.shape[1],
        min(int(settings["neighbors"]), n),
        lambda distances, out: memberships(distances, 0, len(distances), 0.0, out),
        lambda near, weights, points: place_umap(near, weights, pushers, force, points),
    )


def tsne_placer(coordinates: Floats, vectors: Floats, settings: Mapping[str, Any], workers: int) -> Placer:
    """Pulls of the neighbours, and pushes of all points, as strong as those of the map had settled."""
    places, n = _three_axes(coordinates), len(coordinates)
    perplexity = min(float(settings["perplexity"]), (n - 1) / NEIGHBORS)
    scale = np.float32(n / _sum_of_q(coordinates, workers))
    return ByForces(
        places,
        coordinates.shape[1],
        max(2, min(n, int(NEIGHBORS * perplexity))),
        lambda distances, out: conditional(distances, 0, len(distances), perplexity, out),
        lambda near, weights, points: place_tsne(near, weights, places, scale, TSNE_ROUNDS, points),
    )


# method of a map -> (coordinates, prepared vectors, its settings, workers) to what places new rows on it
PLACERS: Mapping[str, Callable[[Floats, Floats, Mapping[str, Any], int], Placer]] = {
    "pca": pca_placer,
    "tsne": tsne_placer,
    "umap": umap_placer,
}


def placer_for(
    method: str, coordinates: Floats, vectors: Floats, settings: Mapping[str, Any], workers: int | None
) -> Placer:
    """Give what places new rows on a map of this method.

    Raises:
        SettingError: none of ours does, or the map does not say with which settings it was made.
    """
    if method not in PLACERS:
        raise SettingError(
            f"the map was made by {method!r}, on which no new rows can be placed",
            f"Maps made by one of these take new rows: {', '.join(PLACERS)}.",
        )
    try:
        return PLACERS[method](coordinates, vectors, settings, threads(workers))
    except KeyError as error:
        raise SettingError(
            f"the map does not say which {error.args[0]} it was made with", "Make it again with `map`."
        ) from None


def _three_axes(coordinates: Floats) -> Floats:
    """(n, 2 or 3) -> (3, n), the third axis 0 on a plane."""
    places = np.zeros((3, len(coordinates)), np.float32)
    places[: coordinates.shape[1]] = coordinates.T
    return places


def _sum_of_q(coordinates: Floats, workers: int) -> float:
    """Z: the sum over all ordered pairs of points of 1 / (1 + d^2)."""
    with ThreadPoolExecutor(workers, thread_name_prefix="place") as pool:
        return repulsion_for(len(coordinates), coordinates.shape[1], pool)(coordinates.astype(np.float64))[1]
