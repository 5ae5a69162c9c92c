"""t-SNE: neighbours stay neighbours (van der Maaten and Hinton 2008), our own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.maps.affinities import affinities
from nearspace.maps.barnes_hut import barnes_hut
from nearspace.maps.descent import EXAGGERATION, Descent
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.neighbors import threads
from nearspace.maps.pca import PCA, check_dim
from nearspace.maps.repulsion import ExactRepulsion, GridRepulsion, Repulsion
from nearspace.protocols import Progress, Quiet

FEWEST = 8  # points; below this no perplexity makes sense
# dim -> points from which a grid (2-D) or a tree (3-D) is faster than all pairs (docs/decisions/tsne.md)
MANY = {2: 6_000, 3: 60_000}
NEIGHBORS = 3  # neighbours per unit of perplexity, as in van der Maaten 2014
SPREAD = 1e-4  # standard deviation of the first axis at the start
BLOCK = 8192
JITTER = 1e-2  # seeded noise at the start, as a share of SPREAD: equal vectors must not start as one point


@dataclass(frozen=True)
class TSNE:
    """Lay vectors out so that each point's neighbours in the Space are near it on the map.

    The same seed gives the same bytes for any number of workers: neighbours are exact, the start is PCA plus
    seeded noise, and each point sums its own forces in a fixed order. Distances are Euclidean, so
    rows of cosine Spaces should come with length 1 (`map_space` sees to it). On the result, distances between
    far clusters and sizes of clusters mean little.

    Attributes:
        dim: 2 or 3.
        perplexity: how many neighbours count for a point, roughly; at least 2. n points allow (n - 1) / 3; a
            larger value is lowered to that, which `effective_perplexity` tells and a Map records.
        iterations: steps of gradient descent after the start.
        start_iterations: first steps, in which attraction is 12 times as strong, so clusters can form.
        seed: of the noise at the start.

    Raises:
        SettingError: a setting is out of range, or there are fewer than 8 vectors.
        MissingExtraError: 60,000 points or more in three dimensions, and openTSNE is not installed.
        InputError: a vector holds NaN or infinity, or the graph is of other vectors.
    """

    name: ClassVar[str] = "tsne"

    dim: int = 2
    perplexity: float = 30.0
    iterations: int = 500
    start_iterations: int = 250
    seed: int = 1

    def __post_init__(self) -> None:
        check_dim(self.dim)
        if not self.perplexity >= 2:
            raise SettingError(
                f"perplexity is {self.perplexity!r}", "Give at least 2; 30 is usual, 5 to 50 common."
            )
        if self.iterations < 1 or self.start_iterations < 0:
            raise SettingError(
                f"iterations is {self.iterations!r} and start_iterations {self.start_iterations!r}",
                "Give at least 1 iteration and at least 0 start_iterations.",
            )

    def effective_perplexity(self, n: int) -> float:
        """Give the perplexity for n points: the setting, or (n - 1) / 3 if that is less."""
        return float(min(self.perplexity, (n - 1) / NEIGHBORS))

    def neighbors_of(self, n: int) -> int:
        """Give the neighbours that count: 3 for each unit of perplexity (van der Maaten 2014)."""
        return max(0, min(n - 1, int(NEIGHBORS * self.effective_perplexity(n))))

    def project(
        self,
        vectors: NDArray[np.float32],
        *,
        graph: KnnGraph | None = None,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> NDArray[np.float32]:
        """(n, d) -> (n, dim) float32, centred."""
        n = len(vectors)
        if n < FEWEST:
            raise SettingError(
                f"t-SNE needs at least {FEWEST} points, and there are {n}", 'Use method="pca" for so few.'
            )
        _check_finite(vectors)
        perplexity = self.effective_perplexity(n)
        if perplexity < self.perplexity:
            note = f"perplexity lowered from {self.perplexity:g} to {perplexity:.4g}"
            progress.note(f"{note}, the most that {n} points allow")
        k = self.neighbors_of(n)
        near = knn_graph(vectors, k, workers=workers, progress=progress) if graph is None else graph
        if len(near.rows) != n or near.rows.shape[1] < k:
            raise InputError(
                f"the graph has {near.rows.shape[1]} neighbours of {len(near.rows)} rows",
                f"Give one of all {n} rows with at least {k} neighbours, or none.",
            )
        ties = affinities(near.first(k), perplexity, workers)
        steps, start = self.iterations + self.start_iterations, self._start(vectors)
        with (
            progress.task("t-SNE", total=steps, unit="iterations") as task,
            ThreadPoolExecutor(threads(workers), thread_name_prefix="tsne") as pool,
        ):
            if self.dim == 3 and n >= MANY[3]:
                counts = self.iterations, self.start_iterations
                found = barnes_hut(ties, start, *counts, threads(workers), task)
                return np.ascontiguousarray(found, dtype=np.float32)
            layout = Descent(ties, start, repulsion_for(n, self.dim, pool), pool)
            layout.run(self.start_iterations, EXAGGERATION, task)
            layout.run(self.iterations, 1.0, task)
        return np.ascontiguousarray(layout.points, dtype=np.float32)

    def settle(
        self,
        near: KnnGraph,
        start: NDArray[np.float32],
        iterations: int,
        *,
        pace: float = 1.0,
        still: int = 0,
        workers: int | None,
        progress: Progress,
    ) -> NDArray[np.float32]:
        """Go down from where points are, without a first phase; their middle stays where it was.

        In three dimensions all pairs are looked at, however many points there are.

        Args:
            near: the `neighbors_of(n)` nearest of each row.
            start: (n, dim) where points are.
            iterations: how many steps.
            pace: their size, 1 being that of `project`.
            still: how many of the first points do not move; less than n.
            workers: threads.
            progress: shown in iterations.

        Returns:
            (n, dim) float32.
        """
        ties = affinities(near, self.effective_perplexity(len(start)), workers)
        with (
            progress.task("t-SNE", total=iterations, unit="iterations") as task,
            ThreadPoolExecutor(threads(workers), thread_name_prefix="tsne") as pool,
        ):
            begun = start.astype(np.float64)
            repulsion = repulsion_for(len(start), self.dim, pool)
            layout = Descent(ties, begun, repulsion, pool, still)
            layout.run(iterations, 1.0, task, pace=pace)
        found = layout.points if still else layout.points + begun.mean(axis=0)
        return np.ascontiguousarray(found, dtype=np.float32)

    def facts(self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32]) -> dict[str, Any]:
        """Give the settings, with the perplexity that was used."""
        return {**asdict(self), "effective_perplexity": self.effective_perplexity(len(vectors))}

    def _start(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, dim) float64: PCA, which keeps the large arrangement (Kobak and Berens 2019), plus noise."""
        start = PCA(self.dim).project(vectors).astype(np.float64)
        scale = float(start[:, 0].std())
        start *= SPREAD / scale if scale > 0 else 0.0
        noise = np.random.default_rng(self.seed).normal(scale=SPREAD * JITTER, size=start.shape)
        return np.ascontiguousarray(start + noise)


def repulsion_for(n: int, dim: int, pool: ThreadPoolExecutor) -> Repulsion:
    """Give what is faster for n points: a grid, or (in three dimensions always) all pairs."""
    return GridRepulsion(pool) if dim == 2 and n >= MANY[2] else ExactRepulsion(pool)


def _check_finite(vectors: NDArray[np.float32]) -> None:
    for start in range(0, len(vectors), BLOCK):
        bad = np.flatnonzero(~np.isfinite(vectors[start : start + BLOCK]).all(axis=1))
        if len(bad):
            raise InputError(
                f"row {start + bad[0]} of {len(vectors)} is not finite (NaN or infinity)",
                "Leave such rows out.",
            )
