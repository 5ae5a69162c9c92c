"""What every index must do; a new index joins by adding a row to INDEXES."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.index.exact import ExactIndex
from nearspace.index.graph import Graph
from nearspace.protocols import Index
from nearspace.space import METRICS, norms_of


def graph(vectors, metric):
    pytest.importorskip("faiss", reason="the extra 'graph' is not installed")
    index = Graph(effort_build=40, sample=100).build(vectors, norms_of(vectors), metric)
    # few rows are compared one by one; an effort makes it walk
    index.search = partial(index.search, effort=100) if len(vectors) > 100 else index.search
    return index


# name -> (how to build it from vectors and metric, least recall@10 on clustered data)
INDEXES = {"exact": (lambda vectors, metric: ExactIndex(vectors, None, metric), 1.0), "graph": (graph, 0.95)}
ROWS = ["exact", pytest.param("graph", marks=pytest.mark.extras)]


@pytest.fixture(params=ROWS)
def build(request):
    return INDEXES[request.param][0]


@pytest.fixture(params=ROWS)
def index_and_recall(request):
    return INDEXES[request.param]


@pytest.fixture(params=METRICS)
def metric(request):
    return request.param


def clusters(seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, 16)) * 3
    return (centres.repeat(60, axis=0) + random.normal(size=(1200, 16))).astype(np.float32)


def scored(vectors, query, metric):
    if metric == "euclidean":
        return -np.linalg.norm(vectors.astype(float) - query, axis=1)
    dots = vectors.astype(float) @ query
    return dots if metric == "dot" else dots / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)


def test_is_an_index(build, metric):
    assert isinstance(build(clusters(), metric), Index)


def test_finds_what_a_full_comparison_finds(index_and_recall, metric):
    build, least = index_and_recall
    vectors, queries = clusters(), clusters(1)[::40]
    rows, _ = build(vectors, metric).search(queries, 10)
    true = [np.argsort(-scored(vectors, query, metric), kind="stable")[:10] for query in queries]
    recall = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(rows, true, strict=True)])
    assert recall >= least


def test_scores_are_true_and_sorted_and_rows_differ(build, metric):
    vectors, queries = clusters(), clusters(1)[::100]
    rows, scores = build(vectors, metric).search(queries, 25)
    assert rows.shape == scores.shape == (12, 25)
    assert rows.dtype == np.int64 and scores.dtype == np.float32
    assert (np.diff(scores, axis=1) <= 0).all()
    for query, found, given in zip(queries, rows, scores, strict=True):
        assert len(set(found.tolist())) == 25
        np.testing.assert_allclose(given, scored(vectors[found], query, metric), rtol=1e-4, atol=1e-5)


def test_ties_come_in_row_order(build, metric):
    vectors = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    rows, scores = build(vectors, metric).search(np.eye(4, dtype=np.float32)[:1], 8)
    assert rows[0, :5].tolist() == [0, 1, 2, 3, 4]
    for value in np.unique(scores[0]):
        assert (np.diff(rows[0][scores[0] == value]) > 0).all()


def test_fewer_rows_than_k_are_filled_up(build, metric):
    rows, scores = build(clusters()[:3], metric).search(clusters()[:2], 5)
    assert np.sort(rows[:, :3], axis=1).tolist() == [[0, 1, 2]] * 2
    assert (rows[:, 3:] == -1).all() and np.isneginf(scores[:, 3:]).all()


def test_the_same_question_has_the_same_bytes(build, metric):
    vectors, queries = clusters(), clusters(2)[::7]
    first = build(vectors, metric).search(queries, 10)
    second = build(vectors.copy(), metric).search(queries, 10)
    assert [part.tobytes() for part in first] == [part.tobytes() for part in second]


def test_vectors_and_queries_are_not_changed(build, metric):
    vectors, queries = clusters(), clusters(3)[:80].copy()
    vectors.flags.writeable = queries.flags.writeable = False
    kept = vectors.tobytes(), queries.tobytes()
    build(vectors, metric).search(queries, 10)
    assert kept == (vectors.tobytes(), queries.tobytes())


def test_bad_questions_are_refused(build, metric):
    index = build(clusters(), metric)
    with pytest.raises(SettingError, match="k is 0"):
        index.search(clusters()[:1], 0)
    with pytest.raises(DimensionError, match=r"expected \(q, 16\)"):
        index.search(np.ones((1, 3), dtype=np.float32), 1)
    with pytest.raises(InputError, match="NaN"):
        index.search(np.full((1, 16), np.nan, dtype=np.float32), 1)
