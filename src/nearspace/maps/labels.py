"""Where labels are written: the most important first, none over another, none out of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# where a label may sit, seen from its point, best first (Imhof 1975): right and above before left and below
SIDES = ((1, 1), (1, 0), (1, -1), (-1, 1), (-1, 0), (-1, -1), (0, 1), (0, -1))
CROWD = 4  # pixels of a cell in which points are counted


def place_labels(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    crowd: NDArray[np.float64],
    area: tuple[int, int],
    gaps: NDArray[np.float64],
    *,
    padding: float = 2.0,
    at_most: int | None = None,
    taken: NDArray[np.bool_] | None = None,
    sides: Sequence[tuple[int, int]] = SIDES,
) -> NDArray[np.float64]:
    """Find places for labels, greedily: each takes the free place beside its point that hides fewest points.

    Args:
        points: (m, 2) pixels, what the labels name, most important first.
        sizes: (m, 2) pixels, width and height of each label.
        crowd: (c, 2) pixels, what labels should rather not hide.
        area: width and height of the picture in pixels.
        gaps: (m,) pixels between the middle of a point and its label.
        padding: pixels that stay free around each label.
        at_most: stop after so many placed labels; None: place all that fit.
        taken: (height, width or more) pixels that are occupied; those of the placed labels are marked.
        sides: where a label may sit, seen from its point, best first: right and up, each -1, 0 or 1.

    Returns:
        (m, 2) pixels, lower left corner of each label; NaN where there was no place.
    """
    width, height = area
    if taken is None:
        taken = np.zeros((height, width), dtype=bool)
    hidden = _counts(crowd, area)
    corners = np.full((len(points), 2), np.nan)
    left = len(points) if at_most is None else at_most
    asked = zip(points.tolist(), sizes.tolist(), gaps.tolist(), strict=True)
    for number, (point, size, gap) in enumerate(asked):
        if left <= 0:
            break
        best, fewest = None, math.inf
        for corner in _candidates(point, size, gap, sides):
            x0, y0 = math.floor(corner[0] - padding), math.floor(corner[1] - padding)
            x1, y1 = math.ceil(corner[0] + size[0] + padding), math.ceil(corner[1] + size[1] + padding)
            if x0 < 0 or y0 < 0 or x1 > width or y1 > height or taken[y0:y1, x0:x1].any():
                continue
            covered = _inside(hidden, corner, size)
            if covered < fewest:
                best, fewest = (corner, slice(y0, y1), slice(x0, x1)), covered
        if best is not None:
            corners[number] = best[0]
            taken[best[1], best[2]] = True
            left -= 1
    return corners


def _candidates(
    point: list[float], size: list[float], gap: float, sides: Sequence[tuple[int, int]]
) -> list[tuple[float, float]]:
    """Give the lower left corners of the places around a point."""
    corners = []
    for right, up in sides:
        reach = gap if right == 0 or up == 0 else gap * math.sqrt(0.5)
        x = point[0] + right * reach - size[0] * (1 - right) / 2
        y = point[1] + up * reach - size[1] * (1 - up) / 2
        corners.append((x, y))
    return corners


def _counts(crowd: NDArray[np.float64], area: tuple[int, int]) -> NDArray[np.int64]:
    """Summed-area table (Crow 1984) of the points by cells of CROWD pixels, after a row and a column of 0."""
    columns, lines = area[0] // CROWD + 1, area[1] // CROWD + 1
    cells = np.floor(crowd / CROWD).astype(np.int64)
    inside = ((cells >= 0) & (cells < (columns, lines))).all(axis=1)
    table = np.zeros((lines + 1, columns + 1), dtype=np.int64)
    np.add.at(table, (cells[inside, 1] + 1, cells[inside, 0] + 1), 1)
    return table.cumsum(axis=0).cumsum(axis=1)


def _inside(table: NDArray[np.int64], corner: tuple[float, float], size: list[float]) -> int:
    """Count the points in the cells that lie wholly in a box of pixels."""
    a, c = (math.ceil(edge / CROWD) for edge in corner)
    b, d = (math.floor((edge + length) / CROWD) for edge, length in zip(corner, size, strict=True))
    if b <= a or d <= c:
        return 0
    return int(table[d, b] - table[c, b] - table[d, a] + table[c, a])
