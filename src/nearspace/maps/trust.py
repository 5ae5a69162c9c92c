"""How far a map can be believed: shared neighbours per point, trustworthiness, and their summary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.maps.knn_graph import KnnGraph
from nearspace.maps.neighbors import neighbors_in_map, neighbors_in_space
from nearspace.maps.ranks import torn_and_false
from nearspace.protocols import Progress, Quiet
from nearspace.results import Map, Measure

K = 10
BLOCK = 512
MOST_VALUES = 2_000  # distinct values that are resampled
RESAMPLES = 2000


def trust_per_point(
    vectors: NDArray[np.float32],
    coordinates: NDArray[np.float32],
    *,
    k: int = K,
    metric: str = "euclidean",
    graph: KnnGraph | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> NDArray[np.float32]:
    """Give the share of each point's k nearest in the map that are also among its k nearest in the Space.

    The arguments are those of `judge`.

    Returns:
        (n,) float32 in 0..1; a random map has k / (n - 1) on average.
    """
    space, near = _both(vectors, coordinates, k, metric, graph, workers, progress)
    return shared(space, near)


def judge(
    vectors: NDArray[np.float32],
    coordinates: NDArray[np.float32],
    *,
    k: int = K,
    metric: str = "euclidean",
    graph: KnnGraph | None = None,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Give the trust of each point, and beside it "torn" and "false" (`ranks.torn_and_false`).

    Without a graph every pair is looked at, so the time grows with n squared.

    Args:
        vectors: (n, d) float32; of a cosine Space with length 1.
        coordinates: (n, 2 or 3) float32.
        k: neighbours a point, less than n / 2.
        metric: one of the metrics of a Space; it says what is near in the Space.
        graph: the k nearest by that metric, if they are known.
        workers: threads; the result does not depend on them.
        progress: shown in rows.
    """
    space, near = _both(vectors, coordinates, k, metric, graph, workers, progress)
    details = torn_and_false(
        vectors, coordinates, space, near, metric=metric, workers=workers, progress=progress
    )
    return shared(space, near), details


def _both(
    vectors: NDArray[np.float32],
    coordinates: NDArray[np.float32],
    k: int,
    metric: str,
    graph: KnnGraph | None,
    workers: int | None,
    progress: Progress,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n, k) rows of the nearest in the Space, and of the nearest on the map."""
    if graph is None:
        space, _ = neighbors_in_space(vectors, k, metric=metric, workers=workers, progress=progress)
    else:
        space = graph.rows
    return space, neighbors_in_map(coordinates, k, workers=workers, progress=progress)


def shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, k) and (n, k) rows -> (n,) float32, the share of k that both name."""
    share = np.empty(len(a), dtype=np.float32)
    for start in range(0, len(a), BLOCK):
        same = a[start : start + BLOCK, :, None] == b[start : start + BLOCK, None, :]
        share[start : start + BLOCK] = same.any(axis=2).mean(axis=1)
    return share


def neighbors_to_compare(n: int, k: int = K) -> int:
    """Give the k to use for n points: `k`, or half of the other points if that is less (but at least one)."""
    return max(1, min(k, (n - 1) // 2))


def summary(laid_out: Map, *, seed: int = 1) -> Measure:
    """Give the mean trust of a Map with its 95 % bootstrap interval and chance as the baseline.

    How often each distinct value comes in a bootstrap sample follows a multinomial distribution, so this
    costs the same for a thousand points and a million. Where there are thousands of distinct values the mean
    is as good as normal, and the interval is taken from the standard error.
    """
    values, counts = np.unique(laid_out.trust.astype(np.float64), return_counts=True)
    n = len(laid_out)
    if len(values) > MOST_VALUES:
        spread = 1.96 * float(laid_out.trust.std(dtype=np.float64)) / np.sqrt(n)
        low, high = values @ counts / n - spread, values @ counts / n + spread
    else:
        drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=RESAMPLES)
        low, high = np.quantile(drawn @ values / n, [0.025, 0.975])
    return Measure(
        name="map.trust",
        value=float(values @ counts / n),
        low=float(low),
        high=float(high),
        baseline={"chance": laid_out.chance},
        n=n,
    )


def trustworthiness(vectors: NDArray[np.float32], coordinates: NDArray[np.float32], *, k: int = K) -> float:
    """Give the trustworthiness of a map under Euclidean distances (Venna and Kaski 2001), 0..1.

    T = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j near i in the map, not in the space} (rank of j from i - k)

    Swap the arguments (any two sets of points will do) for the continuity. Needs k < n / 2; equally far rows
    share the better rank.
    """
    n = len(vectors)
    near = (
        neighbors_in_map(coordinates, k)
        if coordinates.shape[1] <= 3
        else neighbors_in_space(coordinates, k)[0]
    )
    points = np.asarray(vectors, dtype=np.float64)
    squares = np.einsum("nd,nd->n", points, points)
    penalty = 0.0
    for start in range(0, n, BLOCK):
        some = slice(start, start + BLOCK)
        distances = squares[some, None] + squares - 2 * (points[some] @ points.T)
        own = np.arange(len(distances))
        distances[own, start + own] = -np.inf
        reached = np.take_along_axis(distances, near[some], axis=1)
        distances.sort(axis=1)
        for row in own:
            ranks = np.searchsorted(distances[row], reached[row])
            penalty += float(np.maximum(ranks - k, 0).sum())
    return 1.0 - 2.0 * penalty / (n * k * (2 * n - 3 * k - 1))
