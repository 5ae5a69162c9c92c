"""Nearest rows among the cells of a partition: a row is compared with all rows of the cells near to it.

Products are those of `tile`, over vectors less the centre of the cell, so float32 loses nothing where rows
lie far from zero. They choose candidates; exact distances, as `exact_score` sums them, order these. A cell is
searched by one thread, in an order that depends on the partition only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.candidates import EUCLIDEAN, LOWEST, lowest_bit
from nearspace.kernels.judge import exact_score
from nearspace.kernels.lanes import LANES, ROWS, VECTORS, WIDTH
from nearspace.kernels.points import squares
from nearspace.kernels.sums import PARTS, sums_in_order
from nearspace.kernels.tile import tile

BLOCK = 256  # rows whose neighbours are sought together
_CHUNK = 1 << 17  # components that are compared with a block at once


class Cells(NamedTuple):
    """A partition of rows."""

    first: Any  # (cells + 1,) int64
    members: Any  # (n,) int64: rows first[c] .. first[c + 1] are those of cell c, ascending
    centres: Any  # (cells, d) float32


class Lists(NamedTuple):
    """The best candidates of a block of rows, best first."""

    scores: Any  # (BLOCK, K) float32
    names: Any  # (BLOCK, K) int64, -1 where there is none yet


@njit(cache=True, nogil=True)
def _pack(vectors, rows, chosen, count, centre, panels):  # type: ignore[no-untyped-def]
    """Write the rows rows[chosen[:count]], less the centre, as `tile` takes queries; give the panels."""
    dim = vectors.shape[1]
    whole = -(-count // WIDTH)
    for at in range(whole * WIDTH):
        base = (at // WIDTH) * dim * WIDTH + at % WIDTH
        if at < count:
            row = rows[chosen[at]]
            for i in range(dim):
                panels[base + i * WIDTH] = vectors[row, i] - centre[i]
        else:
            for i in range(dim):
                panels[base + i * WIDTH] = np.float32(0)
    return whole


@njit(cache=True, nogil=True)
def _insert(scores, names, score, name):  # type: ignore[no-untyped-def]
    """Put a candidate into a list, best first, ties by name."""
    at = len(scores) - 1
    if score < scores[at] or (score == scores[at] and name > names[at]):
        return
    while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and names[at - 1] > name)):
        scores[at] = scores[at - 1]
        names[at] = names[at - 1]
        at -= 1
    scores[at] = score
    names[at] = name


@njit(cache=True, nogil=True)
def _compare(panels, chosen, count, rows, near, dim, names, bias, total, lists):  # type: ignore[no-untyped-def]
    """Compare packed rows with the first `total` of `near`, whose names and biases are given.

    Args:
        panels: as `_pack` writes them.
        chosen: (count,) int64 the list of each packed row.
        count: packed rows.
        rows: (BLOCK,) int64 names of the rows that the lists are of: a row is no candidate of its own.
        near: (m dim,) float32.
        dim: components.
        names: (m,) int64.
        bias: (m,) float32 -|v|^2 / 2.
        total: how many of them.
        lists: is written.
    """
    places = np.empty(ROWS, np.int64)
    biases = np.empty(ROWS, np.float32)
    scale = np.ones(ROWS, np.float32)
    scores = np.empty(ROWS * WIDTH, np.float32)
    masks = np.zeros(ROWS * VECTORS, np.int64)
    whole = -(-count // WIDTH)
    last = lists.scores.shape[1] - 1
    floors = np.full(whole * WIDTH, np.float32(np.inf), np.float32)
    for at in range(count):
        floors[at] = lists.scores[chosen[at], last]
    address = near.ctypes.data
    for start in range(0, total, ROWS):
        for r in range(ROWS):
            at = min(start + r, total - 1)
            places[r] = address + at * dim * 4
            biases[r] = bias[at] if start + r < total else np.float32(-np.inf)
        for panel in range(whole):
            if not tile(panels, panel, places, biases, scale, floors, dim, scores, masks):
                continue
            for cell in range(ROWS * VECTORS):
                mask = masks[cell]
                while mask:
                    lane = lowest_bit(mask)
                    mask &= mask - 1
                    at = panel * WIDTH + (cell % VECTORS) * LANES + lane
                    name, mine = names[start + cell // VECTORS], chosen[at]
                    if name != rows[mine]:
                        _insert(lists.scores[mine], lists.names[mine], scores[cell * LANES + lane], name)
                        floors[at] = lists.scores[mine, last]


@njit(cache=True, nogil=True)
def _less_centre(vectors, members, start, stop, centre, near, names, bias):  # type: ignore[no-untyped-def]
    """Copy members start..stop less the centre, with their names and biases."""
    dim = vectors.shape[1]
    nothing = np.zeros(dim, np.float32)
    for at in range(stop - start):
        row = members[start + at]
        names[at] = row
        for i in range(dim):
            near[at * dim + i] = vectors[row, i] - centre[i]
        bias[at] = np.float32(-0.5) * squares(near, at * dim, nothing, dim)


@njit(cache=True, nogil=True)
def nearest_cells(
    vectors: NDArray[np.float32],
    centres: NDArray[np.float32],
    centre: NDArray[np.float32],
    rows: NDArray[np.int64],
    out: NDArray[np.int32],
) -> None:
    """Write the cells whose centres are nearest to some rows, nearest first, ties by cell.

    Args:
        vectors: (n, d) float32.
        centres: (cells, d) float32.
        centre: (d,) float32 that is taken from both, such as the mean.
        rows: (m,) int64, at most BLOCK.
        out: (m, p) int32, p <= cells.
    """
    dim, count, wanted = vectors.shape[1], len(rows), out.shape[1]
    chosen = np.arange(count)
    panels = np.empty(-(-count // WIDTH) * WIDTH * dim, np.float32)
    _pack(vectors, rows, chosen, count, centre, panels)
    nobody = np.full(count, -1, np.int64)
    lists = Lists(np.full((count, wanted), LOWEST, np.float32), np.full((count, wanted), -1, np.int64))
    chunk = max(ROWS, _CHUNK // dim)
    near = np.empty(chunk * dim, np.float32)
    names = np.empty(chunk, np.int64)
    bias = np.empty(chunk, np.float32)
    every = np.arange(len(centres))
    for begin in range(0, len(centres), chunk):
        end = min(len(centres), begin + chunk)
        _less_centre(centres, every, begin, end, centre, near, names, bias)
        _compare(panels, chosen, count, nobody, near, dim, names, bias, end - begin, lists)
    for at in range(count):
        for rank in range(wanted):
            out[at, rank] = lists.names[at, rank]


def nearest_cells_numpy(
    vectors: NDArray[np.float32],
    centres: NDArray[np.float32],
    centre: NDArray[np.float32],
    rows: NDArray[np.int64],
    out: NDArray[np.int32],
) -> None:
    """Do the same as `nearest_cells` in float64: the p first c, ordered by (|v - c|^2, c)."""
    for at, row in enumerate(rows):
        apart = ((centres.astype(np.float64) - vectors[row]) ** 2).sum(axis=1)
        out[at] = np.argsort(apart, kind="stable")[: out.shape[1]]


@njit(cache=True, nogil=True)
def _by_cell(probes, own, cells):  # type: ignore[no-untyped-def]
    """Sort the pairs (row of the block, cell that it looks into) by cell.

    Returns:
        order of the cells: `own` first, then by how many rows look into one, most first, ties by number;
        first (cells + 1,) and pairs: those of cell c are pairs[first[c] : first[c + 1]], places in the block.
    """
    first = np.zeros(cells + 1, np.int64)
    for at in range(len(probes)):
        for rank in range(probes.shape[1]):
            first[probes[at, rank] + 1] += 1
    counts = first[1:].copy()
    counts[own] = np.iinfo(np.int64).max
    looked = np.flatnonzero(counts)
    order = looked[np.argsort(-counts[looked], kind="mergesort")]
    for cell in range(cells):
        first[cell + 1] += first[cell]
    following = first[:cells].copy()
    pairs = np.empty(first[cells], np.int64)
    for at in range(len(probes)):
        for rank in range(probes.shape[1]):
            cell = probes[at, rank]
            pairs[following[cell]] = at
            following[cell] += 1
    return order, first, pairs


@njit(cache=True, nogil=True)
def search_cells(
    vectors: NDArray[np.float32],
    points: NDArray[np.float32],
    wide: int,
    cells: Cells,
    probes: NDArray[np.int32],
    own: int,
    start: int,
    stop: int,
    rows: NDArray[np.int64],
    distances: NDArray[np.float32],
) -> None:
    """Write the k nearest other rows of the members start..stop of a cell, in the cells that each looks into.

    Args:
        vectors: (n, d) finite float32, between which distances are measured.
        points: (n, r) float32 that candidates are chosen by: the vectors, or a shorter image of them.
        wide: candidates, at least k.
        cells: the partition of the points.
        probes: (stop - start, p) int32 cells that each of these members looks into, each once.
        own: the cell.
        start: first of its members; counted over all cells.
        stop: one past the last; at most BLOCK members at once.
        rows: (n, k) int64, nearest first, ties by row; -1 where a row looks at fewer than k others.
        distances: (n, k) float32; inf there.
    """
    dim = points.shape[1]
    mine, count, centre = cells.members[start:stop], stop - start, cells.centres[own]
    order, first, pairs = _by_cell(probes, own, len(cells.centres))
    panels = np.empty((-(-count // WIDTH)) * WIDTH * dim, np.float32)
    lists = Lists(np.full((count, wide), LOWEST, np.float32), np.full((count, wide), -1, np.int64))
    chunk = max(ROWS, _CHUNK // dim)
    near = np.empty(chunk * dim, np.float32)
    names = np.empty(chunk, np.int64)
    bias = np.empty(chunk, np.float32)
    for cell in order:
        chosen = pairs[first[cell] : first[cell + 1]]
        if len(chosen) == 0:
            continue
        _pack(points, mine, chosen, len(chosen), centre, panels)
        for begin in range(cells.first[cell], cells.first[cell + 1], chunk):
            end = min(cells.first[cell + 1], begin + chunk)
            _less_centre(points, cells.members, begin, end, centre, near, names, bias)
            _compare(panels, chosen, len(chosen), mine, near, dim, names, bias, end - begin, lists)
    _ordered(vectors, mine, lists, rows, distances)


@njit(cache=True, nogil=True)
def _ordered(vectors, mine, lists, rows, distances):  # type: ignore[no-untyped-def]
    """Write the k nearest candidates of each row by exact distance."""
    dim, k = vectors.shape[1], rows.shape[1]
    query = np.zeros(-(-dim // PARTS) * PARTS, np.float64)
    spare = np.zeros(len(query), np.float32)
    wide = lists.names.shape[1]
    scores = np.empty(wide, np.float32)
    names = np.empty(wide, np.int64)
    address = vectors.ctypes.data
    for at in range(len(mine)):
        row = mine[at]
        for i in range(dim):
            query[i] = vectors[row, i]
        scores[:] = -np.inf
        names[:] = np.iinfo(np.int64).max
        for candidate in range(wide):
            name = lists.names[at, candidate]
            if name < 0:
                break
            score = exact_score(address + name * dim * 4, dim, EUCLIDEAN, query, 0.0, spare)
            _insert(scores, names, score, name)
        for rank in range(k):
            found = scores[rank] > -np.inf
            rows[row, rank] = names[rank] if found else -1
            distances[row, rank] = -scores[rank] if found else np.float32(np.inf)


def search_cells_numpy(
    vectors: NDArray[np.float32],
    points: NDArray[np.float32],
    wide: int,
    cells: Cells,
    probes: NDArray[np.int32],
    own: int,
    start: int,
    stop: int,
    rows: NDArray[np.int64],
    distances: NDArray[np.float32],
) -> None:
    """Do the same as `search_cells`: the k first of the candidates, ordered by (|q - v|, v)."""
    k = rows.shape[1]
    for looked, row in zip(probes, cells.members[start:stop], strict=True):
        parts = [cells.members[cells.first[cell] : cells.first[cell + 1]] for cell in looked]
        near = np.sort(np.concatenate(parts))
        near = near[near != row]
        apart = ((points[near].astype(np.float64) - points[row]) ** 2).sum(axis=1)
        near = np.sort(near[np.argsort(apart, kind="stable")[:wide]])
        gaps = vectors[near].astype(np.float64) - vectors[row]
        apart = np.sqrt(sums_in_order((gaps**2).T)).astype(np.float32)
        best = np.argsort(apart, kind="stable")[:k]
        rows[row], distances[row] = -1, np.inf
        rows[row, : len(best)], distances[row, : len(best)] = near[best], apart[best]
