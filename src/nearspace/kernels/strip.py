"""Scores of LANES rows for one query: rows are read once, lanes run along the components.

The inner loop of a scan for few queries, which is bound by reading the rows.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nearspace.kernels.lanes import (
    F32,
    I64,
    LANES,
    VEC,
    ZEROS,
    data,
    element,
    fold,
    multiply_add,
    number,
    splat,
    to_bits,
    vector_at,
)


def _sums(builder: Any, rows: list[Any], query: Any, tail: Any, dim: Any, apart: bool) -> list[Any]:
    """Emit the loop along the components: partial sums of row.query, or of (row - query)^2 if `apart`."""

    def further(sums: list[Any], asked: Any, at: Any, keep: Any = None) -> list[Any]:
        values = [builder.load(vector_at(builder, row, at), align=4) for row in rows]
        if not apart:
            return [multiply_add(builder, value, asked, old) for value, old in zip(values, sums, strict=True)]
        gaps = [builder.fsub(value, asked) for value in values]
        if keep is not None:
            gaps = [builder.select(keep, gap, ZEROS) for gap in gaps]
        return [multiply_add(builder, gap, gap, old) for gap, old in zip(gaps, sums, strict=True)]

    before = builder.block
    loop, after, rest, done = (builder.append_basic_block(name) for name in ("loop", "after", "rest", "done"))
    builder.branch(loop)
    builder.position_at_end(loop)
    at = builder.phi(I64)
    at.add_incoming(number(0), before)
    sums = [builder.phi(VEC) for _ in rows]
    new = further(sums, builder.load(vector_at(builder, query, at), align=4), at)
    for old, value in zip(sums, new, strict=True):
        old.add_incoming(ZEROS, before)
        old.add_incoming(value, loop)
    following = builder.add(at, number(LANES))
    at.add_incoming(following, loop)
    ahead = builder.add(following, number(LANES))
    builder.cbranch(builder.icmp_signed("<=", ahead, dim), loop, after)

    builder.position_at_end(after)
    builder.cbranch(builder.icmp_signed("<", following, dim), rest, done)
    builder.position_at_end(rest)
    # the last LANES components once more, of which those that were counted are left out
    last = builder.sub(dim, number(LANES))
    asked = builder.load(vector_at(builder, tail, number(0)), align=4)
    keep = builder.fcmp_ordered(">", builder.load(vector_at(builder, tail, number(LANES)), align=4), ZEROS)
    rested = further(new, asked, last, keep)
    builder.branch(done)
    builder.position_at_end(done)
    final = []
    for one, other in zip(new, rested, strict=True):
        final.append(builder.phi(VEC))
        final[-1].add_incoming(one, after)
        final[-1].add_incoming(other, rest)
    return final


def _strip(apart: bool) -> Any:
    def strip(typing: Any, query: Any, places: Any, scale: Any, floor: Any, dim: Any, scores: Any) -> Any:
        names = ("query", "places", "scale", "floor", "dim", "scores")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            given = dict(zip(names, arguments, strict=True))
            for name, kind in zip(names, signature.args, strict=True):
                if isinstance(kind, types.Array):
                    given[name] = data(context, builder, kind, given[name])
            rows = [
                builder.inttoptr(element(builder, given["places"], row), F32.as_pointer())
                for row in range(LANES)
            ]
            tail = builder.gep(given["query"], [given["dim"]])
            sums = fold(builder, _sums(builder, rows, given["query"], tail, given["dim"], apart))
            scaled = builder.fmul(sums, builder.load(vector_at(builder, given["scale"], number(0)), align=4))
            builder.store(scaled, vector_at(builder, given["scores"], number(0)), align=4)
            floors = splat(builder, given["floor"])
            return to_bits(builder, builder.fcmp_ordered(">=", scaled, floors))

        flat = (query, places, scale, types.float32, types.int64, scores)
        return types.int64(*flat), generate

    strip.__doc__ = """Bits of the lanes whose row reaches the floor; `scores` gets all of them.

    Args:
        query: (dim + 2 LANES,) float32: the query; its last LANES components, 0 for those that a loop in
            steps of LANES has counted; 1 and 0 for the same.
        places: (LANES,) int64 addresses of rows.
        scale: (LANES,) float32; what the sum is multiplied with.
        floor: float32.
        dim: components, at least LANES.
        scores: (LANES,) float32, written.
    """
    return intrinsic(strip)


strip_products = _strip(apart=False)  # row.query scale
strip_squares = _strip(apart=True)  # |row - query|^2 scale


@intrinsic
def square_sum(typing: Any, place: Any, dim: Any) -> Any:
    """|v|^2 of the `dim` float32 at an address, to about dim / LANES roundings."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = builder.inttoptr(arguments[0], F32.as_pointer())
        whole = builder.and_(arguments[1], number(-LANES))
        sums, single = (
            cgutils.alloca_once_value(builder, ZEROS),
            cgutils.alloca_once_value(builder, ir.Constant(F32, 0.0)),
        )
        with cgutils.for_range_slice(builder, number(0), whole, number(LANES), I64) as (at, _):
            value = builder.load(vector_at(builder, vector, at), align=4)
            builder.store(multiply_add(builder, value, value, builder.load(sums)), sums)
        with cgutils.for_range_slice(builder, whole, arguments[1], number(1), I64) as (at, _):
            value = builder.load(builder.gep(vector, [at]), align=4)
            builder.store(builder.fadd(builder.fmul(value, value), builder.load(single)), single)
        total = fold(builder, [builder.load(sums)] + [ZEROS] * (LANES - 1))
        return builder.fadd(
            builder.extract_element(total, ir.Constant(ir.IntType(32), 0)), builder.load(single)
        )

    return types.float32(types.int64, types.int64), generate


@intrinsic
def component(typing: Any, place: Any, index: Any) -> Any:
    """Component `index` of the float32 at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = builder.inttoptr(arguments[0], F32.as_pointer())
        return builder.load(builder.gep(row, [arguments[1]]), align=4)

    return types.float32(types.int64, types.int64), generate
