"""The points of a picture, each drawn as a dot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.maps.scene import Scene
from nearspace.maps.themes import Theme, rgb

LAYERS = 12  # of depth, in which points are drawn
STEP = 0.06  # of the logarithm of the radius, between sizes of points
FOG = 0.6  # how much the farthest point of three dimensions fades
DISTRUST = 0.75  # how much a point without any trust fades, if asked for
RIM = 2.2  # pixels of radius from which dots have a thin rim of paper, which keeps neighbours apart
NAMED = 2.2  # least radius of points that have a name
DPI = 100


def presence(scene: Scene, trust: NDArray[np.floating[Any]] | None) -> NDArray[np.float64]:
    """(n,) 0..1 how strongly each point is drawn: less if it is far, and if trust is given, by that."""
    near = 1 - FOG * scene.depth
    if trust is None:
        return near
    return near * (1 - DISTRUST * (1 - np.clip(np.nan_to_num(trust.astype(np.float64)), 0, 1)))


def draw_dots(
    paper: Any,
    scene: Scene,
    rows: NDArray[np.int64],
    colors: NDArray[np.float64],
    strength: NDArray[np.float64],
    theme: Theme,
    *,
    rimmed: bool = False,
) -> None:
    """Draw some points, far before near, small before large.

    Points of like depth and size are drawn together, which makes an SVG several times smaller.

    Args:
        paper: the axes.
        scene: where and how large all points are.
        rows: (m,) which of them to draw.
        colors: (m, 3) their colours.
        strength: (m,) 0..1, how much of its colour each has; the rest is paper.
        theme: the colours of the picture.
        rimmed: with a rim of ink, for points that have a name.
    """
    shown = colors * strength[:, None] + rgb(theme.paper) * (1 - strength[:, None])
    near = np.floor((1 - scene.depth[rows]) * LAYERS).astype(int)
    size = np.rint(np.log(scene.radii[rows]) / STEP).astype(int)
    layers, layer_of = np.unique(np.stack([near, size], axis=1), axis=0, return_inverse=True)
    for number, (_, level) in enumerate(layers.tolist()):
        some = np.flatnonzero(layer_of == number)[::-1]
        radius = float(np.exp(level * STEP))
        radius = max(radius, NAMED * scene.unit) if rimmed else radius
        thin = 0.35 * scene.unit if radius > RIM * scene.unit else 0.0
        paper.scatter(
            scene.points[rows[some], 0],
            scene.points[rows[some], 1],
            s=(2 * radius * 72 / DPI) ** 2,
            c=shown[some],
            alpha=1.0 if rimmed else scene.opacity,
            linewidths=0.7 * scene.unit if rimmed else thin,
            edgecolors=theme.ink if rimmed else theme.paper,
            zorder=1.5 if rimmed else 1,
        )
