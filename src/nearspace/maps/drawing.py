"""Pictures of maps, PNG, SVG and PDF: colour is trust, size is frequency, and labels do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, OutputError, SettingError
from nearspace.keys import Keys
from nearspace.maps.captions import Caption, captions
from nearspace.maps.colors import Coloring, coloring
from nearspace.maps.density import DENSE, density
from nearspace.maps.dots import DPI, draw_dots, presence
from nearspace.maps.files import write_atomically
from nearspace.maps.fonts import families
from nearspace.maps.header import draw_header, plan_header
from nearspace.maps.region_captions import LEADING, POINT, RegionName, region_names
from nearspace.maps.scene import Scene, arrange
from nearspace.maps.themes import Theme, theme_of
from nearspace.maps.thumbnails import thumbnails as place_thumbnails
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map, Regions

# suffix -> what keeps dates and programs out of the file, and pixels of a raster for one of the picture
KINDS: dict[str, tuple[dict[str, None], int]] = {
    ".png": ({"Software": None}, 1),
    ".svg": ({"Date": None}, 2),
    ".pdf": ({"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None}, 2),
}
SUFFIXES = tuple(KINDS)
FEWEST_PIXELS = 480
STYLE = {
    "svg.hashsalt": "nearspace",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "pdf.use14corefonts": False,
    "path.simplify": False,
}
HALO = 2.2  # pixels of paper around each label


@dataclass(frozen=True)
class Wishes:
    """How a picture should be; `figure` explains them."""

    labels: int | Sequence[str] | None
    color: str
    title: str | None
    size: tuple[int, int]
    view: tuple[float, float]
    theme: str
    fade: bool
    thumbnails: str | None
    images: str | Path | None


def draw(
    laid_out: Map,
    path: str | Path,
    *,
    labels: int | Sequence[str] | None = None,
    color: str = "trust",
    title: str | None = None,
    size: tuple[int, int] = (1400, 1200),
    view: tuple[float, float] = (-60.0, 12.0),
    theme: str = "light",
    fade: bool = False,
    thumbnails: str | None = None,
    images: str | Path | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Path:
    """Draw a Map as PNG, SVG or PDF, by the suffix of `path`; an existing file is replaced.

    See `figure` for the other arguments. The same Map and arguments give the same bytes with the same
    versions of matplotlib and of the fonts.

    Raises:
        SettingError: the suffix is none of `SUFFIXES`, or a setting is out of range.
        InputError: the map has no point with finite coordinates.
        OutputError: the file cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in KINDS:
        raise SettingError(
            f"a map is drawn as {', '.join(SUFFIXES)}, not as {target.name!r}",
            f"Name it {target.stem or 'map'}.png, or save the coordinates as {target.stem or 'map'}.parquet.",
        )
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder", "Give a file name in it.")
    matplotlib = require("matplotlib", extra="maps", purpose="drawing a map")
    metadata, fine = KINDS[suffix]
    wishes = Wishes(labels, color, title, size, view, theme, fade, thumbnails, images)
    drawn = _compose(laid_out, wishes, fine, progress)
    with matplotlib.rc_context(STYLE):
        write_atomically(
            target, lambda partial: drawn.savefig(partial, format=suffix[1:], dpi=DPI, metadata=metadata)
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
    theme: str = "light",
    fade: bool = False,
    thumbnails: str | None = None,
    images: str | Path | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Any:
    """Give the picture of a Map as a matplotlib Figure, which no global state knows.

    Args:
        laid_out: the Map.
        labels: at most how many points to name, 0 for none, or exactly these keys; by default as many as can
            be read. Of all points the trusted and frequent ones come first. A label that finds no place is
            left out.
        color: "trust", one of its details, or the name of a metadata column (numbers, dates or classes).
        title: the first line; by default the name of the Space.
        size: width and height in pixels; text and points grow more slowly, so a larger picture shows more.
        view: of three dimensions: azimuth and elevation of the eye, in degrees.
        theme: "light" or "dark".
        fade: let points fade as far as they cannot be trusted.
        thumbnails: a column of paths of pictures to draw in place of points, where there is room; "key" if
            the keys are the paths.
        images: the folder that these paths are relative to; nothing outside of it is opened.
        progress: is told what could not be drawn.

    Raises:
        SettingError: a setting is out of range.
        InputError: the map has no point with finite coordinates.
        MissingInputError: the folder of images does not exist.
        UnknownKeyError: one of the labels is not a key of the Map.
        MissingExtraError: matplotlib is not installed.
    """
    wishes = Wishes(labels, color, title, size, view, theme, fade, thumbnails, images)
    return _compose(laid_out, wishes, 1, progress)


def _compose(laid_out: Map, wishes: Wishes, fine: int, progress: Progress) -> Any:
    """Draw everything, rasters with `fine` pixels for one of the picture."""
    figures = require("matplotlib.figure", extra="maps", purpose="drawing a map")
    agg = require("matplotlib.backends.backend_agg", extra="maps", purpose="drawing a map")
    theme, size = theme_of(wishes.theme), wishes.size
    _check(wishes)
    laid_out, labels = _finite(laid_out, wishes.labels, progress)
    colors = coloring(laid_out, wishes.color, theme)
    drawn = figures.Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=theme.paper)
    renderer = agg.FigureCanvasAgg(drawn).get_renderer()
    dense = len(laid_out) > DENSE
    shade = f"{'darker' if wishes.theme == 'light' else 'brighter'}: more points" if dense else ""
    header = plan_header(laid_out, colors, wishes.title, size, renderer, shade)
    scene = arrange(laid_out, size, wishes.view, header.height)
    paper = drawn.add_axes((0, 0, 1, 1))
    paper.set_axis_off()
    taken = np.zeros((size[1], size[0]), dtype=bool)
    regions = region_names(laid_out, scene, taken, renderer)
    _draw_box(paper, scene, theme)
    hidden = _draw_thumbnails(paper, laid_out, scene, wishes, colors, taken, theme, fine, progress)
    named = captions(laid_out, scene, labels, taken, renderer, progress)
    strength = presence(scene, laid_out.trust if wishes.fade else None)
    _draw_points(paper, scene, colors, strength, [caption.row for caption in named], hidden, theme, fine)
    _draw_regions(paper, scene, regions, theme)
    _draw_captions(paper, scene, named, theme)
    draw_header(paper, header, colors, theme, size)
    paper.set(xlim=(0, size[0]), ylim=(0, size[1]), aspect="auto")
    return drawn


def _check(wishes: Wishes) -> None:
    if len(wishes.size) != 2 or min(wishes.size) < FEWEST_PIXELS:
        raise SettingError(
            f"size is {wishes.size!r}", f"Give width and height of at least {FEWEST_PIXELS} pixels."
        )
    if (wishes.thumbnails is None) != (wishes.images is None):
        given = "thumbnails" if wishes.images is None else "images"
        raise SettingError(
            f"{given} is given alone",
            "Give thumbnails, a column of paths, and images, the folder that they are relative to.",
        )


def _finite(
    laid_out: Map, labels: int | Sequence[str] | None, progress: Progress
) -> tuple[Map, int | Sequence[str] | None]:
    """Leave points out that have no place, and their labels."""
    placed: NDArray[np.bool_] = np.isfinite(laid_out.coordinates).all(axis=1)  # type: ignore[assignment]
    if placed.all() and len(placed):
        return laid_out, labels
    rows = np.flatnonzero(placed)
    if not len(rows):
        raise InputError(
            "the map has no point with finite coordinates", "Lay the Space out again, or give more rows."
        )
    progress.note(f"{len(placed) - len(rows):,} points have no finite coordinates and are left out")
    if labels is not None and not isinstance(labels, int | str):
        asked = laid_out.keys.rows(labels)
        labels = laid_out.keys.names(asked[placed[asked]])
    smaller = replace(
        laid_out,
        keys=Keys(laid_out.keys.names(rows)),
        coordinates=laid_out.coordinates[rows],
        trust=laid_out.trust[rows],
        columns={name: np.asarray(values)[rows] for name, values in laid_out.columns.items()},
        details={name: values[rows] for name, values in laid_out.details.items()},
        regions=tuple(Regions(level.labels[rows], level.names, level.terms) for level in laid_out.regions),
    )
    return smaller, labels


def _draw_box(paper: Any, scene: Scene, theme: Theme) -> None:
    """Draw the box around three dimensions; its far edges are fainter."""
    for edge, depth in zip(scene.edges, scene.edge_depth.tolist(), strict=True):
        width = (1.4 - depth) * scene.unit
        paper.plot(
            edge[:, 0], edge[:, 1], color=theme.line, linewidth=width, zorder=0, solid_capstyle="round"
        )


def _draw_thumbnails(
    paper: Any,
    laid_out: Map,
    scene: Scene,
    wishes: Wishes,
    colors: Coloring,
    taken: NDArray[np.bool_],
    theme: Theme,
    fine: int,
    progress: Progress,
) -> NDArray[np.int64]:
    """Draw the pictures of points, if they are asked for, and give the rows of these points."""
    if wishes.thumbnails is None or wishes.images is None:
        return np.empty(0, dtype=np.int64)
    source = (wishes.thumbnails, wishes.images)
    small = place_thumbnails(laid_out, scene, source, colors.rgb, taken, theme, progress, fine=fine)
    _lay(paper, small.pixels, scene.size, 1.3)
    return small.rows


def _draw_points(
    paper: Any,
    scene: Scene,
    colors: Coloring,
    strength: NDArray[np.float64],
    named: list[int],
    hidden: NDArray[np.int64],
    theme: Theme,
    fine: int,
) -> None:
    """Draw all points but the hidden ones; named ones above the others, with a rim of ink."""
    special = np.setdiff1d(np.array(named, dtype=np.int64), hidden)
    plain = np.ones(len(scene.points), dtype=bool)
    if len(plain) > DENSE:
        _lay(paper, density(scene, colors, strength, fine=fine).pixels, scene.size, 1)
    else:
        plain[special] = plain[hidden] = False
        rows = np.flatnonzero(plain)
        draw_dots(paper, scene, rows, colors.rgb[rows], strength[rows], theme)
    draw_dots(paper, scene, special, colors.rgb[special], strength[special], theme, rimmed=True)


def _lay(paper: Any, pixels: NDArray[np.uint8], size: tuple[int, int], height: float) -> None:
    """Lay a raster of the whole picture on the paper, pixel by pixel."""
    paper.imshow(
        pixels,
        extent=(0, size[0], 0, size[1]),
        aspect="auto",
        interpolation="none",
        zorder=height,
        origin="upper",
    )


def _draw_regions(paper: Any, scene: Scene, names: list[RegionName], theme: Theme) -> None:
    """Write the names of regions."""
    for name in names:
        first = name.middle[1] + (len(name.lines) - 1) / 2 * LEADING * name.points * POINT
        for number, line in enumerate(name.lines):
            place = (name.middle[0], first - number * LEADING * name.points * POINT)
            _write(
                paper, place, line, name.points, theme.quiet, theme, scene.unit * 1.5,
                label=f"region:{name.region}", ha="center", va="center_baseline",
            )  # fmt: skip


def _draw_captions(paper: Any, scene: Scene, named: list[Caption], theme: Theme) -> None:
    """Write the labels."""
    for caption in named:
        _write(
            paper, caption.corner, caption.text, caption.points, theme.ink, theme, scene.unit,
            label=f"label:{caption.row}", ha="left", va="bottom",
        )  # fmt: skip


def _write(
    paper: Any,
    place: tuple[float, float],
    text: str,
    points: float,
    color: str,
    theme: Theme,
    unit: float,
    *,
    label: str,
    **how: Any,
) -> None:
    """Write a text over a rim of paper, so that points do not run into it.

    The rim is an artist of its own: text with effects would be outlines in a PDF, and could not be searched.
    """
    effects = require("matplotlib.patheffects", extra="maps", purpose="drawing a map")
    how = {"size": points, "family": list(families()), "parse_math": False, "usetex": False, **how}
    rim = [effects.Stroke(linewidth=HALO * unit, foreground=theme.paper, alpha=0.85)]
    paper.text(*place, text, color=theme.paper, path_effects=rim, zorder=2, label=f"rim:{label}", **how)
    paper.text(*place, text, color=color, zorder=2.1, label=label, **how)
