from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import DimensionError, InputError, UnknownKeyError
from nearspace.search.compare import doesnt_match, similarity
from nearspace.search.nearest import nearest
from nearspace.space import METRICS

NAMES = ("breakfast", "lunch", "dinner", "river", "zero")
VECTORS = np.array([[4, 0.1], [1, 0.2], [2, -0.1], [-0.5, 3], [0, 0]], dtype=np.float32)


def meals(metric="cosine"):
    return ns.Space(ns.Keys(NAMES), VECTORS, metric)


def test_similarity_is_that_of_the_metric():
    a, b = VECTORS[0].astype(float), VECTORS[3].astype(float)
    expected = {"cosine": a @ b / np.linalg.norm(a) / np.linalg.norm(b), "dot": a @ b}
    expected["euclidean"] = -np.linalg.norm(a - b)
    for metric in METRICS:
        score = similarity(meals(metric), "breakfast", "river")
        assert type(score) is float and score == pytest.approx(expected[metric], rel=1e-6)
        assert score == similarity(meals(metric), "river", "breakfast")
    assert similarity(meals(), "lunch", "lunch") == 1
    assert similarity(meals(), "lunch", "zero") == 0


@pytest.mark.parametrize("metric", METRICS)
def test_similarity_has_the_bytes_of_nearest(metric):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 17)).astype(np.float32)
    space = ns.Space(ns.Keys(map(str, range(300))), vectors, metric)
    found = nearest(space, "7", k=299)
    pairs = similarity(space, "7", found.keys[0])
    np.testing.assert_array_equal(pairs, found.scores[0])


def test_one_and_many_keys_and_vectors():
    space = meals()
    several = similarity(space, ["breakfast", "lunch"], ["river", "dinner"])
    assert several.shape == (2,) and several.dtype == np.float32
    assert several[0] == similarity(space, "breakfast", "river") == similarity(space, VECTORS[0], VECTORS[3])
    assert similarity(space, ["lunch"], ["dinner"]).shape == (1,)
    np.testing.assert_array_equal(
        similarity(space, "lunch", NAMES), [similarity(space, "lunch", name) for name in NAMES]
    )
    np.testing.assert_array_equal(similarity(space, VECTORS, "lunch"), similarity(space, "lunch", NAMES))
    assert similarity(space, [1.0, 0.0], "breakfast") > 0.99


def test_the_odd_one_out():
    odd = doesnt_match(meals(), ["breakfast", "lunch", "dinner", "river"])
    assert odd.key == "river"
    assert odd.keys == ("breakfast", "lunch", "dinner", "river")
    units = VECTORS[:4] / np.linalg.norm(VECTORS[:4], axis=1, keepdims=True)
    mean = units.mean(axis=0)
    np.testing.assert_allclose(odd.scores, units @ mean / np.linalg.norm(mean), rtol=1e-5)
    assert odd.to_json() == {
        "key": "river",
        "scores": {key: round(score, 6) for key, score in zip(odd.keys, odd.scores, strict=True)},
    }


def test_a_long_vector_does_not_outvote_the_others():
    vectors = VECTORS.copy()
    vectors[3] *= 1000
    space = ns.Space(ns.Keys(NAMES), vectors)
    assert doesnt_match(space, NAMES[:4]).key == "river"


def test_messages():
    with pytest.raises(InputError, match="2 keys came to find the odd one out\nGive at least 3"):
        doesnt_match(meals(), ["lunch", "dinner"])
    with pytest.raises(InputError, match="1 keys came"):
        doesnt_match(meals(), "lunch")
    with pytest.raises(UnknownKeyError, match="'dinnre' is not a key of this Space\nDid you mean: dinner"):
        doesnt_match(meals(), ["lunch", "dinnre", "river"])
    with pytest.raises(UnknownKeyError, match="Did you mean: lunch"):
        similarity(meals(), "lnuch", "dinner")
    with pytest.raises(InputError, match="2 items came to be compared with 3"):
        similarity(meals(), NAMES[:2], NAMES[:3])
    with pytest.raises(InputError, match="the query is empty"):
        similarity(meals(), [], "lunch")
    with pytest.raises(DimensionError, match=r"expected \(q, 2\)"):
        similarity(meals(), "lunch", [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="NaN"):
        similarity(meals(), "lunch", [1.0, np.nan])
