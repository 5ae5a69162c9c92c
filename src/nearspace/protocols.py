"""The roles on one page: Learner, Encoder, Index, Projector, Engine, and the Progress that is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")


class Task(Protocol):
    """One piece of long work that is being shown; a context manager."""

    def advance(self, amount: float, **shown: float) -> None:
        """Add `amount` units of finished work; `shown` are named figures such as loss=2.31."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Progress(Protocol):
    """Where long work is shown. The library itself never prints."""

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Task:
        """Begin to show a piece of work of `total` units (None: unknown)."""

    def note(self, message: str) -> None:
        """Tell one line that is no result and no error, for example which index was chosen."""


class _QuietTask:
    def advance(self, amount: float, **shown: float) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Quiet:
    """The Progress that shows nothing; the default everywhere."""

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Task:
        """Give a task that shows nothing."""
        return _QuietTask()

    def note(self, message: str) -> None:
        """Drop the message."""


@runtime_checkable
class Learner(Protocol):
    """Settings that turn data into a Space: a frozen dataclass with `fit`."""

    def fit(self, data: Any, *, workers: int | None = None, progress: Progress = ...) -> Any:
        """Return a Space; the same settings, seed and data give the same bytes for any `workers`."""


@runtime_checkable
class Encoder(Protocol):
    """Places items, also unseen ones, in a Space.

    Attributes:
        kind: its name in the table of encoders, for example "subwords".
        dim: number of components.
        fingerprint: hexadecimal; equal exactly when the same items get the same vectors.
    """

    @property
    def kind(self) -> str:
        """Name in the table of encoders."""

    @property
    def dim(self) -> int:
        """Number of components of a vector."""

    @property
    def fingerprint(self) -> str:
        """Name of exactly this encoder: other weights, other fingerprint."""

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dim) float32; a row of zeros means that the item could not be placed."""

    def save(self, folder: Path) -> None:
        """Write safetensors and json into an existing empty folder."""


@runtime_checkable
class Index(Protocol):
    """Finds the nearest rows of a fixed set of vectors."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        restrict: int | None = None,
        exclude: Any = None,
        *,
        allowed: NDArray[np.bool_] | None = None,
        workers: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(q, d) -> rows (q, k) and scores (q, k), best first, ties by row; -1 and -inf fill up.

        `restrict`: only the first so many rows; `exclude`: (q, e) rows that are no hits of a query, -1 pads;
        `allowed`: (n,) rows that may be hits. There are always min(k, rows that may be hits) hits.
        """


class Origin(Protocol):
    """The saved Space that an opened one was read from, at one version."""

    @property
    def folder(self) -> Path:
        """Where it lies."""

    def matching(self, where: str) -> NDArray[np.bool_]:
        """(n,) the rows for which the SQL condition `where` on their columns holds."""


@runtime_checkable
class Projector(Protocol):
    """Lays vectors out in 2 or 3 dimensions: a frozen dataclass with `project`."""

    def project(
        self, vectors: NDArray[np.float32], *, workers: int | None = None, progress: Progress = ...
    ) -> NDArray[np.float32]:
        """(n, d) -> (n, 2 or 3) float32."""


@runtime_checkable
class Engine(Protocol):
    """Where shards run. Results come in the order of the items, however many workers there are."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply `function` to every item, possibly at the same time; the first error is raised."""
