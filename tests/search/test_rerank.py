"""rerank: hits in a new order, with both places; token by token, and by any judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.fake_tokens import FakeTransformer

import nearspace as ns
from nearspace.encoders.late_interaction import LateInteraction
from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.results import Match, Neighbors
from nearspace.space import Space

TEXTS = ["a cat", "a dog and a cat", "a ship at sea", "the cat and the cat", None]


class Cats:
    """Counts cats."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.array([text.count(query) for text in texts], dtype=np.float32)


@pytest.fixture
def space() -> Space:
    turn = np.radians([0, 10, 20, 30, 40])
    vectors = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    return Space(Keys("abcde"), vectors, columns={"text": np.array(TEXTS, dtype=object)})


def test_hits_come_in_the_order_of_the_judge(space: Space) -> None:
    found = ns.nearest(space, np.array([1, 0.0]), k=5)
    again = ns.rerank(found, "cat", Cats())
    assert again.keys == [["d", "a", "b", "c", "e"]]  # equal ones in the order that they had
    assert again.scores[0].tolist() == [2, 1, 1, 0, 0]
    assert again.queries == ("cat",)
    assert [dict(match.ranks) for match in again.matches[0]] == [
        {"vector": before, "rerank": after} for after, before in enumerate((4, 1, 2, 3, 5), 1)
    ]
    assert again.hits()[0].to_json()["ranks"] == {"vector": 4, "rerank": 1}
    assert again.hits()[0].match is not None and again.hits()[0].match.snippet == "the cat and the cat"


def test_depth_and_k(space: Space) -> None:
    judge = Cats()
    found = ns.nearest(space, np.array([1, 0.0]), k=5)
    again = ns.rerank(found, "cat", judge, depth=3, k=2)
    assert judge.read == TEXTS[:3] and again.keys == [["a", "b"]]
    assert again.rows.shape == again.scores.shape == (1, 2)
    assert ns.rerank(found, "cat", judge, k=99).rows.shape == (1, 5)


def test_several_queries_and_missing_hits(space: Space) -> None:
    one = Neighbors(
        ("cat", "ship"),
        np.array([[0, 3, -1], [-1, -1, -1]]),
        np.array([[1, 0.5, -np.inf], [-np.inf] * 3], dtype=np.float32),
        space.keys,
        space.columns,
        ((Match("text", ((2, 5),), "a «cat»", {"text": 7}), Match("text", (), "", {"text": 9})), ()),
    )
    again = ns.rerank(one, None, Cats())
    assert again.keys == [["d", "a"], []] and again.rows.shape == (2, 3)
    assert again.scores[1].tolist() == [-np.inf] * 3
    assert again.matches[0][1] == Match("text", ((2, 5),), "a «cat»", {"text": 7, "rerank": 2})


def test_keys_can_be_read(space: Space) -> None:
    again = ns.rerank(ns.nearest(space, np.array([1, 0.0]), k=5), "c", Cats(), column="key", k=1)
    assert again.keys == [["c"]]


def test_tokens_find_the_text_with_the_words_of_the_question() -> None:
    judge = LateInteraction(FakeTransformer())
    scores = judge.scores(
        "boat on the river", ["a loan of money", "the boat lay on the river", "the river", ""]
    )
    assert scores.argmax() == 1 and scores[2] > scores[0] and scores[3] == 0
    assert (np.abs(scores) <= 1.00001).all()
    assert not judge.scores("", ["the river"]).any()


def test_maxsim_equals_its_formula() -> None:
    model = FakeTransformer()
    one, other = (part.vectors for part in model.token_vectors(["red boat", "a red river boat"]))
    cosines = [max(a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in other) for a in one]
    assert LateInteraction(model).scores("red boat", ["a red river boat"])[0] == pytest.approx(
        np.mean(cosines)
    )


def test_bad_input_is_refused(space: Space) -> None:
    found = ns.nearest(space, np.array([1, 0.0]), k=2)
    with pytest.raises(InputError, match="no column 'body'"):
        ns.rerank(found, "cat", Cats(), column="body")
    with pytest.raises(InputError, match="2 questions came for 1 queries"):
        ns.rerank(found, ["cat", "dog"], Cats())
    with pytest.raises(SettingError, match="depth"):
        ns.rerank(found, "cat", Cats(), depth=0)
    with pytest.raises(SettingError, match="no vectors of tokens"):
        LateInteraction(Plain())  # type: ignore[arg-type]


class Plain:
    kind = "plain"
