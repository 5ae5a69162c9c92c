"""Colours of points: a scale for numbers, a palette for classes, both safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.results import Map

PAPER = "#ffffff"
INK = "#20252d"
FAINT = "#68707c"
LINE = "#d4d8de"

# sand to teal to night blue: lightness falls evenly, and the hue moves along yellow-blue only
SCALE = ("#e0d3b4", "#b3c6ad", "#7db3ac", "#4797a3", "#2a7494", "#234f80", "#1c2a62")
# Okabe and Ito (2008), without black; the eighth is for everything else
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a900")
OTHER = "#a7adb6"


@dataclass(frozen=True)
class Coloring:
    """The colours of n points and what the legend says.

    Attributes:
        rgb: (n, 3) float64 in 0..1.
        label: what is shown.
        low: value of the lightest colour (a scale).
        high: value of the darkest colour.
        classes: name and colour of each class; empty for a scale.
    """

    rgb: NDArray[np.float64]
    label: str
    low: float = 0.0
    high: float = 1.0
    classes: tuple[tuple[str, NDArray[np.float64]], ...] = ()


def coloring(laid_out: Map, color: str) -> Coloring:
    """Colour points by trust (always on the scale from 0 to 1) or by a metadata column.

    Raises:
        SettingError: there is no such column.
    """
    if color == "trust":
        k = laid_out.settings.get("trust_k")
        of = f": share of {k} neighbours kept" if k else ""
        return Coloring(on_scale(laid_out.trust), f"trust{of}")
    if color not in laid_out.columns:
        names = ", ".join(("trust", *laid_out.columns))
        raise SettingError(f"color is {color!r}, which is no column of the map", f"Accepted: {names}.")
    values = np.asarray(laid_out.columns[color])
    if values.dtype.kind in "iuf":
        numbers = values.astype(np.float64)
        shown = numbers[np.isfinite(numbers)]
        low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
        share = np.nan_to_num((numbers - low) / ((high - low) or 1.0), posinf=1.0, neginf=0.0)
        return Coloring(on_scale(share), color, low, high)
    return _classes([str(value) for value in values.tolist()], color)


def on_scale(share: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) in 0..1 -> (n, 3) colours, linear between the stops of SCALE."""
    stops = np.array([rgb(stop) for stop in SCALE])
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(share, places, stops[:, channel]) for channel in range(3)], axis=1)


def rgb(code: str) -> tuple[float, float, float]:
    """Give the components, 0..1, of a colour written as #rrggbb."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _classes(names: Sequence[str], label: str) -> Coloring:
    """Give the most frequent classes a colour of their own, and the rest one together."""
    unique, counts = np.unique(np.asarray(names), return_counts=True)
    ranked = unique[np.argsort(-counts, kind="stable")].tolist()
    chosen = ranked if len(ranked) <= len(PALETTE) else ranked[: len(PALETTE)]
    colors = {name: np.array(rgb(code)) for name, code in zip(chosen, PALETTE, strict=False)}
    other = np.array(rgb(OTHER))
    legend = tuple(colors.items())
    if len(chosen) < len(ranked):
        legend = (*legend, (f"{len(ranked) - len(chosen)} others", other))
    return Coloring(np.array([colors.get(name, other) for name in names]), label, classes=legend)
