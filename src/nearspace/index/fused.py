"""Top k rows by kernels that score and select at once: for searches that are large enough to load them.

The scheme is that of `blockwise.py`, and the bytes of the answer are the same: float32 scores with a bound
on their error choose candidates, exact scores order them. Here a scan keeps the candidates of a query in a
room of fixed size; a query of which too many rows are nearly as good as the k-th is reported as unsettled.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.index.blockwise import Floats, Rows
from nearspace.index.linear import HUGE, TINY, UNDERFLOW, UNIT, Cosine, Doubles, Euclidean, Linear
from nearspace.index.lists import Lists
from nearspace.kernels.candidates import COSINE, DOT, EUCLIDEAN, LOWEST
from nearspace.kernels.judge import UNSETTLED, judge
from nearspace.kernels.lanes import LANES, WIDTH
from nearspace.kernels.scan import scan_panels, scan_strips
from nearspace.kernels.sums import PARTS
from nearspace.kernels.tile import CHUNK

FEW = 4  # up to so many queries rows are read straight, one query after the other
CACHE = 1 << 19  # bytes of queries that are scored together: they stay in the second-level cache
GROUP = 512  # the most of them, so that their candidates stay there too
MOST_ODD = 256  # rows that float32 cannot judge; with more of them the kernels are not used
CHECKED = 4096  # odd rows read at once
MOST_K = 4096


@dataclass(frozen=True)
class Scan:
    """What all passes over the rows share.

    Attributes:
        address: of the vectors.
        kind: of the scores.
        rows: (m,) the rows to look at; empty for all.
        count: how many rows to look at.
        extra: rows that are judged for every query, since float32 cannot.
        exclude: of each query.
        doubt: (q,) how far float32 scores may be off,
        relative: and beyond that, in parts of themselves.
        shift: (q,) what |q - v|^2 / 2 is subtracted from.
        room: candidates a query.
    """

    address: int
    kind: int
    rows: Rows
    count: int
    extra: Rows
    exclude: Lists
    doubt: Doubles
    relative: float
    shift: Doubles
    room: int


def fused_rows(
    scorer: Linear, count: int, k: int, exclude: Lists | None, workers: int
) -> tuple[Rows, Floats, Rows] | None:
    """Give the k best of the scorer's rows for each query.

    Args:
        scorer: the metric with its queries and vectors, at least one of each.
        count: how many of its rows to look at.
        k: hits a query.
        exclude: rows of the vectors that are no hits of a query.
        workers: threads.

    Returns:
        rows of the vectors (q, k) and scores as `top_rows` gives them, and the numbers of the unsettled
        queries; None if the kernels cannot search these vectors.
    """
    if k > MOST_K or not _fits(scorer.vectors) or not _fits(scorer.all_norms):
        return None
    if scorer.lengths.max() > HUGE and not isinstance(scorer, Cosine):
        return None
    looked = _rows(scorer, count)
    if looked is None:
        return None
    rows, total, extra, longest = looked
    few = len(scorer.queries) <= FEW and scorer.width >= LANES
    none = Lists(np.zeros(len(scorer.queries) + 1, np.int64), np.empty(0, np.int64))
    doubt, relative = _doubts(scorer, longest, few)
    scan = Scan(
        address=_address(scorer.vectors),
        kind=COSINE if isinstance(scorer, Cosine) else EUCLIDEAN if isinstance(scorer, Euclidean) else DOT,
        rows=rows,
        count=total,
        extra=extra,
        exclude=none if exclude is None else exclude,
        room=min(4 * k + 192, max(total, k) + 16),
        doubt=doubt,
        relative=relative,
        shift=scorer.lengths[:, 0] ** 2 / 2 if isinstance(scorer, Euclidean) and not few else 0 * doubt,
    )
    hits = np.empty((len(scorer.queries), k), np.int64), np.empty((len(scorer.queries), k), np.float32)
    passes = _strips if few else _panels
    with ThreadPoolExecutor(max(1, workers)) as pool:
        passes(scorer, scan, k, hits, workers, pool)
    return *hits, np.flatnonzero(hits[0][:, 0] == UNSETTLED)


def _fits(array: Floats) -> bool:
    """Whether the kernels can read an array where it lies."""
    return (
        array.dtype == np.float32
        and array.flags.c_contiguous
        and array.flags.aligned
        and 0 < len(array) < 1 << 32
        and array.size > 0
    )


def _address(array: Floats) -> int:
    return int(array.__array_interface__["data"][0])


def _rows(scorer: Linear, count: int) -> tuple[Rows, int, Rows, float] | None:
    """Give the rows to scan (empty: all), how many, those to judge outright, and the largest norm scanned."""
    none = np.empty(0, np.int64)
    listed = none if scorer.chosen is None else np.ascontiguousarray(scorer.chosen[:count])
    norms = scorer.norms[:count]
    limit, least = scorer.limit(), TINY if isinstance(scorer, Cosine) else 0.0
    longest, shortest = float(norms.max(initial=0)), float(norms.min(initial=np.inf))
    if longest <= limit and shortest >= least:
        return listed, count, none, longest
    odd = np.flatnonzero(~((norms <= limit) & (norms >= least)))
    fine, some = np.empty(len(odd), bool), np.empty(len(odd), bool)
    for start in range(0, len(odd), CHECKED):
        part = slice(start, start + CHECKED)
        vectors = scorer.vectors[scorer.place(odd[part])]
        fine[part], some[part] = np.isfinite(vectors).all(axis=1), vectors.any(axis=1)
    extra = odd[fine & some]
    if len(extra) > MOST_ODD:
        return None
    keep = np.ones(count, bool)
    keep[odd[some]] = False  # rows of zeros score like any other
    longest = float(norms.max(initial=0, where=keep))
    if keep.all():
        return listed, count, none, longest
    kept = np.flatnonzero(keep)
    if scorer.chosen is not None:
        kept, extra = scorer.chosen[kept], scorer.chosen[extra]
    return kept, len(kept), extra, longest


def _doubts(scorer: Linear, longest: float, few: bool) -> tuple[Doubles, float]:
    """How far float32 scores may be off.

    A sum is off by at most 1.01 m u times the sum of its terms' absolute values (Higham, 3.1), where m is the
    longest chain of additions that a term takes part in. The 24 cover the roundings of norms, scaling, floors
    and of the exact score to float32.
    """
    dim, lengths = scorer.width, scorer.lengths[:, 0]
    lanes = -(-dim // LANES)
    chain = 24 + lanes + (0 if few else min(dim, CHUNK) + -(-dim // CHUNK))
    slack = 1.01 * UNIT * chain
    if isinstance(scorer, Cosine):
        # one query uses the norms that were given, of which only the bound of any summation is known
        return np.full(len(lengths), scorer.slack if few else slack), 0.0
    if isinstance(scorer, Euclidean) and few:
        return np.full(len(lengths), UNDERFLOW * dim), slack
    if isinstance(scorer, Euclidean):
        doubt = slack * (lengths * longest + longest**2 / 2)
        return doubt + 8 * UNIT * (lengths + longest) ** 2 + UNDERFLOW * dim, 0.0
    return slack * lengths * longest + UNDERFLOW * dim, 0.0


Hits = tuple[Rows, Floats]


def _judge(
    scorer: Linear, scan: Scan, part: slice, keys: NDArray[np.uint64], counts: Rows, hits: Hits
) -> None:
    """Write the hits of some queries from their candidates."""
    wide = scorer.wide_queries[part]
    padded = np.zeros((len(wide), -(-scorer.width // PARTS) * PARTS))
    padded[:, : scorer.width] = wide
    judge(
        scan.address, scorer.width, scan.kind, padded, scorer.lengths[part, 0].copy(), scan.shift[part],
        scan.doubt[part], scan.relative, keys, counts, scan.extra, *scan.exclude.part(part.start, part.stop),
        hits[0][part], hits[1][part],
    )  # fmt: skip


def _strips(scorer: Linear, scan: Scan, k: int, hits: Hits, workers: int, pool: ThreadPoolExecutor) -> None:
    """Scan for few queries: every worker takes a range of rows."""
    dim, count = scorer.width, len(scorer.queries)
    queries = np.zeros((count, dim + 2 * LANES), np.float32)
    queries[:, :dim] = scorer.queries
    rest = dim % LANES
    if rest:
        queries[:, dim + LANES - rest : dim + LANES] = scorer.queries[:, dim - rest :]
        queries[:, dim + 2 * LANES - rest :] = 1
    passes = max(1, min(workers, scan.count // 4096))
    keys, counts, cuts = _room(scan, passes, count)
    norms = _address(scorer.all_norms)

    def go(one: int) -> None:
        scan_strips(
            scan.address, dim, scan.kind, scan.rows, cuts[one], cuts[one + 1], queries, norms,
            np.full(count, LOWEST, np.float32), *scan.exclude, keys[one], counts[one], k,
            scan.doubt, scan.relative,
        )  # fmt: skip

    _run(go, passes, pool)
    _judge(scorer, scan, slice(0, count), keys, counts, hits)


def _panels(scorer: Linear, scan: Scan, k: int, hits: Hits, workers: int, pool: ThreadPoolExecutor) -> None:
    """Scan for many queries: every worker takes groups of queries, or all of them and a range of rows."""
    dim, count = scorer.width, len(scorer.queries)
    panels = -(-count // WIDTH)
    most = max(1, min(CACHE // (4 * WIDTH * dim), GROUP // WIDTH, (CACHE << 3) // (8 * scan.room * WIDTH)))
    groups = -(-panels // most)
    if groups % workers and panels >= 2 * workers:
        groups = min(panels, -(-groups // workers) * workers)
    passes = 1 if groups >= workers else max(1, min(workers, scan.count // 4096))
    edges = [panels * group // groups * WIDTH for group in range(groups + 1)]

    def go(group: int) -> None:
        part = slice(edges[group], min(edges[group + 1], count))
        inside = part.stop - part.start
        wide = edges[group + 1] - edges[group]
        asked = np.zeros((wide, dim), np.float32)
        asked[:inside] = scorer.queries[part]
        flat = np.ascontiguousarray(asked.reshape(-1, WIDTH, dim).transpose(0, 2, 1)).reshape(-1)
        keys, counts, cuts = _room(scan, passes, inside)
        listed = scan.exclude.part(part.start, part.stop)

        def one_pass(one: int) -> None:
            floors = np.full(wide, LOWEST, np.float32)
            floors[inside:] = np.inf
            scan_panels(
                scan.address, dim, scan.kind, scan.rows, cuts[one], cuts[one + 1], flat, floors,
                *listed, keys[one], counts[one], k, scan.doubt[part],
            )  # fmt: skip

        _run(one_pass, passes, pool)
        _judge(scorer, scan, part, keys, counts, hits)

    if passes > 1:
        for group in range(groups):
            go(group)
    else:
        _run(go, groups, pool)


def _room(scan: Scan, passes: int, queries: int) -> tuple[NDArray[np.uint64], Rows, list[int]]:
    """Give empty candidates for each pass and query, and where the passes begin and end."""
    cuts = [scan.count * one // passes for one in range(passes + 1)]
    return np.empty((passes, queries, scan.room), np.uint64), np.zeros((passes, queries), np.int64), cuts


def _run(go: Callable[[int], None], count: int, pool: ThreadPoolExecutor) -> None:
    """Call go(0), go(1), ... in threads."""
    if count == 1:
        go(0)
        return
    for _ in pool.map(go, range(count)):
        pass
