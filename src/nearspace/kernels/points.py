"""Distances between a query and a point, sixteen components at a time, and how a walk keeps candidates.

Points are float32, or uint8 codes. Each function becomes a few LLVM instructions and a loop inside a numba
kernel. Component i is added to partial sum i mod 16, in order; the sixteen are added as `total` says.
So distances are the same bits on every machine with fused multiply-add.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nearspace.kernels.lanes import data
from nearspace.kernels.simd import LANES

_I8, _I32, _I64, _F32 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_VEC, _ORDER = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES)
_BYTES = ir.VectorType(_I8, LANES)
_ZEROS = ir.Constant(_VEC, [0.0] * LANES)


def _call(builder: Any, name: str, kind: Any, arguments: list[Any]) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments)


def _floats(builder: Any, data: Any, at: Any) -> Any:
    """data[at : at + 16] of float32 or uint8, as float32."""
    address = builder.gep(data, [at])
    if data.type.pointee == _F32:
        return builder.load(builder.bitcast(address, _VEC.as_pointer()), align=4)
    codes = builder.load(builder.bitcast(address, _BYTES.as_pointer()), align=1)
    return builder.uitofp(builder.zext(codes, _ORDER), _VEC)


def _rest(builder: Any, data: Any, at: Any, count: Any) -> Any:
    """The first `count` of data[at : at + 16] of float32, and zeros."""
    lanes = ir.Constant(_ORDER, list(range(LANES)))
    single = builder.insert_element(ir.Constant(_ORDER, ir.Undefined), builder.trunc(count, _I32), _I32(0))
    wide = builder.shuffle_vector(single, ir.Constant(_ORDER, ir.Undefined), ir.Constant(_ORDER, [0] * LANES))
    mask = builder.icmp_unsigned("<", lanes, wide)
    address = builder.bitcast(builder.gep(data, [at]), _VEC.as_pointer())
    return _call(builder, "llvm.masked.load.v16f32.p0", _VEC, [address, _I32(4), mask, _ZEROS])


def _total(builder: Any, level: Any) -> Any:
    """The sum of sixteen lanes: lane i with i + 8, then with i + 4, i + 2, i + 1."""
    for half in (8, 4, 2, 1):
        order = ir.Constant(_ORDER, [(lane + half) % LANES for lane in range(LANES)])
        level = builder.fadd(level, builder.shuffle_vector(level, level, order))
    return builder.extract_element(level, _I32(0))


def _product(builder: Any, value: Any, query: Any, scale: Any, sofar: Any) -> Any:
    return _call(builder, "llvm.fma.v16f32", _VEC, [value, query, sofar])


def _square(builder: Any, value: Any, query: Any, scale: Any, sofar: Any) -> Any:
    apart = builder.fsub(value, query)
    weighed = apart if scale is None else builder.fmul(apart, scale)
    return _call(builder, "llvm.fma.v16f32", _VEC, [weighed, apart, sofar])


def _sum(context: Any, builder: Any, signature: Any, arguments: Any, term: Any) -> Any:
    """Write the loop over the components of one point."""
    points = data(context, builder, signature.args[0], arguments[0])
    query = data(context, builder, signature.args[2], arguments[2])
    scales = data(context, builder, signature.args[4], arguments[4]) if len(arguments) == 5 else None
    start, width = arguments[1], arguments[3]
    total = cgutils.alloca_once_value(builder, _ZEROS)
    whole = builder.and_(width, _I64(-LANES))
    with cgutils.for_range_slice(builder, _I64(0), whole, _I64(LANES)) as (at, _):
        value = _floats(builder, points, builder.add(start, at))
        scale = None if scales is None else _floats(builder, scales, at)
        found = term(builder, value, _floats(builder, query, at), scale, builder.load(total))
        builder.store(found, total)
    if points.type.pointee == _F32:
        rest = builder.sub(width, whole)
        with builder.if_then(builder.icmp_signed(">", rest, _I64(0)), likely=False):
            value = _rest(builder, points, builder.add(start, whole), rest)
            asked = _rest(builder, query, whole, rest)
            builder.store(term(builder, value, asked, None, builder.load(total)), total)
    return _total(builder, builder.load(total))


@intrinsic
def dot(typing: Any, points: Any, start: Any, query: Any, width: Any) -> Any:
    """The sum of points[start + i] * query[i], i < width; a multiple of 16 for codes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum(context, builder, signature, arguments, _product)

    return types.float32(points, types.int64, query, types.int64), generate


@intrinsic
def squares(typing: Any, points: Any, start: Any, query: Any, width: Any) -> Any:
    """The sum of (points[start + i] - query[i])^2, i < width; a multiple of 16 for codes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum(context, builder, signature, arguments, _square)

    return types.float32(points, types.int64, query, types.int64), generate


@intrinsic
def scaled_squares(typing: Any, points: Any, start: Any, query: Any, width: Any, scale: Any) -> Any:
    """The sum of scale[i] (points[start + i] - query[i])^2, i < width, a multiple of 16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum(context, builder, signature, arguments, _square)

    return types.float32(points, types.int64, query, types.int64, scale), generate


@intrinsic
def shift(typing: Any, array: Any, index: Any, count: Any) -> Any:
    """array[index + 1 : index + 1 + count] = array[index : index + count]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = builder.gep(data(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        size = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        cgutils.raw_memmove(builder, builder.gep(start, [_I64(1)]), start, arguments[2], size)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate
