"""Rows of a least-squares factorisation: the kernel, its twin, and the exact solution."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.kernels.als import (
    LANES,
    PIECE,
    add_gram,
    add_gram_numpy,
    room_size,
    solve_rows,
    solve_rows_numpy,
)
from nearspace.learners.matrices import aligned


def problem(rows, columns, stride, *, heavy=0, seed=1):
    """A sparse matrix with rows of all lengths (0 to 40, and `heavy`), factors to begin from, and a Gram."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(0, min(40, columns), rows)
    sizes[0] = heavy or sizes[0]
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    found = [np.sort(draw.choice(columns, size, replace=False)) for size in sizes]
    entries = np.concatenate(found).astype(np.int32)
    weights = draw.random(len(entries), dtype=np.float32) + np.float32(0.5)
    others, factors = aligned(columns * stride), aligned(rows * stride)
    others[:] = draw.standard_normal(columns * stride, dtype=np.float32)
    factors[:] = draw.standard_normal(rows * stride, dtype=np.float32)
    wide = others.reshape(-1, stride)
    gram = np.ascontiguousarray(0.1 * (wide.T @ wide), dtype=np.float32).reshape(-1)
    ridge, share = draw.random((2, rows), dtype=np.float32) + np.float32(0.1)
    return starts, entries, weights, ridge, share, others, gram, factors


def solved(kernel, parts, stride, steps, tolerance=0.0, edges=None):
    starts, columns, weights, ridge, share, others, gram, factors = parts
    found = aligned(len(factors))
    found[:] = factors
    rows = len(starts) - 1
    for first, last in edges or [(0, rows)]:
        kernel(
            starts, columns, weights, ridge, share, others, gram, stride, steps, np.float32(tolerance), first,
            last, found, aligned(room_size(stride)),
        )  # fmt: skip
    return found.reshape(rows, stride)


@pytest.mark.parametrize("stride", [16, 48, 80, 128])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_kernel_is_its_twin(stride, steps):
    parts = problem(37, 60, stride)
    mine, twin = (solved(kernel, parts, stride, steps) for kernel in (solve_rows, solve_rows_numpy))
    np.testing.assert_allclose(mine, twin, rtol=2e-3, atol=2e-4 * np.abs(twin).max())


def test_a_row_of_many_entries_is_solved_in_blocks():
    parts = problem(3, 20_000, 16, heavy=20_000)
    mine, twin = (solved(kernel, parts, 16, 4) for kernel in (solve_rows, solve_rows_numpy))
    np.testing.assert_allclose(mine, twin, rtol=2e-3, atol=1e-4 * np.abs(twin).max())


@pytest.mark.parametrize("kernel", [solve_rows, solve_rows_numpy])
def test_enough_steps_solve_the_normal_equations(kernel):
    parts = problem(20, 30, 32)
    starts, columns, weights, ridge, share, others, gram, _ = parts
    found = solved(kernel, parts, 32, 200, 1e-12)
    wide = others.reshape(-1, 32).astype(np.float64)
    for row in range(20):
        y, w = wide[columns[starts[row] : starts[row + 1]]], weights[starts[row] : starts[row + 1]]
        system = (y.T * w) @ y + share[row] * gram.reshape(32, 32) + ridge[row] * np.eye(32)
        exact = np.linalg.solve(system, w @ y)
        np.testing.assert_allclose(found[row], exact, atol=1e-4 * max(1e-3, np.abs(exact).max()))


def test_the_same_bytes_however_rows_are_cut():
    parts = problem(50, 80, 64, heavy=79)
    whole = solved(solve_rows, parts, 64, 3)
    for edges in ([(0, 7), (7, 50)], [(row, row + 1) for row in range(50)]):
        assert solved(solve_rows, parts, 64, 3, edges=edges).tobytes() == whole.tobytes()


@pytest.mark.parametrize("kernel", [solve_rows, solve_rows_numpy])
def test_a_row_without_entries_becomes_zeros(kernel):
    parts = problem(5, 30, 16)
    assert not solved(kernel, (np.zeros(6, np.int64), *parts[1:]), 16, 1).any()


@pytest.mark.parametrize("stride", [16, 48])
@pytest.mark.parametrize("kernel", [add_gram, add_gram_numpy])
def test_the_gram_matrix_is_that_of_numpy(kernel, stride):
    draw = np.random.default_rng(1)
    rows = draw.standard_normal((2 * PIECE + 5, stride), dtype=np.float32)
    weights = draw.random(len(rows), dtype=np.float32)
    found = np.zeros((stride, stride))
    kernel(rows.reshape(-1), weights, stride, 3, len(rows), found, aligned(stride * stride))
    expected = (rows[3:].astype(np.float64).T * weights[3:]) @ rows[3:]
    block = np.arange(stride) // LANES
    kept = block[:, None] <= block[None, :]
    np.testing.assert_allclose(found[kept], expected[kept], rtol=1e-4, atol=1e-3)
