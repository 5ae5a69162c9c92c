import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.raster import bin_points, bin_points_numpy, blur, blur_numpy


def _points(n, width, height, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, width + 3, n).astype(np.int32)
    y = rng.integers(-3, height + 3, n).astype(np.int32)
    weights = rng.integers(1, 256, n).astype(np.uint8)
    codes = rng.integers(0, 5, n).astype(np.uint16)
    return x, y, weights, codes, rng.integers(0, 1024, (5, 3))


def _empty(height, width):
    return np.zeros((height, width), dtype=np.int64), np.zeros((height, width, 3), dtype=np.int64)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(0, 400), width=st.integers(1, 30), height=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_points_are_counted_in_their_pixels(n, width, height, seed):
    points = _points(n, width, height, seed)
    results = []
    for kernel in (bin_points, bin_points_numpy):
        counts, sums = _empty(height, width)
        kernel(*points, 0, counts, sums)
        results.append((counts, sums))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    x, y, weights, codes, channels = points
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    assert results[0][0].sum() == weights[inside].sum(dtype=np.int64)
    assert results[0][1].sum() == (weights[inside, None].astype(np.int64) * channels[codes[inside]]).sum()


@pytest.mark.parametrize("kernel", [bin_points, bin_points_numpy])
def test_the_order_of_points_and_the_cut_into_bands_change_nothing(kernel):
    points = _points(3000, 40, 50, 1)
    counts, sums = _empty(50, 40)
    kernel(*points, 0, counts, sums)
    mixed = np.random.default_rng(2).permutation(3000)
    bands, band_sums = _empty(50, 40)
    for first in range(0, 50, 7):
        rows = slice(first, min(first + 7, 50))
        kernel(*(part[mixed] for part in points[:4]), points[4], first, bands[rows], band_sums[rows])
    np.testing.assert_array_equal(bands, counts)
    np.testing.assert_array_equal(band_sums, sums)


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 20), width=st.integers(1, 20), reach=st.integers(0, 4), seed=st.integers(0, 10**6)
)
def test_blur_and_its_twin_agree(height, width, reach, seed):
    rng = np.random.default_rng(seed)
    plane = (rng.random((height, width)) * 1000).astype(np.float32)
    taps = rng.random(2 * reach + 1).astype(np.float32)
    out, other = np.empty_like(plane), np.empty_like(plane)
    blur(plane, taps, np.empty_like(plane), out)
    blur_numpy(plane, taps, np.empty_like(plane), other)
    np.testing.assert_allclose(out, other, rtol=1e-5)


@pytest.mark.parametrize("kernel", [blur, blur_numpy])
def test_a_lone_point_becomes_the_product_of_the_taps(kernel):
    plane = np.zeros((7, 9), dtype=np.float32)
    plane[3, 4] = 16
    taps = np.array([0.25, 0.5, 0.25], dtype=np.float32)
    out = np.empty_like(plane)
    kernel(plane, taps, np.empty_like(plane), out)
    expected = np.zeros_like(plane)
    expected[2:5, 3:6] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_array_equal(out, expected)
