"""Three dimensions on paper: rotation, perspective, and how far away each point is."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

DISTANCE = 6.0  # of the eye from the centre, in half diagonals of the box: mild perspective


def look(
    coordinates: NDArray[np.float64], view: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project points in the unit ball onto the picture plane.

    Args:
        coordinates: (n, 3) within the unit ball around 0; the third axis points up.
        view: azimuth and elevation of the eye in degrees.

    Returns:
        (n, 2) positions, and (n,) depth: 0 nearest to 1 farthest, over the unit ball.
    """
    azimuth, elevation = np.radians(view)
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    towards = np.array(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    )
    above = np.cross(towards, right)
    depth = coordinates @ towards
    flat = np.stack([coordinates @ right, coordinates @ above], axis=1)
    return flat * (DISTANCE / (DISTANCE - depth))[:, None], (1 - depth) / 2


def unit_ball(coordinates: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre points (n, 3) and shrink their box into the unit ball; give them and the box's 8 corners."""
    points = coordinates.astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, scale = (low + high) / 2, max(float(np.linalg.norm(high - low)) / 2, 1e-30)
    corners = np.array(list(product(*zip(low, high, strict=True))))
    return (points - middle) / scale, (corners - middle) / scale


def box_edges(nearest: int) -> list[tuple[int, int]]:
    """Give the 9 edges of a box that do not touch its nearest corner, and so do not cross what is inside.

    An edge is a pair of corner numbers; the bits of a number say low or high by axis.
    """
    edges = [(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit]
    return [edge for edge in edges if nearest not in edge]
