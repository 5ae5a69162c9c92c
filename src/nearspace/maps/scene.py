"""Where the points of a Map lie in a picture, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.maps.perspective import box_edges, look, unit_ball
from nearspace.results import Map

HEADER = 92  # pixels at the top for title and legend, in a picture of 1400 x 1200
MARGIN = 36  # pixels at the other sides
SMALLEST, LARGEST = 1.15, 5.0  # radius of a point in pixels, before its own size
COVERED = 0.3  # share of the area of the map that points together may cover
CELL = 1.5  # side of the cells that measure this area, times the distance of evenly spread points
PALEST = 0.5  # opacity of points that cannot shrink further


@dataclass(frozen=True)
class Scene:
    """A Map on paper.

    Attributes:
        points: (n, 2) pixels from the lower left.
        radii: (n,) pixels.
        depth: (n,) 0 nearest to 1 farthest; all 0 in two dimensions.
        edges: (e, 2, 2) pixels, the ends of the lines of the box around three dimensions; e is 0 in two.
        edge_depth: (e,) depth of their middles.
        size: width and height of the picture in pixels.
        unit: how large a pixel of a picture of 1400 x 1200 is here; text and points grow more slowly than the
            picture, so a larger one shows more.
        header: pixels at the top that the title and the legend take.
        opacity: of points, 0..1; below 1 where there are so many that they would hide each other.
    """

    points: NDArray[np.float64]
    radii: NDArray[np.float64]
    depth: NDArray[np.float64]
    edges: NDArray[np.float64]
    edge_depth: NDArray[np.float64]
    size: tuple[int, int]
    unit: float
    header: float
    opacity: float = 1.0


def unit_of(size: tuple[int, int]) -> float:
    """Give how large a pixel of a picture of 1400 x 1200 is in one of `size`."""
    return float((size[0] * size[1] / (1400 * 1200)) ** 0.25)


def arrange(
    laid_out: Map, size: tuple[int, int], view: tuple[float, float], header: float | None = None
) -> Scene:
    """Put a Map of finite coordinates into a picture of `size` pixels, with one scale for all axes."""
    unit = unit_of(size)
    top = HEADER * unit if header is None else header
    n = len(laid_out)
    if laid_out.coordinates.shape[1] == 3:
        inside, corners = unit_ball(laid_out.coordinates)
        flat, depth = look(inside, view)
        flat_corners, corner_depth = look(corners, view)
        ends = np.array(box_edges(int(corner_depth.argmin())))
        edges, edge_depth = flat_corners[ends], corner_depth[ends].mean(axis=1)
        around = np.concatenate([flat, flat_corners])
    else:
        flat, depth = laid_out.coordinates.astype(np.float64), np.zeros(n)
        edges, edge_depth = np.empty((0, 2, 2)), np.empty(0)
        around = flat
    low, high = around.min(axis=0), around.max(axis=0)
    room = np.array([size[0] - 2 * MARGIN * unit, size[1] - MARGIN * unit - top])
    scale = float((room / np.maximum(high - low, 1e-30)).min())
    middle = np.array([size[0] / 2, MARGIN * unit + room[1] / 2])
    points = (flat - (low + high) / 2) * scale + middle
    radius, opacity = _size_and_opacity(points, room, unit)
    return Scene(
        points=points,
        radii=radius * _own_size(laid_out) * (1.25 - 0.5 * depth if len(edges) else 1.0),
        depth=depth,
        edges=(edges - (low + high) / 2) * scale + middle,
        edge_depth=edge_depth,
        size=size,
        unit=unit,
        header=top,
        opacity=opacity,
    )


def _size_and_opacity(
    points: NDArray[np.float64], room: NDArray[np.float64], unit: float
) -> tuple[float, float]:
    """Give the radius at which all points together cover COVERED of where they are, and their opacity.

    Where they are is measured in cells, so empty paper between clusters does not count.
    """
    n = len(points)
    side = CELL * float(np.sqrt(room.prod() / n))
    cells = np.floor(points / side).astype(np.int64)
    cells -= cells.min(axis=0)
    seen = np.zeros(cells.max(axis=0) + 1, dtype=bool)
    seen[cells[:, 0], cells[:, 1]] = True
    occupied = int(seen.sum()) * side**2
    asked = float(np.sqrt(COVERED * occupied / (n * np.pi)))
    radius = float(np.clip(asked, SMALLEST * unit, LARGEST * unit))
    return radius, float(np.clip((asked / radius) ** 2 * 2, PALEST, 1.0))


def _own_size(laid_out: Map) -> NDArray[np.float64]:
    """(n,) 0.75 to 1.75 by the logarithm of the column "count", or 1 without it."""
    counts = laid_out.columns.get("count")
    if counts is None or np.asarray(counts).dtype.kind not in "iuf":
        return np.ones(len(laid_out))
    logs: NDArray[np.float64] = np.log1p(np.maximum(np.nan_to_num(np.asarray(counts, dtype=np.float64)), 0))
    own: NDArray[np.float64] = 0.75 + (logs - logs.min()) / (float(np.ptp(logs)) or 1.0)
    return own
