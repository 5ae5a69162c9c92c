"""Words of texts looked up in a table, and weighted means of their rows: kernels beside their twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.text_characters import character_table, fill_page
from nearspace.encoders.text_words import TextWords
from nearspace.kernels.text_vectors import look_up_words_numpy, weighted_means, weighted_means_numpy
from nearspace.keys import Keys

WORDS = ["the", "cat", "don't", "new_york", "ǆ", "ȿ", "日", "σας", "x" * 1000]
ALPHABET = "the cat'_-CAT \n\r\t\0’日本Σσας ǅȾȺİk\u00ad\u0301é😀<doc>"
TABLE = TextWords(Keys(WORDS), lowercase=True)


def shown(found):
    """Rows, and unknown words themselves, text by text."""
    named = [int(row) if row >= 0 else found.unknown[-2 - row].encode() for row in found.ids]
    return [named[a:b] for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)]


def expected(texts):
    chars, _ = character_table(lowercase=True)
    for char in "".join(texts):
        fill_page(chars, ord(char), lowercase=True)
    return look_up_words_numpy([text.encode() for text in texts], [word.encode() for word in WORDS], chars)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from([*ALPHABET, *WORDS, " "])).map("".join), max_size=5))
def test_words_are_those_of_a_corpus(texts):
    texts = [text.replace("<", "(") for text in texts]  # tags of corpora are nothing special in a text
    assert shown(TABLE.of_texts(texts, keep=True)) == expected(texts)
    known = TABLE.of_texts(texts, keep=False)
    assert known.unknown == []
    rows = [[word if isinstance(word, int) else -1 for word in words] for words in expected(texts)]
    assert [known.ids[a:b].tolist() for a, b in zip(known.starts[:-1], known.starts[1:], strict=True)] == rows


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CAT",
        "the cat, Don’t!",
        "x" * 999,
        "x" * 1000,
        "x" * 1001,
        "Ⱥ" * 1200,
        "日日日日",
        "ab " * 5000,
    ],
)
def test_edges(text):
    assert shown(TABLE.of_texts([text], keep=True)) == expected([text])


def test_lone_surrogates_separate_words():
    assert shown(TABLE.of_texts(["the\ud800cat"], keep=True)) == [[0, 1]]


def test_unknown_words_are_given_once():
    found = TABLE.of_texts(["dog the dog", "", "cow dog"], keep=True)
    assert (found.ids.tolist(), found.starts.tolist()) == ([-2, 0, -2, -3, -2], [0, 3, 3, 5])
    assert found.unknown == ["dog", "cow"]
    tokens = TABLE.of_tokens([["dog", "the", "dog"], [], ["cow", "dog"]], keep=True)
    assert (tokens.ids.tolist(), tokens.starts.tolist()) == (found.ids.tolist(), found.starts.tolist())
    assert tokens.unknown == found.unknown
    assert TABLE.of_tokens([["dog", "cat"]], keep=False).ids.tolist() == [-1, 1]


@pytest.mark.parametrize("kernel", [weighted_means, weighted_means_numpy])
@pytest.mark.parametrize("unit", [False, True])
def test_means_of_a_case_by_hand(kernel, unit):
    rows = np.array([[2, 0], [0, 4]], np.float32)
    weights = np.array([0.5, 0.25], np.float32)
    others = np.array([[0, 3]], np.float32)
    ids, starts = np.array([0, 1, -1, -2, -1]), np.array([0, 2, 4, 4, 5])
    means = np.full((4, 2), np.nan, np.float32)
    kernel(ids, starts, rows, weights, others, np.float32(2), np.empty(0, np.float32), unit, means)
    wanted = np.array([[0.5, 0.5], [0, 6], [0, 0], [0, 0]])
    if unit:
        wanted = np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 0], [0, 0]])
    np.testing.assert_allclose(means, wanted, atol=1e-6)
    kernel(ids, starts, rows, weights, others, np.float32(2), np.array([0, 1], np.float32), unit, means)
    np.testing.assert_allclose(means[:2], [[1.0 if unit else 0.5, 0], [0, 0]], atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), common=st.booleans(), unit=st.booleans())
def test_both_give_the_same_means(seed, common, unit):
    rng = np.random.default_rng(seed)
    rows, others = (rng.normal(size=(n, 5)).astype(np.float32) for n in (7, 3))
    weights = rng.random(7).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 6, 9))])
    ids = rng.integers(-4, 7, starts[-1])
    along = rng.normal(size=5)
    along = (along / np.linalg.norm(along)).astype(np.float32) if common else np.empty(0, np.float32)
    found, wanted = np.empty((2, 9, 5), np.float32)
    for kernel, means in ((weighted_means, found), (weighted_means_numpy, wanted)):
        kernel(ids, starts, rows, weights, others, np.float32(0.3), along, unit, means)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
