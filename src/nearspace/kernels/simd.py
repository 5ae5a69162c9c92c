"""Sixteen float32 in one register, for kernels whose speed and bits must not depend on an auto-vectoriser.

Each function below becomes one or a few LLVM vector instructions inside a numba kernel. The order of every
addition is written out, and nothing is marked as fast-math, so results are the same bits on every machine
with fused multiply-add; on one without 512-bit registers LLVM splits a vector into two or four.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16

_F32 = ir.FloatType()
_I32 = ir.IntType(32)
_VEC = ir.VectorType(_F32, LANES)
_IVEC = ir.VectorType(_I32, LANES)


class Float32x16(types.Type):  # type: ignore[misc]
    """Numba type of a register of sixteen float32."""

    def __init__(self) -> None:
        super().__init__(name="Float32x16")


f32x16 = Float32x16()


@register_model(Float32x16)
class _Float32x16Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VEC)


def _splat(value: float) -> ir.Constant:
    return ir.Constant(_VEC, [value] * LANES)


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _call(builder: Any, name: str, kind: Any, arguments: list[Any]) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "llvm.fma.v16f32", _VEC, [a, b, c])


@intrinsic
def zero(typing: Any) -> Any:
    """Sixteen zeros."""
    return f32x16(), lambda context, builder, signature, arguments: _splat(0.0)


@intrinsic
def splat(typing: Any, value: Any) -> Any:
    """One float32, sixteen times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        single = builder.insert_element(ir.Constant(_VEC, ir.Undefined), arguments[0], ir.Constant(_I32, 0))
        order = ir.Constant(_IVEC, [0] * LANES)
        return builder.shuffle_vector(single, ir.Constant(_VEC, ir.Undefined), order)

    return f32x16(types.float32), generate


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """array[index : index + 16] of a flat float32 array; the caller keeps within bounds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load(builder.bitcast(address, _VEC.as_pointer()), align=4)

    return f32x16(array, types.int64), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + 16] = value; the caller keeps within bounds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], builder.bitcast(address, _VEC.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, f32x16), generate


@intrinsic
def prefetch(typing: Any, array: Any, index: Any) -> Any:
    """Ask memory for the cache line of array[index]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        pointer = builder.bitcast(address, ir.IntType(8).as_pointer())
        flags = [ir.Constant(_I32, value) for value in (0, 3, 1)]
        kinds = [pointer.type] + [_I32] * 3
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), kinds), "llvm.prefetch.p0"
        )
        builder.call(function, [pointer, *flags])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic
def load_word(typing: Any, array: Any, index: Any) -> Any:
    """The 8 bytes from array[index] on, of bytes, as one little-endian uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(array, types.int64), generate


@intrinsic
def add(typing: Any, a: Any, b: Any) -> Any:
    """a + b."""
    return f32x16(f32x16, f32x16), lambda context, builder, signature, arguments: builder.fadd(*arguments)


@intrinsic
def sub(typing: Any, a: Any, b: Any) -> Any:
    """a - b."""
    return f32x16(f32x16, f32x16), lambda context, builder, signature, arguments: builder.fsub(*arguments)


@intrinsic
def mul(typing: Any, a: Any, b: Any) -> Any:
    """a * b."""
    return f32x16(f32x16, f32x16), lambda context, builder, signature, arguments: builder.fmul(*arguments)


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c with one rounding."""
    return f32x16(f32x16, f32x16, f32x16), lambda context, builder, signature, arguments: _fma(
        builder, *arguments
    )


@intrinsic
def fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c of single float32 with one rounding: the bits of a lane of `fma`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call(builder, "llvm.fma.f32", _F32, list(arguments))

    return types.float32(types.float32, types.float32, types.float32), generate


def _fold_pair(builder: Any, a: Any, b: Any, width: int) -> Any:
    """Halve the partial sums of two vectors whose sums lie in groups of `width` lanes."""
    half = width // 2
    low = [group * width + lane for group in range(LANES // width) for lane in range(half)]
    low = low + [LANES + lane for lane in low]
    high = [lane + half for lane in low]
    first = builder.shuffle_vector(a, b, ir.Constant(_IVEC, low))
    second = builder.shuffle_vector(a, b, ir.Constant(_IVEC, high))
    return builder.fadd(first, second)


def _sums(builder: Any, vectors: list[Any]) -> Any:
    """Sums of up to sixteen vectors, in lanes 0, 1, 2, ... of one vector."""
    level = vectors + [_splat(0.0)] * (LANES - len(vectors))
    width = LANES
    while len(level) > 1:
        level = [_fold_pair(builder, level[at], level[at + 1], width) for at in range(0, len(level), 2)]
        width //= 2
    return level[0]


@intrinsic
def sums6(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """The sums of six vectors in lanes 0 to 5."""
    return f32x16(*[f32x16] * 6), lambda context, builder, signature, arguments: _sums(
        builder, list(arguments)
    )


@intrinsic
def sums8(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """The sums of eight vectors in lanes 0 to 7."""
    return f32x16(*[f32x16] * 8), lambda context, builder, signature, arguments: _sums(
        builder, list(arguments)
    )


@intrinsic
def sums12(
    typing: Any,
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    e: Any,
    f: Any,
    g: Any,
    h: Any,
    i: Any,
    j: Any,
    k: Any,
    l: Any,
) -> Any:
    """The sums of twelve vectors in lanes 0 to 11."""
    return f32x16(*[f32x16] * 12), lambda context, builder, signature, arguments: _sums(
        builder, list(arguments)
    )


_EXP2 = (1.0, 0.6931471805599453, 0.2402265069591007, 0.05550410866482158, 0.009618129107628477)
_EXP2_LAST = 0.0013333558146428443


@intrinsic
def sigmoid(typing: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), x clipped to -20..20; 2^f by its Taylor polynomial of degree 5, error below 4e-6."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        low = _call(builder, "llvm.minnum.v16f32", _VEC, [arguments[0], _splat(20.0)])
        clipped = _call(builder, "llvm.maxnum.v16f32", _VEC, [low, _splat(-20.0)])
        power = builder.fmul(clipped, _splat(-1.4426950408889634))
        whole = _call(builder, "llvm.rint.v16f32", _VEC, [power])
        part = builder.fsub(power, whole)
        value = _splat(_EXP2_LAST)
        for coefficient in reversed(_EXP2):
            value = _fma(builder, value, part, _splat(coefficient))
        exponent = builder.shl(builder.fptosi(whole, _IVEC), ir.Constant(_IVEC, [23] * LANES))
        scaled = builder.bitcast(builder.add(builder.bitcast(value, _IVEC), exponent), _VEC)
        return builder.fdiv(_splat(1.0), builder.fadd(scaled, _splat(1.0)))

    return f32x16(f32x16), generate


@intrinsic
def gather(typing: Any, array: Any, places: Any, index: Any) -> Any:
    """array[places[index : index + 16]] of flat float32 and int32 arrays; the caller keeps within bounds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[1], arguments[1], arguments[2])
        where = builder.load(builder.bitcast(address, _IVEC.as_pointer()), align=4)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        found = ir.Constant(_VEC, ir.Undefined)
        for lane in range(LANES):
            at = ir.Constant(_I32, lane)
            one = builder.load(builder.gep(data, [builder.extract_element(where, at)]))
            found = builder.insert_element(found, one, at)
        return found

    return f32x16(array, places, types.int64), generate


@intrinsic
def div(typing: Any, a: Any, b: Any) -> Any:
    """a / b."""
    return f32x16(f32x16, f32x16), lambda context, builder, signature, arguments: builder.fdiv(*arguments)


@intrinsic
def total(typing: Any, a: Any) -> Any:
    """The sum of sixteen lanes, added in pairs as a tree."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        folded = _sums(builder, [arguments[0]])
        return builder.extract_element(folded, ir.Constant(_I32, 0))

    return types.float32(f32x16), generate
