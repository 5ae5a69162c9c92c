"""Rows cut into cells around centres, so that neighbours are sought in the cells near to a row.

An inverted file (Jegou, Douze, Schmid, Product quantization for nearest neighbor search, 2011) whose rows are
its queries too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.cells import BLOCK, Cells, nearest_cells, search_cells
from nearspace.maps.neighbors import threads
from nearspace.protocols import Progress

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

TRAINED = 32  # rows that a centre is found from
PASSES = 3  # of k-means
LARGEST = 4  # times the mean size: a larger cell is cut


@dataclass(frozen=True, eq=False)
class Partition:
    """Cells of about sqrt(n) points.

    Attributes:
        points: (n, r) what was cut: vectors, or shorter images of them.
        cells: which rows are in which.
        mean: (d,) of the rows that the centres were found from.
        of: (n,) the cell of each row.
    """

    points: Floats
    cells: Cells
    mean: Floats
    of: Rows

    def __len__(self) -> int:
        return len(self.cells.centres)


def partition(points: Floats, seed: int, workers: int | None) -> Partition:
    """Cut (n, r) points into cells by k-means on a sample; a cell that came out too large is cut further."""
    n = len(points)
    count = max(1, round(n**0.5))
    random = np.random.default_rng(seed)
    sample = points[np.sort(random.permutation(n)[: TRAINED * count])]
    centres = sample[np.sort(random.permutation(len(sample))[:count])]
    mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    every = np.arange(len(sample))
    for _ in range(PASSES):
        centres = _means(sample, _members(nearest(sample, centres, mean, every, 1, workers)[:, 0]))
    of = nearest(points, centres, mean, np.arange(n), 1, workers)[:, 0]
    pieces = [part for part in _members(of) for part in _cut(part, LARGEST * -(-n // count))]
    sizes = np.array([len(part) for part in pieces])
    members = np.concatenate(pieces)
    placed = np.empty(n, dtype=np.int64)
    placed[members] = np.repeat(np.arange(len(pieces)), sizes)
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Partition(points, Cells(first, members, _means(points, pieces)), mean, placed)


def nearest(
    points: Floats, centres: Floats, mean: Floats, rows: Rows, p: int, workers: int | None
) -> NDArray[np.int32]:
    """(m, p) the p cells nearest to each of m rows, nearest first."""
    out = np.empty((len(rows), p), dtype=np.int32)

    def block(start: int) -> None:
        some = slice(start, start + BLOCK)
        nearest_cells(points, centres, mean, rows[some], out[some])

    with ThreadPoolExecutor(threads(workers)) as pool:
        list(pool.map(block, range(0, len(rows), BLOCK)))
    return out


def search(
    vectors: Floats, parts: Partition, probes: int, wide: int, k: int, workers: int | None, progress: Progress
) -> tuple[Rows, Floats]:
    """(n, k) rows and distances of the k nearest others in the `probes` cells nearest to each row.

    Of these, the `wide` whose points are nearest are compared as vectors. -1 and inf where the cells hold
    fewer than k others.
    """
    points = parts.points
    rows, distances = np.empty((len(vectors), k), np.int64), np.empty((len(vectors), k), np.float32)
    first, members = parts.cells.first, parts.cells.members
    blocks = [
        (cell, start, min(int(first[cell + 1]), start + BLOCK))
        for cell in range(len(parts))
        for start in range(int(first[cell]), int(first[cell + 1]), BLOCK)
    ]

    def answer(block: tuple[int, int, int]) -> int:
        cell, start, stop = block
        looked = np.empty((stop - start, probes), dtype=np.int32)
        nearest_cells(points, parts.cells.centres, parts.mean, members[start:stop], looked)
        search_cells(vectors, points, wide, parts.cells, looked, cell, start, stop, rows, distances)
        return stop - start

    with (
        progress.task("neighbours in the space", total=len(vectors), unit="rows") as task,
        ThreadPoolExecutor(threads(workers)) as pool,
    ):
        for count in pool.map(answer, blocks):
            task.advance(count)
    return rows, distances


def _members(of: NDArray[np.int32]) -> list[Rows]:
    """Give the rows of each cell that has any, ascending."""
    order = np.argsort(of, kind="stable")
    sizes = np.bincount(of)
    return np.split(order, np.cumsum(sizes[sizes > 0])[:-1])


def _cut(members: Rows, largest: int) -> list[Rows]:
    """Cut the rows of a cell into even pieces, none larger than `largest`."""
    pieces = -(-len(members) // largest)
    return [members] if pieces == 1 else [members[piece::pieces] for piece in range(pieces)]


def _means(points: Floats, parts: list[Rows]) -> Floats:
    """(cells, d) the mean of each cell."""
    means = np.empty((len(parts), points.shape[1]), dtype=np.float32)
    for cell, members in enumerate(parts):
        means[cell] = points[members].mean(axis=0)
    return means
