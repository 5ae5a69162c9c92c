"""A search gives the same bytes with numpy alone and with the kernels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.index import exact, fused
from nearspace.index.exact import ExactIndex
from nearspace.space import METRICS, norms_of


def both(index, *arguments, **options):
    """Search on both roads, ask for the same bytes, and give the answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExactIndex, "_is_large", lambda *_: False)
        plain = index.search(*arguments, **options)
        patch.setattr(ExactIndex, "_is_large", lambda _, count, __: count > 0)
        rows, scores = index.search(*arguments, **options)
    np.testing.assert_array_equal(rows, plain[0])
    assert scores.tobytes() == plain[1].tobytes() and rows.dtype == np.int64 and scores.dtype == np.float32
    return rows, scores


@st.composite
def questions(draw):
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, d = draw(st.integers(1, 900)), draw(st.integers(1, 90))
    count = draw(st.integers(1, 80))
    vectors = random.normal(size=(n, d)) + draw(st.sampled_from([0, 0, 30]))
    if draw(st.booleans()):
        vectors = np.round(vectors)
    vectors[random.random(n) < draw(st.sampled_from([0, 0.3]))] = 0
    vectors[random.random(n) < draw(st.sampled_from([0, 0.1]))] *= 10.0 ** draw(st.integers(-25, 18))
    vectors = vectors.astype(np.float32)
    vectors[random.random(n) < draw(st.sampled_from([0, 0.02])), 0] = draw(st.sampled_from([np.nan, -np.inf]))
    queries = random.normal(size=(count, d)).astype(np.float32)
    finite = vectors[np.isfinite(vectors).all(axis=1)]
    queries[: min(3, len(finite), count)] = finite[: min(3, count)]
    options = {"workers": draw(st.integers(1, 3)), "restrict": draw(st.sampled_from([None, 1, 50, 5000]))}
    if draw(st.booleans()):
        options["exclude"] = random.integers(-1, n, (count, draw(st.integers(1, 30))))
    if draw(st.booleans()):
        options["allowed"] = random.random(n) < draw(st.sampled_from([0, 0.02, 0.5, 0.99]))
    return vectors, queries, draw(st.integers(1, 150)), options


@pytest.mark.parametrize("metric", METRICS)
@given(question=questions())
@settings(deadline=None, max_examples=60)
def test_any_question_has_the_same_answer_on_both_roads(metric, question):
    vectors, queries, k, options = question
    with np.errstate(all="ignore"):
        index = ExactIndex(vectors, None, metric)
    both(index, queries, k, **options)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("queries", "dim"), [(1, 33), (4, 16), (4, 7), (5, 33), (1200, 20), (40, 784)])
def test_roads_agree_when_rooms_are_shrunk_many_times(metric, queries, dim):
    random = np.random.default_rng(2)
    vectors = random.normal(size=(12_000, dim)).astype(np.float32)
    vectors = vectors[np.argsort(vectors[:, 0])]  # ever nearer rows
    asked = random.normal(size=(queries, dim)).astype(np.float32)
    asked[:, 0] = 5
    index = ExactIndex(vectors, None, metric)
    first = both(index, asked, 10, workers=1)
    for workers in (2, 5):
        again = both(index, asked, 10, workers=workers)
        assert [part.tobytes() for part in again] == [part.tobytes() for part in first]


@pytest.mark.parametrize("metric", METRICS)
def test_queries_whose_candidates_do_not_fit_are_answered_all_the_same(metric):
    random = np.random.default_rng(3)
    vectors = random.normal(size=(6000, 20)).astype(np.float32)
    vectors[1000:4000] = vectors[1]
    queries = np.concatenate([vectors[1:2] * np.float32(1.5), random.normal(size=(9, 20)).astype(np.float32)])
    rows, _ = both(ExactIndex(vectors, None, metric), queries, 5)
    assert rows[0].tolist() == [1, 1000, 1001, 1002, 1003]


@pytest.mark.parametrize("metric", METRICS)
def test_vectors_far_from_the_origin_are_ordered_as_float64_orders_them(metric):
    vectors = (1000 + np.random.default_rng(2).normal(size=(4000, 300))).astype(np.float32)
    both(ExactIndex(vectors, None, metric), vectors[:9] + np.float32(0.01), 20)


def test_more_odd_rows_than_the_kernels_take_are_searched_by_numpy():
    vectors = np.random.default_rng(1).normal(size=(2000, 6)).astype(np.float32)
    vectors[: fused.MOST_ODD + 1] *= np.float32(1e-20)
    rows, _ = both(ExactIndex(vectors), vectors[:3], 4)
    assert rows[:, 0].tolist() == [0, 1, 2]


def test_a_small_index_that_is_asked_often_loads_the_kernels_in_the_end(monkeypatch):
    vectors = np.random.default_rng(1).normal(size=(1000, 10)).astype(np.float32)
    index = ExactIndex(vectors)
    monkeypatch.setattr(exact, "ROADS", {"fused": ("not loaded", "")})
    monkeypatch.setattr(exact, "LARGE", 10 * 1000 * 10 * (1 + exact.PASS))
    for _ in range(9):
        index.search(vectors[:1], 3)
    with pytest.raises(ModuleNotFoundError, match="not loaded"):
        index.search(vectors[:1], 3)


SCRIPT = """
import resource, sys
import numpy as np
from nearspace.index import fused
from nearspace.index.exact import ExactIndex

folder, queries = sys.argv[1], int(sys.argv[2])
vectors = np.load(folder + "/vectors.npy", mmap_mode="r")
index = ExactIndex(vectors, np.load(folder + "/norms.npy", mmap_mode="r"))
ExactIndex(np.eye(50, dtype=np.float32)).search(np.ones((queries, 50), dtype=np.float32), 10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
index.search(vectors[:queries], 10, workers=2)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in kilobytes on Linux only")
@pytest.mark.parametrize("queries", [1, 600])
def test_kernels_read_a_memory_map_where_it_lies(queries, tmp_path):
    vectors = np.random.default_rng(1).normal(size=(200_000, 50)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    np.save(tmp_path / "norms.npy", norms_of(vectors))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(queries)]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert grown < vectors.nbytes + (20 << 20)
