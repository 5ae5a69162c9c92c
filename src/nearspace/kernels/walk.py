"""The walk over a hierarchical navigable small world graph: the points near a query, without comparing all.

Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using hierarchical navigable
small world graphs, 2018 (algorithms 2 and 5). The pool of candidates is one sorted array of 64-bit numbers:
the distance, made an unsigned integer of the same order, above the point's number and whether its links
were followed. Distances are summed in an order that is written out (`points`) and ties go by number, so a
walk is the same bits wherever it runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.points import dot, scaled_squares, shift, squares
from nearspace.kernels.simd import prefetch

DOT, EUCLIDEAN, SCALED = 0, 1, 2  # how far a point is; see `distances_numpy`
LINE = 64  # bytes that memory gives at once
AHEAD = 8  # lines of a point that are asked for; the machine guesses the others
COUNTED = 128  # candidates whose place is found by counting instead of halving


class Links(NamedTuple):
    """A layered graph over m points, numbered 0..m-1; -1 ends a list of links."""

    base: Any  # (m * degree,) int32
    degree: int
    upper: Any  # (lists * half,) int32 of the points in higher layers, from layer 1 up
    half: int
    place: Any  # (m,) int32: first of a point's lists in `upper`; -1: none
    entry: int
    height: int  # layers above the base


class Points(NamedTuple):
    """What distances are taken from."""

    values: Any  # (m * width,) float32, or uint8 codes
    width: int
    kind: int  # DOT, EUCLIDEAN, or SCALED
    scale: Any  # (width,) float32 factors of squared differences, for SCALED


class Room(NamedTuple):
    """What a walk writes into; one at a time."""

    pool: Any  # (effort,) uint64 keys of the nearest points so far; the lowest bit: its links were followed
    hits: Any  # (c,) uint64 keys of the nearest that are allowed
    todo: Any  # (2 * degree + 2,) uint64
    seen: Any  # (m,) uint8 marks of the points that were looked at


@njit(cache=True, nogil=True, _nrt=False)
def _key(distance: Any, point: int) -> Any:
    """Distance and point as one number, of the order of (distance, point)."""
    bits = np.int64(np.float32(distance).view(np.int32))
    bits = (~bits) & 0xFFFFFFFF if bits < 0 else bits | 0x80000000
    return (np.uint64(bits) << np.uint64(32)) | (np.uint64(point) << np.uint64(1))


@njit(cache=True, nogil=True, _nrt=False)
def _point(key: Any) -> Any:
    return np.int64((key >> np.uint64(1)) & np.uint64(0x7FFFFFFF))


@njit(cache=True, nogil=True, _nrt=False)
def _fetch(points: Points, todo: Any, first: int, count: int) -> None:
    """Ask memory for points, by their numbers."""
    stride = LINE // points.values.itemsize
    lines = min(AHEAD, (points.width + stride - 1) // stride)
    for at in range(first, first + count):
        start = np.int64(todo[at]) * points.width
        for line in range(lines):
            prefetch(points.values, start + line * stride)


@njit(cache=True, nogil=True, _nrt=False)
def _measure(points: Points, query: Any, todo: Any, first: int, count: int) -> None:
    """Make keys of point numbers."""
    values, width = points.values, points.width
    if points.kind == DOT:
        for at in range(first, first + count):
            point = np.int64(todo[at])
            todo[at] = _key(-dot(values, point * width, query, width), point)
    elif points.kind == EUCLIDEAN:
        for at in range(first, first + count):
            point = np.int64(todo[at])
            todo[at] = _key(squares(values, point * width, query, width), point)
    else:
        for at in range(first, first + count):
            point = np.int64(todo[at])
            todo[at] = _key(scaled_squares(values, point * width, query, width, points.scale), point)


@njit(cache=True, nogil=True, _nrt=False)
def _insert(pool: Any, size: int, room: int, key: Any) -> Any:
    """Put a key in its place among the first `size`, which are sorted; the last falls out of a full pool."""
    low, high = 0, size
    while high - low > COUNTED:
        middle = (low + high) // 2
        if pool[middle] < key:
            low = middle + 1
        else:
            high = middle
    place = low
    # counting has no branch to guess wrong; an unsigned index is never counted from the end
    for at in range(np.uint64(low), np.uint64(high)):
        place += pool[at] < key
    shift(pool, place, min(size, room - 1) - place)
    pool[place] = key
    return place


@njit(cache=True, nogil=True, _nrt=False)
def _descend(links: Links, points: Points, query: Any, todo: Any) -> Any:
    """Go to ever nearer points through the higher layers; gives the key of the last."""
    todo[0] = links.entry
    _measure(points, query, todo, 0, 1)
    best = todo[0]
    for layer in range(links.height - 1, -1, -1):
        moved = True
        while moved:
            first = (links.place[_point(best)] + layer) * links.half
            count = 0
            while count < links.half and links.upper[first + count] >= 0:
                todo[count] = links.upper[first + count]
                count += 1
            _fetch(points, todo, 0, count)
            _measure(points, query, todo, 0, count)
            moved = False
            for at in range(count):
                if todo[at] < best:
                    best, moved = todo[at], True
    return best


@njit(cache=True, nogil=True, _nrt=False)
def _gather(links: Links, point: int, todo: Any, first: int, seen: Any, mark: Any) -> Any:
    """List the neighbours of a point that were not looked at yet; gives how many."""
    start, count = point * links.degree, 0
    for link in range(start, start + links.degree):
        near = links.base[link]
        if near < 0:
            break
        todo[first + count] = near
        count += seen[near] != mark
        seen[near] = mark
    return count


@njit(cache=True, nogil=True, _nrt=False)
def _walk_one(links: Links, points: Points, query: Any, room: Room, allowed: Any, mark: Any) -> Any:
    """Fill the pool with the nearest points on the way, and `hits` with the nearest that are allowed.

    A point is chosen, and what it is linked with is asked for from memory, before the neighbours of the one
    chosen before it are measured: so memory and arithmetic go on at the same time.
    """
    pool, hits, todo, seen = room.pool, room.hits, room.todo, room.seen
    most, filtered = len(pool), allowed.size > 0
    first = _descend(links, points, query, todo)
    pool[0] = first
    size, found, at = 1, 0, 0
    seen[_point(first)] = mark
    if filtered and allowed[_point(first)]:
        hits[0] = first
        found = 1
    here, there, count = 0, links.degree + 1, 0
    while True:
        while at < size and pool[at] & np.uint64(1):
            at += 1
        more = 0
        if at < size:
            more = _gather(links, _point(pool[at]), todo, there, seen, mark)
            _fetch(points, todo, there, more)
            pool[at] |= np.uint64(1)
            at += 1
            if at < size:
                ahead = _point(pool[at]) * links.degree
                prefetch(links.base, ahead)
                prefetch(links.base, ahead + 16)
        elif count == 0:
            return size, found
        _measure(points, query, todo, here, count)
        for one in range(here, here + count):
            near = todo[one]
            if size < most or near < pool[size - 1]:
                at = min(at, _insert(pool, size, most, near))
                size = min(size + 1, most)
            if filtered and allowed[_point(near)] and (found < len(hits) or near < hits[found - 1]):
                _insert(hits, found, len(hits), near)
                found = min(found + 1, len(hits))
        here, there, count = there, here, more


@njit(cache=True, nogil=True, _nrt=False)
def walk(
    links: Links,
    points: Points,
    queries: NDArray[np.float32],
    room: Room,
    allowed: NDArray[np.bool_],
    look: int,
    mark: int,
    out: NDArray[np.int64],
    share: NDArray[np.float64],
) -> int:
    """Write the points near each query, nearest first; -1 fills up. Gives the last mark that was used.

    Args:
        links: the graph.
        points: what distances are taken from.
        queries: (q, width) float32, in the terms of the points' kind.
        room: what a walk writes into.
        allowed: (m,) True for those that may be found; or (0,): all.
        look: nearest points of any kind, among which the share of allowed ones is told.
        mark: the last mark that was used in `room.seen`, 0 to 255.
        out: (q, c) point numbers are written, c the length of `room.hits`.
        share: (q,) share of allowed ones among the `look` nearest is written; 1 without `allowed`.
    """
    for number in range(len(queries)):
        mark += 1
        if mark > 255:
            room.seen[:] = 0
            mark = 1
        size, found = _walk_one(links, points, queries[number], room, allowed, np.uint8(mark))
        best = room.pool
        share[number] = 1
        if allowed.size:
            around, members = min(look, size), 0
            for at in range(around):
                members += allowed[_point(room.pool[at])]
            share[number] = members / around
            best, size = room.hits, found
        for at in range(out.shape[1]):
            out[number, at] = _point(best[at]) if at < size else -1
    return mark


def distances_numpy(
    points: Points, query: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """How far points are: -p.q (DOT), |p - q|^2 (EUCLIDEAN), or sum of scale (p - q)^2 (SCALED)."""
    values = points.values.reshape(-1, points.width)[rows].astype(np.float64)
    if points.kind == DOT:
        found = -values @ query.astype(np.float64)
    else:
        apart = (values - query) ** 2
        found = apart.sum(axis=1) if points.kind == EUCLIDEAN else apart @ points.scale.astype(np.float64)
    return np.asarray(found, dtype=np.float32)


def walk_numpy(
    links: Links, points: Points, query: NDArray[np.float32], effort: int, allowed: NDArray[np.bool_]
) -> tuple[list[int], list[int]]:
    """Twin of `walk` for one query: the nearest points on the way, and all allowed ones that were seen.

    The nearest point whose links were not followed yet is chosen; its unseen neighbours are measured after
    the next is chosen; the walk ends where the links of each of the `effort` nearest were followed.
    """

    def measured(rows: list[int]) -> list[tuple[float, int]]:
        near = distances_numpy(points, query, np.array(rows, dtype=np.int64))
        return [(float(distance), row) for distance, row in zip(near, rows, strict=True)]

    def listed(flat: Any, start: int, most: int) -> list[int]:
        some: list[int] = flat[start : start + most].tolist()
        return some[: some.index(-1)] if -1 in some else some

    best = measured([links.entry])[0]
    for layer in range(links.height - 1, -1, -1):
        while True:
            first = (int(links.place[best[1]]) + layer) * links.half
            nearer = min([best, *measured(listed(links.upper, first, links.half))])
            if nearer == best:
                break
            best = nearer
    pool, seen = [best], {best[1]}
    followed: set[int] = set()
    waiting: list[int] = []
    while True:
        following: list[int] = []
        ahead = [row for _, row in pool if row not in followed]
        if ahead:
            followed.add(ahead[0])
            near = dict.fromkeys(listed(links.base, ahead[0] * links.degree, links.degree))
            following = [row for row in near if row not in seen]
            seen.update(following)
        elif not waiting:
            hits = sorted(measured([row for row in seen if not allowed.size or allowed[row]]))
            return [row for _, row in pool], [row for _, row in hits]
        pool = sorted(pool + measured(waiting))[:effort]
        waiting = following
