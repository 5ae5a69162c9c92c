"""learn.contexts: one point an occurrence, senses that were planted, sentences placed by them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from tests.fake_tokens import FakeTransformer

import nearspace as ns
from nearspace.encoders.contexts import ContextEncoder
from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.learners.senses import Senses
from nearspace.protocols import Quiet
from nearspace.space import Space

_MONEY = ["money", "loan", "credit", "account", "cash", "deposit", "rate", "pay"]
_WATER = ["river", "water", "boat", "fish", "shore", "flood", "swim", "reeds"]


def texts(count: int = 40, seed: int = 1) -> list[str]:
    """Sentences with a bank of money and a bank of a river, in turn, and some with neither."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        topic = _WATER if number % 2 else _MONEY
        words = random.choice(topic, 4, replace=False)
        made.append(f"The {words[0]} {words[1]} bank {words[2]} {words[3]}.")
        made.append("Nothing of this kind stands here.")
    return made


@pytest.fixture(scope="module")
def space() -> Space:
    return ns.learn.contexts(texts(), words=["bank"], encoder=FakeTransformer(), layers=[-1])


def test_each_occurrence_is_a_row(space: Space) -> None:
    assert len(space) == 40 and list(space.keys)[:2] == ["bank#1", "bank#2"]
    for record in space.columns.records(range(40)):
        assert record["sentence"][record["start"] : record["end"]] == "bank"
        assert record["word"] == "bank"
    assert [str(one) for one in space.columns["document"][:3]] == ["1", "3", "5"]
    assert space.norms == pytest.approx(np.ones(40), abs=1e-5)
    assert space.recipe.settings["occurrences"] == {"bank": 40}


def test_planted_senses_are_found_and_named(space: Space) -> None:
    found = ns.senses(space)
    assert [sense.count for sense in found] == [20, 20]
    senses = np.array(space.columns["sense"]).astype(str)
    assert (senses[::2] == senses[0]).all() and (senses[1::2] == senses[1]).all() and senses[0] != senses[1]
    named = {sense.key: set(sense.name.removeprefix("bank: ").split(", ")) for sense in found}
    assert named[senses[0]] <= set(_MONEY) and named[senses[1]] <= set(_WATER)
    for sense in found:
        assert sense.silhouette > 0.2 and sense.stability > 0.9 and len(sense.typical) == 3
        assert np.linalg.norm(sense.centre) == pytest.approx(1, abs=1e-5)
        nearest = ns.nearest(space, sense.centre, k=10).hits()
        assert {hit.columns["sense"] for hit in nearest} == {sense.key}
        assert nearest[0].columns["sentence"] == sense.typical[0]


def test_a_new_sentence_gets_its_sense(space: Space) -> None:
    senses = np.array(space.columns["sense"]).astype(str)
    for sentence, expected in (
        ("The cash account bank credit pay.", senses[0]),
        ("The reeds swim bank river fish.", senses[1]),
        ("The reeds swim [[bank]] river fish, not the bank.", senses[1]),
    ):
        best, other = ns.sense_of(space, sentence)
        assert best.sense == expected and best.share == 1.0 and best.score > 0.3 > other.score
        assert set(json.loads(json.dumps(best.to_json()))) == {"sense", "name", "score", "share"}


def test_search_places_the_word_in_the_question(space: Space) -> None:
    assert space.encoder is not None
    hit = ns.search(space, "The reeds swim bank river fish.", k=1).hits()[0]
    assert hit.columns["sense"] == space.columns["sense"][1]
    assert not space.encoder.encode(["no such word here", ""]).any()


def test_the_same_bytes_again_and_from_any_source(tmp_path: Path, space: Space) -> None:
    (tmp_path / "all.txt").write_text("\n".join(texts()), "utf-8")
    again = ns.learn.contexts(tmp_path, words="bank", encoder=FakeTransformer(), layers=[-1])
    table = ns.learn.contexts(
        [{"t": text} for text in texts()], text="t", words="bank", encoder=FakeTransformer(), layers=[-1]
    )
    for other in (again, table):
        assert other.vectors.tobytes() == space.vectors.tobytes()
        for name in ("sense", "sense_name", "silhouette", "stability", "sentence"):
            assert other.columns[name].tolist() == space.columns[name].tolist()


def test_only_sentences_with_the_word_are_encoded() -> None:
    model = FakeTransformer()
    ns.learn.contexts(texts(), words=["bank"], encoder=model, senses=Senses(most=1))
    assert model.read == 40


def test_a_word_of_one_sense_has_one() -> None:
    one = [text for text in texts(80) if "bank" in text][::2]
    space = ns.learn.contexts(one, words=["bank"], encoder=FakeTransformer())
    assert [(sense.key, sense.name) for sense in ns.senses(space)] == [("bank/1", "bank")]
    assert ns.sense_of(space, "A bank.")[0].score == 1.0


def test_what_the_encoder_does_not_read_is_left_out_and_noted() -> None:
    notes: list[str] = []
    far = ["word " * 70 + "bank", "the bank", "a bank"]

    class Noting(Quiet):
        def note(self, message: str) -> None:
            notes.append(message)

    words = ["bank", "cell"]
    space = ns.learn.contexts(far, words=words, encoder=FakeTransformer(), window=2000, progress=Noting())
    assert len(space) == 2
    assert any("1 occurrences lie where" in note for note in notes)
    assert any("'cell' is not in the texts" in note for note in notes)


def test_bad_input_is_refused(space: Space, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of the words is in the texts: cell"):
        ns.learn.contexts(texts(), tmp_path / "x.space", words=["cell"], encoder=FakeTransformer())
    assert not (tmp_path / "x.space").exists()
    with pytest.raises(SettingError, match="has no vectors of words in context"):
        ns.learn.contexts(texts(), words=["bank"], encoder=object())  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="layers"):
        ContextEncoder(FakeTransformer(), layers=())
    with pytest.raises(InputError, match="none of the words bank"):
        ns.sense_of(space, "no such word")
    with pytest.raises(InputError, match="where it is marked"):
        ns.sense_of(space, "the [[shore]] and the bank")
    with pytest.raises(UnknownKeyError, match="cell"):
        ns.senses(space, "cell")
    with pytest.raises(UnknownKeyError, match="bank/9"):
        ns.senses(space)["bank/9"]
    plain = dataclasses.replace(space, columns={})
    with pytest.raises(InputError, match="no Space of words in context"):
        ns.senses(plain)
