"""The graph index beside ExactIndex: recall, filters, exclusions, same bytes, files and their damage."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nearspace.errors import InputError, MissingInputError, SettingError
from nearspace.index.exact import ExactIndex
from nearspace.index.graph import Graph
from nearspace.index.graph_index import GraphIndex
from nearspace.space import METRICS, norms_of

pytest.importorskip("faiss", reason="the extra 'graph' is not installed")
pytestmark = pytest.mark.extras

COUNT, DIM = 6000, 12
SETTINGS = Graph(effort_build=60, sample=300)


def planted(seed=0, count=COUNT):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, DIM)) * 2
    return (centres[random.integers(0, 40, count)] + random.normal(size=(count, DIM))).astype(np.float32)


VECTORS, QUERIES = planted(), planted(1, 200)


def made(metric="cosine", vectors=VECTORS, settings=SETTINGS, workers=1):
    return settings.build(vectors, norms_of(vectors), metric, workers=workers)


@pytest.fixture(scope="module")
def indexes():
    return {metric: made(metric) for metric in METRICS}


@pytest.fixture(params=METRICS)
def metric(request):
    return request.param


def recall(scores, truth):
    """Share of the true hits, by score: of equally near rows any will do."""
    some = truth > -np.inf
    worst = np.where(some, truth, np.inf).min(axis=1, keepdims=True)
    return np.minimum((scores >= worst).sum(axis=1), some.sum(axis=1)).sum() / some.sum()


def test_it_reaches_its_calibrated_recall_on_new_queries(indexes, metric):
    index = indexes[metric]
    truth = index.exact.search(QUERIES, 10)[1]
    assert index.description["recall"] >= 0.95
    # 200 queries know their recall to .01
    assert recall(index.search(QUERIES, 10, effort=index.effort)[1], truth) >= 0.94


@pytest.mark.parametrize("k", [1, 50])
def test_more_or_fewer_hits_are_found_as_well(indexes, metric, k):
    index = indexes[metric]
    truth = index.exact.search(QUERIES, k)[1]
    assert recall(index.search(QUERIES, k, effort=index.effort)[1], truth) >= 0.9


def test_scores_are_those_of_exact_search(indexes, metric):
    index = indexes[metric]
    rows, scores = index.search(QUERIES, 10, effort=200)
    true_rows, true_scores = index.exact.search(QUERIES, 10)
    same = (rows == true_rows).all(axis=1)
    assert same.mean() > 0.95
    np.testing.assert_array_equal(scores[same], true_scores[same])
    assert (np.diff(scores, axis=1) <= 0).all()


def test_int8_is_scored_from_the_vectors(metric):
    index = made(metric, settings=replace(SETTINGS, quantize="int8"))
    rows, scores = index.search(QUERIES, 10, effort=index.effort)
    true_rows, true_scores = index.exact.search(QUERIES, 10)
    assert recall(scores, true_scores) >= 0.95
    same = (rows == true_rows).all(axis=1)
    np.testing.assert_array_equal(scores[same], true_scores[same])


@pytest.mark.parametrize("effort", [None, 40])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 1.0])
def test_a_filter_keeps_recall_and_the_number_of_hits(indexes, metric, share, effort):
    index = indexes[metric]
    allowed = np.random.default_rng(3).random(COUNT) < share
    rows, scores = index.search(QUERIES, 10, allowed=allowed, effort=effort)
    assert ((rows >= 0).sum(axis=1) == min(10, allowed.sum())).all()
    assert allowed[rows[rows >= 0]].all()
    if allowed.any():
        assert recall(scores, index.exact.search(QUERIES, 10, allowed=allowed)[1]) >= 0.95


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.8])
def test_a_filter_far_from_the_query_keeps_recall(indexes, share):
    index, query = indexes["euclidean"], QUERIES[:1]
    far = np.argsort(-np.linalg.norm(VECTORS - query, axis=1))
    allowed = np.zeros(COUNT, dtype=bool)
    allowed[far[: int(share * COUNT)]] = True
    rows, scores = index.search(query, 10, allowed=allowed, effort=40)
    assert len(set(rows[0].tolist())) == 10 and allowed[rows].all()
    assert recall(scores, index.exact.search(query, 10, allowed=allowed)[1]) >= 0.95


def test_excluded_and_restricted_rows_are_no_hits(indexes, metric):
    index = indexes[metric]
    own = np.arange(100)[:, None]
    exclude = np.hstack([own, np.full_like(own, -1)])
    rows, scores = index.search(VECTORS[:100], 10, 5000, exclude, effort=index.effort)
    assert not (rows == own).any() and rows.max() < 5000 and (rows >= 0).all()
    assert recall(scores, index.exact.search(VECTORS[:100], 10, 5000, exclude)[1]) >= 0.95


def test_the_answer_does_not_depend_on_workers_or_the_batch(indexes):
    index = indexes["cosine"]
    one = index.search(QUERIES, 10, effort=60)
    two = index.search(QUERIES, 10, effort=60, workers=2)
    alone = index.search(QUERIES[7:8], 10, effort=60)
    for left, right, single in zip(one, two, alone, strict=True):
        assert left.tobytes() == right.tobytes()
        assert left[7:8].tobytes() == single.tobytes()


@pytest.mark.parametrize("quantize", ["none", "int8"])
def test_the_build_has_the_same_bytes_on_any_number_of_workers(tmp_path, quantize):
    for workers in (1, 2, 3):
        settings = replace(SETTINGS, quantize=quantize)
        made("cosine", settings=settings, workers=workers).save(tmp_path / str(workers))
    names = sorted(file.name for file in (tmp_path / "1").iterdir())
    for name in names:
        contents = {(tmp_path / str(workers) / name).read_bytes() for workers in (1, 2, 3)}
        assert len(contents) == 1, name


def test_rows_that_no_graph_holds_are_found_or_not_as_exact_search_says(metric):
    vectors = VECTORS.copy()
    vectors[5], vectors[6, 0] = np.nan, np.inf
    vectors[100:130] = 0
    vectors[200] *= np.float32(1e16)
    index = made(metric, vectors)
    asked = np.vstack([QUERIES[:50], np.zeros((1, DIM), np.float32), -QUERIES[:5]])
    rows, scores = index.search(asked, 10, effort=80)
    true_rows, true_scores = index.exact.search(asked, 10)
    assert recall(scores, true_scores) >= 0.95
    assert not np.isin(rows, [5, 6]).any()
    if metric == "cosine":
        few = np.zeros(COUNT, dtype=bool)
        few[90:160] = True
        found = index.search(-VECTORS[90:100], 60, allowed=few, effort=80)
        np.testing.assert_array_equal(found[0], index.exact.search(-VECTORS[90:100], 60, allowed=few)[0])
        assert true_rows[50].tolist() == rows[50].tolist()  # the zero query


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_few_rows(metric, count):
    index = made(metric, VECTORS[:count])
    rows, scores = index.search(QUERIES[:3], 5)
    assert rows.shape == scores.shape == (3, 5)
    assert ((rows >= 0).sum(axis=1) == min(5, count)).all()


def test_only_rows_without_a_place():
    index = made("cosine", np.zeros((50, 3), dtype=np.float32))
    assert index.search(np.ones((1, 3), dtype=np.float32), 4)[0].tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize("quantize", ["none", "int8"])
def test_a_saved_index_answers_alike(tmp_path, metric, quantize):
    vectors = VECTORS.copy()
    if metric == "dot":
        vectors[7] = np.nan
    index = made(metric, vectors, replace(SETTINGS, quantize=quantize))
    index.save(tmp_path)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    again = GraphIndex.open(tmp_path, mapped, norms_of(vectors), metric)
    note = json.loads((tmp_path / "graph.json").read_text())
    assert note["effort"] == again.effort == index.effort and note["recall"] == index.description["recall"]
    for left, right in zip(
        index.search(QUERIES, 10, effort=50), again.search(QUERIES, 10, effort=50), strict=True
    ):
        assert left.tobytes() == right.tobytes()
    again.save(tmp_path / "copy")
    assert (tmp_path / "copy" / "links.npy").read_bytes() == (tmp_path / "links.npy").read_bytes()


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "remove"])
def test_a_damaged_file_is_named_and_refused(tmp_path, damage):
    index = made("cosine")
    random = np.random.default_rng(4)
    index.save(tmp_path / "good")
    for file in sorted((tmp_path / "good").iterdir()):
        whole = file.read_bytes()
        for _ in range(5):
            raw = bytearray(whole)
            if damage == "flip":
                raw[random.integers(len(raw))] ^= 1 << int(random.integers(8))
            elif damage == "cut":
                del raw[int(random.integers(len(raw))) :]
            elif damage == "grow":
                raw += b"x"
            file.write_bytes(raw)
            if damage == "remove":
                file.unlink()
            with pytest.raises(InputError, match=file.name) as caught:
                GraphIndex.open(tmp_path / "good", VECTORS, norms_of(VECTORS), "cosine")
            assert isinstance(caught.value, MissingInputError) == (damage == "remove")
        file.write_bytes(whole)
    GraphIndex.open(tmp_path / "good", VECTORS, norms_of(VECTORS), "cosine")


def test_a_saved_index_answers_without_faiss(tmp_path):
    made("cosine").save(tmp_path / "graph")
    np.save(tmp_path / "vectors.npy", VECTORS)
    program = (
        "import sys, numpy as np; sys.modules['faiss'] = None\n"
        "from nearspace.index.graph_index import GraphIndex\nfrom nearspace.space import norms_of\n"
        "vectors = np.load(sys.argv[1] + '/vectors.npy')\n"
        "index = GraphIndex.open(sys.argv[1] + '/graph', vectors, norms_of(vectors), 'cosine')\n"
        "print(index.search(vectors[:1], 3)[0][0, 0])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_codes_are_not_taken_where_they_cost_too_much(tmp_path):
    """One component with a single huge value leaves all others one step of 256."""
    vectors = VECTORS.copy()
    vectors[0] = 1e4
    assert made("euclidean", vectors).description["quantized"] == "none"
    assert made("euclidean").description["quantized"] == "int8"


def test_other_vectors_are_refused(tmp_path):
    made("cosine").save(tmp_path)
    other = VECTORS + 1
    with pytest.raises(InputError, match="other vectors"):
        GraphIndex.open(tmp_path, other, norms_of(other), "cosine")
    with pytest.raises(InputError, match="under cosine, not of 6000 of 12 under dot"):
        GraphIndex.open(tmp_path, VECTORS, norms_of(VECTORS), "dot")


@pytest.mark.parametrize(
    "settings", [{"degree": 2}, {"effort_build": 0}, {"quantize": "int4"}, {"target_recall": 1}, {"seed": -1}]
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        Graph(**settings)


def test_it_says_what_it_knows(indexes):
    told = indexes["dot"].description
    assert told["settings"]["degree"] == 16 and told["count"] == COUNT
    assert told["recall_queries"] == 300 and told["points"] == COUNT
    assert "faiss-cpu" in told["versions"] and ExactIndex(VECTORS, None, "dot").metric == told["metric"]
