"""Pictures of maps, PNG and SVG: colour is trust, size is frequency, and labels do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import OutputError, SettingError
from nearspace.maps.captions import Caption, captions
from nearspace.maps.colors import INK, LINE, PAPER, coloring, rgb
from nearspace.maps.files import write_atomically
from nearspace.maps.fonts import families
from nearspace.maps.header import draw_header
from nearspace.maps.scene import Scene, arrange
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map

SUFFIXES = (".png", ".svg")
DPI = 100
FEWEST_PIXELS = 480
STYLE = {"svg.hashsalt": "nearspace", "svg.fonttype": "path", "path.simplify": False}
HALO = 2.2  # pixels of paper around each label
LAYERS = 12  # of depth, in which points are drawn
STEP = 0.06  # of the logarithm of the radius, between sizes of points
FOG = 0.6  # how much the farthest point of three dimensions fades


def draw(
    laid_out: Map,
    path: str | Path,
    *,
    labels: int | Sequence[str] | None = None,
    color: str = "trust",
    title: str | None = None,
    size: tuple[int, int] = (1400, 1200),
    view: tuple[float, float] = (-60.0, 12.0),
    progress: Progress = Quiet(),  # noqa: B008
) -> Path:
    """Draw a Map as PNG or SVG, by the suffix of `path`; an existing file is replaced.

    See `figure` for the other arguments. The same Map and arguments give the same bytes with the same
    versions of matplotlib and of the fonts.

    Raises:
        SettingError: the suffix is neither .png nor .svg, or a setting is out of range.
        OutputError: the file cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise SettingError(
            f"a map is drawn as {' or '.join(SUFFIXES)}, not as {target.name!r}",
            f"Name it {target.stem or 'map'}.png, or save the coordinates as {target.stem or 'map'}.parquet.",
        )
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder", "Give a file name in it.")
    matplotlib = require("matplotlib", extra="maps", purpose="drawing a map")
    drawn = figure(laid_out, labels=labels, color=color, title=title, size=size, view=view, progress=progress)
    kind = target.suffix.lower()[1:]
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context(STYLE):
        write_atomically(
            target, lambda partial: drawn.savefig(partial, format=kind, dpi=DPI, metadata=metadata)
        )
    return target


def figure(
    laid_out: Map,
    *,
    labels: int | Sequence[str] | None = None,
    color: str = "trust",
    title: str | None = None,
    size: tuple[int, int] = (1400, 1200),
    view: tuple[float, float] = (-60.0, 12.0),
    progress: Progress = Quiet(),  # noqa: B008
) -> Any:
    """Give the picture of a Map as a matplotlib Figure, which no global state knows.

    Args:
        laid_out: the Map.
        labels: at most how many points to name, 0 for none, or exactly these keys; by default as many as can
            be read. Of all points the trusted and frequent ones come first. A label that finds no place is
            left out.
        color: "trust", or the name of a metadata column (numbers or classes).
        title: the first line; by default the name of the Space.
        size: width and height in pixels; text and points grow more slowly, so a larger picture shows more.
        view: of three dimensions: azimuth and elevation of the eye, in degrees.
        progress: is told what could not be drawn.

    Raises:
        SettingError: a setting is out of range.
        UnknownKeyError: one of the labels is not a key of the Map.
        MissingExtraError: matplotlib is not installed.
    """
    figures = require("matplotlib.figure", extra="maps", purpose="drawing a map")
    agg = require("matplotlib.backends.backend_agg", extra="maps", purpose="drawing a map")
    if len(size) != 2 or min(size) < FEWEST_PIXELS:
        raise SettingError(f"size is {size!r}", f"Give width and height of at least {FEWEST_PIXELS} pixels.")
    drawn = figures.Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=PAPER)
    renderer = agg.FigureCanvasAgg(drawn).get_renderer()
    paper = drawn.add_axes((0, 0, 1, 1))
    paper.set_axis_off()
    scene = arrange(laid_out, size, view)
    colors = coloring(laid_out, color)
    named = captions(laid_out, scene, labels, renderer, progress)
    _draw_box(paper, scene)
    _draw_points(paper, scene, colors.rgb, {caption.row for caption in named})
    _draw_captions(paper, scene, named)
    draw_header(paper, laid_out, scene, colors, title, renderer)
    paper.set(xlim=(0, size[0]), ylim=(0, size[1]), aspect="auto")
    return drawn


def _draw_box(paper: Any, scene: Scene) -> None:
    """Draw the box around three dimensions; its far edges are fainter."""
    for edge, depth in zip(scene.edges, scene.edge_depth.tolist(), strict=True):
        width = (1.4 - depth) * scene.unit
        paper.plot(edge[:, 0], edge[:, 1], color=LINE, linewidth=width, zorder=0, solid_capstyle="round")


def _draw_points(paper: Any, scene: Scene, colors: NDArray[np.float64], named: set[int]) -> None:
    """Draw all points, far before near, small before large; named ones above the others, with a rim of ink.

    Points of like depth and size are drawn together, which makes an SVG several times smaller.
    """
    fade = (FOG * scene.depth)[:, None]
    shown = colors * (1 - fade) + np.array(rgb(PAPER)) * fade
    near = np.floor((1 - scene.depth) * LAYERS).astype(int)
    size = np.rint(np.log(scene.radii) / STEP).astype(int)
    rim = np.isin(np.arange(len(scene.points)), list(named)).astype(int)
    layers, layer_of = np.unique(np.stack([near, rim, size], axis=1), axis=0, return_inverse=True)
    for number, (_, has_rim, level) in enumerate(layers.tolist()):
        rows = np.flatnonzero(layer_of == number)[::-1]
        paper.scatter(
            scene.points[rows, 0],
            scene.points[rows, 1],
            s=(2 * np.exp(level * STEP) * 72 / DPI) ** 2,
            c=shown[rows],
            linewidths=(0.8 if has_rim else 0.35) * scene.unit,
            edgecolors=INK if has_rim else PAPER,
            zorder=1,
        )


def _draw_captions(paper: Any, scene: Scene, named: list[Caption]) -> None:
    """Write the labels, each with a rim of paper so that points do not run into it."""
    effects = require("matplotlib.patheffects", extra="maps", purpose="drawing a map")
    halo = [effects.withStroke(linewidth=HALO * scene.unit, foreground=PAPER, alpha=0.85)]
    for caption in named:
        paper.text(
            *caption.corner,
            caption.text,
            size=caption.points,
            color=INK,
            family=list(families()),
            parse_math=False,
            va="bottom",
            ha="left",
            path_effects=halo,
            zorder=2,
            label=f"label:{caption.row}",
        )
