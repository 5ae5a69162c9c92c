"""Names of the largest regions: big and quiet, over the points, placed before any other label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.maps.fonts import measure, writable
from nearspace.maps.labels import place_labels
from nearspace.maps.scene import Scene
from nearspace.results import Map, Regions

SMALLEST, LARGEST = 12.0, 20.0  # size of type in points, of the smallest and the largest region
WIDEST = 20  # characters of a line
LONGEST = 56  # characters of a name
MOST = 24  # names in a picture of 1400 x 1200
LEADING = 1.2  # distance of lines, in sizes of type
POINT = 100 / 72  # pixels
SIDES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))  # over the centre, else beside it


@dataclass(frozen=True)
class RegionName:
    """One name: its lines, the middle of its box in pixels, and its size of type in points."""

    region: int
    lines: tuple[str, ...]
    middle: tuple[float, float]
    points: float


def region_names(laid_out: Map, scene: Scene, taken: NDArray[np.bool_], renderer: Any) -> list[RegionName]:
    """Place the names of the largest regions, those with most points first, and mark their room in `taken`.

    A name that finds no room is left out.

    Args:
        laid_out: the Map; without regions there are no names.
        scene: where its points are.
        taken: (height, width) pixels that are occupied, from the lower left.
        renderer: measures text.
    """
    if not laid_out.regions:
        return []
    level = laid_out.regions[0]
    rows, counts = middles(level, laid_out.coordinates)
    named = [at for at in np.argsort(-counts, kind="stable") if counts[at] and level.names[at].strip()]
    named = named[: int(MOST * scene.unit**2)]
    if not named:
        return []
    most = float(np.sqrt(counts.max()))
    points = [
        scene.unit * (SMALLEST + (LARGEST - SMALLEST) * float(np.sqrt(counts[at])) / most) for at in named
    ]
    lines = [fold(writable(level.names[at], LONGEST)[0]) for at in named]
    sizes = np.array(
        [
            [
                measure(some, [size] * len(some), renderer)[:, 0].max(),
                (LEADING * (len(some) - 1) + 1.2) * size * POINT,
            ]
            for some, size in zip(lines, points, strict=True)
        ]
    )
    corners = place_labels(
        scene.points[rows[named]],
        sizes,
        np.empty((0, 2)),
        (scene.size[0], int(scene.size[1] - scene.header)),
        np.full(len(named), 4 * scene.unit),
        padding=3 * scene.unit,
        taken=taken,
        sides=SIDES,
    )
    middle = corners + sizes / 2
    return [
        RegionName(int(named[at]), lines[at], (middle[at, 0], middle[at, 1]), points[at])
        for at in range(len(named))
        if np.isfinite(corners[at, 0])
    ]


def middles(level: Regions, coordinates: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give each region's row nearest to the median of its points (-1: it has none), and its size."""
    rows = np.full(len(level), -1, dtype=np.int64)
    order = np.argsort(level.labels, kind="stable")
    bounds = np.searchsorted(level.labels[order], np.arange(len(level) + 1))
    for region in range(len(level)):
        mine = order[bounds[region] : bounds[region + 1]]
        if len(mine):
            own = coordinates[mine].astype(np.float64)
            rows[region] = mine[((own - np.median(own, axis=0)) ** 2).sum(axis=1).argmin()]
    return rows, np.diff(bounds)


def fold(name: str) -> tuple[str, ...]:
    """Break a name into lines of about WIDEST characters, at spaces."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + 1 + len(word) <= WIDEST:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return tuple(lines)
