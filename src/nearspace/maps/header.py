"""The top of a picture: title, what the map is and how far to trust it, and the legend of the colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from nearspace.maps.captions import measure
from nearspace.maps.colors import FAINT, INK, Coloring, on_scale
from nearspace.maps.fonts import families, writable
from nearspace.maps.scene import Scene
from nearspace.maps.trust import summary
from nearspace.results import Map

NAMES = {"pca": "PCA", "tsne": "t-SNE"}
LEGEND = 330  # width kept for the scale, pixels
COLUMN, LINES = 170, 4  # width of a column of classes, and how many are in one
BOLDER = 1.2  # how much wider bold type may be
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


def draw_header(
    paper: Any, laid_out: Map, scene: Scene, colors: Coloring, title: str | None, renderer: Any
) -> None:
    """Write the title at the left and the legend at the right."""
    unit, height = scene.unit, scene.size[1]
    left, top = 36 * unit, height - 44 * unit
    name = title if title is not None else str(laid_out.settings.get("space", "map"))
    write = {"parse_math": False, "va": "baseline", "family": list(families())}
    lines = [writable(name, 80)[0], describe(laid_out)]
    room = scene.size[0] - left - _legend_width(colors) * unit
    points = [
        _fitting(lines[0], 17 * unit, room / BOLDER, renderer),
        _fitting(lines[1], 9.5 * unit, room, renderer),
    ]
    paper.text(left, top, lines[0], size=points[0], weight="bold", color=INK, **write)
    paper.text(left, top - 24 * unit, lines[1], size=points[1], color=FAINT, **write)
    if colors.classes:
        _draw_classes(paper, scene, colors, write)
    else:
        _draw_scale(paper, scene, colors, write)


def _fitting(text: str, points: float, room: float, renderer: Any) -> float:
    """Give `points`, or the smaller size of type in which `text` is at most `room` pixels wide."""
    while points > 1 and float(measure([text], [points], renderer)[0, 0]) > room:
        points *= 0.95
    return points


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


def _legend_width(colors: Coloring) -> int:
    return 56 + COLUMN * -(-len(colors.classes) // LINES) if colors.classes else LEGEND


def _draw_classes(paper: Any, scene: Scene, colors: Coloring, write: dict[str, Any]) -> None:
    unit, (width, height) = scene.unit, scene.size
    first = width - (_legend_width(colors) - 20) * unit
    for number, (name, color) in enumerate(colors.classes):
        x = first + COLUMN * (number // LINES) * unit
        y = height - (30 + 17 * (number % LINES)) * unit
        paper.scatter([x], [y], s=(9 * unit) ** 2 / 2, color=[color], linewidths=0)
        paper.text(x + 10 * unit, y - 4 * unit, writable(name, 20)[0], size=8.5 * unit, color=INK, **write)
