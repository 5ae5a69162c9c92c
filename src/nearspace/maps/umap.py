"""UMAP: a layout of the fuzzy graph of neighbours (McInnes, Healy and Melville 2018), our own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.kernels.fuzzy import FuzzyGraph, memberships, union
from nearspace.kernels.threads import gate
from nearspace.kernels.umap_layout import Edges, Plan, move_rounds, new_room
from nearspace.maps.knn_graph import KnnGraph, knn_graph
from nearspace.maps.neighbors import threads
from nearspace.maps.pca import PCA, check_dim
from nearspace.maps.spectral import spectral
from nearspace.protocols import Progress, Quiet

FEWEST = 4  # points
ROUNDS, MANY, ROUNDS_OF_MANY = 500, 10_000, 200  # as in the authors' own program
EXTENT = 10.0  # of the start: its largest coordinate
JITTER = 1e-4  # deviation of the seeded noise at the start: equal vectors must not start as one point
BLOCK = 2048  # points whose surenesses a thread finds at once
LEAST, PIECES = 2048, 8  # points that a thread moves at once, at least; pieces for each thread
SHOWN = 50  # times that progress is told
_FIT = 300  # places at which the curve is fitted


@dataclass(frozen=True)
class UMAP:
    """Lay vectors out so that the graph of their nearest neighbours is kept.

    The same seed gives the same bytes for any number of workers, and costs nothing: every point gathers
    its own forces (`kernels/umap_layout.py`). Distances are Euclidean, so rows of cosine Spaces should come
    with length 1 (`map_space` sees to it). Distances between far clusters, sizes of clusters and the number
    of pieces mean little.

    Attributes:
        dim: 2 or 3.
        neighbors: nearest rows that a point is tied to, at least 2; fewer show detail, more the large
            arrangement. Lowered where there are too few points.
        min_dist: how near points may lie on the map, 0 to 1; the scale of the map is 1.
        rounds: times that every point moves; None: 500 up to 10,000 points, 200 for more.
        pushes: other points that push a point for each that pulls it.
        seed: of the noise at the start, and of the points that push.

    Raises:
        SettingError: a setting is out of range, or there are fewer than 4 vectors.
    """

    name: ClassVar[str] = "umap"

    dim: int = 2
    neighbors: int = 15
    min_dist: float = 0.1
    rounds: int | None = None
    pushes: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        check_dim(self.dim)
        if self.neighbors < 2:
            raise SettingError(f"neighbors is {self.neighbors!r}", "Give at least 2; 15 is usual.")
        if not 0 <= self.min_dist <= 1:
            raise SettingError(f"min_dist is {self.min_dist!r}", "Give 0 to 1; 0.1 is usual.")
        if self.pushes < 1 or (self.rounds is not None and self.rounds < 1):
            raise SettingError(
                f"pushes is {self.pushes!r} and rounds {self.rounds!r}", "Give at least 1 of each."
            )

    def neighbors_of(self, n: int) -> int:
        """Give the neighbours that a layout of n points needs."""
        return min(self.neighbors, n - 1)

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
                f"UMAP needs at least {FEWEST} points, and there are {n}", 'Use method="pca" for so few.'
            )
        k = self.neighbors_of(n)
        near = knn_graph(vectors, k, workers=workers, progress=progress) if graph is None else graph
        fuzzy = fuzzy_graph(near.first(k), workers)
        places = np.zeros((n, 4), dtype=np.float32)
        places[:, : self.dim] = self._start(fuzzy, vectors, workers)
        found = self.settle(fuzzy, places, self._rounds_of(n), workers=workers, progress=progress)
        return np.ascontiguousarray(found - found.mean(axis=0, dtype=np.float64), dtype=np.float32)

    def facts(self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32]) -> dict[str, Any]:
        """Give the settings, and those that the number of points decides."""
        n = len(vectors)
        effective = {"effective_neighbors": self.neighbors_of(n), "effective_rounds": self._rounds_of(n)}
        return {**asdict(self), **effective}

    def _rounds_of(self, n: int) -> int:
        return self.rounds or (ROUNDS if n <= MANY else ROUNDS_OF_MANY)

    def _start(
        self, fuzzy: FuzzyGraph, vectors: NDArray[np.float32], workers: int | None
    ) -> NDArray[np.float64]:
        """(n, dim) float64: spectral, or PCA where the graph is in pieces; plus noise."""
        start = spectral(fuzzy, vectors, self.dim, self.seed, workers)
        if start is None:
            start = PCA(self.dim).project(vectors).astype(np.float64)
        largest = float(np.abs(start).max(initial=0))
        start *= EXTENT / largest if largest > 0 else 0.0
        return start + np.random.default_rng(self.seed).normal(scale=JITTER, size=start.shape)

    def settle(
        self,
        fuzzy: FuzzyGraph,
        places: NDArray[np.float32],
        rounds: int,
        *,
        pace: float = 1.0,
        still: int = 0,
        workers: int | None,
        progress: Progress,
    ) -> NDArray[np.float32]:
        """Move points so many rounds, with steps that shrink to nothing.

        Args:
            fuzzy: the graph of all points.
            places: (n, 4) where they are, 0 on the axes that the map has not; is written.
            rounds: how many.
            pace: size of the first step.
            still: how many of the first points do not move; less than n.
            workers: threads.
            progress: shown in rounds.

        Returns:
            (n, dim) where they are then.
        """
        n, (a, b) = len(places) - still, curve(self.min_dist)
        share = max(LEAST, -(-n // (PIECES * threads(workers))))
        crew = min(threads(workers), -(-n // share))
        plan = Plan(rounds, np.float32(a), np.float32(b), self.pushes, self.seed, share, still, pace)
        edges, moved, shared = edges_of(fuzzy), places.copy(), gate()
        rooms = [new_room() for _ in range(crew)]
        at_once = max(1, rounds // SHOWN)

        def go(first: int, room: NDArray[np.int32]) -> None:
            last = min(rounds, first + at_once)
            move_rounds(edges, plan, first, last, places, moved, self.dim == 2, room, shared, crew)

        with (
            progress.task("UMAP", total=rounds, unit="rounds") as task,
            ThreadPoolExecutor(crew, thread_name_prefix="umap") as pool,
        ):
            for first in range(0, rounds, at_once):
                for done in [pool.submit(go, first, room) for room in rooms]:
                    done.result()
                task.advance(min(rounds - first, at_once))
        return places[:, : self.dim]


def fuzzy_graph(graph: KnnGraph, workers: int | None) -> FuzzyGraph:
    """Give how surely points are neighbours, in either direction; the surest edge has weight 1."""
    n, weights = len(graph.rows), np.empty(graph.rows.shape, dtype=np.float32)
    mean = float(graph.distances.mean(dtype=np.float64))
    distances = np.ascontiguousarray(graph.distances)

    def block(start: int) -> None:
        memberships(distances, start, min(n, start + BLOCK), mean, weights)

    with ThreadPoolExecutor(threads(workers)) as pool:
        list(pool.map(block, range(0, n, BLOCK)))
    first, others, values = union(np.ascontiguousarray(graph.rows, dtype=np.int32), weights)
    return FuzzyGraph(first, others, values / max(values.max(initial=0), np.float32(1e-30)))


def edges_of(fuzzy: FuzzyGraph) -> Edges:
    """Give the edges with how often each counts in a round, in fractions of 2^32."""
    rates = np.minimum(fuzzy.weights.astype(np.float64) * 2**32, 2**32 - 1)
    return Edges(fuzzy.first, fuzzy.others, rates.astype(np.uint32))


def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """Give a and b of 1 / (1 + a d^(2b)), the nearest to 1 up to min_dist and exp(-(d - min_dist)) beyond.

    Least squares over 0..3, by Gauss and Newton with Levenberg's damping.
    """
    d = np.linspace(0, 3 * spread, _FIT)[1:]
    wanted = np.where(d < min_dist, 1.0, np.exp(-(d - min_dist) / spread))
    values, damping = np.array([1.0, 1.0]), 1e-2

    def gaps(a: float, b: float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = 1 / (1 + a * d ** (2 * b)) - wanted
        return found

    for _ in range(100):
        a, b = values
        power = d ** (2 * b)
        slope = -1 / (1 + a * power) ** 2
        jacobian = np.column_stack([slope * power, slope * a * power * 2 * np.log(d)])
        now = gaps(a, b)
        normal = jacobian.T @ jacobian
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), jacobian.T @ now)
        if (values - step > 0).all() and (gaps(*(values - step)) ** 2).sum() <= (now**2).sum():
            values, damping = values - step, damping / 10
            if np.abs(step).max() < 1e-10:
                break
        else:
            damping *= 10
    return float(values[0]), float(values[1])
