"""How often words of a vocabulary occur near each other: counted in bounded memory, kept on disk.

Counts are whole numbers of a small unit, so that every sum is exact: the result does not depend on the
number of workers nor on how often the buffers were spilled.
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus_stream import Stream
from nearspace.data.ordered import in_order
from nearspace.data.spill import OutputFile, Spill, read_into
from nearspace.errors import EmptyVocabularyError, SettingError
from nearspace.kernels.cooccurrence import count_pairs, drain_head, shrink_sorted, sort_pairs, sum_sorted
from nearspace.protocols import Progress, Quiet

WEIGHTINGS = ("harmonic", "linear", "flat")
COLUMNS, COUNTS = "columns.i32", "counts.f32"
MEGABYTE = 1 << 20
MEMORY = 64.0
CHUNK = 1 << 18
LEAST_RANGE = 1 << 14
_EXACT_WINDOW = 16
_UNIT = 720_720
_ENTRY_BYTES = 24
_MERGE_BYTES = 128


@dataclass(frozen=True)
class Window:
    """Which pairs of words count, and how much.

    Attributes:
        size: a pair counts if it is at most this many kept words apart, within one line.
        weighting: what a pair at distance d counts: "harmonic" 1 / d (GloVe), "linear"
            (size - d + 1) / size (the expectation of word2vec's random windows), "flat" 1.

    Raises:
        SettingError: size is below 1, or the weighting has another name.
    """

    size: int = 10
    weighting: str = "harmonic"

    def __post_init__(self) -> None:
        if self.size < 1:
            raise SettingError(f"window is {self.size}", "A window is at least 1 word.")
        if self.weighting not in WEIGHTINGS:
            raise SettingError(
                f"weighting is {self.weighting!r}", f"Accepted weightings: {', '.join(WEIGHTINGS)}."
            )

    def units(self) -> tuple[NDArray[np.int64], int]:
        """(size + 1,) what distance d counts in units, and the units of a count of 1.

        Harmonic weights are exact up to a window of 16 (720,720 = lcm(1..16)), and rounded beyond.
        """
        distance = np.arange(self.size + 1, dtype=np.int64)
        if self.weighting == "flat":
            return np.minimum(distance, 1), 1
        if self.weighting == "linear":
            return np.where(distance > 0, self.size - distance + 1, 0), self.size
        unit = math.lcm(*range(1, self.size + 1)) if self.size <= _EXACT_WINDOW else _UNIT
        distance[0] = 2 * unit + 1
        return (unit + distance // 2) // distance, unit


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """A symmetric sparse matrix of counts in a folder, in compressed rows (CSR).

    Attributes:
        folder: holds the files `COLUMNS` (int32) and `COUNTS` (float32), the entries
            in row order, columns ascending.
        pointers: (size + 1,) int64, where each row's entries begin.
        totals: (size,) float64, the sum of each row.
    """

    folder: Path
    pointers: NDArray[np.int64]
    totals: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of rows and of columns."""
        return len(self.totals)

    @property
    def entries(self) -> int:
        """Number of stored (non-zero) cells."""
        return int(self.pointers[-1])

    def rows(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Lengths of some rows; columns and counts of their entries, one row after the other."""
        lengths = self.pointers[rows + 1] - self.pointers[rows]
        columns = np.empty(int(lengths.sum()), dtype=np.int32)
        counts = np.empty(len(columns), dtype=np.float32)
        spans = [(int(self.pointers[run[0]]), int(self.pointers[run[-1] + 1])) for run in _runs(rows)]
        for name, into in ((COLUMNS, columns), (COUNTS, counts)):
            with (self.folder / name).open("rb", buffering=0) as file:
                at = 0
                for start, stop in spans:
                    read_into(file, into[at : at + stop - start], 4 * start)
                    at += stop - start
        return lengths, columns, counts

    def remove(self) -> None:
        """Delete the files."""
        for name in (COLUMNS, COUNTS):
            (self.folder / name).unlink(missing_ok=True)

    def row_blocks(self, limit: int) -> list[tuple[int, int]]:
        """Cut the rows into consecutive ranges of at most `limit` entries each (or of one row)."""
        blocks = []
        start = 0
        while start < self.size:
            stop = int(np.searchsorted(self.pointers, self.pointers[start] + limit, side="right")) - 1
            stop = min(max(stop, start + 1), self.size)
            blocks.append((start, stop))
            start = stop
        return blocks


def _runs(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut row numbers where they are not consecutive, so that neighbours are read at once."""
    return [run for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1) if len(run)]


def count_cooccurrences(
    stream: Stream,
    size: int,
    window: Window,
    *,
    folder: Path,
    memory: float = MEMORY,
    workers: int = 1,
    progress: Progress | None = None,
) -> Cooccurrence:
    """Count the pairs of a stream whose `remap` gives rows of a vocabulary of `size`, most frequent first.

    `memory` is the size of all buffers together in MB; `folder` is an existing folder for the result and
    for scratch files, which are removed at the end.

    Raises:
        EmptyVocabularyError: no two words of the vocabulary are within a window of each other.
        OutputError: the folder is full or not writable.
    """
    progress = progress or Quiet()
    with Spill(folder / "pairs.tmp") as spill:
        _spill_counts(stream, size, window, spill, memory, workers, progress)
        if not spill.runs:
            raise EmptyVocabularyError(
                "no two words of the vocabulary occur near each other in the corpus",
                "Lower min_count, or check that the corpus has more than one word a line.",
            )
        return _merge(spill, size, window.units()[1], folder, memory, workers, progress)


def _spill_counts(
    stream: Stream, size: int, window: Window, spill: Spill, memory: float, workers: int, progress: Progress
) -> None:
    chunks = _Chunks(stream, window.size)
    stop = threading.Event()
    with (
        progress.task("counting pairs", total=stream.length, unit="words") as task,
        ThreadPoolExecutor(workers) as pool,
    ):

        def work() -> None:
            counter = _Counter(size, window, spill, memory * MEGABYTE / workers)
            while not stop.is_set() and (chunk := chunks.take()) is not None:
                counter.feed(*chunk)
                task.advance(CHUNK)
            if not stop.is_set():
                counter.finish()

        try:
            for future in [pool.submit(work) for _ in range(workers)]:
                future.result()
        finally:
            stop.set()


class _Chunks:
    """The stream as rows of the vocabulary, cut into pieces that carry the words before them."""

    def __init__(self, stream: Stream, window: int) -> None:
        self._stream, self._window = stream, window
        self._position = 0
        self._before = np.empty(0, dtype=np.int32)
        self._lock = threading.Lock()
        # Place 0 of the table is the line end (id -1), -2 marks dropped words.
        self._table = np.concatenate([[-1], np.where(stream.remap < 0, -2, stream.remap)]).astype(np.int32)

    def take(self) -> tuple[NDArray[np.int32], int] | None:
        """Give the next rows and how many of them only serve as context, or None at the end."""
        with self._lock:
            start = self._position
            if start >= self._stream.length:
                return None
            self._position = min(start + CHUNK, self._stream.length)
            rows = self._table[self._stream.read(start, self._position) + 1]
            rows = np.concatenate([self._before, rows[rows != -2]])
            first = len(self._before)
            self._before = rows[max(len(rows) - self._window, 0) :].copy()
            return rows, first


class _Counter:
    """The dense head and the buffer of one worker."""

    def __init__(self, size: int, window: Window, spill: Spill, memory: float) -> None:
        self._size, self._spill = size, spill
        self._weights = window.units()[0]
        self._bits = _key_bits(size)
        capacity = max(int(memory / 2 / _ENTRY_BYTES), 4 * window.size, 64)
        self._starts, self._ends = head_shape(size, int(memory / 2 / 4), capacity // 2)
        self._head = np.zeros(int((self._ends - np.arange(len(self._ends))).sum()), dtype=np.uint32)
        self._keys, self._spare_keys = np.empty((2, capacity), dtype=np.int64)
        self._values, self._spare_values = np.empty((2, capacity), dtype=np.uint32)
        self._used = 0

    def feed(self, rows: NDArray[np.int32], position: int) -> None:
        """Count the pairs of rows[position:]."""
        while position < len(rows):
            position, self._used = count_pairs(
                rows,
                position,
                self._weights,
                self._size,
                self._starts,
                self._ends,
                self._head,
                self._keys,
                self._values,
                self._used,
            )
            if position < len(rows):
                self._write()

    def finish(self) -> None:
        """Spill the buffer and the head."""
        self._write()
        row = 0
        while row < len(self._ends):
            row, self._used = drain_head(
                row, self._size, self._starts, self._ends, self._head, self._keys, self._values
            )
            self._write()

    def _write(self) -> None:
        keys, values = self._keys[: self._used], self._values[: self._used]
        if sort_pairs(
            keys, values, self._spare_keys[: self._used], self._spare_values[: self._used], self._bits
        ):
            keys, values = self._spare_keys[: self._used], self._spare_values[: self._used]
        kept = shrink_sorted(keys, values)
        self._spill.write(keys[:kept], values[:kept])
        self._used = 0


def head_shape(size: int, cells: int, longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the dense cells: pairs (a, b), a <= b, with the smallest (a + 1) (b + 1), at most `cells`.

    By Zipf's law those are about the pairs with the largest expected counts. Returns starts and ends of the
    rows; a row has at most `longest` cells.
    """
    low, high = 0, size * size
    while low < high:
        product = (low + high + 1) // 2
        ends = _head_rows(size, product, longest)[1]
        if (ends - np.arange(len(ends))).sum() <= cells:
            low = product
        else:
            high = product - 1
    return _head_rows(size, low, longest)


def _head_rows(size: int, product: int, longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.arange(min(math.isqrt(product), size), dtype=np.int64)
    ends = np.minimum(np.minimum(product // (rows + 1), size), rows + longest)
    starts = np.zeros(len(rows), dtype=np.int64)
    np.cumsum((ends - rows)[:-1], out=starts[1:])
    return starts, ends


def _merge(
    spill: Spill, size: int, unit: int, folder: Path, memory: float, workers: int, progress: Progress
) -> Cooccurrence:
    """Sort and sum the runs, one range of keys after the other, into compressed rows."""
    ranges = spill.ranges(max(int(memory * MEGABYTE / _MERGE_BYTES / (workers + 1)), LEAST_RANGE))
    lengths, totals = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    with (
        progress.task("sorting pairs", total=len(ranges), unit="parts") as task,
        OutputFile(folder / COLUMNS) as columns,
        OutputFile(folder / COUNTS) as counts,
        ThreadPoolExecutor(workers) as pool,
    ):
        parts = in_order(pool, lambda bounds: _merged_range(spill, bounds, size), ranges, workers + 1)
        for rows, row_lengths, row_sums, part_columns, sums in parts:
            lengths[rows] += row_lengths
            totals[rows] += row_sums
            columns.write(part_columns)
            counts.write((sums / unit).astype(np.float32))
            task.advance(1)
    pointers = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(lengths, out=pointers[1:])
    return Cooccurrence(folder, pointers, totals / unit)


def _merged_range(
    spill: Spill, bounds: tuple[int, int], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Rows of the range, their lengths and sums; columns and counts (in units) of the entries."""
    keys, values = spill.read(*bounds)
    spare = np.empty_like(keys), np.empty_like(values)
    if sort_pairs(keys, values, *spare, _key_bits(size)):
        keys, values = spare
    sums = np.empty(len(keys), dtype=np.int64)
    kept = sum_sorted(keys, values, sums)
    keys, sums = keys[:kept], sums[:kept]
    rows = keys // size
    columns = (keys - rows * size).astype(np.int32)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    row_sums = np.add.reduceat(sums, starts) if kept else sums
    return rows[starts], np.diff(np.append(starts, kept)), row_sums, columns, sums


def _key_bits(size: int) -> int:
    return max((size * size - 1).bit_length(), 1)
