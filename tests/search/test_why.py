"""What tokens add to a score: the parts add up to what a search says."""

import json

import numpy as np
import pytest
from tests.tiny_model import VOCABULARY, tokenizer

import nearspace as ns
from nearspace.encoders.external import ExternalEncoder
from nearspace.encoders.static import StaticEncoder
from nearspace.encoders.token_table import TokenEncoder, TokenSettings
from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.space import Space

TEXTS = ["The river bank floods", "money in the bank!", "a cat sleeps", ""]


def encoder(*, unit=True):
    rows = np.random.default_rng(3).normal(size=(len(VOCABULARY), 16)).astype(np.float32)
    weights = np.linspace(0.1, 1, len(VOCABULARY), dtype=np.float32)
    return TokenEncoder(tokenizer(), rows, weights, settings=TokenSettings(unit=unit))


def space(metric="cosine", *, made=None, column="text"):
    made = made or encoder(unit=metric == "cosine")
    columns = {column: np.array(TEXTS, dtype=object)}
    return Space(Keys(["a", "b", "c", "d"]), made.encode(TEXTS), metric=metric, columns=columns, encoder=made)


@pytest.mark.parametrize("metric", ["cosine", "dot"])
@pytest.mark.parametrize("query", ["money in the river", "BANKS, banks", "", "日"])
def test_parts_add_up_to_the_score(metric, query):
    own = space(metric)
    vector = own.encoder.encode([query])[0]
    for key, text in zip("abcd", TEXTS, strict=True):
        found = ns.why(own, query, key)
        assert found.score == pytest.approx(float(vector @ own[key]), abs=1e-5)
        assert found.matrix.shape == (len(found.query.pieces), len(found.hit.pieces))
        assert found.query.shares.sum() == pytest.approx(found.score, abs=1e-9)
        assert found.hit.shares.sum() == pytest.approx(found.score, abs=1e-9)
        assert found.hit.text == text


def test_the_word_that_both_have_adds_most():
    found = ns.why(space(), "my bank", "b")
    assert found.query.pieces == ("my", "bank")
    assert found.hit.pieces == ("money", "in", "the", "bank", "!")
    assert np.unravel_index(found.matrix.argmax(), found.matrix.shape) == (1, 3)
    assert [found.hit.text[begin:end] for begin, end in found.hit.spans.tolist()][3] == "bank"
    said = found.to_json()
    assert set(said) == {"key", "score", "query", "hit", "matrix"}
    assert said["hit"]["tokens"][3]["start"] == 13
    assert sum(map(sum, json.loads(json.dumps(said))["matrix"])) == pytest.approx(said["score"], abs=1e-4)


def test_where_the_text_is():
    own = space(column="body")
    assert ns.why(own, "bank", "a", content="body").hit.text == TEXTS[0]
    assert ns.why(own, "bank", "a").hit.text == "a"
    with pytest.raises(InputError, match="no column 'text'"):
        ns.why(own, "bank", "a", content="text")


def test_errors():
    with pytest.raises(UnknownKeyError):
        ns.why(space(), "bank", "zebra")
    plain = space()
    with pytest.raises(InputError, match="has no encoder"):
        ns.why(Space(plain.keys, plain.vectors), "bank", "a")
    other = Space(plain.keys, plain.vectors, encoder=ExternalEncoder("x", 16), columns=plain.columns)
    with pytest.raises(SettingError, match="kind 'external' are no sums over tokens"):
        ns.why(other, "bank", "a")
    far = Space(plain.keys, plain.vectors, metric="euclidean", encoder=plain.encoder)
    with pytest.raises(SettingError, match="the metric is 'euclidean'"):
        ns.why(far, "bank", "a")


def words_encoder(*, common=False, unseen=None):
    names = ["the", "river", "bank", "money", "cat", "sleeps", "naïve"]
    rows = np.random.default_rng(4).normal(size=(len(names), 8)).astype(np.float32)
    columns = {"count": np.array([900, 40, 35, 30, 20, 10, 5])}
    made = StaticEncoder.from_space(Space(Keys(names), rows, columns=columns, encoder=unseen))
    return made.fit_common(TEXTS[:3]) if common else made


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize(
    "query", ["The money RIVER category cat", "na\u00efve bank\u2019s", "", "nothing known"]
)
def test_parts_of_a_text_by_its_words_add_up(common, query):
    own = space(made=words_encoder(common=common))
    vector = own.encoder.encode([query])[0]
    for key in "abcd":
        found = ns.why(own, query, key)
        assert found.score == pytest.approx(float(vector @ own[key]), abs=1e-5)
        for piece, (begin, end) in zip(found.query.pieces, found.query.spans.tolist(), strict=True):
            assert query[begin:end].lower() == piece


def test_words_without_a_row_are_parts_too():
    class Spelling:
        kind, dim, fingerprint = "spelling", 8, "s"

        def encode(self, words):
            return np.array([[len(word)] * 8 for word in words], np.float32)

    own = space(made=words_encoder(unseen=Spelling()))
    found = ns.why(own, "a strange bank", "b")
    assert found.query.pieces == ("a", "strange", "bank")
    assert found.score == pytest.approx(float(own.encoder.encode(["a strange bank"])[0] @ own["b"]), abs=1e-5)
