"""Pulls and pushes of one point of UMAP's layout, sixteen at a time.

Each function becomes a loop of LLVM vector instructions inside a numba kernel. Force i is added to partial
sum i mod 16, in order; the sixteen are added as `points.py` says. So forces are the same bits on every
machine with fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from nearspace.kernels.lanes import data
from nearspace.kernels.points import _total as total
from nearspace.kernels.simd import LANES

CUT = 4.0
NEAR = 0.001
SMALL = 1e-12  # the least square of a distance

_I1, _I32, _I64, _F32 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType()
_VEC, _IVEC, _WIDE = (ir.VectorType(kind, LANES) for kind in (_F32, _I32, _I64))
_PLACES = ir.VectorType(_F32.as_pointer(), LANES)
_MASK = ir.VectorType(_I1, LANES)
_LANES = ir.Constant(_IVEC, list(range(LANES)))
_LOG2 = (-3.0283249, 6.0658588, -5.2641556, 3.2188698, -1.2342799, 0.26686278, -0.024825985)
_EXP2 = (1.0, 0.6931472, 0.24022651, 0.05550411, 0.009618129, 0.0013333558)


def _floats(value: float) -> Any:
    return ir.Constant(_VEC, [value] * LANES)


def _whole(value: int) -> Any:
    return ir.Constant(_IVEC, [value] * LANES)


def _spread(builder: Any, kind: Any, value: Any) -> Any:
    """One value in all lanes."""
    undefined = ir.Constant(kind, ir.Undefined)
    single = builder.insert_element(undefined, value, _I32(0))
    return builder.shuffle_vector(single, undefined, ir.Constant(_IVEC, [0] * LANES))


def _call(builder: Any, name: str, kind: Any, arguments: list[Any]) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "llvm.fma.v16f32", _VEC, [a, b, c])


def _polynomial(builder: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    value = _floats(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = _fma(builder, value, x, _floats(coefficient))
    return value


def _power(builder: Any, x: Any, exponent: Any) -> Any:
    """x^exponent of positive x, as 2^(exponent log2(x)), both by polynomials; error below 1e-4."""
    bits = builder.bitcast(x, _IVEC)
    part = builder.or_(builder.and_(bits, _whole(0x007FFFFF)), _whole(0x3F800000))
    log = _polynomial(builder, builder.bitcast(part, _VEC), _LOG2)
    whole = builder.sub(builder.ashr(bits, _whole(23)), _whole(127))
    power = builder.fmul(exponent, builder.fadd(builder.sitofp(whole, _VEC), log))
    power = _call(builder, "llvm.maxnum.v16f32", _VEC, [power, _floats(-100.0)])
    power = _call(builder, "llvm.minnum.v16f32", _VEC, [power, _floats(100.0)])
    below = _call(builder, "llvm.floor.v16f32", _VEC, [power])
    value = _polynomial(builder, builder.fsub(power, below), _EXP2)
    scale = builder.shl(builder.add(builder.fptosi(below, _IVEC), _whole(127)), _whole(23))
    return builder.fmul(value, builder.bitcast(scale, _VEC))


def _mixed(builder: Any, x: Any) -> Any:
    """A hash of 32 bits (Wellons, Prospecting for hash functions, 2018: lowbias32)."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = builder.mul(builder.xor(x, builder.lshr(x, _whole(shift))), _whole(factor))
    return builder.xor(x, builder.lshr(x, _whole(16)))


def mixed_numpy(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Do the same as the kernel's hash."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


Force = Callable[[Any, Any, Any, Any], Any]


def _forces(
    builder: Any, places: Any, own: Any, count: Any, axes: int, others: Callable[[Any, Any], Any], force: Any
) -> list[Any]:
    """Emit the loop: `others` gives whom lanes at.. name, `force` what is added to the sums.

    Returns the sums of all lanes: along x, y and z, and of a fourth if `force` gives one.
    """
    start = builder.mul(own, _I64(4))
    mine = [
        _spread(builder, _VEC, builder.load(builder.gep(places, [builder.add(start, _I64(axis))])))
        for axis in range(axes)
    ]
    base = _spread(builder, _WIDE, builder.ptrtoint(places, _I64))
    sums = [cgutils.alloca_once_value(builder, _floats(0.0)) for _ in range(4)]
    with cgutils.for_range_slice(builder, _I64(0), count, _I64(LANES)) as (at, _):
        left = _spread(builder, _IVEC, builder.trunc(builder.sub(count, at), _I32))
        mask = builder.icmp_signed("<", _LANES, left)
        row = builder.select(mask, others(at, mask), _whole(0))
        begin = builder.add(base, builder.shl(builder.zext(row, _WIDE), ir.Constant(_WIDE, [4] * LANES)))
        gaps = []
        for axis in range(axes):
            where = builder.inttoptr(builder.add(begin, ir.Constant(_WIDE, [4 * axis] * LANES)), _PLACES)
            found = _call(
                builder, "llvm.masked.gather.v16f32.v16p0", _VEC, [where, _I32(4), mask, _floats(0.0)]
            )
            gaps.append(builder.fsub(found, mine[axis]))
        square = builder.fmul(gaps[0], gaps[0])
        for gap in gaps[1:]:
            square = _fma(builder, gap, gap, square)
        square = _call(builder, "llvm.maxnum.v16f32", _VEC, [square, _floats(SMALL)])
        for sofar, value in zip(sums, force(gaps, square), strict=False):
            kept = builder.select(mask, value, _floats(0.0))
            builder.store(builder.fadd(builder.load(sofar), kept), sofar)
    return [total(builder, builder.load(sofar)) for sofar in sums]


def _pull(builder: Any, a: Any, b: Any, gaps: list[Any], square: Any) -> list[Any]:
    """c (y_j - y_i) and c = 4ab d^(2b) / ((1 + a d^(2b)) d^2)."""
    power = _power(builder, square, b)
    below = builder.fmul(_fma(builder, a, power, _floats(1.0)), square)
    factor = builder.fmul(builder.fmul(_floats(4.0), a), b)
    strength = builder.fdiv(builder.fmul(factor, power), below)
    along = [builder.fmul(strength, gap) for gap in gaps]
    return [*along, *[_floats(0.0)] * (3 - len(along)), strength]


def _push(builder: Any, a: Any, b: Any, gaps: list[Any], square: Any) -> list[Any]:
    """r (y_j - y_i), cut off; r = 2b / ((.001 + d^2) (1 + a d^(2b)))."""
    power = _power(builder, square, b)
    below = builder.fmul(builder.fadd(square, _floats(NEAR)), _fma(builder, a, power, _floats(1.0)))
    strength = builder.fdiv(builder.fmul(_floats(2.0), b), below)
    cut = []
    for gap in gaps:
        value = _call(builder, "llvm.maxnum.v16f32", _VEC, [builder.fmul(strength, gap), _floats(-CUT)])
        cut.append(_call(builder, "llvm.minnum.v16f32", _VEC, [value, _floats(CUT)]))
    return cut


def _pulls(axes: int) -> Any:
    def pulls(typing: Any, places: Any, own: Any, others: Any, count: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            flat = data(context, builder, signature.args[0], arguments[0])
            listed = data(context, builder, signature.args[2], arguments[2])

            def named(at: Any, mask: Any) -> Any:
                address = builder.bitcast(builder.gep(listed, [at]), _IVEC.as_pointer())
                return builder.load(address, align=4)

            a, b = (_spread(builder, _VEC, value) for value in arguments[4:])
            sums = _forces(
                builder, flat, arguments[1], arguments[3], axes, named,
                lambda gaps, square: _pull(builder, a, b, gaps, square),
            )  # fmt: skip
            return context.make_tuple(builder, signature.return_type, sums)

        kinds = (places, types.int64, others, types.int64, types.float32, types.float32)
        return types.UniTuple(types.float32, 4)(*kinds), generate

    return pulls


def _pushes(axes: int) -> Any:
    def pushes(typing: Any, places: Any, own: Any, state: Any, count: Any, among: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            flat = data(context, builder, signature.args[0], arguments[0])
            begun = _spread(builder, _IVEC, builder.trunc(arguments[2], _I32))
            limit = _spread(builder, _WIDE, arguments[4])

            def drawn(at: Any, mask: Any) -> Any:
                place = builder.add(_spread(builder, _IVEC, builder.trunc(at, _I32)), _LANES)
                draw = builder.zext(_mixed(builder, builder.add(begun, place)), _WIDE)
                wide = builder.lshr(builder.mul(draw, limit), ir.Constant(_WIDE, [32] * LANES))
                return builder.trunc(wide, _IVEC)

            a, b = (_spread(builder, _VEC, value) for value in arguments[5:])
            sums = _forces(
                builder, flat, arguments[1], arguments[3], axes, drawn,
                lambda gaps, square: _push(builder, a, b, gaps, square),
            )  # fmt: skip
            return context.make_tuple(builder, signature.return_type, sums[:3])

        kinds = (places, types.int64, types.uint64, types.int64, types.int64, types.float32, types.float32)
        return types.UniTuple(types.float32, 3)(*kinds), generate

    return pushes


# (places flat (4 n,), own, others padded by LANES, count, a, b) -> forces along x, y, z and their strength
pulls2, pulls3 = intrinsic(_pulls(2)), intrinsic(_pulls(3))
# (places flat (4 n,), own, state, count, among, a, b) -> forces along x, y, z towards `count` points that are
# drawn: the i-th is mixed(state + i) * among / 2^32
pushes2, pushes3 = intrinsic(_pushes(2)), intrinsic(_pushes(3))
