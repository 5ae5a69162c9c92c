"""A pass over rows that leaves, for each query, the candidates for its k nearest rows.

Scores are those that `tile` and `strip` compute in float32: q.v, q.v / |v| or q.v - |v|^2 / 2 in
`scan_panels`, and q.v, q.v / |v| or -|q - v|^2 / 2 in `scan_strips`. What is done for every candidate is
written out in both: a function that takes arrays counts references to them at each call, which costs more
than the work.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.candidates import COSINE, EUCLIDEAN, first_mark, key_of, lowest_bit, tighten
from nearspace.kernels.lanes import LANES, ROWS, VECTORS, WIDTH
from nearspace.kernels.strip import component, square_sum, strip_products, strip_squares
from nearspace.kernels.tile import tile


@njit(cache=True, nogil=True)
def lay(address, dim, kind, rows, first, stop, names, places, bias, scale):  # type: ignore[no-untyped-def]
    """Write what `tile` asks of the ROWS rows of places first, first + 1, ...; from `stop` on -inf."""
    for r in range(ROWS):
        at = min(first + r, stop - 1)
        names[r] = rows[at] if len(rows) > 0 else at
        places[r] = address + names[r] * dim * 4
        if kind == COSINE:
            squares = square_sum(places[r], dim)
            scale[r] = np.float32(1.0) / np.sqrt(squares) if squares > 0 else np.float32(0.0)
        elif kind == EUCLIDEAN:
            bias[r] = np.float32(-0.5) * square_sum(places[r], dim)
        if first + r >= stop:
            bias[r] = -np.inf
            scale[r] = np.float32(1.0)


@njit(cache=True, nogil=True)
def scan_panels(  # type: ignore[no-untyped-def]
    address, dim, kind, rows, start, stop, panels, floors, lists, exclude, keys, counts, k, doubt
):
    """Add the rows of places start..stop to the candidates of many queries.

    Args:
        address: of (n, dim) C-ordered float32 vectors.
        dim: components.
        kind: DOT, COSINE or EUCLIDEAN.
        rows: (m,) int64 ascending rows that the places stand for; empty: a place is a row.
        start: first place.
        stop: one past the last place.
        panels: queries as `tile` takes them.
        floors: (panels WIDTH,) float32, LOWEST at first, inf behind the last query.
        lists: (q + 1,) int64, where the list of each query begins in
        exclude: (n,) int64 rows that are no hits of a query, ascending in each list.
        keys: (q, room) uint64 candidates, room > k.
        counts: (q,) int64 how many; OVERFLOW if the room did not do.
        k: hits a query.
        doubt: (q,) float64, how far a score may be off.
    """
    places = np.empty(ROWS, np.int64)
    names = np.empty(ROWS, np.int64)
    bias = np.zeros(ROWS, np.float32)
    scale = np.ones(ROWS, np.float32)
    scores = np.empty(ROWS * WIDTH, np.float32)
    masks = np.zeros(ROWS * VECTORS, np.int64)
    banned = len(exclude) > 0
    cursors = lists.copy()
    marks = np.full(len(counts), first_mark(k, keys.shape[1]), np.int64)
    for first in range(start, stop, ROWS):
        lay(address, dim, kind, rows, first, stop, names, places, bias, scale)
        for panel in range(len(floors) // WIDTH):
            if not tile(panels, panel, places, bias, scale, floors, dim, scores, masks):
                continue
            for cell in range(ROWS * VECTORS):
                mask = masks[cell]
                row = names[cell // VECTORS]
                while mask:
                    lane = lowest_bit(mask)
                    mask &= mask - 1
                    query = panel * WIDTH + (cell % VECTORS) * LANES + lane
                    score = scores[cell * LANES + lane]
                    if score < floors[query]:
                        continue
                    if banned:
                        at, end = cursors[query], lists[query + 1]
                        while at < end and exclude[at] < row:
                            at += 1
                        cursors[query] = at
                        if at < end and exclude[at] == row:
                            continue
                    keys[query, counts[query]] = key_of(score, row)
                    counts[query] += 1
                    if counts[query] == marks[query]:
                        tighten(keys, counts, marks, floors, query, k, doubt[query], 0.0)


@njit(cache=True, nogil=True)
def scan_strips(  # type: ignore[no-untyped-def]
    address, dim, kind, rows, start, stop, queries, norms, floors, lists, exclude, keys, counts, k,
    doubt, relative,
):  # fmt: skip
    """Add the rows of places start..stop to the candidates of few queries; dim >= LANES.

    Args:
        address: of (n, dim) C-ordered float32 vectors.
        dim: components.
        kind: DOT, COSINE or EUCLIDEAN.
        rows: (m,) int64 ascending rows that the places stand for; empty: a place is a row.
        start, stop: first place, and one past the last.
        queries: (q, dim + 2 LANES) as `strip` takes them.
        norms: address of (n,) float32 norms of the vectors, read for COSINE.
        floors: (q,) float32, LOWEST at first.
        lists: (q + 1,) int64, where the list of each query begins in
        exclude: (n,) int64 rows that are no hits of a query, ascending in each list.
        keys: (q, room) uint64 candidates, room > k.
        counts: (q,) int64 how many; OVERFLOW if the room did not do.
        k: hits a query.
        doubt: (q,) float64, how far a score may be off.
        relative: how far it may be off beyond that, in parts of itself.
    """
    places, names = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    scale = np.full(LANES, np.float32(-0.5) if kind == EUCLIDEAN else np.float32(1.0), np.float32)
    scores = np.empty(LANES, np.float32)
    banned = len(exclude) > 0
    cursors = lists.copy()
    marks = np.full(len(counts), first_mark(k, keys.shape[1]), np.int64)
    for first in range(start, stop, LANES):
        for r in range(LANES):
            at = min(first + r, stop - 1)
            names[r] = rows[at] if len(rows) > 0 else at
            places[r] = address + names[r] * dim * 4
            if kind == COSINE:
                norm = component(norms, names[r])
                scale[r] = np.float32(1.0) / norm if norm > 0 else np.float32(0.0)
        for query in range(len(queries)):
            if kind == EUCLIDEAN:
                mask = strip_squares(queries[query], places, scale, floors[query], dim, scores)
            else:
                mask = strip_products(queries[query], places, scale, floors[query], dim, scores)
            while mask:
                lane = lowest_bit(mask)
                mask &= mask - 1
                row, score = names[lane], scores[lane]
                if first + lane >= stop or score < floors[query]:
                    continue
                if banned:
                    at, end = cursors[query], lists[query + 1]
                    while at < end and exclude[at] < row:
                        at += 1
                    cursors[query] = at
                    if at < end and exclude[at] == row:
                        continue
                keys[query, counts[query]] = key_of(score, row)
                counts[query] += 1
                if counts[query] == marks[query]:
                    tighten(keys, counts, marks, floors, query, k, doubt[query], relative)


def scan_numpy(
    vectors: NDArray[np.float32],
    kind: int,
    rows: NDArray[np.int64],
    queries: NDArray[np.float32],
    exclude: NDArray[np.int64],
    k: int,
    doubt: NDArray[np.float64],
    relative: float = 0.0,
    *,
    apart: bool = False,
) -> list[NDArray[np.int64]]:
    """Give the candidates of each query, ascending.

    score_v = q.v  |  q.v / |v|  |  q.v - |v|^2 / 2 (or, `apart`, -|q - v|^2 / 2)
    v is a candidate unless score_v < b - 2 (doubt + relative |b|), where b is the k-th largest score.
    """
    wide, asked = vectors[rows].astype(np.float64), queries.astype(np.float64)
    scores = asked @ wide.T
    squares = np.einsum("nd,nd->n", wide, wide)
    if kind == COSINE:
        scores = np.divide(scores, np.sqrt(squares), out=np.zeros_like(scores), where=squares > 0)
    elif kind == EUCLIDEAN:
        scores -= squares / 2
        if apart:
            scores -= np.einsum("qd,qd->q", asked, asked)[:, None] / 2
    found = []
    for line, banned, doubted in zip(scores, exclude, doubt, strict=True):
        fine = np.flatnonzero(~np.isin(rows, banned))
        floor = -np.inf
        if len(fine) > k:
            best = np.sort(line[fine])[-k]
            floor = best - 2 * (doubted + relative * abs(best))
        found.append(rows[fine[line[fine] >= floor]])
    return found
