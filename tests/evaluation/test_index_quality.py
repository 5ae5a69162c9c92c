"""measure.index: figures of an index whose errors are known."""

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, SettingError
from nearspace.evaluation import index_quality
from nearspace.evaluation.index_quality import Mean, Quantile, recalls


def space(n=400):
    vectors = np.random.default_rng(1).normal(size=(n, 6)).astype(np.float32)
    return ns.Space(ns.Keys(map(str, range(n))), vectors, columns={"n": np.arange(n)})


class Forgetful:
    """An exact index that never finds even rows."""

    def __init__(self, exact, count):
        self.exact, self.odd = exact, np.arange(count) % 2 == 1

    def search(self, queries, k, restrict=None, exclude=None, *, allowed=None, workers=1):
        mask = self.odd if allowed is None else self.odd & allowed
        return self.exact.search(queries, k, restrict, exclude, allowed=mask, workers=workers)


def test_the_recall_of_a_forgetful_index(monkeypatch):
    made, real = space(), index_quality.index_of
    monkeypatch.setattr(index_quality, "chosen", lambda space, kind: "graph")
    monkeypatch.setattr(
        index_quality,
        "index_of",
        lambda s, k: Forgetful(real(s, "exact"), len(s)) if k == "graph" else real(s, k),
    )
    report = ns.measure.index(made, n=300)
    found = report["graph.recall@10"]
    assert 0.4 < found.low < found.value < found.high < 0.6
    assert found.baseline == {"random": 10 / 400}
    assert found.n == 300
    assert report["graph.latency_ms.p50"].value <= report["graph.latency_ms.p99"].value
    assert report["graph.latency_ms.p50"].baseline["exact"] > 0
    assert report["graph.queries_per_second"].value > 0


def test_the_exact_index_has_recall_1_with_an_interval():
    found = ns.measure.index(space(), ["3", "5", "7"], k=5)["exact.recall@5"]
    assert (found.value, found.high, found.n) == (1.0, 1.0, 3)
    assert 0.3 < found.low < 0.9  # three queries prove little


def test_ties_with_the_last_hit_count():
    rows, scores = np.array([[1, 5, 9]]), np.array([[3, 2, 1]], dtype=np.float32)
    assert recalls(rows, scores, np.array([[1, 5, 7]]), scores).tolist() == [1.0]
    assert recalls(rows, scores - 0.5, np.array([[1, 6, 7]]), scores).tolist() == [1 / 3]
    none = np.array([[-1, -1, -1]])
    assert recalls(none, scores, none, scores).tolist() == [1.0]
    assert recalls(none, np.full((1, 3), -np.inf, np.float32), rows, scores).tolist() == [0.0]


def test_figures_of_weighted_queries():
    values = np.array([4.0, 1.0, 3.0, 2.0])
    weights = np.array([[1.0, 1, 1, 1], [0, 4, 0, 0], [2, 0, 0, 2]])
    assert Mean(values, 4)(weights).tolist() == [2.5, 1.0, 3.0]
    assert Quantile(values, 4, 0.5)(weights).tolist() == [2.0, 1.0, 2.0]
    assert Quantile(values, 4, 0.99)(weights).tolist() == [4.0, 1.0, 4.0]


def test_filters_and_own_queries():
    report = ns.measure.index(space(), np.ones((4, 6), dtype=np.float32), where="n < 20", kind="exact")
    assert report["exact.recall@10"].baseline == {"random": 0.5}


def test_bad_questions():
    with pytest.raises(InputError, match="no row of 'space' can be a hit"):
        ns.measure.index(space(), where="n < 0")
    with pytest.raises(SettingError, match="k is 0"):
        ns.measure.index(space(), k=0)
    with pytest.raises(InputError, match="has no rows"):
        ns.measure.index(ns.Space(ns.Keys(), np.empty((0, 3), np.float32)))
