"""The top of a picture: title, what the map is and how far to trust it, and the legend of the colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearspace.maps.colors import STEPS, Coloring
from nearspace.maps.fonts import families, measure, writable
from nearspace.maps.scene import MARGIN, unit_of
from nearspace.maps.themes import Theme
from nearspace.maps.trust import summary
from nearspace.results import Map

NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
TITLE, TEXT, SMALL = 17.0, 9.5, 8.5  # sizes of type in points
FIRST = 44  # pixels from the upper edge to the line of the title
LEADING = 22  # pixels between lines
ROW = 19  # pixels between rows of the legend
BELOW = 24  # pixels below the last line
BAR = (200, 9)  # width and height of the colour scale, pixels
GAP = 18  # pixels between classes
SWATCH = 14  # pixels from the left of a class to its name
NAME, LABEL, HEADING = 28, 48, 80  # characters of a class, of what colours show, of the title
BESIDE = 0.45  # share of the width up to which the scale stands beside the title


@dataclass(frozen=True)
class Written:
    """One line of text: pixels from the left and from the upper edge, size in points, alignment."""

    text: str
    x: float
    y: float
    points: float
    strong: bool = False
    faint: bool = False
    align: str = "left"


@dataclass(frozen=True)
class Header:
    """A picture's top: texts, dots of classes (x, y, row of the colour table) and the bar (left, y).

    Attributes:
        height: pixels that all this takes.
    """

    height: float
    texts: tuple[Written, ...]
    dots: tuple[tuple[float, float, int], ...] = ()
    bar: tuple[float, float] | None = None


def describe(laid_out: Map, most: str = "") -> list[str]:
    """Give what a picture says of its map: method, points, mean trust with its interval, and chance."""
    trust = summary(laid_out)
    shares = laid_out.settings.get("explained")
    method = NAMES.get(laid_out.method, laid_out.method)
    if shares:
        method += f", {100 * sum(shares):.0f} % of the variance"
    interval = f"95 % interval {trust.low:.2f}–{trust.high:.2f}, chance {laid_out.chance:.2g}"
    parts = [method, f"{len(laid_out):,} points", f"mean trust {trust.value:.2f} ({interval})"]
    return [*parts, most] if most else parts


def plan_header(
    laid_out: Map, colors: Coloring, title: str | None, size: tuple[int, int], renderer: Any, most: str = ""
) -> Header:
    """Lay out the title, the description and the legend; nothing runs into anything else.

    The scale stands beside the title where there is room, else below it. Classes stand below, in rows.
    """
    unit = unit_of(size)
    left, right = MARGIN * unit, size[0] - MARGIN * unit
    scale_width = 0.0 if colors.classes else _scale_width(colors, unit, renderer)
    beside = not colors.classes and scale_width < BESIDE * (right - left)
    room = right - left - (scale_width + 2 * GAP * unit if beside else 0.0)
    name = title if title is not None else str(laid_out.settings.get("space", "map"))
    y = FIRST * unit
    texts = [_title(writable(name, HEADING)[0], left, y, room, unit, renderer)]
    for line in _fill(describe(laid_out, most), TEXT * unit, room, renderer):
        y += LEADING * unit
        texts.append(Written(line, left, y, _fitting(line, TEXT * unit, room, renderer), faint=True))
    if colors.classes:
        legend, dots, y = _classes(colors, (left, right, y + LEADING * unit), unit, renderer)
        return Header(y + BELOW * unit, (*texts, *legend), dots)
    top = FIRST * unit if beside else y + LEADING * unit
    start = right - scale_width if beside else left
    legend, bar = _scale(colors, (start, top), unit, renderer)
    lowest = max(y, legend[-1].y)
    return Header(lowest + BELOW * unit, (*texts, *legend), bar=bar)


def draw_header(paper: Any, header: Header, colors: Coloring, theme: Theme, size: tuple[int, int]) -> None:
    """Draw what was laid out."""
    unit, height = unit_of(size), size[1]
    for line in header.texts:
        paper.text(
            line.x,
            height - line.y,
            line.text,
            size=line.points,
            weight="bold" if line.strong else "normal",
            color=theme.faint if line.faint else theme.ink,
            ha=line.align,
            va="baseline",
            family=list(families()),
            parse_math=False,
            usetex=False,
        )
    for x, y, row in header.dots:
        paper.scatter(
            [x], [height - y], s=(4.2 * 2 * unit * 0.72) ** 2, color=[colors.table[row]], linewidths=0
        )
    if header.bar:
        left, y = header.bar
        paper.imshow(
            colors.table[None, :STEPS],
            extent=(left, left + BAR[0] * unit, height - y, height - y + BAR[1] * unit),
            aspect="auto",
            interpolation="bilinear",
        )


def _title(text: str, left: float, y: float, room: float, unit: float, renderer: Any) -> Written:
    """Give the title, smaller if need be, and cut if that is not enough."""
    points = _fitting(text, TITLE * unit, room, renderer, "bold", least=0.65)
    while len(text) > 2 and _width(text, points, renderer, "bold") > room:
        text = text[:-2].rstrip() + "…"
    return Written(text, left, y, points, strong=True)


def _scale_width(colors: Coloring, unit: float, renderer: Any) -> float:
    """Pixels of the bar with what stands at its ends."""
    ends = [_width(end, SMALL * unit, renderer) for end in colors.ends]
    label = _width(writable(colors.label, LABEL)[0], SMALL * unit, renderer)
    return max(sum(ends) + (12 + BAR[0]) * unit, label)


def _scale(
    colors: Coloring, place: tuple[float, float], unit: float, renderer: Any
) -> tuple[list[Written], tuple[float, float]]:
    """Give the texts of a scale, the lowest last, and where its bar is."""
    left, y = place
    small = SMALL * unit
    start = left + _width(colors.ends[0], small, renderer) + 6 * unit
    end = start + BAR[0] * unit
    label = writable(colors.label, LABEL)[0]
    return [
        Written(colors.ends[0], start - 6 * unit, y, small, faint=True, align="right"),
        Written(colors.ends[1], end + 6 * unit, y, small, faint=True),
        Written(label, start, y + 16 * unit, small, faint=True),
    ], (start, y)


def _classes(
    colors: Coloring, place: tuple[float, float, float], unit: float, renderer: Any
) -> tuple[list[Written], tuple[tuple[float, float, int], ...], float]:
    """Give the names of classes in rows, their dots, and the line of the last row."""
    left, right, y = place
    small = SMALL * unit
    label = writable(colors.label, LABEL)[0]
    texts = [Written(label, left, y, small, faint=True)]
    dots = []
    x = left + _width(label, small, renderer) + GAP * unit
    for row, (name, _) in enumerate(colors.classes):
        shown = writable(name, NAME)[0]
        width = SWATCH * unit + _width(shown, small, renderer)
        if x + width > right and x > left:
            x, y = left, y + ROW * unit
        texts.append(Written(shown, x + SWATCH * unit, y, small))
        dots.append((x + 5 * unit, y - 4 * unit, row))
        x += width + GAP * unit
    return texts, tuple(dots), y


def _fill(parts: Sequence[str], points: float, room: float, renderer: Any) -> list[str]:
    """Put parts on as few lines as have room for them, with dots between."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}  ·  {part}"
        if _width(longer, points, renderer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _fitting(
    text: str, points: float, room: float, renderer: Any, weight: str = "normal", least: float = 0.5
) -> float:
    """Give `points`, or a smaller size of type (at least that share) in which `text` fits into `room`."""
    width = _width(text, points, renderer, weight)
    return points * float(np.clip(0.99 * room / max(width, 1e-9), least, 1.0))


def _width(text: str, points: float, renderer: Any, weight: str = "normal") -> float:
    return float(measure([text], [points], renderer, weight)[0, 0])
