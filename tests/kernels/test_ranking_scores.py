"""Figures of ranked lists, beside their formulas written out for one query."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.ranking_scores import (
    average_precision,
    gains_of,
    ndcg_at,
    recall_at,
    reciprocal_rank,
    spearman,
)

grades = st.dictionaries(st.integers(0, 11), st.sampled_from([1.0, 2.0, 3.0]), max_size=8)


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[list[int]], list[dict[int, float]]]:
    known = draw(st.lists(grades, min_size=1, max_size=4))
    return [draw(st.permutations(range(12))) for _ in known], known


@given(lists(), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_figures_are_what_their_formulas_say(
    drawn: tuple[list[list[int]], list[dict[int, float]]], k: int
) -> None:
    rows, known = drawn
    gains, ideal = gains_of(np.array(rows), known, 12)
    for q, (row, relevant) in enumerate(zip(rows, known, strict=True)):
        hits = row[:k]
        recall = sum(one in relevant for one in hits) / len(relevant) if relevant else 0
        got = sum(relevant.get(one, 0) / log2(place + 1) for place, one in enumerate(hits, 1))
        best = sum(
            grade / log2(place + 1)
            for place, grade in enumerate(sorted(relevant.values(), reverse=True)[:k], 1)
        )
        first = next((place for place, one in enumerate(row, 1) if one in relevant), None)
        assert recall_at(gains, ideal, k)[q] == pytest.approx(recall)
        assert ndcg_at(gains, ideal, k)[q] == pytest.approx(got / best if best else 0)
        assert reciprocal_rank(gains)[q] == pytest.approx(1 / first if first else 0)
        precisions = [
            sum(o in relevant for o in hits[:p]) / p for p in range(1, k + 1) if hits[p - 1] in relevant
        ]
        average = sum(precisions) / min(k, len(relevant)) if relevant else 0
        assert average_precision(gains[:, :k], ideal)[q] == pytest.approx(average)


def test_the_best_order_has_ndcg_1_and_the_worst_is_below() -> None:
    gains, ideal = gains_of(np.array([[4, 2, 9], [9, 2, 4]]), [{4: 3.0, 2: 1.0}] * 2, 3)
    assert ndcg_at(gains, ideal, 10).tolist() == [1.0, pytest.approx(0.5869, abs=1e-4)]


def test_places_that_are_not_filled_count_nothing() -> None:
    gains, ideal = gains_of(np.array([[-1, -1]]), [{0: 1.0}], 2)
    assert [f(gains, ideal, 5)[0] for f in (recall_at, ndcg_at)] == [0, 0]
    assert reciprocal_rank(gains)[0] == 0


@pytest.mark.extras
@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=30))
@settings(max_examples=40, deadline=None)
def test_spearman_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="needs scipy, as the extra maps brings it")
    left, right = np.array(pairs, dtype=float).T
    expected = 0.0 if len(set(left)) == 1 or len(set(right)) == 1 else stats.spearmanr(left, right)[0]
    assert spearman(left, right) == pytest.approx(expected, abs=1e-9)
