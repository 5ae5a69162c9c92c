"""The WordPiece kernel beside its formulas and beside the package tokenizers."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_model import VOCABULARY, tokenizer

from nearspace.encoders.wordpiece import WordPiece
from nearspace.errors import InputError

STEPS = [
    {},
    {"lowercase": False},
    {"strip_accents": False},
    {"clean_text": False},
    {"handle_chinese_chars": False, "strip_accents": True, "lowercase": False},
]
EXTRA = [*"éàßıçñ日本語한글ᄒ안Σσςжщ", "##日", "##́", "##ᅡ", "##ᆫ", "##글", "##é", "##σ", "##ς", "x" * 40, "##x"]
LETTERS = (
    "aAzZ09 \t\n.,!?'-#[]()éÀßİıçÑ日本語한글ΣσςЖщ\u0301\u0303\u0327\u200b\u200d\u00a0\u3000\0\x01\x02\ufffd😀"
)
MARKS = "a\u0301\u08d4\u1b44\u1baa\u0c3c\u0345\u0323e"  # some are stripped, some only put in order
TEXTS = [
    "",
    " ",
    "The river bank, floods!",
    "[CLS]bank[SEP][SEP]x[UNK]y [MASK",
    "x" * 100,
    "x" * 101,
    "X" * 99 + "é",
    "a" * 5000,
    "Ångström naïve ÇA İstanbul straße ΣΊΣΥΦΟΣ",
    "日本語の本、한글 한국어",
    "क्षत्रिय ไทยแลนด์ العربية עִבְרִית",
    "a\ud800b",
    "e\u0301e\u0323\u0301 \u08d4\u1b44\u1baa a\u1b44\u0323\u08d4",
]


def described(**steps):
    about = tokenizer()
    about["normalizer"] = {**about["normalizer"], **steps}
    for piece in EXTRA:
        about["model"]["vocab"].setdefault(piece, len(about["model"]["vocab"]))
    return about


MADE = {json.dumps(steps): WordPiece.from_json(described(**steps)) for steps in STEPS}


@pytest.mark.parametrize("steps", STEPS, ids=str)
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:20]))
def test_edges(steps, text):
    made = MADE[json.dumps(steps)]
    assert made.ids([text]).ids.tolist() == made.slowly(text)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(
        st.one_of(
            st.text(st.sampled_from(LETTERS), max_size=20),
            st.text(st.sampled_from(MARKS), max_size=8),
            st.lists(st.sampled_from([*VOCABULARY[:60], "river", "banks", " "])).map("".join),
            st.text(max_size=10),
        ),
        max_size=6,
    ),
    steps=st.sampled_from(list(MADE)),
)
def test_pieces_are_those_of_the_formulas(texts, steps):
    made = MADE[steps]
    found = made.ids(texts)
    assert [found.of(text).tolist() for text in range(len(texts))] == [made.slowly(text) for text in texts]


def test_what_the_pieces_are():
    made = MADE["{}"]
    found = made.ids(["The BANKS flooded [SEP] qqé!", "日本"], spans=True)
    names = {number: piece for piece, number in made.vocabulary.items()}
    pieces = [names[number] for number in found.ids.tolist()]
    assert pieces == ["the", "bank", "##s", "flood", "##ed", "[SEP]", "q", "##q", "##e", "!", "日", "本"]
    assert found.starts.tolist() == [0, 10, 12]
    spans = [[0, 3], [4, 8], [8, 9], [10, 15], [15, 17], [18, 23], [24, 25], [25, 26], [26, 27], [27, 28]]
    assert found.spans.tolist() == [*spans, [0, 1], [1, 2]]


def test_spans_cover_what_a_character_became():
    made = MADE["{}"]
    text = "e\u0301x ﬁ 한 " + "x" * 101 + " z"
    found = made.ids([text], spans=True)
    parts = [text[begin:end] for begin, end in found.spans.tolist()]
    assert parts[0] == "e"  # the accent is stripped
    assert parts[-1] == "z"
    assert parts[-2] == "x" * 101


def test_limits_and_what_is_left_out():
    texts = ["bank \u4e00 river \u4e00 boat", "boat boat"]
    whole = WordPiece.from_json(tokenizer()).ids(texts)
    assert np.diff(whole.starts).tolist() == [5, 2]
    cut = WordPiece.from_json(tokenizer(), limit=4, leave_out_unknown=True)
    found = cut.ids(texts, spans=True)
    assert found.of(0).tolist() == [VOCABULARY.index("bank"), VOCABULARY.index("river")]
    assert found.spans.tolist() == [[0, 4], [7, 12], [0, 4], [5, 9]]
    assert cut.slowly(texts[0]) == found.of(0).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalizer": {"type": "NFKC"}}, "NFKC"),
        ({"pre_tokenizer": None}, "None"),
        ({"model": {"type": "BPE"}}, "BPE"),
        ({"added_tokens": [{"content": "<x>", "id": 3, "lstrip": True}]}, "'<x>' is matched in its own way"),
        ({"added_tokens": 7}, "damaged"),
        ({"model": {**tokenizer()["model"], "unk_token": "[NO]"}}, r"\[NO\]"),
    ],
)
def test_other_tokenizers_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        WordPiece.from_json({**tokenizer(), **change})


@pytest.mark.extras
@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_pieces_are_those_of_the_package(steps):
    package = pytest.importorskip("tokenizers")
    made, theirs = MADE[json.dumps(steps)], package.Tokenizer.from_str(json.dumps(described(**steps)))
    texts = _many_texts(1 if not steps else 13)
    found = made.ids(texts)
    encodings = theirs.encode_batch(texts, add_special_tokens=False)
    for number, (text, encoding) in enumerate(zip(texts, encodings, strict=True)):
        assert found.of(number).tolist() == encoding.ids, ascii(text)


def _many_texts(step):
    """Characters of the Basic Multilingual Plane between letters, mixtures, and real texts."""
    random_ = random.Random(1)
    points = [point for point in range(0x20000) if not 0xD800 <= point <= 0xDFFF]
    texts = [f"a{chr(point)}b" for point in points[step::step] if point < 0xFF00]
    for low, high in ((0, 0x80), (0, 0x3000), (0, 0x20000), (0x300, 0x370), (0xAC00, 0xD7A4)):
        own = [point for point in points if low <= point < high] + [32, 97]
        texts += ["".join(chr(random_.choice(own)) for _ in range(random_.randrange(25))) for _ in range(500)]
    texts += ["".join(random_.choice(MARKS) for _ in range(8)) for _ in range(500)]
    for page in sorted((Path(__file__).parents[1] / "samples").glob("*.txt")):
        texts += page.read_text("utf-8", errors="replace").splitlines()
    return [*(text for text in TEXTS if "\ud800" not in text), *texts]
