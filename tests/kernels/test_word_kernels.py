"""The training kernels against their numpy twins, and the registers they are made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from nearspace.kernels import simd
from nearspace.kernels.cbow import train_cbow, train_cbow_numpy
from nearspace.kernels.skipgram import scratch_size, train_skipgram, train_skipgram_numpy

# a step at which what differs in the last bits does not grow with every one of hundreds of updates of a row
STEP = np.float32(0.01)


@njit
def _registers(x, out):
    simd.store(out, 0, simd.sigmoid(simd.load(x, 0)))
    a, b, c = simd.load(x, 0), simd.load(x, 16), simd.load(x, 32)
    simd.store(out, 16, simd.sums6(a, b, c, a, b, c))
    simd.store(out, 32, simd.sums12(a, b, c, a, b, c, c, c, c, a, a, b))
    simd.store(out, 48, simd.fma(a, b, c))
    simd.store(out, 64, simd.sub(simd.mul(a, simd.splat(np.float32(2))), simd.add(b, simd.zero())))


def test_registers_compute_what_they_say():
    x = np.random.default_rng(3).normal(size=48).astype(np.float32)
    out = np.full(80, np.nan, dtype=np.float32)
    _registers(x, out)
    a, b, c = x.reshape(3, 16)
    assert np.allclose(out[:16], 1 / (1 + np.exp(-a.astype(np.float64))), atol=1e-6)
    sa, sb, sc = (part.astype(np.float64).sum() for part in (a, b, c))
    assert np.allclose(out[16:22], [sa, sb, sc, sa, sb, sc], atol=1e-5)
    assert np.allclose(out[32:44], [sa, sb, sc, sa, sb, sc, sc, sc, sc, sa, sa, sb], atol=1e-5)
    assert np.allclose(out[48:64], a * b + c, atol=1e-6)
    assert np.array_equal(out[64:], a * 2 - b)


@njit
def _gathered(x, places, out):
    found = simd.gather(x, places, 4)
    simd.store(out, 0, simd.div(found, simd.splat(np.float32(3))))
    out[16] = simd.total(found)


def test_registers_gather_divide_and_add_up():
    rng = np.random.default_rng(4)
    x, places = rng.normal(size=50).astype(np.float32), rng.integers(0, 50, 24).astype(np.int32)
    out = np.empty(17, dtype=np.float32)
    _gathered(x, places, out)
    expected = x[places[4:20]]
    assert np.array_equal(out[:16], expected / np.float32(3))
    assert np.isclose(out[16], expected.sum(dtype=np.float64), atol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=16, max_size=16))
def test_sigmoid_is_finite_and_monotone(values):
    x = np.zeros(48, dtype=np.float32)
    x[:16] = sorted(values)
    out = np.empty(80, dtype=np.float32)
    _registers(x, out)
    assert np.all((out[:16] >= 0) & (out[:16] <= 1))
    assert np.all(np.diff(out[:16]) >= -1e-6)


def _case(rng, count, rows, negative, window):
    words = rng.integers(0, rows, count).astype(np.int32)
    centres = rng.integers(0, rows, count).astype(np.int32)
    reach = rng.integers(1, window + 1, count)
    first = np.maximum(np.arange(count) - reach, 0).astype(np.int32)
    last = np.minimum(np.arange(count) + reach, count - 1).astype(np.int32)
    draws = rng.integers(0, rows, count * negative).astype(np.int32)
    return words, centres, first, last, draws


@pytest.mark.parametrize(
    ("kernel", "twin"), [(train_skipgram, train_skipgram_numpy), (train_cbow, train_cbow_numpy)]
)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    dim=st.sampled_from([16, 32, 112]),
    count=st.integers(1, 24),
    rows=st.integers(2, 9),
    negative=st.sampled_from([1, 2, 5, 6, 11, 15]),
    window=st.integers(1, 6),
)
def test_kernel_equals_its_twin(kernel, twin, seed, dim, count, rows, negative, window):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, dim)).astype(np.float32)
    outputs = rng.normal(size=(rows, dim)).astype(np.float32)
    words, centres, first, last, draws = _case(rng, count, rows, negative, window)
    flat_in, flat_out = inputs.ravel().copy(), outputs.ravel().copy()
    scratch = np.empty(scratch_size(dim, window, negative), dtype=np.float32)
    stats = np.zeros(2)
    kernel(
        flat_in, flat_out, dim, words, centres, first, last, draws, negative, count, STEP,
        seed % 2 == 0, scratch, stats,
    )  # fmt: skip
    with np.errstate(over="ignore"):
        twin(inputs, outputs, words, centres, first, last, draws.reshape(count, negative), STEP)
    assert np.allclose(flat_in, inputs.ravel(), atol=5e-5, rtol=5e-5)
    assert np.allclose(flat_out, outputs.ravel(), atol=5e-5, rtol=5e-5)
    assert (stats[1] > 0) == (last[0] > first[0])


@pytest.mark.parametrize("kernel", [train_skipgram, train_cbow])
def test_sampled_loss_is_the_exact_loss(kernel):
    rng = np.random.default_rng(5)
    dim, rows, negative = 16, 6, 5
    inputs, outputs = (rng.normal(size=rows * dim).astype(np.float32) for _ in range(2))
    words = np.array([0, 1, 2, 3], dtype=np.int32)
    first, last = np.zeros(4, np.int32), np.array([3, 0, 0, 0], np.int32)
    first[1:] = last[1:] = np.arange(1, 4)
    draws = rng.integers(0, rows, 4 * negative).astype(np.int32)
    c, o = inputs.reshape(rows, dim)[1:4], outputs.reshape(rows, dim)[[0, *draws[:negative]]]
    c = c if kernel is train_skipgram else c.mean(axis=0, keepdims=True)
    signs = np.array([1] + [-1] * negative)
    expected = np.log1p(np.exp(-(c @ o.T) * signs)).sum()
    stats = np.zeros(2)
    scratch = np.empty(scratch_size(dim, 5, negative), dtype=np.float32)
    kernel(
        inputs,
        outputs,
        dim,
        words,
        words,
        first,
        last,
        draws,
        negative,
        4,
        np.float32(0.01),
        False,
        scratch,
        stats,
    )
    assert stats[0] == pytest.approx(expected, rel=1e-3)
    assert stats[1] == len(c)
