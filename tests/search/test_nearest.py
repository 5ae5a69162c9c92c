from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nearspace as ns
from nearspace.errors import DimensionError, InputError, SettingError, UnknownKeyError
from nearspace.search.nearest import nearest, search
from nearspace.space import METRICS


class Letters:
    """An encoder for tests: a word is the sum of fixed vectors of its letters; digits cannot be placed."""

    kind = "letters"
    dim = 6
    fingerprint = "00"

    def encode(self, items):
        table = np.random.default_rng(0).normal(size=(128, 6))
        known = [[table[ord(letter)] for letter in item if not letter.isdigit()] for item in items]
        return np.array([np.sum(rows, axis=0) if rows else np.zeros(6) for rows in known], dtype=np.float32)

    def save(self, folder):
        raise NotImplementedError


# on a circle: neighbours by angle are known
WORDS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
ANGLES = np.deg2rad([90, 46, 0, -44, -91, -135, 181, 134])
COMPASS = ns.Space(
    ns.Keys(WORDS),
    np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32)
    * np.arange(1, 9, dtype=np.float32)[:, None],
    columns={"count": np.arange(80, 0, -10)},
)


def words_space(metric="cosine", encoder=True):
    names = ["king", "queen", "man", "woman", "royal", "old", "city"]
    return ns.Space(ns.Keys(names), Letters().encode(names), metric, encoder=Letters() if encoder else None)


def test_neighbours_on_a_circle():
    found = nearest(COMPASS, "east", k=3)
    assert found.keys == [["southeast", "northeast", "north"]]
    hits = found.hits()
    assert hits[0].score == pytest.approx(np.cos(np.deg2rad(44)), abs=1e-6)
    assert hits[0].columns == {"count": 50}
    assert found.queries == ("east",)


def test_one_key_is_many_of_length_one():
    one, several = nearest(COMPASS, "north", k=4), nearest(COMPASS, ["south", "north"], k=4)
    assert one.rows.shape == one.scores.shape == (1, 4) and several.rows.shape == (2, 4)
    np.testing.assert_array_equal(one.rows[0], several.rows[1])
    np.testing.assert_array_equal(one.scores[0], several.scores[1])


def test_a_vector_finds_its_own_row_and_a_key_does_not():
    rows = nearest(COMPASS, COMPASS["west"], k=8).rows
    assert rows[0, 0] == WORDS.index("west")
    rows = nearest(COMPASS, "west", k=8).rows
    assert WORDS.index("west") not in rows and rows[0, -1] == -1


@pytest.mark.parametrize(
    "shape", [list, np.array, lambda v: [list(row) for row in v], lambda v: v.astype(float)]
)
def test_vectors_come_as_arrays_or_lists(shape):
    vectors = COMPASS.vectors[:2]
    found = nearest(COMPASS, shape(vectors), k=2)
    np.testing.assert_array_equal(found.rows, nearest(COMPASS, vectors, k=2).rows)
    assert found.queries == ("vector 0", "vector 1")
    assert nearest(COMPASS, shape(vectors)[0], k=2).rows.tolist() == found.rows[:1].tolist()


def test_keys_come_as_any_sequence():
    expected = nearest(COMPASS, ["west", "east"]).rows
    for keys in (("west", "east"), np.array(["west", "east"]), (key for key in ("west", "east"))):
        np.testing.assert_array_equal(nearest(COMPASS, keys).rows, expected)


def test_restrict_keeps_to_the_most_frequent():
    assert nearest(COMPASS, "west", restrict=2, k=5).keys == [["north", "northeast"]]


def test_the_encoder_places_unseen_words():
    space = words_space()
    found = nearest(space, ["kingq", "king"], k=7)
    expected = nearest(space, Letters().encode(["kingq"]), k=7)
    np.testing.assert_array_equal(found.rows[0], expected.rows[0])
    assert found.queries == ("kingq", "king")
    with pytest.raises(UnknownKeyError, match="'12' is not a key of this Space"):
        nearest(space, ["king", "12"])


def test_an_unknown_key_comes_with_suggestions():
    with pytest.raises(UnknownKeyError) as caught:
        nearest(words_space(encoder=False), "kign")
    assert str(caught.value) == "'kign' is not a key of this Space\nDid you mean: king?"
    with pytest.raises(UnknownKeyError) as caught:
        search(words_space(encoder=False), positive=["king"], negative=["wmoan"])
    assert caught.value.suggestions == ("woman", "man")


@pytest.mark.parametrize("metric", METRICS)
def test_search_for_one_key_is_nearest(metric):
    space = words_space(metric)
    one, other = nearest(space, "king", k=5), search(space, "king", k=5)
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)
    np.testing.assert_array_equal(search(space, positive="king", k=5).scores, other.scores)


@pytest.mark.parametrize("metric", METRICS)
@given(seed=st.integers(0, 10**6), positives=st.integers(1, 3), negatives=st.integers(0, 3))
@settings(deadline=None, max_examples=25)
def test_3cosadd_equals_its_formula(metric, seed, positives, negatives):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(40, 5)).astype(np.float32)
    space = ns.Space(ns.Keys(map(str, range(40))), vectors, metric)
    terms = random.permutation(40)[: positives + negatives]
    weights = random.uniform(0.5, 2, len(terms))
    listed = [(str(row), weight) for row, weight in zip(terms, weights, strict=True)]
    signed = weights * np.repeat([1, -1], [positives, negatives])
    wide = vectors.astype(float)
    if metric == "cosine":
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        target = signed @ wide[terms]
        scores = wide @ (target / np.linalg.norm(target))
    else:
        target = signed @ wide[terms] / max(1, signed.sum())
        scores = wide @ target if metric == "dot" else -np.linalg.norm(wide - target, axis=1)
    scores[terms] = -np.inf
    found = search(space, positive=listed[:positives], negative=listed[positives:], k=6)
    np.testing.assert_allclose(found.scores[0], np.sort(scores)[::-1][:6], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores[found.rows[0]], found.scores[0], rtol=1e-4, atol=1e-5)


@given(seed=st.integers(0, 10**6), positives=st.integers(1, 3), negatives=st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_3cosmul_equals_its_formula(seed, positives, negatives):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(60, 4)).astype(np.float32)
    vectors[11:14] = vectors[10] * 3
    vectors[20] = -vectors[10]
    vectors[30] = 0
    space = ns.Space(ns.Keys(map(str, range(60))), vectors)
    terms = random.permutation(60)[: positives + negatives]
    units = vectors / np.maximum(1e-30, np.linalg.norm(vectors.astype(float), axis=1, keepdims=True))
    shifted = (1 + units @ units.T) / 2
    scores = shifted[:, terms[:positives]].prod(axis=1)
    scores /= (shifted[:, terms[positives:]] + 0.001).prod(axis=1)
    scores[terms] = -np.inf
    names = [str(row) for row in terms]
    found = search(space, positive=names[:positives], negative=names[positives:], method="3cosmul", k=12)
    np.testing.assert_allclose(found.scores[0], np.sort(scores)[::-1][:12], rtol=1e-4)
    np.testing.assert_allclose(scores[found.rows[0]], found.scores[0], rtol=1e-4)


def test_terms_are_weighted_and_never_hits():
    far = search(COMPASS, positive=[("east", 1.0), ("north", 3.0)], k=8)
    assert not {"east", "north"} & set(far.keys[0])
    assert far.keys[0][:2] == ["northeast", "northwest"]
    assert search(COMPASS, positive=["east", ("north", 0.2)], k=2).keys[0] == ["northeast", "southeast"]
    assert search(COMPASS, negative="north", k=1).keys == [["south"]]


def test_terms_may_be_vectors():
    by_key = search(COMPASS, positive=["east"], negative=["north"], k=3)
    by_vector = search(COMPASS, positive=[COMPASS["east"]], negative=[(COMPASS["north"], 1)], k=3, restrict=8)
    assert [key for key in by_vector.keys[0] if key != "east"] == by_key.keys[0][:2]
    assert search(COMPASS, positive=COMPASS["east"], k=1).keys == [["east"]]
    assert search(COMPASS, positive=COMPASS.vectors[[0, 2]], k=1).keys == [["northeast"]]
    assert by_vector.queries == ("a vector - a vector",)
    assert by_key.queries == ("east - north",)


def test_free_text_is_a_key_then_its_words_then_encoded():
    space = words_space()
    names = [*space.keys, "old king"]
    titled = ns.Space(ns.Keys(names), Letters().encode(names), encoder=Letters())
    assert search(titled, "old king", k=1).rows[0, 0] != names.index("old king")
    np.testing.assert_array_equal(search(titled, "old king", k=3).rows, nearest(titled, "old king", k=3).rows)

    units = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    several = search(space, "old king", k=3)
    mean = nearest(space, (units[5] + units[0]), k=5)
    assert several.queries == ("old king",)
    assert several.keys[0] == [key for key in mean.keys[0] if key not in ("old", "king")][:3]
    np.testing.assert_array_equal(several.rows, search(space, positive=["old", "king"], k=3).rows)

    unseen = Letters().encode(["kingly"])[0]
    mixed = units[5] + unseen / np.linalg.norm(unseen)
    assert search(space, "old kingly 77", k=4).keys[0] == [
        k for k in nearest(space, mixed, k=5).keys[0] if k != "old"
    ]
    np.testing.assert_array_equal(
        search(space, "a kingly thing", k=4).rows,
        nearest(space, Letters().encode(["a kingly thing"]), k=4).rows,
    )
    plain = words_space(encoder=False)
    assert search(plain, "old zzzzz", k=3).rows.tolist() == search(plain, "old", k=3).rows.tolist()
    with pytest.raises(UnknownKeyError, match="'qqqqq zzzzz' is not a key"):
        search(plain, "qqqqq zzzzz")


def test_search_is_a_function_of_the_package_even_after_its_folder_is_imported():
    assert ns.search is search and callable(ns.search)


@pytest.mark.parametrize("empty", ["", "  ", [], (), np.array([], dtype=str)])
def test_an_empty_query_is_refused(empty):
    with pytest.raises(InputError, match=r"^the query is empty\nGive "):
        nearest(COMPASS, empty)


def test_messages():
    with pytest.raises(InputError, match="the query is empty\nGive a text, or positive or negative terms"):
        search(COMPASS)
    with pytest.raises(InputError, match="the query is empty"):
        search(COMPASS, " ")
    with pytest.raises(SettingError, match="k is 0"):
        nearest(COMPASS, "east", k=0)
    with pytest.raises(SettingError, match="k is 0"):
        search(COMPASS, "east", k=0, method="3cosmul")
    with pytest.raises(SettingError, match="restrict is -1"):
        search(COMPASS, "east", restrict=-1, method="3cosmul")
    with pytest.raises(SettingError, match="method is 'cosmul'\nAccepted methods: 3cosadd, 3cosmul"):
        search(COMPASS, "east", method="cosmul")
    with pytest.raises(DimensionError, match=r"shape \(1, 3\), expected \(q, 2\)"):
        nearest(COMPASS, np.ones(3))
    with pytest.raises(InputError, match="query 0 of 1 has a component that is NaN"):
        nearest(COMPASS, [np.nan, 1])
    with pytest.raises(InputError, match="neither keys nor vectors"):
        nearest(COMPASS, ["east", 1.0])
    with pytest.raises(InputError, match="the query 5 is neither keys nor vectors"):
        nearest(COMPASS, 5)
    with pytest.raises(InputError, match="cancel each other out"):
        search(COMPASS, positive="east", negative="east")
    with pytest.raises(InputError, match="a term is several vectors"):
        search(COMPASS, positive=[COMPASS.vectors])
    for weight in (0, -1, np.nan, np.inf, "2", True):
        with pytest.raises(SettingError, match="has no weight above 0"):
            search(COMPASS, positive=[("east", weight)])
    with pytest.raises(SettingError, match="3cosmul takes no weights"):
        search(COMPASS, positive=[("east", 2.0)], method="3cosmul")
    with pytest.raises(SettingError, match="3cosmul needs a positive term"):
        search(COMPASS, negative=["east"], method="3cosmul")
