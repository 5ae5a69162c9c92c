import numpy as np

from nearspace.kernels.coding import encode, encode_numpy


def test_the_kernel_equals_its_twin():
    random = np.random.default_rng(0)
    points = random.normal(size=(50, 20)).astype(np.float32)
    low, step = points[5:40].min(axis=0), np.full(20, 0.011, np.float32)
    found, expected = np.full((2, 50, 32), 7, np.uint8)
    encode(points, low, step, 3, 48, found)
    encode_numpy(points, low, step, 3, 48, expected)
    np.testing.assert_array_equal(found, expected)
    assert found[3:48, :20].min() == 0 and found[3:48, :20].max() == 255
    assert (found[:3] == 7).all() and (found[48:] == 7).all() and (found[:, 20:] == 7).all()
