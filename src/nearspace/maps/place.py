"""The verb `place`: new rows on a map that is there, whose points stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import (
    DimensionError,
    DuplicateKeyError,
    EncoderMismatchError,
    InputError,
    SettingError,
)
from nearspace.index.exact import ExactIndex
from nearspace.kernels.knn import sweep_others
from nearspace.keys import Keys
from nearspace.maps.neighbors import threads
from nearspace.maps.placers import Placer, placer_for
from nearspace.maps.trust import neighbors_to_compare, shared
from nearspace.maps.vectors import Fingerprint, prepared
from nearspace.maps.verb import is_current
from nearspace.optional import versions
from nearspace.protocols import Index, Progress, Quiet
from nearspace.results import Map
from nearspace.space import Space

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

BLOCK = 2048  # new rows at once
SHARD = 256  # of them in one thread


def place(
    laid_out: Map,
    space: Space,
    new: Space | Sequence[str] | None = None,
    *,
    index: Index | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Map:
    """Place new rows on a map made by PCA, UMAP or t-SNE, where rows like them lie; its points do not move.

    PCA: on the same axes. UMAP and t-SNE: a row starts at the weighted mean of its nearest rows of the map
    and moves under the forces of the method, with the settings of the map. A row that has the key and the
    vector of one of the map lands on it, and so does a duplicate of one. Where a row lands does not depend
    on other new rows, nor on `workers`. New rows are read in blocks.

    Trust is the share of a placed point's nearest points of the map that are its nearest rows of the map in
    the Space; `chance` is k / n of the map. Placed points have no details of trust.

    Args:
        laid_out: the map.
        space: the Space that it shows; it may have more rows than the map.
        new: a Space of the same vectors (dimension, metric, what made them), or keys of `space`; None: all
            rows of `space` that are not on the map.
        index: finds the nearest rows of the map, by Euclidean distance between vectors of length 1 for cosine
            Spaces; by default all are compared.
        workers: threads.
        progress: shown in rows.

    Raises:
        InputError: the Space has other vectors than the map shows, or a vector holds NaN or infinity.
        DimensionError: the new vectors have another dimension.
        EncoderMismatchError: another encoder made them.
        SettingError: the metric is another one, the map's method places nothing, or no row is to be placed.
        UnknownKeyError: one of the keys is not in the Space.
        DuplicateKeyError: one of the keys comes twice.
    """
    ready = fixed_map(laid_out, space, index=index, workers=workers)
    return ready.place(new, workers=workers, progress=progress)


def fixed_map(
    laid_out: Map, space: Space, *, index: Index | None = None, workers: int | None = None
) -> FixedMap:
    """Make a map ready to take new rows again and again; see `place`."""
    _check_metric(laid_out, space)
    if not is_current(laid_out, space):
        raise InputError(
            f"the map does not show the vectors that its keys have in Space {space.name!r}",
            "Give the Space that it was made of, or continue it: continue_map(map, space).",
        )
    return any_fixed_map(laid_out, space, index=index, workers=workers)


def any_fixed_map(
    laid_out: Map, space: Space, *, index: Index | None = None, workers: int | None = None
) -> FixedMap:
    """Make a map ready without a look at whether its vectors are still the same; its keys must be there."""
    lost = np.flatnonzero(~np.isfinite(laid_out.coordinates).all(axis=1))
    if len(lost):
        raise InputError(
            f"{laid_out.keys[int(lost[0])]!r} has no finite place on the map ({len(lost)} such points)",
            "Make the map again, or leave these points out.",
        )
    rows = space.keys.find_all(laid_out.keys)
    whole = len(rows) == len(space) and bool((rows == np.arange(len(rows))).all())
    given = space.vectors if whole else np.asarray(space.take(rows))
    vectors = prepared(given, space.metric, laid_out.keys, space.name)
    placer = placer_for(laid_out.method, laid_out.coordinates, vectors, laid_out.settings, workers)
    found = ExactIndex(vectors, metric="euclidean") if index is None else index
    # where no vector is zero, the nearest by cosine are those by distance
    same = space.metric == "euclidean" or (space.metric == "cosine" and bool(vectors.any(axis=1).all()))
    by_metric = None if same else ExactIndex(vectors, metric=space.metric)
    return FixedMap(laid_out, space, vectors, placer, found, by_metric)


@dataclass(frozen=True, eq=False)
class FixedMap:
    """A map that takes new rows; made by `fixed_map`.

    Attributes:
        laid_out: the map.
        space: what it shows.
        vectors: (n, d) of its points, prepared.
        placer: puts new rows on it.
        index: finds the nearest of `vectors` by Euclidean distance.
        by_metric: finds the nearest by the Space's metric, where those are others.
    """

    laid_out: Map
    space: Space
    vectors: Floats
    placer: Placer
    index: Index
    by_metric: ExactIndex | None

    def place(
        self,
        new: Space | Sequence[str] | None = None,
        *,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> Map:
        """Do what the verb `place` does."""
        source, rows = _asked(self.laid_out, self.space, new)
        return self.placed(source, rows, workers=workers, progress=progress)

    def placed(self, source: Space, rows: Rows, *, workers: int | None, progress: Progress) -> Map:
        """Give the Map of some different rows of a Space that has the same kind of vectors."""
        laid_out, names = self.laid_out, source.keys.select(rows)
        k = neighbors_to_compare(len(laid_out))
        own = laid_out.keys.find_all(names)
        coordinates = np.empty((len(rows), laid_out.coordinates.shape[1]), np.float32)
        trust = np.empty(len(rows), np.float32)
        fingerprint, sweep = Fingerprint(names), _Sweep(laid_out.coordinates)
        with progress.task("placing", total=len(rows), unit="rows") as task:
            for start in range(0, len(rows), BLOCK):
                some = slice(start, min(len(rows), start + BLOCK))
                given = np.asarray(source.take(rows[some]))
                fingerprint.add(given)
                vectors = prepared(given, source.metric, names, source.name, first=start)
                coordinates[some], near = self._block(vectors, own[some], k, threads(workers))
                trust[some] = shared(near, sweep.nearest(coordinates[some], k, threads(workers)))
                task.advance(len(given))
        settings = {
            **{name: value for name, value in laid_out.settings.items() if name != "neighbors_recall"},
            "space": source.name,
            "placed_on": laid_out.settings.get("fingerprint"),
            "placed_among": len(laid_out),
            "trust_k": k,
            "fingerprint": str(fingerprint),
            "versions": versions("numpy"),
        }
        columns = {name: np.asarray(values)[rows] for name, values in source.columns.items()}
        return Map(names, coordinates, trust, laid_out.method, settings, k / len(laid_out), columns)

    def _block(self, vectors: Floats, own: Rows, k: int, workers: int) -> tuple[Floats, Rows]:
        """Give where some rows land, and their k nearest rows of the map."""
        wanted = max(self.placer.neighbors, k)
        rows, scores = self.index.search(vectors, wanted, workers=workers)
        points = self.placer.place(vectors, rows, -scores, workers)
        again = np.flatnonzero(own >= 0)
        again = again[(self.vectors[own[again]] == vectors[again]).all(axis=1)]
        points[again] = self.laid_out.coordinates[own[again]]
        if self.by_metric is not None:
            rows = self.by_metric.search(vectors, k, workers=workers)[0]
        return points, rows[:, :k]


class _Sweep:
    """Finds the nearest points of a map, exactly, ties by row."""

    def __init__(self, coordinates: Floats) -> None:
        self._axis = int(np.argmax(np.ptp(coordinates, axis=0)))
        self._order = np.argsort(coordinates[:, self._axis], kind="stable").astype(np.int64)
        self._points = self._turned(coordinates[self._order])

    def nearest(self, coordinates: Floats, k: int, workers: int) -> Rows:
        """(q, 2 or 3) -> (q, k)."""
        queries, out = self._turned(coordinates), np.empty((len(coordinates), k), np.int64)

        def shard(start: int) -> None:
            stop = min(len(out), start + SHARD)
            sweep_others(self._points, self._order, queries, start, stop, out)

        with ThreadPoolExecutor(workers, thread_name_prefix="place") as pool:
            list(pool.map(shard, range(0, len(out), SHARD)))
        return out

    def _turned(self, coordinates: Floats) -> NDArray[np.float64]:
        return np.ascontiguousarray(np.roll(coordinates.astype(np.float64), -self._axis, axis=1))


def _check_metric(laid_out: Map, space: Space) -> None:
    metric = laid_out.settings.get("metric")
    if metric not in (None, space.metric):
        raise SettingError(
            f"the map was made by {metric}, but Space {space.name!r} is compared by {space.metric}",
            "Give the Space that the map was made of.",
        )


def _asked(laid_out: Map, space: Space, new: Space | Sequence[str] | None) -> tuple[Space, Rows]:
    """Give the Space of the new rows, and which of its rows they are."""
    if isinstance(new, Space):
        if new.dim != space.dim:
            raise DimensionError(
                f"the vectors of Space {new.name!r} have {new.dim} components, those of the map {space.dim}",
                "Encode the new rows as those of the map were.",
            )
        if new.metric != space.metric:
            raise SettingError(
                f"Space {new.name!r} is compared by {new.metric}, the map by {space.metric}",
                "Give a Space of the same metric.",
            )
        _check_encoders(space, new)
        source, rows = new, np.arange(len(new))
    elif isinstance(new, str):
        raise SettingError(f"new is {new!r}", "Give a Space, or a list of keys.")
    else:
        left = laid_out.keys.find_all(space.keys) < 0
        source, rows = space, np.flatnonzero(left) if new is None else space.keys.rows(Keys(new).names())
    if not len(rows):
        raise SettingError(
            "there are no rows to place",
            f"All rows of Space {source.name!r} are on the map already."
            if new is None
            else "Give at least one.",
        )
    return source, rows


def _check_encoders(space: Space, new: Space) -> None:
    ours, theirs = space.encoder, new.encoder
    if ours is not None and theirs is not None and ours.fingerprint != theirs.fingerprint:
        raise EncoderMismatchError(
            f"the vectors of Space {new.name!r} are by another encoder than those of {space.name!r}",
            "Encode the new rows with the encoder of the Space that the map shows.",
        )


def together(laid_out: Map, placed: Map) -> Map:
    """Put a map and the rows that were placed on it into one Map; the column "placed" tells which are which.

    Metadata and details of trust are kept where both have them.

    Raises:
        DuplicateKeyError: a key is in both.
    """
    both = np.flatnonzero(laid_out.keys.find_all(placed.keys) >= 0)
    if len(both):
        raise DuplicateKeyError(
            f"{placed.keys[int(both[0])]!r} is on the map and was placed on it too ({len(both)} such keys)",
            "Place only rows that are not on the map, or keep the two maps apart.",
        )
    news = [np.zeros(len(laid_out), bool), np.ones(len(placed), bool)]
    columns = {
        name: np.concatenate([values, placed.columns[name]])
        for name, values in laid_out.columns.items()
        if name in placed.columns
    }
    details = {
        name: np.concatenate([values, placed.details[name]])
        for name, values in laid_out.details.items()
        if name in placed.details
    }
    return replace(
        laid_out,
        keys=Keys.join([laid_out.keys, placed.keys]),
        coordinates=np.concatenate([laid_out.coordinates, placed.coordinates]),
        trust=np.concatenate([laid_out.trust, placed.trust]),
        settings={name: value for name, value in placed.settings.items() if name != "fingerprint"},
        columns={**columns, "placed": np.concatenate(news)},
        details=details,
        regions=(),
    )
