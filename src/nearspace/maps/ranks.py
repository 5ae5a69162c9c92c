"""How far each point's neighbours were torn apart, and how false its neighbours on the map are, by ranks.

Venna and Kaski, Neighborhood preservation in nonlinear projection methods (2001), point by point.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.ranks import PANEL, count_nearer, panels_of
from nearspace.maps.neighbors import threads
from nearspace.protocols import Progress, Quiet

EXACT = 2e10  # multiply-adds of comparing all pairs, up to which no sample is drawn
SAMPLE = 1000  # points that ranks are counted against above that
OVERHEAD = 16  # components that comparing a pair costs beyond its own
BLOCK = 64  # points that a kernel answers at once; their sums stay in the first cache
TASK = 2048  # points that a thread takes at once

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def torn_and_false(
    vectors: Floats,
    coordinates: Floats,
    in_space: Rows,
    in_map: Rows,
    *,
    metric: str = "euclidean",
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> dict[str, Floats]:
    """Give "torn" and "false", (n,) float32 in 0..1 each; 0 is best, 1/2 about that of random coordinates.

    torn of i  = sum over its k nearest in the Space of max(0, rank on the map - k) / most
    false of i = sum over its k nearest on the map of max(0, rank in the Space - k) / most
    most       = k (2n - 3k - 1) / 2, which the k farthest points have

    So near misses hardly count, one minus the mean of
    `false` is the trustworthiness, and one minus that of `torn` the continuity. Ranks are among all points;
    of many points they are estimated against a sample (docs/maps.md has the error).

    Args:
        vectors: (n, d) finite float32; of a cosine Space with length 1.
        coordinates: (n, 2 or 3) float32.
        in_space: (n, k) the nearest in the Space; k < n / 2.
        in_map: (n, k) the nearest on the map.
        metric: one of the metrics of a Space.
        workers: threads; the result does not depend on them.
        progress: shown in rows.
    """
    sample = sample_of(*vectors.shape)
    shared: dict[str, Any] = {"sample": sample, "workers": workers, "progress": progress}
    torn = excess(coordinates, in_space, what="ranks on the map", **shared)
    false = excess(vectors, in_map, product=metric != "euclidean", what="ranks in the space", **shared)
    return {"torn": torn, "false": false}


def sample_of(n: int, d: int, *, asked: int | None = None) -> Rows:
    """Give the ascending rows that ranks among n vectors are counted against, of all of them or some asked.

    All rows, or 1,000 by a fixed seed.
    """
    if n <= SAMPLE or float(n if asked is None else asked) * n * (d + OVERHEAD) <= EXACT:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, SAMPLE, replace=False))


def excess(
    points: Floats,
    near: Rows,
    *,
    asked: Rows | None = None,
    sample: Rows,
    product: bool = False,
    what: str = "ranks",
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Floats:
    """Give how far beyond k the ranks of k other points lie, as a share of the most there can be.

    Args:
        points: (n, d) finite float32.
        near: (q, k) rows of the others.
        asked: (q,) the points whose others they are; None: all points in order.
        sample: (m,) ascending rows that ranks are counted against.
        product: near means a large scalar product; else a small Euclidean distance.
        what: how progress calls it.
        workers: threads; the result does not depend on them.
        progress: shown in rows.

    Returns:
        (q,) float32 in 0..1. Others that are equally near share the better rank.
    """
    (n, d), k = points.shape, near.shape[1]
    flat = np.ascontiguousarray(points, dtype=np.float32).ravel()
    rows = np.arange(n) if asked is None else np.asarray(asked, dtype=np.int64)
    others = np.ascontiguousarray(near, dtype=np.int64)
    panels = panels_of(np.asarray(points, dtype=np.float32)[sample])
    place = np.minimum(np.searchsorted(sample, rows), len(sample) - 1)
    own = np.where(sample[place] == rows, place, -1)
    scale = (n - 1) / (len(sample) - (own >= 0))  # a sampled point stands for so many others
    most = k * (2 * n - 3 * k - 1) / 2
    found = np.empty(len(rows), dtype=np.float32)

    def task(begin: int) -> int:
        end = min(len(rows), begin + TASK)
        some = slice(begin, end)
        mine = (rows[some], others[some], panels, own[some], product)
        limits, room = np.empty((BLOCK, k), np.float32), np.empty((BLOCK + 1) * PANEL, np.float32)
        counts = np.zeros((end - begin, k), dtype=np.int32)
        for at in range(0, end - begin, BLOCK):
            stop = min(end - begin, at + BLOCK)
            count_nearer(flat, d, *mine, at, stop, limits, room, counts)
        beyond = np.maximum(counts * scale[some, None] + 1 - k, 0).sum(axis=1)
        found[some] = np.minimum(beyond / most, 1)
        return end - begin

    with (
        progress.task(what, total=len(rows), unit="rows") as shown,
        ThreadPoolExecutor(threads(workers), thread_name_prefix="ranks") as pool,
    ):
        for done in pool.map(task, range(0, len(rows), TASK)):
            shown.advance(done)
    return found
