"""Pictures of very many points: counted by pixels, coloured by their mean, brighter where there are more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.local import Threads, worker_count
from nearspace.kernels.raster import bin_points, blur
from nearspace.maps.colors import STEPS, Coloring
from nearspace.maps.scene import Scene
from nearspace.maps.themes import from_linear, to_linear

DENSE = 50_000  # points from which pixels are counted instead of drawing each point
BAND = 64  # rows of pixels that are worked on at once
FULL = 255  # weight of a point that is near and trusted
LIGHT = 1023  # of a channel of linear light
PALEST = 0.5  # opacity of a lone point
DOT = 0.7  # standard deviation of a lone point, in pixels of the picture
LEVELS = 4096  # of equalization


@dataclass(frozen=True)
class Density:
    """Counted points.

    Attributes:
        pixels: (height, width, 4) uint8, red, green, blue and opacity, the upper row first.
        most: largest number of points in a pixel.
    """

    pixels: NDArray[np.uint8]
    most: int


def density(
    scene: Scene,
    colors: Coloring,
    nearness: NDArray[np.float64],
    *,
    fine: int = 1,
    workers: int | None = None,
) -> Density:
    """Count the points of a scene by pixels, `fine` of them for one of the scene along each side.

    Colour is the mean of a scale, and the mixture of the light of classes. Opacity grows with the number of
    points, half by its logarithm and half by its rank among all pixels (histogram equalization). A small blur
    makes lone points as large as a dot. Counts are integers, so neither the order of the points nor `workers`
    changes a byte.

    Args:
        scene: the points.
        colors: their colours.
        nearness: (n,) 0..1, how much each point counts.
        fine: pixels of the raster for one of the scene.
        workers: threads.
    """
    width, height = scene.size[0] * fine, scene.size[1] * fine
    x = np.floor(scene.points[:, 0] * fine).astype(np.int32)
    y = np.floor((scene.size[1] - scene.points[:, 1]) * fine).astype(np.int32)
    weights = np.maximum(np.rint(nearness * FULL), 1).astype(np.uint8)
    channels = _channels(colors)
    taps = _taps(scene, fine)
    counts = np.empty((height, width), dtype=np.float32)
    shown = np.empty((height, width, 4), dtype=np.uint8)

    def paint(first: int) -> int:
        rows = slice(first, min(first + BAND, height))
        most, counts[rows], shown[rows, :, :3] = _band(
            (x, y, weights, colors.codes), channels, colors, taps, (rows.start, rows.stop, width)
        )
        return most

    with Threads(worker_count(workers)) as threads:
        most = max(threads.map(paint, range(0, height, BAND)))
    shown[:, :, 3] = np.rint(255 * _opacity(counts, FULL * float(taps.max()) ** 2))
    return Density(shown, -(-most // FULL))


def _channels(colors: Coloring) -> NDArray[np.int64]:
    """(codes, c) what is summed for each code: step and presence on a scale, linear light of classes."""
    if colors.classes:
        return np.rint(to_linear(colors.table) * LIGHT).astype(np.int64)
    steps = np.arange(STEPS + 1)
    return np.stack([np.where(steps < STEPS, steps, 0), steps < STEPS], axis=1).astype(np.int64)


def _taps(scene: Scene, fine: int) -> NDArray[np.float32]:
    """(2 r + 1,) a binomial kernel as wide as a small dot; its sum is 1."""
    width = DOT * max(1.0, scene.unit) * fine
    order = 2 * round(2 * width**2)
    taps = np.array([1.0])
    for _ in range(order):
        taps = np.convolve(taps, [0.5, 0.5])
    return taps.astype(np.float32)


def _band(
    points: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint16]],
    channels: NDArray[np.int64],
    colors: Coloring,
    taps: NDArray[np.float32],
    rows: tuple[int, int, int],
) -> tuple[int, NDArray[np.float32], NDArray[np.uint8]]:
    """Count and blur the rows `first` to `stop` of a picture: most, counts and colours of its pixels."""
    first, stop, width = rows
    reach = len(taps) // 2
    shape = (stop - first + 2 * reach, width)  # with the rows around, which the blur needs
    counted = np.zeros(shape, dtype=np.int64)
    summed = np.zeros((*shape, channels.shape[1]), dtype=np.int64)
    bin_points(*points, channels, first - reach, counted, summed)
    inner = slice(reach, reach + stop - first)
    planes = [counted, *(summed[:, :, channel] for channel in range(channels.shape[1]))]
    between = np.empty(shape, dtype=np.float32)
    blurred = []
    for plane in planes:
        out = np.empty(shape, dtype=np.float32)
        blur(np.ascontiguousarray(plane, dtype=np.float32), taps, between, out)
        blurred.append(out[inner])
    return int(counted[inner].max()), blurred[0], _mean_colors(blurred[0], blurred[1:], colors)


def _mean_colors(
    counts: NDArray[np.float32], sums: list[NDArray[np.float32]], colors: Coloring
) -> NDArray[np.uint8]:
    """(h, w, 3) the colour of the mean of each pixel."""
    if colors.classes:
        light = np.stack([plane / np.maximum(counts, 1e-9) for plane in sums], axis=2) / LIGHT
        return np.rint(from_linear(np.clip(light, 0, 1)) * 255).astype(np.uint8)
    steps, present = sums
    mean = np.rint(steps / np.maximum(present, 1e-9)).astype(np.int64)
    codes = np.where(present > 0, np.minimum(mean, STEPS - 1), STEPS)
    return np.rint(colors.table * 255).astype(np.uint8)[codes]


def _opacity(counts: NDArray[np.float32], lone: float) -> NDArray[np.float32]:
    """(h, w) 0..1 by the blurred counts; `lone` is the middle of a point that is alone."""
    seen = counts > lone / 2
    if not seen.any():
        seen = counts > 0
    logs = np.log(np.maximum(counts, lone / 2) / (lone / 2), dtype=np.float32)
    top = max(float(logs.max()), 1e-6)
    level = np.minimum((logs / top * LEVELS).astype(np.int64), LEVELS - 1)
    pixels = np.bincount(level[seen], minlength=LEVELS)
    rank = (np.cumsum(pixels) - pixels / 2) / pixels.sum()
    strength = (rank[level] + logs / top) / 2
    rim = np.minimum(counts / lone, 1.0)
    faded: NDArray[np.float32] = (rim * (PALEST + (1 - PALEST) * strength)).astype(np.float32)
    return faded
