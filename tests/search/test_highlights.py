import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearspace.errors import InputError, SettingError
from nearspace.search.highlights import find_spans, snippet
from nearspace.search.text_query import TextQuery, within
from nearspace.search.tokens import tokenize
from nearspace.store.text_index import MAX_BYTES, SETTINGS

TEXTS = st.text(st.sampled_from("aAbé ßİ\u0301ǆﬁ½中\n-«»\"'_ ०क\u093f𝐀"), max_size=60) | st.text(max_size=60)


def words(text):
    return [token.word for token in tokenize(text)]


def marked(text, question, **more):
    return [text[start:end] for start, end in find_spans(text, TextQuery.parse(question, **more))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The quick-brown fox's", ["the", "quick", "brown", "fox", "s"]),
        ("Café NAÏVE Straße", ["cafe", "naive", "strasse"]),
        ("snake_case x2 3.5", ["snake", "case", "x2", "3", "5"]),
        ("Øre Łódź Þór æon", ["ore", "lodz", "thor", "aeon"]),
        ("ﬁne ＡＢ ½", ["fine", "ab", "12"]),
        ("हिन्दी", ["हिन", "दी"]),
        ("Москва йод", ["москва", "йод"]),
        ("a" * (MAX_BYTES - 1), ["a" * (MAX_BYTES - 1)]),
        ("a" * MAX_BYTES, [""]),
        ("", []),
    ],
)
def test_words(text, found):
    assert words(text) == found


@given(TEXTS)
def test_tokens_lie_where_they_say(text):
    tokens = tokenize(text)
    end = 0
    for token in tokens:
        assert end <= token.start < token.end <= len(text)
        end = token.end
        assert words(text[token.start : token.end]) == [token.word]
    assert not any(sign.isalnum() for sign in _outside(text, tokens))


def _outside(text, tokens):
    inside = {at for token in tokens for at in range(token.start, token.end)}
    return [sign for at, sign in enumerate(text) if at not in inside]


def test_case_and_accents_move_no_offset():
    text = "İİİ ẞtraße ﬀﬀ cafe\u0301 Café end"
    assert marked(text, "end") == ["end"]
    assert marked(text, "CAFE") == ["cafe", "Café"]  # a separate accent ends the word, as in the index
    assert marked(text, "sstrasse") == ["ẞtraße"]


@given(TEXTS, TEXTS, st.sampled_from([0, 1, 2, "auto"]))
def test_spans_are_the_tokens_that_were_asked_for(text, question, fuzzy):
    try:
        query = TextQuery.parse(re.sub('["«»“”„]', "", question), fuzzy)
    except InputError:
        return
    spans = find_spans(text, query)
    assert list(spans) == sorted(set(spans))
    for token in tokenize(text):
        near = [word for word in query.words if token.word and within(word.word, token.word, word.distance)]
        assert ((token.start, token.end) in spans) == bool(near)


@given(
    st.lists(st.sampled_from("abc"), max_size=20), st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
)
def test_phrases_are_marked_where_their_words_follow_each_other(text, phrase):
    spans = find_spans(" ".join(text), TextQuery.parse(" ".join(phrase), phrase=True))
    wanted = set()
    for at in range(len(text) - len(phrase) + 1):
        if text[at : at + len(phrase)] == phrase:
            wanted |= set(range(at, at + len(phrase)))
    assert [start for start, _ in spans] == [2 * at for at in sorted(wanted)]


def test_a_question_of_words_and_phrases():
    query = TextQuery.parse('wine "New York" «old town» bar "unclosed', "auto")
    assert [word.word for word in query.words] == ["wine", "bar", "unclosed"]
    assert [word.distance for word in query.words] == [1, 1, 2]
    assert [phrase for _, phrase in query.phrases] == [("new", "york"), ("old", "town")]
    assert marked("a new york bear, York new", 'bar "new york"', fuzzy=1) == ["new", "york", "bear"]


@pytest.mark.parametrize("question", ["", "  ?! ", '""', "a" * MAX_BYTES])
def test_a_question_without_words(question):
    with pytest.raises(InputError, match="no word"):
        TextQuery.parse(question)


@pytest.mark.parametrize("fuzzy", [3, -1, "yes", True, None])
def test_fuzzy_that_is_not_accepted(fuzzy):
    with pytest.raises(SettingError, match="fuzzy is"):
        TextQuery.parse("a", fuzzy)
    with pytest.raises(SettingError, match="phrase cannot be fuzzy"):
        TextQuery.parse("a", 1, phrase=True)


def levenshtein(one, other):
    table = np.zeros((len(one) + 1, len(other) + 1), int)
    table[:, 0], table[0] = range(len(one) + 1), range(len(other) + 1)
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
    return table[-1, -1]


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 2))
def test_distance(one, other, most):
    assert within(one, other, most) == (levenshtein(one, other) <= most)


@given(TEXTS, TEXTS, st.integers(1, 8))
def test_snippets_are_pieces_of_the_text(text, question, length):
    text = text.replace("«", "").replace("»", "").replace("…", "")
    try:
        query = TextQuery.parse(question)
    except InputError:
        return
    spans = find_spans(text, query)
    shown = snippet(text, spans, length)
    plain = shown.replace("«", "").replace("»", "").removeprefix("… ").removesuffix(" …")
    assert plain in " ".join(text.split())
    assert len(tokenize(plain)) == min(length, len(tokenize(text)))
    assert shown.count("«") == shown.count("»") >= min(1, len(spans))
    if len(tokenize(text)) <= length:
        assert shown.count("«") == len(spans)


def test_the_snippet_is_the_densest_piece():
    text = "one fox. " + "word " * 50 + "the quick brown\n\nfox jumps " + "tail " * 50
    shown = snippet(text, find_spans(text, TextQuery.parse("quick fox jumps")), 9)
    assert shown == "… word the «quick» brown «fox» «jumps» tail tail tail …"
    assert snippet("just  a few\twords", (), 9) == "just a few words"
    assert snippet("one two three four", (), 2) == "one two …"
    assert snippet(" ?! ", ()) == "?!"


def test_words_are_cut_and_folded_as_lance_does(tmp_path):
    """Every character that this Python knows, between a number and a letter."""
    import lance
    import pyarrow as pa
    from lance.query import MatchQuery

    signs = [
        chr(code)
        for code in range(0x20, 0x110000)
        if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) not in ("Cn", "Co")
    ]
    texts = [f"q{number}q{sign}z" for number, sign in enumerate(signs)]
    dataset = lance.write_dataset(pa.table({"text": texts}), tmp_path / "signs.lance")
    dataset.create_scalar_index("text", "INVERTED", **SETTINGS)
    dataset = lance.dataset(tmp_path / "signs.lance")

    def found(asked):
        rows = set()
        for start in range(0, len(asked), 4000):
            query = MatchQuery(" ".join(asked[start : start + 4000]), "text")
            scan = dataset.scanner(columns=["_score"], full_text_query=query, with_row_address=True)
            rows |= set(scan.to_table()["_rowaddr"].to_pylist())
        return rows

    cut = found([f"q{number}q" for number in range(len(signs))])
    assert {number for number, text in enumerate(texts) if len(tokenize(text)) > 1} == cut
    plain = {
        number: token[0].word
        for number, text in enumerate(texts)
        if len(token := tokenize(text)) == 1 and token[0].word.isascii()
    }
    # ASCII folding may leave capitals (the letter ℂ becomes C), which a question would lower
    asked = {number: word for number, word in plain.items() if word == word.lower() and word.isalnum()}
    assert len(asked) > 1200
    assert found(list(asked.values())) >= set(asked)
