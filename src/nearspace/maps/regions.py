"""Regions: where the points of a map lie dense, at several zoom levels, with names.

Campello, Moulavi, Zimek, Sander, Hierarchical density estimates for data clustering, visualization, and
outlier detection (2015): HDBSCAN. The leaves of its tree are taken, and the tree is the same at every level
but for the least size of a region, so a finer region lies within a coarser one or outside all of them.
Leaves that are hardly denser inside than where they part from their surroundings are left out, since chance
makes such, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.index.exact import ExactIndex
from nearspace.maps.neighbors import threads
from nearspace.maps.region_names import Labeller, check_names, labeller
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map, Regions
from nearspace.space import Space, norms_of

MOST = 10_000  # points that are clustered; the time grows with their square (docs/decisions/regions.md)
FEWEST = 30  # points of a map with regions
COARSE, FINE = 0.03, 0.003  # least size of a region at the first and the last level, as shares of the points
LEAST = 15  # points of a region
DENSITY = 15  # neighbours that the density at a point is estimated by
CONTRAST = 1.1  # density inside over that at the border: what chance reaches in one region of twenty
LEVELS = 6
SPACES = ("map", "space")
WIDE = 50  # components of vectors that are clustered: a tree of neighbours is of no use in more
BLOCK = 65_536
MIDDLE = 256  # points of a region that its centre is chosen by

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Numbers = NDArray[np.int32]


def find_regions(
    laid_out: Map,
    space: Space | None = None,
    *,
    levels: int = 3,
    names: str | None = None,
    by: str = "map",
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Map:
    """Give a Map its regions: where points lie dense, with names that tell them apart.

    Of many points 10,000 are clustered, drawn by seed, and each other one goes where the nearest of these
    is. A region without finer ones inside stays as it is at the next level. A level with fewer than two
    regions is left out, and one that is as the level before; so a map in one piece has no regions, nor has
    one of fewer than 30 points. Points whose coordinates are not finite are in no region.

    Args:
        laid_out: the map.
        space: the Space that it was made of: for names by keys, and for `by="space"`.
        levels: at most so many, 1 to 6; the least size of a region falls from 3 % of the points to 0.3 %.
        names: column that names regions: texts, categories or tags. None: the column with the longest
            texts, else one with categories, else the keys.
        by: "map": regions of its coordinates; "space": of the vectors, along their 50 principal axes.
        seed: of the points that are drawn.
        workers: threads; the regions do not depend on them.
        progress: shown in levels.

    Raises:
        SettingError: levels, by or names is not accepted, or `by="space"` came without a Space.
        InputError: a key of the map is not in the Space.
        MissingExtraError: scikit-learn is not installed.
    """
    _check(levels, by, space)
    rows = None if space is None else _rows(laid_out, space)
    naming = labeller(laid_out, space, rows, names)
    placed = np.flatnonzero(np.isfinite(laid_out.coordinates).all(axis=1))
    about = {"levels": levels, "by": by, "names": naming.source, "seed": seed}
    settings = {**laid_out.settings, "regions": about}
    if len(placed) < FEWEST:
        return replace(laid_out, regions=(), settings=settings)
    points = np.ascontiguousarray(laid_out.coordinates[placed], dtype=np.float32)
    random = np.random.default_rng(seed)
    drawn = np.sort(random.choice(len(points), min(MOST, len(points)), replace=False))
    if by == "space" and space is not None and rows is not None:
        points = _reduced(_directions(space, rows[placed]), drawn)
    nearest = _nearest(points, drawn, workers)
    found: list[Regions] = []
    labels = np.full(len(drawn), -1, dtype=np.int32)
    with progress.task("regions", total=levels, unit="levels") as task:
        for share in shares(levels):
            before, labels = labels, clustered(points[drawn], max(LEAST, round(share * len(drawn))))
            labels = kept(before, labels)
            if labels.max(initial=-1) > 0 and not np.array_equal(labels, before):
                found.append(_named(labels, nearest, placed, drawn, len(laid_out), naming))
            task.advance(1)
    return replace(laid_out, regions=tuple(found), settings=settings)


def centres(laid_out: Map, level: int) -> Floats:
    """(regions, dim) coordinates of one point in each region of a level: the one in its middle.

    It is the medoid: the point with the least mean distance to the others, of 256 points drawn by a fixed
    seed where there are more. So it lies in the region, also if that is bent round another one. NaN for
    a region that has no points.
    """
    labels = laid_out.regions[level].labels
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(len(laid_out.regions[level]) + 1))
    found = np.full((len(bounds) - 1, laid_out.coordinates.shape[1]), np.nan, dtype=np.float32)
    for region in range(len(found)):
        members = order[bounds[region] : bounds[region + 1]]
        if not len(members):
            continue
        if len(members) > MIDDLE:
            members = np.random.default_rng(0).choice(members, MIDDLE, replace=False)
        points = laid_out.coordinates[members].astype(np.float64)
        apart = np.linalg.norm(points[:, None] - points[None], axis=2).sum(axis=1)
        found[region] = points[apart.argmin()]
    return found


def check_regions(space: Space, regions: bool, names: str | None) -> None:
    """Refuse what `find_regions` would refuse, before a map is laid out.

    Raises:
        SettingError: the Space has no column `names`, or no regions are wanted that could bear names.
        MissingExtraError: scikit-learn is not installed.
    """
    if names is not None and not regions:
        raise SettingError(f"names is {names!r}, and no regions are wanted", "Give regions=True as well.")
    if regions:
        check_names(space.columns, names)
        require("sklearn", extra="maps", purpose="finding regions")


def shares(levels: int) -> list[float]:
    """Give the least size of a region at each level, as a share of the points."""
    if levels == 1:
        return [(COARSE * FINE) ** 0.5]
    return [COARSE * (FINE / COARSE) ** (level / (levels - 1)) for level in range(levels)]


def clustered(points: Floats, least: int) -> Numbers:
    """(m, d) -> (m,) int32 number of the dense cluster of each point, the largest first; -1 for none."""
    sklearn = require("sklearn.cluster", extra="maps", purpose="finding regions")
    scale = float(np.abs(points).max(initial=0)) or 1.0
    if len(points) <= max(least, DENSITY) or not np.ptp(points, axis=0).any():
        return np.full(len(points), -1, dtype=np.int32)
    tree = sklearn.HDBSCAN(
        min_cluster_size=least, min_samples=DENSITY, cluster_selection_method="leaf", copy=True
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # points at one place are infinitely dense
        tree.fit((points / scale).astype(np.float64))
    labels, density = tree.labels_, tree.probabilities_  # of a point, as a share of its cluster's largest
    for number in range(labels.max(initial=-1) + 1):
        members = labels == number
        inside = density[members]
        if 0 < np.median(inside) < CONTRAST * inside.min() and np.ptp(points[members], axis=0).any():
            labels[members] = -1
    return by_size(labels)


def by_size(labels: NDArray[Any]) -> Numbers:
    """(m,) int32: the same clusters, numbered from 0 by their sizes, the largest first; -1 for none."""
    sizes = np.bincount(labels[labels >= 0], minlength=labels.max(initial=-1) + 1)
    place = np.full(len(sizes) + 1, -1, dtype=np.int32)
    order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    place[order] = np.arange(len(order))
    return np.asarray(place[labels], dtype=np.int32)


def kept(coarse: Numbers, fine: Numbers) -> Numbers:
    """Give the finer clusters, with those coarser ones that have no finer one inside."""
    lasting = coarse >= 0
    for cluster in np.unique(coarse[fine >= 0]):
        lasting &= coarse != cluster
    return by_size(np.where(lasting, coarse + fine.max(initial=-1) + 1, fine))


def _named(labels: Numbers, nearest: Rows, placed: Rows, drawn: Rows, n: int, naming: Labeller) -> Regions:
    """Spread the labels of the drawn points over all n, and name them by the drawn ones."""
    everywhere = np.full(n, -1, dtype=np.int32)
    everywhere[placed] = labels[nearest]
    names, terms = naming.names(placed[drawn], labels)
    return Regions(everywhere, names, terms)


def _nearest(points: Floats, drawn: Rows, workers: int | None) -> Rows:
    """(n,) for each point the place in `drawn` of the nearest one of these."""
    if len(drawn) == len(points):
        return np.arange(len(points))
    if points.shape[1] <= 3:
        spatial = require("scipy.spatial", extra="maps", purpose="finding regions")
        found = spatial.cKDTree(points[drawn]).query(points, workers=threads(workers))[1]
        return np.asarray(found, dtype=np.int64)
    index = ExactIndex(np.ascontiguousarray(points[drawn]), metric="euclidean")
    blocks = [
        index.search(points[at : at + BLOCK], 1, workers=threads(workers))[0][:, 0]
        for at in range(0, len(points), BLOCK)
    ]
    return np.concatenate(blocks)


def _directions(space: Space, rows: Rows) -> Floats:
    """(m, d) float32 vectors, of a cosine Space with length 1."""
    vectors = np.asarray(space.take(rows), dtype=np.float32)
    if space.metric == "cosine":
        norms = norms_of(vectors)
        vectors = (vectors / np.where(norms > 0, norms, 1)[:, None]).astype(np.float32)
    return np.ascontiguousarray(vectors)


def _reduced(vectors: Floats, drawn: Rows) -> Floats:
    """(n, d) -> (n, up to 50): along the directions in which the drawn ones vary most."""
    if vectors.shape[1] <= WIDE:
        return vectors
    some = vectors[drawn].astype(np.float64)
    mean = some.mean(axis=0)
    directions = np.linalg.eigh((some - mean).T @ (some - mean))[1][:, -WIDE:]
    blocks = [(vectors[at : at + BLOCK] - mean) @ directions for at in range(0, len(vectors), BLOCK)]
    return np.concatenate(blocks).astype(np.float32)


def _rows(laid_out: Map, space: Space) -> Rows:
    rows = space.keys.find_all(laid_out.keys)
    if (rows < 0).any():
        raise InputError(
            f"{laid_out.keys[int(np.argmin(rows))]!r} is a key of the map and not of Space {space.name!r}",
            "Give the Space that the map was made of, or none.",
        )
    return rows


def _check(levels: Any, by: str, space: Space | None) -> None:
    if isinstance(levels, bool) or not isinstance(levels, int) or not 1 <= levels <= LEVELS:
        raise SettingError(f"levels is {levels!r}", f"Give 1 to {LEVELS}; 3 is usual.")
    if by not in SPACES:
        raise SettingError(f"by is {by!r}", f"Accepted: {', '.join(SPACES)}.")
    if by == "space" and space is None:
        raise SettingError("by is 'space', and no Space came", "Give the Space that the map was made of.")
