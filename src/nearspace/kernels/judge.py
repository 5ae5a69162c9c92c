"""Exact scores of candidates, and the k best of them.

An exact score is float64 rounded to float32, summed in the order of `kernels/sums.py`, so that the numpy
twin, `Linear.exact` in `index/linear.py`, gives the same bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from nearspace.kernels.candidates import (
    COSINE,
    EUCLIDEAN,
    is_listed,
    key_of,
    row_of,
    score_of,
    select_largest,
    sort_largest,
)
from nearspace.kernels.strip import component
from nearspace.kernels.sums import PARTS

UNSETTLED = -2  # row of a query whose candidates did not fit

_F32, _F64, _I64 = ir.FloatType(), ir.DoubleType(), ir.IntType(64)
_SINGLES, _DOUBLES = ir.VectorType(_F32, PARTS), ir.VectorType(_F64, PARTS)


def _folded(builder: Any, sums: Any) -> Any:
    width = PARTS
    while width > 1:
        width //= 2
        low, high = (
            ir.Constant(ir.VectorType(ir.IntType(32), width), list(part))
            for part in (range(width), range(width, 2 * width))
        )
        sums = builder.fadd(builder.shuffle_vector(sums, sums, low), builder.shuffle_vector(sums, sums, high))
    return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))


@intrinsic
def exact_sums(typing: Any, place: Any, query: Any, padded: Any, apart: Any) -> Any:
    """q.v or, if `apart`, |q - v|^2, and v.v, in float64.

    Args:
        place: address of `padded` float32.
        query: (padded,) float64.
        padded: components, a multiple of 8.
        apart: whether to sum squares of differences.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = builder.inttoptr(arguments[0], _F32.as_pointer())
        asked = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        zeros = ir.Constant(_DOUBLES, [0.0] * PARTS)
        before = builder.block
        loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        at, sums, squares = builder.phi(_I64), builder.phi(_DOUBLES), builder.phi(_DOUBLES)
        v = builder.load(builder.bitcast(builder.gep(row, [at]), _SINGLES.as_pointer()), align=4)
        q = builder.load(builder.bitcast(builder.gep(asked, [at]), _DOUBLES.as_pointer()), align=8)
        v = builder.fpext(v, _DOUBLES)
        gap = builder.fsub(q, v)
        left = builder.select(arguments[3], gap, q)
        right = builder.select(arguments[3], gap, v)
        further = builder.fadd(sums, builder.fmul(left, right))
        longer = builder.fadd(squares, builder.fmul(v, v))
        following = builder.add(at, ir.Constant(_I64, PARTS))
        for phi, first, new in (
            (at, ir.Constant(_I64, 0), following),
            (sums, zeros, further),
            (squares, zeros, longer),
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(new, loop)
        builder.cbranch(builder.icmp_signed("<", following, arguments[2]), loop, after)
        builder.position_at_end(after)
        return context.make_tuple(
            builder, signature.return_type, [_folded(builder, further), _folded(builder, longer)]
        )

    return types.UniTuple(types.float64, 2)(types.int64, query, types.int64, types.boolean), generate


@njit(cache=True, nogil=True)
def exact_score(place, dim, kind, query, length, room):  # type: ignore[no-untyped-def]
    """Give the exact score of the row at an address; NaN if it has NaN or infinity.

    Args:
        place: address of `dim` float32.
        dim: components.
        kind: DOT, COSINE or EUCLIDEAN.
        query: (p,) float64, p the next multiple of 8, zero behind dim.
        length: |q|.
        room: (p,) float32, zero behind dim; the other places are overwritten.
    """
    if dim % PARTS:
        for i in range(dim):
            room[i] = component(place, i)
        place = room.ctypes.data
    total, squares = exact_sums(place, query, len(query), kind == EUCLIDEAN)
    if not squares < np.inf:
        return np.float32(np.nan)
    if kind == EUCLIDEAN:
        total = -np.sqrt(total)
    elif kind == COSINE:
        lengths = np.sqrt(squares) * length
        if lengths != 0:
            total = min(max(total / lengths, -1.0), 1.0)
    return np.float32(total) + np.float32(0.0)  # -0 becomes 0


@njit(cache=True, nogil=True)
def judge(  # type: ignore[no-untyped-def]
    address, dim, kind, queries, lengths, shift, doubt, relative, keys, counts, extra, lists, exclude, rows,
    scores,
):  # fmt: skip
    """Write the k best rows of each query among its candidates.

    Args:
        address: of (n, dim) C-ordered float32 vectors.
        dim: components.
        kind: DOT, COSINE or EUCLIDEAN.
        queries: (q, p) float64, p the next multiple of 8, zero behind dim.
        lengths: (q,) float64 |q|.
        shift: (q,) float64; for EUCLIDEAN a candidate's score is shift - |q - v|^2 / 2.
        doubt: (q,) float64, how far a candidate's score may be off.
        relative: how far it may be off beyond that, in parts of itself.
        keys: (passes, q, room) uint64 candidates.
        counts: (passes, q) how many.
        extra: (x,) int64 rows that are judged for every query.
        lists: (q + 1,) int64, where the list of each query begins in
        exclude: (n,) int64 rows that are no hits of a query, ascending in each list.
        rows: (q, k) int64, written; -1 where there are no more, UNSETTLED first where candidates did not fit.
        scores: (q, k) float32, written; -inf where there are no more.
    """
    passes, count, room = keys.shape
    k = rows.shape[1]
    found = np.empty(passes * room, np.uint64)
    best = np.empty(passes * room + len(extra), np.uint64)
    spare = np.zeros(queries.shape[1], np.float32)
    for query in range(count):
        rows[query], scores[query] = -1, -np.inf
        total = 0
        for one in range(passes):
            if counts[one, query] < 0:
                rows[query, 0] = UNSETTLED
                break
            for at in range(counts[one, query]):
                found[total] = keys[one, query, at]
                total += 1
        if rows[query, 0] == UNSETTLED:
            continue
        sure = min(k, total)
        if sure < total:
            select_largest(found, total, sure)
        judged = 0
        worst, floor = np.inf, -np.inf
        for at in range(total + len(extra)):
            if at == sure and judged == k:
                # no row whose score is below `floor` can reach the worst of k exact ones
                bound = shift[query] - 0.5 * worst * worst if kind == EUCLIDEAN else worst
                floor = bound - doubt[query] - relative * abs(bound)
            if at < total:
                if at >= sure and score_of(found[at]) < floor:
                    continue
                row = row_of(found[at])
            else:
                row = extra[at - total]
                if is_listed(exclude[lists[query] : lists[query + 1]], row):
                    continue
            score = exact_score(address + row * dim * 4, dim, kind, queries[query], lengths[query], spare)
            if score > -np.inf:
                best[judged] = key_of(score, row)
                worst = min(worst, np.float64(score))
                judged += 1
        if judged > k:
            select_largest(best, judged, k)
            judged = k
        sort_largest(best, judged)
        for at in range(judged):
            rows[query, at], scores[query, at] = row_of(best[at]), score_of(best[at])
