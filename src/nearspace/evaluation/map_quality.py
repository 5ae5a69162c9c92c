"""measure.map: how well a map keeps the neighbours and distances of its Space, beside PCA and chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.evaluation.bootstrap import Figure, Floats, stream, value_of
from nearspace.evaluation.correlation import Correlation
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.index_quality import Mean
from nearspace.evaluation.map_labels import Labels, labels_of
from nearspace.index.exact import ExactIndex, check_count
from nearspace.maps.neighbors import threads
from nearspace.maps.pca import PCA
from nearspace.maps.ranks import excess, sample_of
from nearspace.maps.trust import K, neighbors_to_compare, shared
from nearspace.maps.verb import is_current
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map, Measure, Report
from nearspace.space import Space

WIDE = 50  # neighbours of the larger surroundings
POINTS = 2000
LEAST = 5

Rows = NDArray[np.int64]


class PerPoint(Mean):
    """The mean of a value in 0..1 a point, which is no share of right and wrong cases."""

    @property
    def share(self) -> bool:
        """No."""
        return False


@dataclass(frozen=True, eq=False)
class Trial:
    """The points that a layout is asked about, and what is true of them in the Space.

    Attributes:
        vectors: (n, d) float32 of all points that lie on the map; of a cosine Space with length 1.
        metric: of the Space.
        asked: (q,) ascending rows of the points that are asked about.
        partners: (q,) rows: the distance from each asked point to this one is compared.
        near: (q, wide) the nearest of each in the Space.
        ks: how many neighbours are compared.
        labels: categories of the points, by column.
        total: cases that there would be, did all points of the map lie somewhere.
        workers: threads.
        progress: where the work is shown.
    """

    vectors: NDArray[np.float32]
    metric: str
    asked: Rows
    partners: Rows
    near: Rows
    ks: tuple[int, ...]
    labels: tuple[Labels, ...]
    total: int
    workers: int | None
    progress: Progress

    def figures(self, coordinates: NDArray[np.float32]) -> dict[str, Figure]:
        """Give the figures of a layout (n, dim) of the points, by name."""
        shown: dict[str, Any] = {"asked": self.asked, "workers": self.workers, "progress": self.progress}
        shown["sample"] = sample_of(*self.vectors.shape, asked=len(self.asked))
        near = nearest(coordinates, self.asked, max(self.ks), "euclidean", self.workers)
        k = self.ks[0]
        false = excess(self.vectors, near[:, :k], product=self.metric != "euclidean", **shown)
        torn = excess(coordinates, self.near[:, :k], **shown)
        one, other = coordinates[self.asked].astype(np.float64), coordinates[self.partners]
        found: dict[str, Figure] = {
            f"trustworthiness@{k}": self._mean(1 - false.astype(np.float64)),
            f"continuity@{k}": self._mean(1 - torn.astype(np.float64)),
            "distances.spearman": Correlation(
                self._apart, np.linalg.norm(one - other, axis=1), True, self.total
            ),
        }
        for wide in self.ks:
            kept = shared(self.near[:, :wide], near[:, :wide])
            found[f"neighbours_kept@{wide}"] = self._mean(kept.astype(np.float64))
        for labels in self.labels:
            found[f"{labels.column}.vote@{k}"] = labels.vote(self.asked, near[:, :k], self.total)
        return found

    @property
    def _apart(self) -> Floats:
        """(q,) distances in the Space of the asked points and their partners."""
        one = self.vectors[self.asked].astype(np.float64)
        other = self.vectors[self.partners].astype(np.float64)
        if self.metric == "euclidean":
            return np.asarray(np.linalg.norm(one - other, axis=1))
        return np.asarray(-np.einsum("qd,qd->q", one, other))

    def _mean(self, values: Floats) -> Figure:
        return PerPoint(values, self.total)


def measure_map(
    laid_out: Map,
    space: Space,
    *,
    k: int = K,
    wide: int = WIDE,
    labels: str | None = None,
    points: int = POINTS,
    seed: int = 1,
    samples: int = 1000,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure how well a Map shows its Space; docs/evaluation.md explains every figure.

    Figures: trustworthiness and continuity (Venna and Kaski 2001), Spearman's correlation of distances in
    the Space and on the map, the share of neighbours kept, and how often a vote of the nearest on the map
    gives the category of a point. Intervals are those of the points drawn again. Baselines are random
    coordinates and the PCA of the same rows; for a vote also the commonest category, and the vote in the
    Space itself.

    Args:
        laid_out: the map.
        space: the Space that it was made of, with all of its keys.
        k: neighbours that are compared; lowered where there are too few points.
        wide: neighbours of the larger surroundings.
        labels: column with categories; None: every column of texts with few different values.
        points: how many points to ask about, drawn by seed among all; their neighbours are among all.
        seed: of the points, of random coordinates and of the bootstrap.
        samples: of the bootstrap.
        workers: threads; no figure depends on them.
        progress: where the work is shown.

    Raises:
        InputError: a key of the map is not in the Space, or fewer than 5 points lie anywhere.
        SettingError: a number is not at least 1, or there is no such column.
    """
    check_count("k", k), check_count("points", points), check_count("wide", wide)
    if not is_current(laid_out, space):
        progress.note("the vectors have changed since the map was made, or are not those of the map")
    rows = space.keys.find_all(laid_out.keys)
    if (rows < 0).any():
        raise InputError(
            f"{int((rows < 0).sum()):,} of the {len(rows):,} keys of the map are not in Space "
            f"{space.name!r}, for example {laid_out.keys[int(np.argmin(rows))]!r}",
            "Measure a map with the Space that it was made of, or map the Space again.",
        )
    placed = np.flatnonzero(np.isfinite(laid_out.coordinates).all(axis=1))
    if len(placed) < LEAST:
        raise InputError(
            f"{len(placed)} points of the map lie anywhere, at least {LEAST} are needed", "Map more rows."
        )
    coordinates = np.ascontiguousarray(laid_out.coordinates[placed], dtype=np.float32)
    trial = _trial(laid_out, space, rows[placed], placed, k, wide, labels, points, seed, workers, progress)
    return Report(space.name, tuple(_measures(trial, coordinates, seed, samples)))


def _measures(trial: Trial, coordinates: NDArray[np.float32], seed: int, samples: int) -> Iterator[Measure]:
    shape = coordinates.shape
    others = {"random": stream(seed, "map", "random").normal(size=shape).astype(np.float32)}
    if trial.vectors.shape[1] >= shape[1]:
        others["pca"] = PCA(shape[1]).project(trial.vectors)
    found = trial.figures(coordinates)
    rivals = {name: trial.figures(layout) for name, layout in others.items()}
    inside = {f"{one.column}.vote@{trial.ks[0]}": one for one in trial.labels}
    for name, figure in found.items():
        baseline = {rival: value_of(figures[name]) for rival, figures in rivals.items()}
        if name in inside:
            baseline |= inside[name].baselines(trial.asked, trial.near[:, : trial.ks[0]], trial.total)
        yield measured(f"map.{name}", figure, baseline, seed=seed, samples=samples)


def _trial(
    laid_out: Map,
    space: Space,
    rows: Rows,
    placed: Rows,
    k: int,
    wide: int,
    labels: str | None,
    points: int,
    seed: int,
    workers: int | None,
    progress: Progress,
) -> Trial:
    n = len(rows)
    vectors = np.asarray(space.take(rows), dtype=np.float32)
    if space.metric == "cosine":
        norms = space.norms[rows]
        vectors = (vectors / np.where(norms > 0, norms, 1)[:, None]).astype(np.float32)
    drawing = stream(seed, "map", "points")
    asked = np.sort(drawing.choice(n, min(points, n), replace=False))
    partners = (asked + drawing.integers(1, n, len(asked))) % n
    least = neighbors_to_compare(n, k)
    ks = tuple(sorted({least, max(least, neighbors_to_compare(n, wide))}))
    columns: Mapping[str, NDArray[Any]] = {
        **{name: np.asarray(values)[rows] for name, values in space.columns.items()},
        **{name: np.asarray(values)[placed] for name, values in laid_out.columns.items()},
    }
    if labels is not None and labels not in columns:
        raise SettingError(f"labels is {labels!r}", f"Columns: {', '.join(columns) or 'none'}.")
    chosen = tuple(labels_of(columns, labels))
    near = nearest(vectors, asked, max(ks), space.metric, workers)
    total = round(len(asked) * len(laid_out) / n)
    return Trial(vectors, space.metric, asked, partners, near, ks, chosen, total, workers, progress)


def nearest(points: NDArray[np.float32], asked: Rows, k: int, metric: str, workers: int | None) -> Rows:
    """(q, k) the nearest other points of some, exactly."""
    index = ExactIndex(points, metric=metric)
    return index.search(points[asked], k, exclude=asked[:, None], workers=threads(workers))[0]
