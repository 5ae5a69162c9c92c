"""The colours of pictures on light and on dark paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, as #rrggbb.

    Attributes:
        paper: behind everything.
        ink: titles and labels.
        quiet: names of regions, which lie over points. At least 7 : 1 against the paper.
        faint: what is read second: description and legend. At least 4.5 : 1 against the paper.
        line: the box around three dimensions.
        other: points without a value, and classes that have no colour of their own.
        scale: stops for numbers, of lightness that goes evenly away from the paper.
        palette: for classes, the most frequent first; any two stay apart for colour-blind readers.
    """

    paper: str
    ink: str
    quiet: str
    faint: str
    line: str
    other: str
    scale: tuple[str, ...]
    palette: tuple[str, ...]


# The palettes come from a search: ten hues, moved in lightness and chroma until the nearest two of them (and
# the grey of the others) were farthest apart by CIEDE2000 in normal, protan, deutan and tritan vision.
THEMES: Mapping[str, Theme] = {
    "light": Theme(
        paper="#ffffff",
        ink="#1d222b",
        quiet="#454d5a",
        faint="#5d6673",
        line="#d4d8de",
        other="#a7adb6",
        # sand to teal to night blue, ten units of L* a step: the hue moves along yellow-blue only
        scale=("#d6c493", "#85b3a5", "#4f9aa3", "#337e98", "#27618a", "#224578", "#1c2a62"),
        palette=(
            "#2378ef",
            "#ffa31f",
            "#7d0928",
            "#54de8b",
            "#004a5d",
            "#cf6584",
            "#8f8c3b",
            "#8021a4",
            "#03826b",
            "#945304",
        ),
    ),
    "dark": Theme(
        paper="#11151c",
        ink="#eef1f5",
        quiet="#c8cfd9",
        faint="#9aa4b2",
        line="#39414d",
        other="#6b7280",
        # slate to teal to pale gold
        scale=("#3d4a72", "#3c688a", "#428698", "#5ba39b", "#8bbd98", "#c2d59d", "#f5ebb5"),
        palette=(
            "#8da0f4",
            "#fea011",
            "#24cb8a",
            "#fdbfc9",
            "#b74cc5",
            "#dde783",
            "#e24803",
            "#a9eafe",
            "#2da0a7",
            "#997950",
        ),
    ),
}


def theme_of(name: str) -> Theme:
    """Give a theme by its name.

    Raises:
        SettingError: there is no such theme.
    """
    if name not in THEMES:
        raise SettingError(f"theme is {name!r}", f"Accepted themes: {', '.join(THEMES)}.")
    return THEMES[name]


def rgb(code: str) -> NDArray[np.float64]:
    """Give the components, 0..1, of a colour written as #rrggbb."""
    return np.array([int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def to_linear(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of sRGB components, both 0..1 (IEC 61966-2-1)."""
    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)


def from_linear(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the sRGB components of light, both 0..1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
