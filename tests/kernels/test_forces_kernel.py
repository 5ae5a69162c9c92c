"""The pushes of t-SNE over all pairs against their twin."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nearspace.kernels.forces import repel, repel_numpy


def _columns(points):
    flat = np.ascontiguousarray(points.T, dtype=np.float32)
    return flat[0], flat[1], (flat[2] if len(flat) == 3 else flat[0, :0])


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(3, 70),
    d=st.sampled_from([2, 3]),
    scale=st.sampled_from([1e-4, 1.0, 60.0]),
    seed=st.integers(0, 10**6),
)
@example(n=5, d=3, scale=60.0, seed=3)  # far points, whose own q of 1 once drowned their sum
def test_twins_agree(n, d, scale, seed):
    points = (np.random.default_rng(seed).normal(size=(n, d)) * scale).astype(np.float32)
    found = []
    for push in (repel, repel_numpy):
        away, total = np.zeros((n, d)), np.zeros(n)
        push(*_columns(points), n // 3, n, away, total)
        found.append((away, total))
    for fast, slow in zip(*found, strict=True):
        # the fast sums are float32
        np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-5 * np.abs(slow).max() + 1e-7)


@pytest.mark.parametrize("d", [2, 3])
def test_cutting_points_into_shards_changes_no_bit(d):
    points = np.random.default_rng(2).normal(size=(101, d)) * 10
    whole, parts = np.empty((101, d)), np.empty((101, d))
    total, total_parts = np.empty(101), np.empty(101)
    repel(*_columns(points), 0, 101, whole, total)
    for start in range(0, 101, 7):
        repel(*_columns(points), start, min(101, start + 7), parts, total_parts)
    assert whole.tobytes() == parts.tobytes()
    assert total.tobytes() == total_parts.tobytes()
