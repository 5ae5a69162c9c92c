"""Scores of ROWS rows for a panel of WIDTH queries, compared with the floors before they leave the registers.

The inner loop of a scan: a matrix product whose result is written only where a score reaches its floor.
Lanes run over queries, so rows are read where they lie and need no copy. Sums are cut into chunks, which
keeps the bound on their rounding error small for long vectors.
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
    LEAST,
    MASK,
    ROWS,
    VEC,
    VECTORS,
    WIDTH,
    ZEROS,
    data,
    element,
    larger,
    multiply_add,
    number,
    splat,
    to_bits,
    vector_at,
)

CHUNK = 64  # components that are summed before the sum is added to a total

_CELLS = [(row, vector) for row in range(ROWS) for vector in range(VECTORS)]


@intrinsic
def tile(
    typing: Any,
    panels: Any,
    panel: Any,
    places: Any,
    bias: Any,
    scale: Any,
    floors: Any,
    dim: Any,
    scores: Any,
    masks: Any,
) -> Any:
    """Whether (bias + row.query) scale reaches the floor of a query, for ROWS rows and a panel of queries.

    Args:
        panels: flat float32; query j of panel p has component i at (p dim + i) WIDTH + j.
        panel: which panel.
        places: (ROWS,) int64 addresses of rows of `dim` float32.
        bias: (ROWS,) float32, -inf for a row that is to be passed over.
        scale: (ROWS,) float32.
        floors: flat float32, that of query j of panel p at p WIDTH + j.
        dim: components.
        scores: (ROWS WIDTH,) float32, written if the answer is True.
        masks: (ROWS VECTORS,) int64, then the bits of the lanes that reach their floors.
    """
    names = ("panels", "panel", "places", "bias", "scale", "floors", "dim", "scores", "masks")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = dict(zip(names, arguments, strict=True))
        for name, kind in zip(names, signature.args, strict=True):
            if isinstance(kind, types.Array):
                given[name] = data(context, builder, kind, given[name])
        sums = _products(builder, given)
        scaled = []
        for row in range(ROWS):
            factor = splat(builder, element(builder, given["scale"], row))
            scaled += [builder.fmul(sums[row * VECTORS + vector], factor) for vector in range(VECTORS)]
        return _reach(builder, given, scaled)

    flat = (panels, types.int64, places, bias, scale, floors, types.int64, scores, masks)
    return types.boolean(*flat), generate


def _products(builder: Any, given: dict[str, Any]) -> list[Any]:
    """Emit the loops over chunks and components; give bias + row.query of each cell."""
    dim = given["dim"]
    panel = builder.gep(given["panels"], [builder.mul(given["panel"], builder.mul(dim, number(WIDTH)))])
    rows = [builder.inttoptr(element(builder, given["places"], row), F32.as_pointer()) for row in range(ROWS)]
    totals = cgutils.alloca_once(builder, VEC, size=len(_CELLS))
    long = builder.icmp_signed(">", dim, number(CHUNK))
    with builder.if_then(long, likely=False):
        for cell in range(len(_CELLS)):
            builder.store(ZEROS, builder.gep(totals, [number(cell)]))
    entry = builder.block
    outer, inner, after, spill, finish, add, done = (
        builder.append_basic_block(name)
        for name in ("outer", "inner", "after", "spill", "finish", "add", "done")
    )
    builder.branch(outer)

    builder.position_at_end(outer)
    start = builder.phi(I64)
    start.add_incoming(number(0), entry)
    first = builder.icmp_signed("==", start, number(0))
    begin = [
        splat(builder, builder.select(first, element(builder, given["bias"], row), ir.Constant(F32, 0.0)))
        for row in range(ROWS)
    ]
    ahead = builder.add(start, number(CHUNK))
    stop = builder.select(builder.icmp_signed("<", ahead, dim), ahead, dim)
    builder.branch(inner)

    builder.position_at_end(inner)
    sums = _components(builder, panel, rows, begin, (start, stop), (outer, inner, after))

    builder.position_at_end(after)
    builder.cbranch(builder.icmp_signed("<", stop, dim), spill, finish)
    builder.position_at_end(spill)
    for cell, value in enumerate(_total(builder, totals, sums)):
        builder.store(value, builder.gep(totals, [number(cell)]))
    start.add_incoming(stop, spill)
    builder.branch(outer)
    builder.position_at_end(finish)
    builder.cbranch(long, add, done)
    builder.position_at_end(add)
    added = _total(builder, totals, sums)
    builder.branch(done)
    builder.position_at_end(done)
    final = []
    for one, other in zip(sums, added, strict=True):
        final.append(builder.phi(VEC))
        final[-1].add_incoming(one, finish)
        final[-1].add_incoming(other, add)
    return final


def _components(
    builder: Any, panel: Any, rows: list[Any], begin: list[Any], span: tuple[Any, Any], blocks: Any
) -> list[Any]:
    """Emit the innermost loop: all cells go one component further."""
    before, own, after = blocks
    at = builder.phi(I64)
    at.add_incoming(span[0], before)
    sums = [builder.phi(VEC) for _ in _CELLS]
    base = builder.mul(at, number(WIDTH))
    loaded = [
        builder.load(vector_at(builder, panel, builder.add(base, number(vector * LANES))), align=4)
        for vector in range(VECTORS)
    ]
    values = [splat(builder, builder.load(builder.gep(row, [at]), align=4)) for row in rows]
    further = [
        multiply_add(builder, values[row], loaded[vector], old)
        for (row, vector), old in zip(_CELLS, sums, strict=True)
    ]
    for (row, _), old, new in zip(_CELLS, sums, further, strict=True):
        old.add_incoming(begin[row], before)
        old.add_incoming(new, own)
    following = builder.add(at, number(1))
    at.add_incoming(following, own)
    builder.cbranch(builder.icmp_signed("<", following, span[1]), own, after)
    return further


def _total(builder: Any, totals: Any, sums: list[Any]) -> list[Any]:
    return [builder.fadd(element(builder, totals, cell), value) for cell, value in enumerate(sums)]


def _reach(builder: Any, given: dict[str, Any], scaled: list[Any]) -> Any:
    """Emit the comparison with the floors; write scores and masks if one is reached."""
    base = builder.mul(given["panel"], number(WIDTH))
    floors = [
        builder.load(vector_at(builder, given["floors"], builder.add(base, number(vector * LANES))), align=4)
        for vector in range(VECTORS)
    ]
    reached = ir.Constant(MASK, [0] * LANES)
    for vector, floor in enumerate(floors):
        best = LEAST
        for row in range(ROWS):
            best = larger(builder, scaled[row * VECTORS + vector], best)
        reached = builder.or_(reached, builder.fcmp_ordered(">=", best, floor))
    some = builder.icmp_unsigned("!=", to_bits(builder, reached), number(0))
    with builder.if_then(some, likely=False):
        for cell, (_, vector) in enumerate(_CELLS):
            builder.store(scaled[cell], vector_at(builder, given["scores"], number(cell * LANES)), align=4)
            mask = to_bits(builder, builder.fcmp_ordered(">=", scaled[cell], floors[vector]))
            builder.store(mask, builder.gep(given["masks"], [number(cell)]))
    return some
