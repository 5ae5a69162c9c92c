"""Passages cover a text, overlap as they should, and end where sentences do."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.passages import Passages
from nearspace.errors import SettingError

texts = st.lists(
    st.sampled_from(["word", "A", "end.", "Ho!", "\n", "\n\n", " ", "  ", "x" * 90, "語", "。", "é", "\t"]),
    max_size=150,
).map(" ".join)
sizes = st.integers(2, 20).flatmap(lambda words: st.tuples(st.just(words), st.integers(0, (words - 1) // 2)))


@given(texts, sizes)
@settings(max_examples=200, deadline=None)
def test_passages_cover_every_sign_and_go_forward(text: str, size: tuple[int, int]) -> None:
    spans = list(Passages(*size).spans(text))
    assert bool(spans) == bool(text.strip())
    covered = set()
    for start, end in spans:
        assert 0 <= start < end <= len(text) and text[start:end].strip()
        covered.update(range(start, end))
    assert all(sign.isspace() for at, sign in enumerate(text) if at not in covered)
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    assert starts == sorted(set(starts)) and ends == sorted(set(ends))


@given(st.integers(1, 400), sizes)
@settings(max_examples=60, deadline=None)
def test_a_passage_has_at_most_so_many_words_and_overlaps_by_just_as_many(
    count: int, size: tuple[int, int]
) -> None:
    words, overlap = size
    text = " ".join(f"w{number}" for number in range(count))
    found = [text[start:end].split() for start, end in Passages(words, overlap).spans(text)]
    assert all(len(one) <= words for one in found)
    for one, other in pairwise(found):
        assert other[:overlap] == one[len(one) - overlap :]
    assert sorted({word for one in found for word in one}) == sorted(text.split())


def test_a_text_that_fits_is_one_passage_as_it_is() -> None:
    text = "  Ten words are few.\n"
    assert list(Passages(10, 2).spans(text)) == [(0, len(text))]
    assert list(Passages().spans(" \n ")) == []


def test_paragraphs_come_before_sentences_and_these_before_words() -> None:
    sentence = "one two three four five."
    text = f"{sentence} {sentence}\n\n{sentence} {sentence} {sentence}"
    pieces = [text[start:end] for start, end in Passages(12, 5).spans(text)]
    assert pieces[0] == f"{sentence} {sentence}"
    assert all(piece.endswith("five.") and piece.startswith("one") for piece in pieces)


def test_a_long_text_without_blanks_is_split_and_not_cut() -> None:
    for text in ("x" * 100_000, "語" * 10_000):
        spans = list(Passages(50, 10).spans(text))
        assert len(spans) > 10 and spans[0][0] == 0 and spans[-1][1] == len(text)
        assert all(other[0] <= one[1] for one, other in pairwise(spans))


def test_the_places_of_one_passage_are_held_and_not_those_of_the_text() -> None:
    text = "Some words make a sentence. " * 20_000
    tracemalloc.start()
    count = sum(1 for _ in Passages().spans(text))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 500 and peak < 0.3 * len(text)


@pytest.mark.parametrize("size", [(1, 0), (10, 5), (10, -1)])
def test_numbers_out_of_range_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match="is"):
        Passages(*size)
