from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.index import blockwise
from nearspace.index.exact import ExactIndex
from nearspace.space import METRICS, norms_of


@pytest.fixture(params=["numpy", "kernels"], autouse=True)
def road(request, monkeypatch):
    """Every test runs with numpy alone and with the kernels."""
    monkeypatch.setattr(
        ExactIndex, "_is_large", lambda _, count, __: request.param == "kernels" and count > 0
    )


def brute(vectors, queries, metric):
    """Scores of all pairs in float64 rounded to float32, and the order of a full stable sort."""
    v, q = vectors.astype(np.float64), queries.astype(np.float64)
    if metric == "euclidean":
        apart = q[:, None] - v[None]
        scores = -np.sqrt(np.einsum("qnd,qnd->qn", apart, apart))
    else:
        scores = np.einsum("qnd,qnd->qn", *np.broadcast_arrays(q[:, None], v[None]))
        if metric == "cosine":
            lengths = np.sqrt(np.einsum("qd,qd->q", q, q))[:, None] * np.sqrt(np.einsum("nd,nd->n", v, v))
            scores = np.divide(scores, lengths, out=np.zeros_like(scores), where=lengths > 0)
    scores = scores.astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")
    return order, np.take_along_axis(scores, order, axis=1)


def assert_equals_brute(vectors, queries, metric, k, **options):
    rows, scores = ExactIndex(vectors, norms_of(vectors), metric).search(queries, k, **options)
    order, expected = brute(vectors, queries, metric)
    n = min(k, len(vectors))
    np.testing.assert_array_equal(rows[:, :n], order[:, :n])
    np.testing.assert_allclose(scores[:, :n], expected[:, :n], rtol=1e-6, atol=1e-6)
    assert (rows[:, n:] == -1).all() and np.isneginf(scores[:, n:]).all()


grid = st.floats(-2, 2, width=16).map(lambda x: round(x * 4) / 4)
problems = st.tuples(st.integers(1, 60), st.integers(1, 9), st.integers(1, 6)).flatmap(
    lambda s: st.tuples(
        hnp.arrays(np.float32, (s[0], s[1]), elements=grid),
        hnp.arrays(np.float32, (s[2], s[1]), elements=grid),
    )
)


@pytest.mark.parametrize("metric", METRICS)
@given(problem=problems, k=st.integers(1, 70))
@settings(deadline=None, max_examples=60)
def test_equals_a_full_sort_also_with_ties_and_zero_vectors(metric, problem, k):
    assert_equals_brute(*problem, metric, k)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("queries", "k"), [(1, 10), (70, 1), (300, 7), (3, 900)])
def test_equals_a_full_sort_over_many_blocks_and_tiles(metric, queries, k, monkeypatch):
    monkeypatch.setattr(blockwise, "BLOCK", 512)
    monkeypatch.setattr(blockwise, "FIRST", 64)
    monkeypatch.setattr(blockwise, "TILE", 64)
    random = np.random.default_rng(5)
    vectors = random.normal(size=(3001, 12)).astype(np.float32)
    vectors[::50] = 0
    vectors[1000:1100] = vectors[7]
    asked = np.concatenate([vectors[[7, 50]], random.normal(size=(queries, 12)).astype(np.float32)])[:queries]
    assert_equals_brute(vectors, asked, metric, k)


@pytest.mark.parametrize("metric", METRICS)
def test_the_order_is_right_where_float32_is_not(metric):
    """Vectors that lie far from the origin near each other: float32 dot products are in disorder."""
    random = np.random.default_rng(2)
    vectors = (1000 + random.normal(size=(4000, 300))).astype(np.float32)
    queries = vectors[:3] + np.float32(0.01)
    assert_equals_brute(vectors, queries, metric, 20)
    order, _ = brute(vectors, queries, metric)
    if metric == "cosine":
        units = vectors / norms_of(vectors)[:, None]
        assert (np.argsort(-(queries @ units.T), axis=1, kind="stable")[:, :20] != order[:, :20]).any()


@pytest.mark.parametrize("metric", METRICS)
@given(seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=20)
def test_a_permutation_of_the_rows_permutes_the_answer(metric, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(2000, 8)).astype(np.float32)
    queries = random.normal(size=(5, 8)).astype(np.float32)
    order = random.permutation(len(vectors))
    rows, scores = ExactIndex(vectors, None, metric).search(queries, 12)
    shuffled, again = ExactIndex(vectors[order], None, metric).search(queries, 12)
    assume(all(len(np.unique(row)) == len(row) for row in scores))  # ties come in row order
    np.testing.assert_array_equal(order[shuffled], rows)
    np.testing.assert_array_equal(again, scores)


@given(powers=st.lists(st.integers(-20, 20), min_size=50, max_size=50), q=st.integers(-20, 20))
@settings(deadline=None, max_examples=40)
def test_scaling_vectors_does_not_change_cosines(powers, q):
    random = np.random.default_rng(3)
    vectors = random.normal(size=(50, 5)).astype(np.float32)
    queries = random.normal(size=(4, 5)).astype(np.float32)
    scaled = vectors * np.exp2(np.array(powers, dtype=np.float32))[:, None]
    one = ExactIndex(vectors).search(queries, 50)
    other = ExactIndex(scaled).search(queries * np.float32(2.0**q), 50)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("metric", METRICS)
def test_a_query_has_the_same_answer_alone_in_a_batch_and_with_any_workers(metric):
    random = np.random.default_rng(1)
    vectors = random.normal(size=(9001, 33)).astype(np.float32)
    vectors[4000:4040] = vectors[3]
    queries = random.normal(size=(700, 33)).astype(np.float32)
    queries[:3] = vectors[3] * 2
    index = ExactIndex(vectors, None, metric)
    together = index.search(queries, 9)
    for number in (0, 2, 300, 699):
        alone = index.search(queries[number : number + 1], 9)
        assert alone[0].tobytes() == together[0][number].tobytes()
        assert alone[1].tobytes() == together[1][number].tobytes()
    for workers in (2, 8):
        again = index.search(queries, 9, workers=workers)
        assert again[0].tobytes() == together[0].tobytes()
        assert again[1].tobytes() == together[1].tobytes()


@pytest.mark.parametrize("metric", METRICS)
def test_restrict_looks_at_the_first_rows_only(metric):
    random = np.random.default_rng(4)
    vectors = random.normal(size=(3000, 6)).astype(np.float32)
    queries = random.normal(size=(5, 6)).astype(np.float32)
    index = ExactIndex(vectors, None, metric)
    whole = index.search(queries, 3000)[0]
    rows, scores = index.search(queries, 40, restrict=700)
    for found, all_rows in zip(rows, whole, strict=True):
        np.testing.assert_array_equal(found, all_rows[all_rows < 700][:40])
    assert (index.search(queries, 3, restrict=10**9)[0] == whole[:, :3]).all()
    rows, scores = index.search(queries, 4, restrict=2)
    assert (rows[:, 2:] == -1).all() and np.isneginf(scores[:, 2:]).all() and (rows[:, :2] >= 0).all()


@pytest.mark.parametrize("metric", METRICS)
def test_excluded_rows_are_no_hits_of_their_query_only(metric):
    random = np.random.default_rng(6)
    vectors = random.normal(size=(5000, 6)).astype(np.float32)
    queries = vectors[:4]
    index = ExactIndex(vectors, None, metric)
    whole = index.search(queries, 5000)[0]
    exclude = np.full((4, 30), -1)
    exclude[0, :30] = whole[0, :30]
    exclude[2, 3] = whole[2, 1]
    rows, _ = index.search(queries, 25, exclude=exclude)
    np.testing.assert_array_equal(rows[0], whole[0, 30:55])
    np.testing.assert_array_equal(rows[1], whole[1, :25])
    np.testing.assert_array_equal(rows[2], np.delete(whole[2], 1)[:25])


def test_excluding_every_row_leaves_nothing():
    vectors = np.eye(3, dtype=np.float32)
    rows, scores = ExactIndex(vectors).search(vectors[:1], 2, exclude=[[0, 1, 2]])
    assert rows.tolist() == [[-1, -1]] and np.isneginf(scores).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("queries", [1, 300])
def test_allowed_rows_are_searched_as_if_there_were_no_others(metric, share, queries):
    random = np.random.default_rng(7)
    vectors = random.normal(size=(5000, 6)).astype(np.float32)
    vectors[::9] = vectors[4]
    vectors[70, 1] = np.nan
    asked = random.normal(size=(queries, 6)).astype(np.float32)
    allowed = random.random(len(vectors)) < share
    some = np.flatnonzero(allowed)
    exclude = random.integers(-1, len(vectors), (queries, 3))
    exclude[:, 1] = some[0] if len(some) else -1
    places = np.full(len(vectors) + 1, -1)
    places[some] = np.arange(len(some))
    index = ExactIndex(vectors, None, metric)
    rows, scores = index.search(asked, 20, exclude=exclude, allowed=allowed, workers=2)
    alone = ExactIndex(vectors[some], None, metric)
    expected, expected_scores = alone.search(asked, 20, exclude=places[exclude])
    np.testing.assert_array_equal(rows, np.append(some, -1)[expected])
    np.testing.assert_array_equal(scores, expected_scores)
    rows, _ = index.search(asked, 20, restrict=500, allowed=allowed)
    within = allowed & (np.arange(len(vectors)) < 500)
    np.testing.assert_array_equal(rows, index.search(asked, 20, allowed=within)[0])
    assert ((rows >= 0).sum(axis=1) == min(20, within.sum() - within[70])).all()


def test_a_search_among_few_rows_reads_only_these():
    class Watched(np.ndarray):
        read = 0

        def __getitem__(self, rows):
            found = super().__getitem__(rows)
            if found.ndim == 2:
                Watched.read += len(found)
            return found

    vectors = np.random.default_rng(1).normal(size=(50_000, 5)).astype(np.float32)
    index = ExactIndex(vectors.view(Watched), norms_of(vectors))
    allowed = np.zeros(len(vectors), dtype=bool)
    allowed[::500] = True
    rows, _ = index.search(vectors[500:501], 3, allowed=allowed)
    assert rows[0, 0] == 500 and Watched.read < 500


def test_zero_vectors_score_zero_and_zero_queries_tie_by_row():
    vectors = np.array([[0, 0], [-1, 0], [0, 0], [1, 0], [0, 1]], dtype=np.float32)
    rows, scores = ExactIndex(vectors).search(np.array([[1, 0], [0, 0]], dtype=np.float32), 5)
    assert rows.tolist() == [[3, 0, 2, 4, 1], [0, 1, 2, 3, 4]]
    assert scores.tolist() == [[1, 0, 0, 0, -1], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_rows_with_nan_or_infinity_are_never_found(metric, bad):
    random = np.random.default_rng(8)
    vectors = random.normal(size=(2500, 5)).astype(np.float32)
    broken = [0, 3, 1500, 2499]
    fine = np.setdiff1d(np.arange(2500), broken)
    vectors[broken, 2] = bad
    queries = random.normal(size=(3, 5)).astype(np.float32)
    with np.errstate(all="ignore"):
        index = ExactIndex(vectors, None, metric)
    rows, scores = index.search(queries, 2500)
    clean, expected = ExactIndex(vectors[fine], None, metric).search(queries, 2496)
    np.testing.assert_array_equal(rows[:, :2496], fine[clean])
    np.testing.assert_array_equal(scores[:, :2496], expected)
    assert (rows[:, 2496:] == -1).all()
    np.testing.assert_array_equal(index.search(queries, 6)[0], rows[:, :6])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("power", [-30, -22, 12, 17, 19])
def test_tiny_and_huge_vectors_are_ordered_by_their_true_scores(metric, power):
    random = np.random.default_rng(9)
    vectors = random.normal(size=(2100, 4)).astype(np.float32)
    vectors[5:900] *= np.float32(10.0**power)
    queries = random.normal(size=(4, 4)).astype(np.float32)
    queries[0] = vectors[17]
    with np.errstate(all="ignore"):
        assert_equals_brute(vectors, queries, metric, 30)


def test_many_equal_rows_are_found_in_row_order():
    vectors = np.ones((20_000, 3), dtype=np.float32)
    vectors[19_999] = [1, 2, 3]
    rows, _ = ExactIndex(vectors).search(np.ones((300, 3), dtype=np.float32), 4)
    assert (rows == [0, 1, 2, 3]).all()


@pytest.mark.parametrize("metric", METRICS)
def test_a_memory_map_and_a_view_give_the_same_bytes(metric, tmp_path):
    vectors = np.random.default_rng(3).normal(size=(3000, 7)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    expected = ExactIndex(vectors, None, metric).search(vectors[:9], 5)
    for same in (mapped, np.asfortranarray(vectors), np.repeat(vectors, 2, axis=0)[::2]):
        found = ExactIndex(same, None, metric).search(vectors[:9], 5)
        assert [part.tobytes() for part in found] == [part.tobytes() for part in expected]


def test_no_rows_and_no_queries():
    none = ExactIndex(np.empty((0, 3), dtype=np.float32))
    rows, scores = none.search(np.ones((2, 3), dtype=np.float32), 2)
    assert rows.tolist() == [[-1, -1]] * 2 and np.isneginf(scores).all()
    rows, scores = ExactIndex(np.ones((5, 3), dtype=np.float32)).search(np.empty((0, 3), dtype=np.float32), 2)
    assert rows.shape == scores.shape == (0, 2) and rows.dtype == np.int64 and scores.dtype == np.float32


INDEX = ExactIndex(np.eye(3, dtype=np.float32))
ONE = np.ones((1, 3), dtype=np.float32)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3", None])
def test_k_must_be_a_whole_number_of_at_least_one(k):
    with pytest.raises(SettingError, match=r"^k is .*\nk must be a whole number of at least 1\.$"):
        INDEX.search(ONE, k)


def test_messages():
    with pytest.raises(SettingError, match=r"metric is 'l2'\nAccepted metrics: cosine, dot, euclidean\."):
        ExactIndex(np.eye(3, dtype=np.float32), None, "l2")
    with pytest.raises(DimensionError, match=r"got vectors \(3, 3\), norms \(2,\)"):
        ExactIndex(np.eye(3, dtype=np.float32), np.ones(2, dtype=np.float32))
    with pytest.raises(SettingError, match="restrict is 0"):
        INDEX.search(ONE, 1, restrict=0)
    with pytest.raises(DimensionError, match=r"shape \(1, 4\), expected \(q, 3\)\n.*shape \(1, 3\)"):
        INDEX.search(np.ones((1, 4), dtype=np.float32), 1)
    with pytest.raises(DimensionError, match=r"shape \(3,\), expected"):
        INDEX.search(ONE[0], 1)
    with pytest.raises(InputError, match="query 1 of 2 has a component that is NaN or infinite"):
        INDEX.search(np.array([[1, 1, 1], [1, np.nan, 1]], dtype=np.float32), 1)
    with pytest.raises(InputError, match="query 0 of 1 has a component"):
        INDEX.search(np.array([[1e300, 1, 1]]), 1)
    with pytest.raises(InputError, match=r"exclude is int64 of shape \(2, 1\), expected .* \(1, e\)"):
        INDEX.search(ONE, 1, exclude=[[0], [1]])
    with pytest.raises(InputError, match="exclude is float64"):
        INDEX.search(ONE, 1, exclude=[[0.5]])
    with pytest.raises(InputError, match=r"allowed is bool of shape \(2,\), expected bool of shape \(3,\)\n"):
        INDEX.search(ONE, 1, allowed=np.ones(2, dtype=bool))
    with pytest.raises(InputError, match=r"allowed is int64 of shape \(3,\), expected bool of shape \(3,\)"):
        INDEX.search(ONE, 1, allowed=np.ones(3, dtype=np.int64))


SCRIPT = """
import resource, sys
import numpy as np
from nearspace.index.exact import ExactIndex

folder, queries, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
vectors = np.load(folder + "/vectors.npy", mmap_mode="r")
index = ExactIndex(vectors, np.load(folder + "/norms.npy", mmap_mode="r"))
ExactIndex(np.eye(50, dtype=np.float32)).search(np.ones((queries, 50), dtype=np.float32), 10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if work == "search":
    index.search(vectors[:queries], 10)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert "numba" not in sys.modules
print((after - before) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in kilobytes on Linux only")
@pytest.mark.parametrize("queries", [1, 600])
def test_memory_is_that_of_the_mapped_vectors_plus_bounded_blocks_and_numba_stays_out(queries, tmp_path):
    vectors = np.random.default_rng(1).normal(size=(200_000, 50)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    np.save(tmp_path / "norms.npy", norms_of(vectors))
    script = Path(tmp_path / "script.py")
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(tmp_path), str(queries), "search"]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    scores = 4 * queries * len(vectors)
    assert grown < vectors.nbytes + (40 << 20)
    assert queries == 1 or vectors.nbytes + (40 << 20) < scores / 2, "the whole score matrix would be seen"
