"""Top k rows of a fixed set for many queries: float32 scores find the candidates, float64 scores judge them.

Whatever a `Scorer` measures, the answer is the k rows of largest exact score, ties by row number. Block
sizes, the other queries of the batch, the number of BLAS threads and of workers only change how fast it is
found:

1. Row blocks are scored for all queries in float32, with a known bound on the rounding error.
2. A row is a candidate of a query unless its float32 score proves that its exact score lies below the k-th
   best exact score so far (the floor).
3. Candidates get their exact score, float64 rounded to float32, and are merged into the k best so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.index.lists import Lists

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

BLOCK = 8192  # rows scored at once: with a tile of queries the scores stay in the cache
TILE = 256  # queries scored at once
FIRST = 1024  # rows of the first block; blocks double until they reach BLOCK, so early floors cost little
CHUNK = 1 << 20  # components of the vectors that are judged exactly at once


class Part(Protocol):
    """Float32 scores of one tile of t queries against one block of b rows."""

    def ranks(self) -> Floats:
        """(t, b) nearly in the order of the exact scores; +inf where float32 cannot tell; no NaN."""

    def reaching(self, floor: Floats) -> NDArray[np.bool_]:
        """(t, b) C-ordered; False only where the exact score is surely below `floor` (t, 1)."""


class Scorer(Protocol):
    """What `top_rows` asks of a measure of nearness."""

    @property
    def width(self) -> int:
        """Components of a vector, to bound the memory of `exact`."""

    def open(self, start: int, stop: int) -> Any:
        """Prepare rows start..stop for many tiles."""

    def part(self, first: int, last: int, block: Any) -> Part:
        """Score queries first..last against an opened block."""

    def exact(self, queries: Rows, rows: Rows) -> Floats:
        """(m,) exact scores of pairs of a query number and a row number; NaN: never a hit."""


class _Best:
    """The k best rows so far of a tile of queries, best first."""

    def __init__(self, count: int, k: int) -> None:
        self.rows = np.full((count, k), -1, dtype=np.int64)
        self.scores = np.full((count, k), -np.inf, dtype=np.float32)

    @property
    def floor(self) -> Floats:
        """(t, 1) the k-th best score so far."""
        return self.scores[:, -1:]

    def merge(self, queries: Rows, rows: Rows, scores: Floats) -> None:
        """Add found rows: `queries` ascending, `rows` ascending within a query and above all rows so far."""
        counts = np.bincount(queries, minlength=len(self.rows))
        touched = np.flatnonzero(counts)
        starts = np.cumsum(counts) - counts
        place = np.arange(len(queries)) - starts[queries]
        slot = np.cumsum(counts > 0) - 1
        k = self.rows.shape[1]
        shape = (len(touched), k + int(counts.max(initial=0)))
        all_rows = np.full(shape, -1, dtype=np.int64)
        all_scores = np.full(shape, -np.inf, dtype=np.float32)
        all_rows[:, :k], all_scores[:, :k] = self.rows[touched], self.scores[touched]
        all_rows[slot[queries], k + place], all_scores[slot[queries], k + place] = rows, scores
        # rows ascend from left to right among equal scores, so a stable sort breaks ties by row
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, :k]
        self.rows[touched] = np.take_along_axis(all_rows, order, axis=1)
        self.scores[touched] = np.take_along_axis(all_scores, order, axis=1)


def top_rows(
    scorer: Scorer, queries: int, count: int, k: int, *, exclude: Rows | Lists | None = None, workers: int = 1
) -> tuple[Rows, Floats]:
    """Give the k best of rows 0..count for each query.

    Args:
        scorer: the measure; larger is nearer.
        queries: how many queries the scorer holds.
        count: how many rows to look at.
        k: hits a query, at least 1.
        exclude: (queries, e) rows that are no hits of a query, -1 is no row; or lists of them.
        workers: threads over tiles of queries; changes no bit of the result.

    Returns:
        rows (queries, k) int64 and scores (queries, k) float32, best first, ties by row; -1 and -inf where
        fewer than k rows are left.
    """
    if not queries:
        return np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32)
    tiles = [(first, min(first + TILE, queries)) for first in range(0, queries, TILE)]
    best = [_Best(last - first, k) for first, last in tiles]
    lists = exclude if exclude is None or isinstance(exclude, Lists) else Lists.padded(exclude)

    with ThreadPoolExecutor(max(1, min(workers, len(tiles)))) as pool:
        each = pool.map if min(workers, len(tiles)) > 1 else map
        for start, stop in _blocks(count, queries, k):
            block = scorer.open(start, stop)

            def advance(number: int, start: int = start, stop: int = stop, block: Any = block) -> None:
                first, last = tiles[number]
                banned = None if lists is None else lists.part(first, last)
                _advance(scorer, best[number], (first, last), (start, stop), block, banned)

            for _ in each(advance, range(len(tiles))):
                pass
    return np.concatenate([one.rows for one in best]), np.concatenate([one.scores for one in best])


def _blocks(count: int, queries: int, k: int) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks that double up to the full size; a few queries take longer blocks."""
    full = BLOCK * max(1, min(8, TILE // max(queries, 1)))
    start = 0
    while start < count:
        stop = min(count, start + min(full, max(FIRST, 4 * k, start)))
        yield start, stop
        start = stop


def _advance(
    scorer: Scorer,
    best: _Best,
    tile: tuple[int, int],
    span: tuple[int, int],
    block: Any,
    banned: Lists | None,
) -> None:
    """Bring the best rows of one tile of queries up to date with one block of rows."""
    part = scorer.part(*tile, block)
    # later rows lose ties, so a row must beat the k-th best of a full list
    floor = np.nextafter(best.floor, np.float32(np.inf), where=best.rows[:, -1:] >= 0, out=best.floor.copy())
    if not np.isfinite(floor).all():
        floor = np.maximum(floor, _first_floor(scorer, part, tile[0], span, best.rows.shape[1], banned))
    queries, rows = _pairs(part.reaching(floor))
    rows += span[0]
    if banned is not None and len(rows):
        keep = ~banned.holds(queries, rows)
        queries, rows = queries[keep], rows[keep]
    scores = _judge(scorer, queries + tile[0], rows)
    keep = (scores >= floor[queries, 0]) & (scores > -np.inf)
    if keep.any():
        best.merge(queries[keep], rows[keep], scores[keep])


def _first_floor(
    scorer: Scorer, part: Part, first: int, span: tuple[int, int], k: int, banned: Lists | None
) -> Floats:
    """(t, 1) the worst exact score of any k rows of the block: no row below it is among the k best."""
    ranks = part.ranks()
    tile, width = ranks.shape
    if width < 2 * k:
        return np.full((tile, 1), -np.inf, dtype=np.float32)
    if banned is not None:
        inside = (banned.rows >= span[0]) & (banned.rows < span[1])
        ranks[banned.queries[inside], banned.rows[inside] - span[0]] = -np.inf
    picked = np.argpartition(ranks, width - k, axis=1)[:, width - k :]
    queries = np.repeat(np.arange(tile), k)
    chosen = picked.reshape(-1)
    scores = _judge(scorer, queries + first, chosen + span[0])
    scores[np.isneginf(ranks[queries, chosen]) | np.isnan(scores)] = -np.inf
    worst: Floats = scores.reshape(tile, k).min(axis=1, keepdims=True)
    return worst


def _pairs(mask: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Give the (row, column) numbers of the True cells, in order; twelve times as fast as `nonzero`."""
    return np.divmod(np.flatnonzero(mask), mask.shape[1])


def _judge(scorer: Scorer, queries: Rows, rows: Rows) -> Floats:
    """(m,) exact scores, a bounded number of pairs at a time."""
    scores = np.empty(len(rows), dtype=np.float32)
    step = max(1, CHUNK // max(1, scorer.width))
    for start in range(0, len(rows), step):
        scores[start : start + step] = scorer.exact(queries[start : start + step], rows[start : start + step])
    return scores
