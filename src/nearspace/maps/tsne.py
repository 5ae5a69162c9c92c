"""t-SNE: neighbours stay neighbours (van der Maaten and Hinton 2008), through openTSNE."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.maps.forces import ExactForces
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.neighbors import threads
from nearspace.maps.pca import PCA, check_dim
from nearspace.optional import require
from nearspace.protocols import Progress, Quiet, Task

FEWEST = 8  # points; below this no perplexity makes sense
# dim -> points from which openTSNE's approximate forces are faster than exact ones, and which of them
APPROXIMATE = {2: (30_000, "fft"), 3: (60_000, "bh")}
NEIGHBORS = 3  # neighbours per unit of perplexity, as in van der Maaten 2014
SPREAD = 1e-4  # standard deviation of the first axis at the start
JITTER = 1e-2  # seeded noise at the start, as a share of SPREAD: equal vectors must not start as one point
EVERY = 10  # iterations between two reports of progress


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
        MissingExtraError: openTSNE is not installed.
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
        opentsne = require("openTSNE", extra="maps", purpose="a t-SNE map")
        perplexity = self.effective_perplexity(n)
        if perplexity < self.perplexity:
            note = f"perplexity lowered from {self.perplexity:g} to {perplexity:.4g}"
            progress.note(f"{note}, the most that {n} points allow")
        k = self.neighbors_of(n)
        near = knn_graph(vectors, k, workers=workers, progress=progress) if graph is None else graph
        affinities = self._affinities(near.first(k), perplexity, workers)
        many, approximate = APPROXIMATE[self.dim]
        steps = self.iterations + self.start_iterations
        with progress.task("t-SNE", total=steps, unit="iterations") as task, _pool(workers) as pool:
            layout = opentsne.TSNE(
                n_components=self.dim,
                n_iter=self.iterations,
                early_exaggeration_iter=self.start_iterations,
                negative_gradient_method=approximate if n >= many else ExactForces(pool),
                n_jobs=threads(workers),
                callbacks=_Report(task),
                callbacks_every_iters=EVERY,
            )
            found = layout.fit(affinities=affinities, initialization=self._start(vectors))
        return np.ascontiguousarray(found, dtype=np.float32)

    def facts(self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32]) -> dict[str, Any]:
        """Give the settings, with the perplexity that was used."""
        return {**asdict(self), "effective_perplexity": self.effective_perplexity(len(vectors))}

    def _affinities(self, near: KnnGraph, perplexity: float, workers: int | None) -> Any:
        """Give openTSNE's P matrix over our neighbours, instead of its randomised search."""
        affinity = require("openTSNE.affinity", extra="maps", purpose="a t-SNE map")
        knn = require("openTSNE.nearest_neighbors", extra="maps", purpose="a t-SNE map")
        distances = near.distances.astype(np.float64)
        return affinity.PerplexityBasedNN(
            perplexity=perplexity,
            knn_index=knn.PrecomputedNeighbors(near.rows.astype(np.int32), distances),
            n_jobs=threads(workers),
        )

    def _start(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, dim) float64: PCA, which keeps the large arrangement (Kobak and Berens 2019), plus noise."""
        start = PCA(self.dim).project(vectors).astype(np.float64)
        scale = float(start[:, 0].std())
        start *= SPREAD / scale if scale > 0 else 0.0
        noise = np.random.default_rng(self.seed).normal(scale=SPREAD * JITTER, size=start.shape)
        return np.ascontiguousarray(start + noise)


def _pool(workers: int | None) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(workers), thread_name_prefix="tsne")


class _Report:
    """A callback of openTSNE that shows its iterations and loss."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, iteration: int, error: float, embedding: Any) -> bool:
        self.task.advance(EVERY, loss=float(error))
        return False
