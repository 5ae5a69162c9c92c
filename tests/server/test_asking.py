import json

import numpy as np
import pytest

import nearspace as ns
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.server.asking import Asked, allowed, ask, neighbors
from nearspace.server.gathering import site_of
from nearspace.space import Space


@pytest.fixture
def shown(site):
    return site.spaces[0]


def _keys(answer):
    return [hit["key"] for hit in answer["hits"]]


@pytest.mark.parametrize(
    ("text", "positive", "negative"),
    [
        ("king - man + woman", ("king", "woman"), ("man",)),
        ("king − man", ("king",), ("man",)),
        ("new-york + c++", ("new-york", "c++"), ()),
        ("a word", ("a word",), ()),
    ],
)
def test_a_question_is_taken_apart(text, positive, negative):
    assert Asked.parse(text) == Asked(positive, negative)


def test_a_key_has_its_neighbours(shown):
    found = ask(shown, " item 4 ", k=5)
    assert (found["how"], found["query"]) == ("key", "item 4")
    assert all(hit["row"] % 4 == 0 for hit in found["hits"])
    assert found["terms"] == [{"key": "item 4", "row": 4, "sign": 1}]


def test_terms_are_added_up(shown):
    found = ask(shown, "item 0 - item 1 + item 5", k=3)
    assert found["how"] == "analogy"
    assert (
        _keys(found)
        == ns.search(shown.space, positive=["item 0", "item 5"], negative=["item 1"], k=3).keys[0]
    )
    assert [(term["row"], term["sign"]) for term in found["terms"]] == [(0, 1), (5, 1), (1, -1)]


def test_a_piece_of_a_key_finds_it(shown):
    found = ask(shown, "TEM 7", k=3)
    assert found["how"] == "contains"
    assert _keys(found) == ["item 7", "item 70", "item 71"]
    assert found["hits"][0]["score"] is None
    assert _keys(ask(shown, "item", k=2, where="year >= 1910")) == ["item 10", "item 11"]


def test_nothing_that_fits_is_an_error_with_suggestions(shown):
    with pytest.raises(UnknownKeyError) as caught:
        ask(shown, "itme 7")
    assert "item 7" in caught.value.hint


def test_a_space_with_an_encoder_is_searched_by_meaning(tmp_path):
    words = Space(ns.Keys(["cat", "dog", "car"]), np.eye(3, dtype=np.float32), name="words")
    texts = ["cat cat", "dog", "car car cat"]
    rows = [{"key": f"t{row}", "text": text} for row, text in enumerate(texts)]
    folder = tmp_path / "texts.space"
    ns.encode(rows, folder, encoder=StaticEncoder.from_space(words), content="text")
    shown = site_of([folder], live=True).spaces[0]
    found = ask(shown, "a dog", k=1)
    assert (found["how"], _keys(found)) == ("encoded", ["t1"])
    ns.index_text(folder, "text")
    found = ask(site_of([folder], live=True).spaces[0], "car", k=2)
    assert (found["how"], _keys(found)[0]) == ("text", "t2")
    assert "«car»" in found["hits"][0]["snippet"]


def test_neighbours_of_a_row(shown):
    found = neighbors(shown, 6, k=4, where="year < 1930")
    assert found["row"] == 6
    assert all(hit["row"] % 4 == 2 and hit["year"] < 1930 for hit in found["hits"])


def test_a_filter_is_a_mask(shown):
    mask = np.frombuffer(allowed(shown, "year >= 1970 AND `group` = 'red'"), np.uint8)
    assert mask.tolist() == [int(row >= 70 and row % 4 == 0) for row in range(80)]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ({"query": ""}, InputError),
        ({"query": None}, InputError),
        ({"query": "x" * 20_000}, InputError),
        ({"query": "a + + b"}, UnknownKeyError),
        ({"query": "item 1", "k": 0}, SettingError),
        ({"query": "item 1", "k": True}, SettingError),
        ({"query": "item 1", "k": 10**6}, SettingError),
        ({"query": "item 1", "where": 3}, SettingError),
        ({"query": "item 1", "where": "colour = 1"}, SettingError),
    ],
)
def test_bad_questions_are_refused(shown, question, kind):
    with pytest.raises(kind) as caught:
        ask(shown, **question)
    assert caught.value.message


@pytest.mark.parametrize("row", [-1, 80, 1.5, "3", None, True])
def test_bad_rows_are_refused(shown, row):
    with pytest.raises(SettingError, match="row is"):
        neighbors(shown, row)


def test_a_space_of_one_row_answers():
    shown = site_of([Space(ns.Keys(["only"]), np.ones((1, 2), np.float32))], live=True).spaces[0]
    assert ask(shown, "only")["hits"] == []
    assert neighbors(shown, 0)["hits"] == []
    assert _keys(ask(shown, "onl")) == ["only"]
    with pytest.raises(UnknownKeyError):
        ask(shown, "other")
    json.dumps(ask(shown, "onl"), allow_nan=False)
