"""Counting, sorting and summing pairs: each kernel against its twin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearspace.data.cooccurrence import head_shape
from nearspace.kernels import cooccurrence as kernel

SIZE = 6
ROWS = st.lists(st.integers(-1, SIZE - 1), min_size=1, max_size=60)


def counted(rows: np.ndarray, weights: np.ndarray, cells: int, capacity: int) -> dict[int, int]:
    """All ordered pairs as the kernels count them, with a head of `cells` and a buffer of `capacity`."""
    starts, ends = head_shape(SIZE, cells, capacity // 2)
    head = np.zeros(int((ends - np.arange(len(ends))).sum()), dtype=np.uint32)
    keys, values = np.zeros(capacity, dtype=np.int64), np.zeros(capacity, dtype=np.uint32)
    found: dict[int, int] = {}

    def empty(used: int) -> None:
        for key, value in zip(keys[:used].tolist(), values[:used].tolist(), strict=True):
            found[key] = found.get(key, 0) + value

    position = 0
    while position < len(rows):
        before = position
        position, used = kernel.count_pairs(
            rows, position, weights, SIZE, starts, ends, head, keys, values, 0
        )
        assert position > before
        empty(used)
    row = 0
    while row < len(ends):
        row, used = kernel.drain_head(row, SIZE, starts, ends, head, keys, values)
        empty(used)
    assert not head.any()
    return found


@given(ROWS, st.integers(1, 5), st.integers(0, 30), st.integers(0, 20))
def test_counts_equal_the_twin(rows: list[int], window: int, cells: int, room: int) -> None:
    ids = np.array(rows, dtype=np.int32)
    weights = np.arange(window + 1, dtype=np.int64) * 7
    keys, values = kernel.count_pairs_numpy(ids, weights, SIZE)
    expected = dict(zip(keys.tolist(), values.tolist(), strict=True))
    assert counted(ids, weights, cells, 4 * window + 2 * SIZE + room) == expected


def test_a_full_cell_goes_to_the_buffer() -> None:
    rows = np.zeros(4, dtype=np.int32)
    weights = np.array([0, kernel.CELL_LIMIT - 1], dtype=np.int64)
    assert counted(rows, weights, 30, 64) == {0: 2 * 3 * (kernel.CELL_LIMIT - 1)}


@pytest.mark.parametrize("sort", [kernel.sort_pairs, kernel.sort_pairs_numpy])
@pytest.mark.parametrize("bits", [1, 11, 12, 40])
def test_sorting_keeps_pairs_together(sort: Callable[..., int], bits: int) -> None:
    generator = np.random.default_rng(bits)
    keys = generator.integers(0, 2**bits, 1000)
    values = np.arange(1000, dtype=np.uint32)
    expected = np.argsort(keys, kind="stable")
    sorted_keys, spare = keys.copy(), np.empty_like(keys)
    sorted_values, spare_values = values.copy(), np.empty_like(values)
    if sort(sorted_keys, sorted_values, spare, spare_values, bits):
        sorted_keys, sorted_values = spare, spare_values
    np.testing.assert_array_equal(sorted_keys, keys[expected])
    np.testing.assert_array_equal(sorted_values, values[expected])


@pytest.mark.parametrize("add", [kernel.sum_sorted, kernel.sum_sorted_numpy])
def test_equal_keys_are_summed_beyond_32_bits(add: Callable[..., int]) -> None:
    keys = np.array([2, 2, 2, 5, 9, 9], dtype=np.int64)
    values = np.array([2**32 - 1, 2**32 - 1, 1, 7, 1, 2], dtype=np.uint32)
    sums = np.zeros(6, dtype=np.int64)
    kept = add(keys, values, sums)
    assert (keys[:kept].tolist(), sums[:kept].tolist()) == ([2, 5, 9], [2**33 - 1, 7, 3])
    assert add(keys[:0], values[:0], sums) == 0


@pytest.mark.parametrize("shrink", [kernel.shrink_sorted, kernel.shrink_sorted_numpy])
def test_shrinking_never_overflows(shrink: Callable[..., int]) -> None:
    keys = np.array([1, 1, 4, 4, 4, 8], dtype=np.int64)
    values = np.array([1, 2, kernel.CELL_LIMIT - 2, 1, 1, 3], dtype=np.uint32)
    kept = shrink(keys, values)
    assert keys[:kept].tolist() == [1, 4, 4, 8]
    assert values[:kept].tolist() == [3, kernel.CELL_LIMIT - 1, 1, 3]
