"""Kernels of item pairs and of the best scores, beside their twins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nearspace.kernels import best, item_pairs

USERS, ITEMS = 30, 17


def events(seed: int = 0) -> tuple[np.ndarray, tuple[Any, ...]]:
    """A matrix with an empty user, an empty item, and its two sparse forms."""
    dense = np.random.default_rng(seed).random((USERS, ITEMS)) < 0.3
    dense[4], dense[:, 2] = False, False
    sides = []
    for matrix in (dense, dense.T):
        starts = np.concatenate(([0], np.cumsum(matrix.sum(axis=1)))).astype(np.int64)
        sides += [starts, np.nonzero(matrix)[1].astype(np.int32)]
    return dense.astype(np.float32), tuple(sides)


@pytest.mark.parametrize("count", [item_pairs.count_pairs, item_pairs.count_pairs_numpy])
def test_pairs_are_counted(count: Callable[..., None]) -> None:
    dense, sides = events()
    counts = np.full((5, ITEMS), -1, np.float32)
    count(*sides, 3, 8, counts)
    assert np.array_equal(counts, (dense.T @ dense)[3:8])


@pytest.mark.parametrize("near", [item_pairs.near_items, item_pairs.near_items_numpy])
@pytest.mark.parametrize("k", [1, 4, ITEMS])
def test_near_items_are_those_of_the_largest_shrunk_cosine(near: Callable[..., None], k: int) -> None:
    dense, sides = events()
    first, last, shrink = 1, 9, 2.0
    places, found = np.empty((last - first, k), np.int64), np.empty((last - first, k), np.float32)
    near(*sides, first, last, shrink, k, np.empty((1, ITEMS), np.float32), places, found)
    for row, item in enumerate(range(first, last)):
        expected = []
        for other in range(ITEMS):
            pairs = float((dense[:, item] * dense[:, other]).sum())
            if other != item and pairs:
                size = dense[:, item].sum() * dense[:, other].sum()
                expected.append((-np.float32(pairs / (size**0.5 + shrink)), other))
        expected = sorted(expected)[:k]
        assert places[row, : len(expected)].tolist() == [other for _, other in expected]
        assert found[row, : len(expected)] == pytest.approx([-score for score, _ in expected])
        assert (places[row, len(expected) :] == -1).all()


@pytest.mark.parametrize("twin", [False, True])
def test_scores_are_products_with_the_rows(twin: bool) -> None:
    dense, (starts, columns, *_) = events()
    weights = np.random.default_rng(1).standard_normal((ITEMS, ITEMS)).astype(np.float32)
    weights[np.random.default_rng(2).random(weights.shape) < 0.5] = 0
    scores = np.full((USERS, ITEMS), np.nan, np.float32)
    (item_pairs.add_rows_numpy if twin else item_pairs.add_rows)(starts, columns, weights, scores)
    assert scores == pytest.approx(dense @ weights, abs=1e-5)
    near = np.concatenate(([0], np.cumsum((weights != 0).sum(axis=1)))).astype(np.int64)
    sparse = near, np.nonzero(weights)[1].astype(np.int32), weights[weights != 0]
    scores[:] = np.nan
    (item_pairs.add_near_numpy if twin else item_pairs.add_near)(starts, columns, *sparse, scores)
    assert scores == pytest.approx(dense @ weights, abs=1e-5)


few = st.sampled_from([np.float32(one) for one in (-np.inf, np.nan, -1, 0, 0.5, 2)])


@given(arrays(np.float32, (3, 9), elements=few), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_the_best_come_first_and_of_equals_the_first(scores: np.ndarray, k: int) -> None:
    found = []
    for function in (best.best_of, best.best_of_numpy):
        places, values = np.empty((3, k), np.int64), np.empty((3, k), np.float32)
        function(scores, k, places, values)
        found.append((places, values))
    assert np.array_equal(found[0][0], found[1][0]) and np.array_equal(found[0][1], found[1][1])
    for row, places in zip(scores, found[0][0], strict=True):
        real = [at for at in range(9) if row[at] > -np.inf]
        expected = sorted(real, key=lambda at: (-row[at], at))[:k]
        assert places.tolist() == expected + [-1] * (k - len(expected))
