"""The labels of a picture: which points are named, how large the names are, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.maps.fonts import measure, writable
from nearspace.maps.labels import place_labels
from nearspace.maps.scene import Scene
from nearspace.protocols import Progress
from nearspace.results import Map

ROOM = 10_000  # square units of the picture for each label
TRIED = 8  # labels that are measured for each that can be written
POINTS = 8.5  # size of a label's type, in points
MANY = 100_000  # points whose rims are not looked at
EDGE = 6  # pixels between a label and the edge of the picture


@dataclass(frozen=True)
class Caption:
    """One label: the row it names, its text, its lower left corner in pixels and its type size in points."""

    row: int
    text: str
    corner: tuple[float, float]
    points: float


def captions(
    laid_out: Map,
    scene: Scene,
    labels: int | Sequence[str] | None,
    taken: NDArray[np.bool_],
    renderer: Any,
    progress: Progress,
) -> list[Caption]:
    """Choose, measure and place the labels (see `nearspace.maps.drawing.figure` for `labels`).

    `taken`: (height, width) pixels that are occupied, from the lower left; those of the labels are marked.
    """
    rows, at_most = _rows(laid_out, scene, labels)
    if not len(rows):
        return []
    written = [writable(laid_out.keys[int(row)]) for row in rows]
    points = POINTS * scene.unit * (1.25 - 0.5 * scene.depth[rows])
    sizes = measure([text for text, _ in written], points.tolist(), renderer)
    edge = round(EDGE * scene.unit)
    area = (scene.size[0] - 2 * edge, int(scene.size[1] - scene.header) - edge)
    corners = place_labels(
        scene.points[rows] - edge,
        sizes,
        _crowd(scene) - edge,
        area,
        scene.radii[rows] + 2.5 * scene.unit,
        padding=3.5 * scene.unit,
        at_most=at_most,
        taken=taken[edge:, edge:],
    )
    placed = np.flatnonzero(np.isfinite(corners[:, 0]))
    _tell(progress, labels, [written[at] for at in placed], len(rows) - len(placed))
    return [
        Caption(int(rows[at]), written[at][0], (corners[at, 0] + edge, corners[at, 1] + edge), points[at])
        for at in placed
    ]


def _rows(
    laid_out: Map, scene: Scene, labels: int | Sequence[str] | None
) -> tuple[NDArray[np.int64], int | None]:
    """Give the rows to name, most important first, and how many of them at most."""
    if labels is not None and not isinstance(labels, int):
        if isinstance(labels, str):
            raise SettingError(f"labels is {labels!r}", "Give a list of keys, or how many to write.")
        return laid_out.keys.rows(labels), None
    if labels is not None and labels < 0:
        raise SettingError(f"labels is {labels!r}", "Give how many labels to write at most, or 0 for none.")
    at_most = labels
    if at_most is None:
        at_most = int(scene.size[0] * scene.size[1] / (ROOM * scene.unit**2))
    n = len(laid_out)
    early = 1 - np.arange(n) / n
    importance = 0.5 * early + laid_out.trust - 0.3 * scene.depth
    return np.argsort(-importance, kind="stable")[: at_most * TRIED].astype(np.int64), at_most


def _crowd(scene: Scene) -> NDArray[np.float64]:
    """(5 n, 2) the middles of the points and four places on the rim of each; of many only the middles."""
    if len(scene.points) > MANY:
        return scene.points
    rim = 0.7 * scene.radii[:, None]
    sides = [rim * np.array(side) for side in ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))]
    return np.concatenate([scene.points + side for side in sides])


def _tell(
    progress: Progress, labels: int | Sequence[str] | None, written: list[tuple[str, bool]], unplaced: int
) -> None:
    """Note labels that are not written as asked."""
    boxes = [text for text, whole in written if not whole]
    if boxes:
        progress.note(
            f"{len(boxes)} labels have characters that no installed font has, drawn as boxes "
            f"(first: {boxes[0]}); a font such as Noto Sans CJK would write them"
        )
    if unplaced and labels is not None and not isinstance(labels, int):
        progress.note(f"{unplaced} of the labels found no free place; a larger size has room for more")
