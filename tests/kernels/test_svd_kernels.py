"""Sparse and dense products against their twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nearspace.kernels import sparse, svd


@pytest.mark.parametrize("product", [sparse.ppmi_product, sparse.ppmi_product_numpy])
def test_ppmi_product_is_the_dense_product(product: Any) -> None:
    generator = np.random.default_rng(5)
    rows, columns, width = 9, 13, 32
    counts = generator.integers(0, 4, (rows, columns)).astype(np.float32)
    counts[4] = 0
    row_terms = generator.normal(size=rows).astype(np.float32)
    column_terms = generator.normal(size=columns).astype(np.float32)
    dense = generator.normal(size=(columns, width)).astype(np.float32)
    logs = np.log(counts, out=np.full_like(counts, -np.inf), where=counts > 0)
    expected = np.maximum(logs - row_terms[:, None] - column_terms, 0) @ dense
    at = np.nonzero(counts)
    pointers = np.concatenate([[0], np.cumsum((counts > 0).sum(axis=1))]).astype(np.int64)
    # A block from the middle of a larger matrix: pointers do not begin at 0.
    out = np.full(rows * width, 7, dtype=np.float32)
    product(
        pointers + 1000, at[1].astype(np.int32), logs[at], row_terms, column_terms, dense.ravel(), width, out
    )
    np.testing.assert_allclose(out.reshape(rows, width), expected, rtol=1e-4, atol=1e-5)
    assert (expected != 0).any()


@pytest.mark.parametrize("gram", [svd.gram, svd.gram_numpy])
def test_gram_sums_in_double_precision(gram: Any) -> None:
    tall = np.ones((3, 2), dtype=np.float32)
    tall[0, 0] = 2**13
    assert gram(tall).tolist() == [[2.0**26 + 2, 2.0**13 + 2], [2.0**13 + 2, 3.0]]


@pytest.mark.parametrize("rotate", [svd.rotate, svd.rotate_numpy])
def test_rotate_multiplies_in_place(rotate: Any) -> None:
    generator = np.random.default_rng(6)
    tall = generator.normal(size=(20, 8)).astype(np.float32)
    matrix = generator.normal(size=(8, 8))
    expected = tall @ matrix
    rotate(tall, matrix)
    np.testing.assert_allclose(tall, expected, rtol=1e-5, atol=1e-5)
