"""PCA: the directions along which the vectors vary most (Pearson 1901, Hotelling 1933)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.maps.knn_graph import KnnGraph
from nearspace.protocols import Progress, Quiet

BLOCK = 8192
SAME = 1e-6  # two coordinates whose sizes differ by less than this share count as equally large


@dataclass(frozen=True)
class Axes:
    """The principal axes of a set of vectors.

    Attributes:
        mean: (d,) float64.
        directions: (dim, d) float64, orthonormal, largest variance first.
        variances: (dim,) variance of the vectors along each direction.
        total: variance of the vectors over all d directions.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    variances: NDArray[np.float64]
    total: float

    @property
    def explained(self) -> NDArray[np.float64]:
        """(dim,) share of the total variance that each direction carries; 0 where nothing varies."""
        return self.variances / self.total if self.total > 0 else np.zeros_like(self.variances)


@dataclass(frozen=True)
class PCA:
    """Lay vectors out along their principal axes: linear, nothing random.

    Distances are Euclidean, so rows of cosine Spaces should come with length 1 (`map_space` sees to it). The
    signs of an axis are free; here the point farthest out on it is positive, so a rotated copy of the
    vectors gets the same map.

    Attributes:
        dim: 2 or 3.

    Raises:
        SettingError: `dim` is neither 2 nor 3, or the vectors have fewer components.
    """

    name: ClassVar[str] = "pca"

    dim: int = 2

    def __post_init__(self) -> None:
        check_dim(self.dim)

    def axes(
        self,
        vectors: NDArray[np.float32],
        *,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> Axes:
        """Find the principal axes: eigenvectors of the d x d covariance, summed by blocks in float64."""
        n, d = vectors.shape
        if self.dim > d:
            raise SettingError(
                f"dim is {self.dim}, but the vectors have {d} components",
                f"Give a dim of at most {d}, or use vectors of more components.",
            )
        mean = sum((block.sum(axis=0) for block in _blocks(vectors)), np.zeros(d)) / n
        covariance = np.zeros((d, d))
        with progress.task("principal axes", total=n, unit="rows") as task:
            for block in _blocks(vectors):
                centred = block - mean
                covariance += centred.T @ centred
                task.advance(len(block))
        covariance /= n
        variances, directions = np.linalg.eigh(covariance)
        return Axes(
            mean=mean,
            directions=np.ascontiguousarray(directions[:, ::-1].T[: self.dim]),
            variances=np.maximum(variances[::-1][: self.dim], 0.0),
            total=float(np.trace(covariance)),
        )

    def neighbors_of(self, n: int) -> int:
        """Give 0: axes need no neighbours."""
        return 0

    def project(
        self,
        vectors: NDArray[np.float32],
        *,
        graph: KnnGraph | None = None,
        workers: int | None = None,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> NDArray[np.float32]:
        """(n, d) -> (n, dim) float32, centred; `vectors` may be a memory map, and is read twice by blocks."""
        axes = self.axes(vectors, progress=progress)
        coordinates = np.concatenate([(block - axes.mean) @ axes.directions.T for block in _blocks(vectors)])
        return (coordinates * _signs(coordinates)).astype(np.float32)

    def facts(self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32]) -> dict[str, Any]:
        """Give the settings and the share of the variance that each axis explains."""
        total = float(sum(((block - vectors.mean(axis=0)) ** 2).sum() for block in _blocks(vectors)))
        along = (coordinates.astype(np.float64) ** 2).sum(axis=0)
        return {**asdict(self), "explained": [round(float(v) / total, 6) if total else 0.0 for v in along]}


def check_dim(dim: int) -> None:
    """Refuse a number of map dimensions other than 2 and 3."""
    if dim not in (2, 3):
        raise SettingError(f"dim is {dim!r}", "A map has 2 or 3 dimensions: give dim=2 or dim=3.")


def _blocks(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
    return (
        np.asarray(vectors[start : start + BLOCK], dtype=np.float64)
        for start in range(0, len(vectors), BLOCK)
    )


def _signs(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """(dim,) +1 or -1: the first of the points that lie farthest out on an axis becomes positive."""
    sizes = np.abs(coordinates)
    first = (sizes >= sizes.max(axis=0) * (1 - SAME)).argmax(axis=0)
    signs = np.sign(coordinates[first, np.arange(coordinates.shape[1])])
    return np.where(signs == 0, 1.0, signs)
