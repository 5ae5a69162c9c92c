"""A co-occurrence matrix cut into blocks that can be trained at the same time without touching the same rows.

Words are dealt to P parts of about equal load; the entries of part p's rows and part q's columns are block
(p, q). The P blocks (p, p + s mod P) of one diagonal s share no row and no column, so threads may train them
at once, with the same result as one after the other (Gemulla, Nijkamp, Haas & Sismanis 2011).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.cooccurrence import Cooccurrence
from nearspace.data.ordered import in_order
from nearspace.data.spill import OutputFile
from nearspace.kernels.glove import ENTRY_BITS
from nearspace.protocols import Progress

PART_ROWS = 1024
FEWEST_PARTS, MOST_PARTS = 16, 128
BAND = 1 << 18
RECORD_BYTES = 12

Piece = tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Parts:
    """Which words belong to which part.

    Attributes:
        order: (n,) int64, the words part by part; part p is order[starts[p] : starts[p + 1]].
        starts: (P + 1,) int64.
        part: (n,) uint8, the part of each word.
        local: (n,) uint16, the place of each word within its part.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    part: NDArray[np.uint8]
    local: NDArray[np.uint16]

    @property
    def count(self) -> int:
        """P, the number of parts."""
        return len(self.starts) - 1

    def rows(self, part: int) -> slice:
        """Where the words of a part lie in `order`."""
        return slice(int(self.starts[part]), int(self.starts[part + 1]))


def deal(loads: NDArray[np.int64]) -> Parts:
    """Deal words to parts, the heaviest first, each to the lightest part that has a free place.

    A part has about `PART_ROWS` words, so that its rows of both matrices stay in a core's cache.
    """
    size = len(loads)
    count = min(max(FEWEST_PARTS, min(-(-size // PART_ROWS), MOST_PARTS)), size)
    places = -(-size // count)
    part = np.empty(size, dtype=np.uint8)
    local = np.empty(size, dtype=np.uint16)
    lightest = [(0, number, 0) for number in range(count)]
    for word in np.argsort(-loads, kind="stable").tolist():
        load, number, used = lightest[0]
        part[word], local[word] = number, used
        if used + 1 < places:
            heapq.heapreplace(lightest, (load + int(loads[word]), number, used + 1))
        else:
            heapq.heappop(lightest)
    order = np.lexsort((local, part)).astype(np.int64)
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(part, minlength=count), out=starts[1:])
    return Parts(order, starts, part, local)


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a matrix in one file.

    The rows of a part are cut into bands of at most `BAND` entries, to bound the memory that sorting needs;
    a block is one piece a band, and a piece (3, entries) of four-byte values.

    Attributes:
        path: the file.
        parts: the parts of rows and columns.
        bands: (P + 1,) int64; part p has the bands bands[p]..bands[p + 1].
        offsets: (bands, P + 1) int64, where in the file (in entries) the piece of each column part begins.
    """

    path: Path
    parts: Parts
    bands: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @property
    def entries(self) -> int:
        """Number of entries of all blocks."""
        return int(self.offsets[-1, -1])

    def pieces(self, row: int, column: int) -> Iterator[Piece]:
        """Codes (local row << 16 | local column), logarithms of counts and weights of block (row, column)."""
        for band in range(int(self.bands[row]), int(self.bands[row + 1])):
            start, stop = self.offsets[band, column : column + 2].tolist()
            raw = np.fromfile(
                self.path, dtype=np.uint32, count=3 * (stop - start), offset=RECORD_BYTES * start
            )
            codes, logs, weights = raw.reshape(3, -1)
            yield codes, logs.view(np.float32), weights.view(np.float32)


@dataclass(frozen=True)
class Weighting:
    """f(x) = min(1, (x / x_max) ** alpha), the weight of a count x (Pennington et al. 2014, equation 9)."""

    x_max: float
    alpha: float

    def of(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Weights of counts."""
        scaled = (counts / np.float32(self.x_max)) ** np.float32(self.alpha)
        return np.asarray(np.minimum(scaled, 1), dtype=np.float32)


def cut(
    counts: Cooccurrence, weighting: Weighting, *, seed: int, path: Path, workers: int, progress: Progress
) -> Blocks:
    """Write the blocks of `counts`, the entries of each piece in an order drawn from `seed`."""
    lengths = np.diff(counts.pointers)
    parts = deal(lengths)
    bands = [_bands(lengths, parts.order[parts.rows(part)]) for part in range(parts.count)]
    rows = list(itertools.chain.from_iterable(bands))
    offsets = np.zeros((len(rows), parts.count + 1), dtype=np.int64)
    with (
        OutputFile(path) as output,
        ThreadPoolExecutor(workers) as pool,
        progress.task("shuffling pairs", total=counts.entries, unit="pairs") as task,
    ):

        def work(band: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
            return _piece(counts, parts, rows[band], weighting, np.random.Philox([seed, band]))

        written = 0
        for band, (bounds, pieces) in enumerate(in_order(pool, work, range(len(rows)), workers + 1)):
            output.write(pieces)
            offsets[band] = written + bounds
            written += int(bounds[-1])
            task.advance(int(bounds[-1]))
    return Blocks(path, parts, np.cumsum([0, *map(len, bands)]), offsets)


def _bands(lengths: NDArray[np.int64], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut rows into runs of at most `BAND` entries each (or of one row)."""
    ends = np.cumsum(lengths[rows])
    bands = []
    start, before = 0, 0
    while start < len(rows):
        stop = max(int(np.searchsorted(ends, before + BAND, side="right")), start + 1)
        bands.append(rows[start:stop])
        start, before = stop, int(ends[stop - 1])
    return bands


def _piece(
    counts: Cooccurrence,
    parts: Parts,
    rows: NDArray[np.int64],
    weighting: Weighting,
    bits: np.random.BitGenerator,
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Bounds of the column parts, and the entries of a band by column part, shuffled within each."""
    lengths, columns, values = counts.rows(rows)
    codes = np.repeat(parts.local[rows].astype(np.uint32), lengths) << np.uint32(ENTRY_BITS)
    codes |= parts.local[columns]
    shuffled = np.random.Generator(bits).permutation(len(codes))
    column_parts = parts.part[columns][shuffled]
    order = shuffled[np.argsort(column_parts, kind="stable")]
    bounds = np.zeros(parts.count + 1, dtype=np.int64)
    np.cumsum(np.bincount(column_parts, minlength=parts.count), out=bounds[1:])
    codes, values = codes[order], values[order]
    logs, weights = np.log(values).view(np.uint32), weighting.of(values).view(np.uint32)
    spans = itertools.starmap(slice, itertools.pairwise(bounds.tolist()))
    return bounds, np.concatenate([part[span] for span in spans for part in (codes, logs, weights)])
