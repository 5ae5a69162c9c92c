from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.index import blockwise
from nearspace.search.analogy import analogy, solve
from nearspace.search.nearest import search
from nearspace.space import METRICS


def grid_space(metric="cosine"):
    """Countries and capitals: word (i, j) = base i + relation j, so every analogy has a known answer."""
    random = np.random.default_rng(11)
    base, relation = random.normal(size=(30, 24)), random.normal(size=(4, 24))
    names = [f"{i}.{j}" for i in range(30) for j in range(4)]
    vectors = (base[:, None] + relation[None]).reshape(120, 24)
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return ns.Space(ns.Keys(names), vectors.astype(np.float32), metric)


def questions(count=500):
    random = np.random.default_rng(3)
    i, other = random.integers(0, 30, count), random.integers(1, 30, count)
    j, relation = random.integers(0, 4, count), random.integers(1, 4, count)
    k, m = (i + other) % 30, (j + relation) % 4
    return np.column_stack([4 * i + j, 4 * i + m, 4 * k + j, 4 * k + m])


@pytest.mark.parametrize(
    ("metric", "method"), [("euclidean", "3cosadd"), ("cosine", "3cosadd"), ("cosine", "3cosmul")]
)
def test_planted_analogies_are_solved(metric, method):
    asked = questions()
    found = solve(grid_space(metric), asked[:, :3], method=method)
    assert found.shape == (500, 1)
    right = (found[:, 0] == asked[:, 3]).mean()
    assert right == 1 if metric == "euclidean" else right > 0.95


def test_the_terms_are_no_answers():
    asked = questions(200)
    for method in ("3cosadd", "3cosmul"):
        rows = solve(grid_space(), asked[:, :3], method=method, k=117)
        assert (np.sort(rows, axis=1) >= 0).all()
        for triple, found in zip(asked[:, :3], rows, strict=True):
            assert not set(triple) & set(found) and len(set(found)) == 117


def twin(vectors, triples, method):
    """The formulas, one question at a time, in float64."""
    units = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    for a, b, c in triples:
        near = [(units @ units[row]) for row in (a, b, c)]
        if method == "3cosadd":
            score = near[1] - near[0] + near[2]
        else:
            score = (1 + near[1]) / 2 * (1 + near[2]) / 2 / ((1 + near[0]) / 2 + 0.001)
        score[[a, b, c]] = -np.inf
        yield score


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_equals_the_formula_over_many_blocks_and_tiles(method, monkeypatch):
    for name, size in (("BLOCK", 256), ("FIRST", 64), ("TILE", 32)):
        monkeypatch.setattr(blockwise, name, size)
    random = np.random.default_rng(7)
    vectors = random.normal(size=(1500, 3)).astype(np.float32)
    vectors[700] = -vectors[5] * 2
    triples = random.integers(0, 1500, (100, 3))
    triples[0] = [5, 9, 700]
    space = ns.Space(ns.Keys(map(str, range(1500))), vectors)
    rows = solve(space, triples, method=method, k=3)
    for found, score in zip(rows, twin(vectors, triples, method), strict=True):
        best = np.sort(score)[::-1][:3]
        np.testing.assert_allclose(score[found], best, rtol=1e-5)
    np.testing.assert_array_equal(solve(space, triples, method=method, k=3, workers=3), rows)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_one_question_many_questions_rows_and_search_agree(method):
    space, asked = grid_space(), questions(300)
    names = [space.keys.names(column) for column in asked[:, :3].T]
    together = analogy(space, *names, k=4, method=method)
    np.testing.assert_array_equal(together.rows, solve(space, asked[:, :3], k=4, method=method))
    for number in (0, 17, 299):
        a, b, c = (column[number] for column in names)
        alone = analogy(space, a, b, c, k=4, method=method)
        assert alone.queries == (f"{a} : {b} :: {c}",) == together.queries[number : number + 1]
        assert alone.scores.tobytes() == together.scores[number].tobytes()
        found = search(space, positive=[b, c], negative=[a], k=4, method=method)
        np.testing.assert_array_equal(found.rows, alone.rows)


@pytest.mark.parametrize("metric", METRICS)
def test_restrict_bounds_the_answers_not_the_terms(metric):
    space, asked = grid_space(metric), questions(50)
    for method in ("3cosadd", "3cosmul"):
        rows = solve(space, asked[:, :3], restrict=40, k=5, method=method)
        assert ((rows >= 0) & (rows < 40)).all()
    rows = solve(space, [[0, 1, 4]], restrict=2)
    assert rows.tolist() == [[-1]]


def test_no_questions_give_no_answers():
    assert solve(grid_space(), np.empty((0, 3), dtype=np.int64), k=2).shape == (0, 2)


def test_messages():
    space = grid_space()
    with pytest.raises(SettingError, match="method is 'add'\nAccepted methods: 3cosadd, 3cosmul"):
        analogy(space, "0.0", "0.1", "1.0", method="add")
    with pytest.raises(
        UnknownKeyError, match=r"'0\.9' is not a key of this Space\nDid you mean: 0\.0, 0\.1, 0\.2, 0\.3"
    ):
        analogy(space, "0.0", "0.9", "1.0")
    with pytest.raises(InputError, match="came with 1 a, 2 b and 1 c\nGive equally many"):
        analogy(space, "0.0", ["0.1", "0.2"], "1.0")
    with pytest.raises(
        InputError, match=r"triples are int64 of shape \(1, 2\), expected whole numbers of shape"
    ):
        solve(space, [[1, 2]])
    with pytest.raises(InputError, match="triples name rows -1 to 2 of a Space of 120 rows"):
        solve(space, [[1, 2, -1]])
    with pytest.raises(SettingError, match="k is 0"):
        solve(space, [[1, 2, 3]], k=0)
    with pytest.raises(SettingError, match="restrict is 0"):
        solve(space, [[1, 2, 3]], restrict=0)
