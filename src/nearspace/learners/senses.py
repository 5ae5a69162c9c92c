"""Senses of a word: clusters of its occurrences, as many as stand out from one cloud of the same spread.

The vectors of a word's occurrences, less their mean, are reduced to their main directions and clustered by
spherical k-means. The mean silhouette (Rousseeuw 1987) of k clusters is held against that of draws from a
normal distribution with the same covariance, which has one cluster by construction (as in Liu and others:
Statistical Significance of Clustering, 2008). The numbers of clusters that exceed the draws by enough are
gone through, the smallest first of those that exceed them by about the most; the first whose clusters come
again in halves of the occurrences is taken. Where there is none, the word has one sense.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.kernels.kmeans import spherical_kmeans

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

_RESTARTS = 5
_NEAR = 0.8  # of the largest excess: fewer senses are taken if they come so near to it
_SURE = 3.0  # standard deviations of the draws


@dataclass(frozen=True)
class Senses:
    """How senses are found.

    Attributes:
        most: senses of a word at most.
        least: occurrences of a sense at least.
        excess: how far the mean silhouette must exceed that of one cloud of the same spread; larger: fewer
            senses.
        steady: stability of each sense at least (the bar of Tibshirani and Walther's prediction strength).
        dims: main directions that are kept.
        draws: of the cloud.
        resamples: clusterings of half of the occurrences, for the stability.

    Raises:
        SettingError: a setting is out of its range.
    """

    most: int = 6
    least: int = 8
    excess: float = 0.07
    steady: float = 0.8
    dims: int = 20
    draws: int = 8
    resamples: int = 10

    def __post_init__(self) -> None:
        for name, least in (("most", 1), ("least", 2), ("dims", 2), ("draws", 2), ("resamples", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"{name} is {getattr(self, name)}", f"It is at least {least}.")
        for name in ("excess", "steady"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} is {getattr(self, name)}", "It is a number from 0 to 1.")


@dataclass(frozen=True, eq=False)
class Found:
    """The senses of one word.

    Attributes:
        labels: (n,) number of the sense of each occurrence, from 0, the most frequent first.
        silhouettes: (n,) float32 in -1..1, how much nearer to its own sense than to the next; 0 for
            one sense.
        stability: (n,) float32 in 0..1, share of the clusterings of half of the occurrences in which it was
            in the same sense; 1 for one sense.
        tried: by number of senses: the mean silhouette, and the mean of the draws from one cloud.
    """

    labels: Labels
    silhouettes: Vectors
    stability: Vectors
    tried: dict[int, tuple[float, float]]

    @property
    def count(self) -> int:
        """How many senses."""
        return int(self.labels.max(initial=-1)) + 1


def find_senses(vectors: Vectors, settings: Senses = Senses(), *, seed: int = 1, name: str = "") -> Found:
    """Find the senses of a word from the (n, d) vectors of its occurrences.

    The same vectors, seed and `name` (of the word, its random stream) give the same senses.
    """
    if not len(vectors):
        return Found(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32), {})
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    points, spread = reduced(vectors, settings.dims)
    tried: dict[int, tuple[float, float]] = {}
    good: dict[int, tuple[float, Labels]] = {}
    for k in range(2, settings.most + 1):
        if len(points) < max(2 * settings.least, k * settings.least) or points.shape[1] < 2:
            break
        labels = spherical_kmeans(points, k, random, restarts=_RESTARTS)
        reached = float(silhouettes(points, labels).mean())
        clouds = [_cloud(len(points), spread, k, random) for _ in range(settings.draws)]
        by_chance = float(np.mean(clouds))
        tried[k] = (round(reached, 4), round(by_chance, 4))
        sizes = np.bincount(labels, minlength=k)
        if sizes.min() >= settings.least and reached > by_chance + _SURE * float(np.std(clouds)):
            good[k] = (reached - by_chance, labels)
    best = max((excess for excess, _ in good.values()), default=0.0)
    near = [k for k, (excess, _) in good.items() if excess >= _NEAR * best]
    for k in (*near, *sorted(set(good) - set(near), key=lambda k: -good[k][0])):
        if good[k][0] < settings.excess:
            continue
        labels = _by_size(good[k][1])
        steady = _stability(points, labels, settings.resamples, random)
        if (np.bincount(labels, steady) / np.bincount(labels)).min() >= settings.steady:
            return Found(labels, silhouettes(points, labels).astype(np.float32), steady, tried)
    n = len(points)
    return Found(np.zeros(n, np.int64), np.zeros(n, np.float32), np.ones(n, np.float32), tried)


def reduced(vectors: Vectors, dims: int) -> tuple[Vectors, NDArray[np.float64]]:
    """Give the (n, p) unit vectors of the main directions, and the (p,) standard deviations along them."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    kept = min(dims, int((lengths > 1e-6 * max(lengths[0], 1e-12)).sum())) if len(lengths) else 0
    signs = np.where(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])] < 0, -1.0, 1.0)
    points = (left * signs * lengths)[:, :kept]
    return _unit(points), lengths[:kept] / np.sqrt(max(1, len(vectors)))


def silhouettes(points: Vectors, labels: Labels) -> NDArray[np.float64]:
    """(n,) silhouettes by cosine distance, exact: mean distances come from the sums of the clusters.

    s = (b - a) / max(a, b), a the mean distance to the others of the own cluster, b the least mean
    distance to another cluster; 0 for a cluster of one.
    """
    k, rows = int(labels.max(initial=0)) + 1, np.arange(len(points))
    members = np.eye(k)[labels]
    sizes = members.sum(axis=0)
    apart = sizes - points.astype(np.float64) @ (points.T @ members)  # sums of distances to each cluster
    own = apart[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    means = apart / np.maximum(sizes, 1)
    means[rows, labels] = np.inf
    other = means.min(axis=1)
    scores = (other - own) / np.maximum(np.maximum(own, other), 1e-12)
    return np.asarray(np.where((sizes[labels] > 1) & np.isfinite(other), scores, 0.0))


def _cloud(count: int, spread: NDArray[np.float64], k: int, random: np.random.Generator) -> float:
    """Mean silhouette of k clusters of one normal cloud."""
    points = _unit(random.standard_normal((count, len(spread))) * spread)
    return float(silhouettes(points, spherical_kmeans(points, k, random, restarts=_RESTARTS)).mean())


def _stability(points: Vectors, labels: Labels, resamples: int, random: np.random.Generator) -> Vectors:
    k, same = int(labels.max()) + 1, np.zeros(len(points))
    for _ in range(resamples):
        half = random.permutation(len(points))[: max(k, len(points) // 2)]
        found = spherical_kmeans(points[half], k, random, restarts=_RESTARTS)
        sums = np.eye(k)[found].T @ points[half]
        nearest = (points @ _unit(sums).T).argmax(axis=1)
        same += _matched(nearest, labels, k) == labels
    return np.asarray(same / resamples, dtype=np.float32)


def _matched(found: Labels, labels: Labels, k: int) -> Labels:
    """Number clusters like the senses that they share most occurrences with, the largest share first."""
    table = np.zeros((k, k))
    np.add.at(table, (found, labels), 1)
    names = np.zeros(k, dtype=np.int64)
    for _ in range(k):
        one, sense = np.unravel_index(int(table.argmax()), table.shape)
        names[one] = sense
        table[one], table[:, sense] = -1, -1
    return np.asarray(names[found])


def _by_size(labels: Labels) -> Labels:
    """Number the clusters by size, of equal ones by their first member."""
    numbers, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    new = np.empty(len(numbers), dtype=np.int64)
    new[order] = np.arange(len(numbers))
    return np.asarray(new[np.searchsorted(numbers, labels)])


def _unit(points: NDArray[np.floating]) -> Vectors:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 0, lengths, 1), dtype=np.float32)
