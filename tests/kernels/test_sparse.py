"""Products of a sparse matrix with a dense one."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.kernels import sparse as kernels


@pytest.mark.parametrize("name", ["sparse_product", "sparse_product_numpy"])
def test_sparse_product(name):
    random = np.random.default_rng(1)
    matrix = random.normal(size=(7, 5)) * (random.random((7, 5)) < 0.4)
    rows, columns = np.nonzero(matrix)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=7))])
    dense, out = random.normal(size=(5, 16)).astype(np.float32), np.empty((7, 16), np.float32)
    values = matrix[rows, columns].astype(np.float32)
    getattr(kernels, name)(pointers, columns.astype(np.int32), values, dense, out)
    np.testing.assert_allclose(out, matrix @ dense, atol=1e-5)
