"""Occurrences: words in their sentences, whole and in any case, and a fair sample of them."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearspace.data.occurrences import Finder, Sampling, find, sentences
from nearspace.errors import InputError, SettingError


def words_in(text: str, *words: str, **forms: list[str]) -> list[str]:
    return [text[start:end] for _, start, end in Finder(words, forms).spans(text)]


def test_words_are_found_whole_and_in_any_case() -> None:
    text = "Bank, banks and the bank's BANKER: embankment, bank_holiday, (bank)"
    assert words_in(text, "bank") == ["Bank", "bank", "bank"]


@pytest.mark.parametrize(
    ("text", "word", "there"),
    [
        ("Der Fluß und die FLÜSSE", "flüsse", ["FLÜSSE"]),
        ("un café, des cafés", "café", ["café"]),
        (unicodedata.normalize("NFD", "un café"), "café", [unicodedata.normalize("NFD", "café")]),
        (unicodedata.normalize("NFD", "un café"), "cafe", []),
        ("берег реки, Берег", "берег", ["берег", "Берег"]),
        ("New York and new  york", "new york", ["New York"]),
        ("C++ and C", "C", ["C", "C"]),
    ],
)
def test_unicode(text: str, word: str, there: list[str]) -> None:
    assert words_in(text, word) == there


def test_forms_count_as_their_word() -> None:
    found, seen = find(
        [("a", "Mice ran. The mouse slept. A mousetrap.")], ["mouse"], Sampling({"mouse": ["mice"]})
    )
    assert seen == {"mouse": 2}
    assert [(one.word, one.sentence[one.start : one.end]) for one in found] == [
        ("mouse", "Mice"),
        ("mouse", "mouse"),
    ]


def test_sentences_end_where_a_reader_ends_them() -> None:
    text = 'Dr. J. Smith went home. "Really?" he asked. Pi is 3.14, e.g. here. It rained! 它下雨。是的。'
    assert [text[start:end].strip() for start, end in sentences(text)] == [
        "Dr. J. Smith went home.",
        '"Really?" he asked.',
        "Pi is 3.14, e.g. here.",
        "It rained!",
        "它下雨。",
        "是的。",
    ]


def test_a_long_sentence_is_cut_around_the_word() -> None:
    text = "before " * 100 + "the bank there " + "after " * 100
    (one,), _ = find([("a", text)], ["bank"], Sampling(window=60))
    assert len(one.sentence) <= 60 and one.sentence[one.start : one.end] == "bank"
    assert one.sentence.split()[0] == "before" and one.sentence.split()[-1] == "after"


def test_the_same_sentence_counts_once() -> None:
    found, seen = find([("a", "The bank. The bank."), ("b", "The bank. A bank.")], ["bank"])
    assert [one.sentence for one in found] == ["The bank.", "A bank."]
    assert seen == {"bank": 2}


def test_the_sample_is_fair_and_seeded() -> None:
    texts = [(str(number), f"bank {number}") for number in range(40)]
    drawn = Counter[str]()
    for seed in range(300):
        found, seen = find(texts, ["bank"], Sampling(most=10, seed=seed))
        assert seen == {"bank": 40} and len(found) == 10
        assert [one.place for one in found] == sorted(one.place for one in found)
        drawn.update(one.document for one in found)
    assert len(drawn) == 40 and min(drawn.values()) > 40 and max(drawn.values()) < 115  # expected: 75
    again = [find(texts, ["bank"], Sampling(most=10, seed=7))[0] for _ in range(2)]
    assert again[0] == again[1]


def test_the_sample_of_a_word_does_not_depend_on_the_others() -> None:
    texts = [(str(number), f"bank {number} and cell {number}") for number in range(40)]
    alone = find(texts, ["bank"], Sampling(most=10))[0]
    beside = find(texts, ["cell", "bank"], Sampling(most=10))[0]
    assert [one.document for one in alone] == [one.document for one in beside if one.word == "bank"]


@given(st.text(max_size=300), st.integers(20, 60))
def test_every_occurrence_is_its_word_within_its_window(text: str, window: int) -> None:
    text = text[:100] + " Bank " + text[100:]
    found, seen = find([("a", text)], ["bank"], Sampling(window=window))
    assert len(found) == seen["bank"] >= 1
    for one in found:
        assert one.sentence[one.start : one.end].casefold() == "bank"
        assert len(one.sentence) <= window and one.sentence in text


@pytest.mark.parametrize(
    ("words", "forms", "error", "says"),
    [
        ([], {}, SettingError, "no word is named"),
        (["--"], {}, SettingError, "'--' is no word"),
        (["bank", "Bank"], {}, SettingError, "named twice"),
        (["bank"], {"bank": ["shore"], "cell": ["cells"]}, InputError, "forms of 'cell'"),
        (["bank", "shore"], {"bank": ["shore"]}, SettingError, "'shore' is a form of"),
    ],
)
def test_bad_words_are_refused(words: list[str], forms: dict, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        Finder(words, forms)


@pytest.mark.parametrize("setting", [{"most": 0}, {"window": 5}])
def test_bad_settings_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=next(iter(setting))):
        Sampling(**setting)
