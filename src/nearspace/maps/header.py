"""The top of a picture: title, what the map is and how far to trust it, and the legend of the colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from nearspace.maps.colors import FAINT, INK, Coloring, on_scale
from nearspace.maps.fonts import families, writable
from nearspace.maps.scene import Scene
from nearspace.maps.trust import summary
from nearspace.results import Map

NAMES = {"pca": "PCA", "tsne": "t-SNE"}
ROOM = 9  # pixels for each character of the number at the right of the scale
BAR = (230, 9)  # width and height of the colour scale, pixels


def describe(laid_out: Map) -> str:
    """Give one line: method, number of points, mean trust with its interval, and chance."""
    trust = summary(laid_out)
    shares = laid_out.settings.get("explained")
    method = NAMES.get(laid_out.method, laid_out.method)
    if shares:
        method += f", {100 * sum(shares):.0f} % of the variance"
    interval = f"95 % interval {trust.low:.2f}–{trust.high:.2f}, chance {laid_out.chance:.2g}"
    return f"{method}  ·  {len(laid_out):,} points  ·  mean trust {trust.value:.2f} ({interval})"


def draw_header(paper: Any, laid_out: Map, scene: Scene, colors: Coloring, title: str | None) -> None:
    """Write the title at the left and the legend at the right."""
    unit, height = scene.unit, scene.size[1]
    left, top = 36 * unit, height - 44 * unit
    name = title if title is not None else str(laid_out.settings.get("space", "map"))
    write = {"parse_math": False, "va": "baseline", "family": list(families())}
    paper.text(left, top, writable(name, 80)[0], size=17 * unit, weight="bold", color=INK, **write)
    paper.text(left, top - 24 * unit, describe(laid_out), size=9.5 * unit, color=FAINT, **write)
    if colors.classes:
        _draw_classes(paper, scene, colors, write)
    else:
        _draw_scale(paper, scene, colors, write)


def _draw_scale(paper: Any, scene: Scene, colors: Coloring, write: dict[str, Any]) -> None:
    unit, (width, height) = scene.unit, scene.size
    right, bottom = width - (36 + ROOM * len(f"{colors.high:,.4g}")) * unit, height - 44 * unit
    left = right - BAR[0] * unit
    image = on_scale(np.linspace(0, 1, 256))[None, :, :]
    paper.imshow(
        image, extent=(left, right, bottom, bottom + BAR[1] * unit), aspect="auto", interpolation="bilinear"
    )
    small = {"size": 8.5 * unit, "color": FAINT, **write}
    paper.text(left - 6 * unit, bottom, f"{colors.low:,.4g}", ha="right", **small)
    paper.text(right + 6 * unit, bottom, f"{colors.high:,.4g}", ha="left", **small)
    paper.text((left + right) / 2, bottom - 15 * unit, writable(colors.label, 48)[0], ha="center", **small)


def _draw_classes(paper: Any, scene: Scene, colors: Coloring, write: dict[str, Any]) -> None:
    unit, (width, height) = scene.unit, scene.size
    rows = 4
    for number, (name, color) in enumerate(colors.classes):
        x = width - (36 + 170 * (1 + (len(colors.classes) - 1) // rows - number // rows)) * unit
        y = height - (30 + 17 * (number % rows)) * unit
        paper.scatter([x], [y], s=(9 * unit) ** 2 / 2, color=[color], linewidths=0)
        paper.text(x + 10 * unit, y - 4 * unit, writable(name, 20)[0], size=8.5 * unit, color=INK, **write)
