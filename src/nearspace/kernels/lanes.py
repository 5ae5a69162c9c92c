"""LLVM vectors as wide as this machine's registers, for the intrinsics that score rows against queries.

Sums made with these differ in their last bits between machines, so they may only choose candidates, whose
scores are then computed in an order that is written out (`judge`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils

F32, I32, I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)


def _machine() -> tuple[int, int, int, bool]:
    """(float32 in a register, registers of queries and rows of a tile, has fused multiply-add)."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 16, 2, 12, True
    if features.get("avx2"):
        return 8, 2, 6, bool(features.get("fma"))
    return 4, 4, 4, bool(features.get("neon"))


LANES, VECTORS, ROWS, FUSED = _machine()
WIDTH = LANES * VECTORS  # queries of a panel

VEC = ir.VectorType(F32, LANES)
ORDER = ir.VectorType(I32, LANES)
MASK = ir.VectorType(ir.IntType(1), LANES)
BITS = ir.IntType(LANES)
ZEROS = ir.Constant(VEC, [0.0] * LANES)
LEAST = ir.Constant(VEC, [float("-inf")] * LANES)


def number(value: int) -> Any:
    """Give a constant of type int64."""
    return ir.Constant(I64, value)


def data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Give the address of an array's first element."""
    return context.make_array(kind)(context, builder, array).data


def element(builder: Any, pointer: Any, index: int) -> Any:
    """Load pointer[index]."""
    return builder.load(builder.gep(pointer, [number(index)]))


def vector_at(builder: Any, pointer: Any, index: Any) -> Any:
    """Give the address of a vector that starts at pointer[index]."""
    return builder.bitcast(builder.gep(pointer, [index]), VEC.as_pointer())


def splat(builder: Any, value: Any) -> Any:
    """Give one float32 in all lanes."""
    undefined = ir.Constant(VEC, ir.Undefined)
    single = builder.insert_element(undefined, value, ir.Constant(I32, 0))
    return builder.shuffle_vector(single, undefined, ir.Constant(ORDER, [0] * LANES))


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Give a b + c, with one rounding where the machine can."""
    if not FUSED:
        return builder.fadd(builder.fmul(a, b), c)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(VEC, [VEC] * 3), f"llvm.fma.v{LANES}f32"
    )
    return builder.call(function, [a, b, c])


def larger(builder: Any, a: Any, b: Any) -> Any:
    """Give the larger of a and b in each lane; b where a is not a number."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def fold(builder: Any, vectors: list[Any]) -> Any:
    """Give the sums of LANES vectors, one in each lane."""
    level, width = vectors, LANES
    while len(level) > 1:
        half = width // 2
        low = [group * width + lane for group in range(LANES // width) for lane in range(half)]
        low = low + [LANES + lane for lane in low]
        high = [lane + half for lane in low]
        level = [
            builder.fadd(
                builder.shuffle_vector(level[at], level[at + 1], ir.Constant(ORDER, low)),
                builder.shuffle_vector(level[at], level[at + 1], ir.Constant(ORDER, high)),
            )
            for at in range(0, len(level), 2)
        ]
        width = half
    return level[0]


def to_bits(builder: Any, mask: Any) -> Any:
    """Give a mask of lanes as an int64, lane 0 in the lowest bit."""
    return builder.zext(builder.bitcast(mask, BITS), I64)
