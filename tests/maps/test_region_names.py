from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.keys import Keys
from nearspace.maps.region_names import Terms, Typical, distinct, labeller, tags_of, words_of
from nearspace.results import Map
from nearspace.space import Space


def _map(n=60, **columns):
    places = np.random.default_rng(0).normal(size=(n, 2)).astype("f4")
    return Map(Keys(f"key {row}" for row in range(n)), places, np.ones(n, "f4"), "planted", columns=columns)


def _objects(values):
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def test_words_are_letters_and_digits_from_a_letter_on():
    assert list(words_of("The <b>C3PO</b> wasn't at 10-Downing, état-major x!")) == [
        "the",
        "c3po",
        "wasn't",
        "at",
        "downing",
        "état-major",
    ]
    assert list(words_of("Москва и 東京タワー")) == ["москва", "東京タワー"]
    assert list(words_of(None)) == list(words_of("")) == list(words_of(float("nan"))) == []


def test_tags_are_items_of_a_list_or_between_marks():
    assert list(tags_of("cats; dogs | <i>birds</i>, ")) == ["cats", "dogs", "<i>birds</i>"]
    assert list(tags_of(["cats, big", None, " "])) == ["cats, big"]
    assert list(tags_of(3)) == ["3"]
    assert list(tags_of(None)) == []


def test_stop_words_of_any_language_fall():
    rng = np.random.default_rng(0)
    common = ["ja", "se", "na", "to", "je"]
    values = [
        " ".join([*rng.choice(common, 6), ("mesto", "reka", "hora")[row % 3], f"w{row}"]) for row in range(90)
    ]
    naming = Terms("text", _objects(values), True)
    names, terms = naming.names(np.arange(90), (np.arange(90) % 3).astype(np.int32))
    assert names == ("mesto", "reka", "hora")
    assert terms == (("mesto",), ("reka",), ("hora",))


def test_markup_stays_plain_text_in_categories():
    naming = Terms("tag", _objects(["<script>alert(1)</script>"] * 30 + ["b & c"] * 30), False)
    names, _ = naming.names(np.arange(60), np.repeat(np.array([0, 1], np.int32), 30))
    assert names == ("<script>alert(1)</script>", "b & c")


def test_a_mixed_region_has_up_to_three_categories_and_a_pure_one_has_one():
    values = ["cat"] * 50 + ["dog", "fox", "owl", "cow"] * 15
    labels = np.repeat(np.array([0, 1], np.int32), [50, 60])
    names, terms = Terms("animal", _objects(values), False).names(np.arange(110), labels)
    assert names == ("cat", "cow, dog, fox")
    assert terms[1] == ("cow", "dog", "fox", "owl")


def test_plurals_do_not_fill_a_name():
    values = ["cat cats whisker"] * 30 + ["dog dogs bone"] * 30
    names, _ = Terms("text", _objects(values), True).names(
        np.arange(60), np.repeat(np.array([0, 1], np.int32), 30)
    )
    assert names == ("cat, whisker", "bone, dog")


def test_points_in_no_region_count_as_outside():
    values = ["red car"] * 40 + ["red dog"] * 40 + ["red hat"] * 40
    labels = np.repeat(np.array([0, 1, -1], np.int32), 40)
    names, _ = Terms("text", _objects(values), True).names(np.arange(120), labels)
    assert names == ("car", "dog")


def test_names_of_a_level_differ():
    same = [("shoe", 9.0), ("boot", 1.0)]
    names, terms = distinct([same, same, same, [], [], [("shoe (2)", 1.0)]])
    assert names == ("shoe", "shoe, boot", "shoe (2)", "region", "region (2)", "shoe (2) (2)")
    assert terms[0] == ("shoe", "boot")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.text(max_size=3), st.floats(0, 9)), max_size=4), max_size=9))
def test_names_always_differ_and_are_never_empty(found):
    names, terms = distinct([sorted(one, key=lambda term: -term[1]) for one in found])
    assert len(names) == len(terms) == len(found)
    assert len(set(names)) == len(names) and all(names)


def test_keys_name_a_region_by_the_frequent_ones_at_its_centre():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array([0, 1], np.int32), 60)
    vectors = np.eye(2, 10)[labels] * 3 + rng.normal(scale=1.0, size=(120, 10))
    typical = [5, 70]
    for row in typical:
        vectors[row] = np.eye(2, 10)[labels[row]] * 3
    counts = np.ones(120)
    counts[[5, 70, 6, 71]] = 50
    space = Space(Keys(f"word{row}x" for row in range(120)), vectors.astype("f4"), columns={"count": counts})
    laid_out = Map(
        space.keys, vectors[:, :2].astype("f4"), np.ones(120, "f4"), "planted", columns={"count": counts}
    )
    for given_space in (space, None):
        naming = Typical(laid_out, given_space, None if given_space is None else np.arange(120))
        names, terms = naming.names(np.arange(120), labels)
        assert [len(name.split(", ")) for name in names] == [3, 3]
        assert [len(listed) for listed in terms] == [10, 10]
        if given_space is not None:
            assert [name.split(", ")[0] for name in names] == ["word5x", "word70x"]


@pytest.mark.parametrize(
    ("columns", "source"),
    [
        ({}, "key"),
        ({"count": np.arange(60)}, "key"),
        ({"id": np.array([f"x{row}" for row in range(60)])}, "key"),
        ({"kind": np.array(["a", "b"] * 30)}, "kind"),
        ({"tags": _objects([["a", "b"], ["c"]] * 30)}, "tags"),
        (
            {"kind": np.array(["a", "b"] * 30), "text": _objects([f"it is {r} in all" for r in range(60)])},
            "text",
        ),
        ({"title": _objects(["one two three four"] * 60), "text": _objects(["a b c d e f"] * 60)}, "text"),
    ],
)
def test_names_come_from_texts_else_categories_else_keys(columns, source):
    assert labeller(_map(**columns), None, None, None).source == source


def test_a_column_can_be_named_also_one_of_numbers():
    naming = labeller(_map(year=np.repeat([1990, 2001], 30)), None, None, "year")
    names, _ = naming.names(np.arange(60), np.repeat(np.array([0, 1], np.int32), 30))
    assert names == ("1990", "2001")
    assert labeller(_map(year=np.arange(60)), None, None, "key").source == "key"


def test_long_categories_are_cut():
    naming = Terms("tag", _objects(["x" * 100] * 30 + ["y"] * 30), False)
    names, terms = naming.names(np.arange(60), np.repeat(np.array([0, 1], np.int32), 30))
    assert names == ("x" * 39 + "…", "y")
    assert terms[0] == ("x" * 100,)
    assert replace(naming, text=True).text
