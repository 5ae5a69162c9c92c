"""Which fonts write the labels, and which characters none of them has."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.optional import require

FIRST = "DejaVu Sans"  # comes with matplotlib, so pictures look the same everywhere
FURTHER = (
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Nirmala UI",
    "Arial Unicode MS",
    "Unifont",
)
MISSING = "□"
LONGEST = 32


@cache
def families() -> tuple[str, ...]:
    """Give the installed fonts to look characters up in, in this order."""
    known = {font.name for font in _manager().fontManager.ttflist}
    return (FIRST, *(name for name in FURTHER if name in known))


@cache
def _covered() -> frozenset[int]:
    """Give the code points that the fonts have."""
    manager = _manager()
    paths = (manager.findfont(manager.FontProperties(family=name)) for name in families())
    return frozenset().union(*(manager.get_font(path).get_charmap() for path in paths))


def writable(text: str, longest: int = LONGEST) -> tuple[str, bool]:
    """Give `text` as a label: one line, of bounded length; and whether the fonts have all its characters.

    A character that no font has becomes an empty box, as a browser would show it.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    covered = _covered()
    shown = "".join(letter if ord(letter) in covered else MISSING for letter in line)
    return shown, shown == line


def measure(
    texts: Sequence[str], points: Sequence[float], renderer: Any, weight: str = "normal"
) -> NDArray[np.float64]:
    """(m, 2) width and height in pixels of each text in type of so many points."""
    manager = _manager()
    sizes = np.empty((len(texts), 2))
    for at, (text, size) in enumerate(zip(texts, points, strict=True)):
        font = manager.FontProperties(family=list(families()), size=size, weight=weight)
        sizes[at] = renderer.get_text_width_height_descent(text, font, False)[:2]
    return sizes


def _manager() -> Any:
    return require("matplotlib.font_manager", extra="maps", purpose="drawing a map")
