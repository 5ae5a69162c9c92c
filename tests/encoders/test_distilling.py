"""A model distilled into a table: a teacher whose vectors are known is found again in the rows."""

import numpy as np
import pytest
from tests.tiny_model import SPECIAL, VOCABULARY, tokenizer

from nearspace.encoders.distilling import Distilling, Teacher, distil
from nearspace.encoders.static import StaticEncoder
from nearspace.encoders.token_table import TokenEncoder
from nearspace.errors import InputError, SettingError

DIM = 24
TEXTS = [
    "the river bank floods",
    "the money in the bank",
    "the boat",
    "zzz the boat floods",
    "river boat",
] * 3


def table():
    rows = np.random.default_rng(4).normal(size=(len(VOCABULARY), DIM)).astype(np.float32)
    return rows * np.linspace(3, 0.1, DIM, dtype=np.float32) + 5  # with a mean to be taken out


def teacher():
    """A model without context: the mean of the rows of a text's tokens."""
    rows = table()
    return Teacher(tokenizer(), lambda texts: np.stack([rows[list(ids[1:-1])].mean(axis=0) for ids in texts]))


def centred():
    used = table()[len(SPECIAL) :]
    return dict(zip(VOCABULARY[len(SPECIAL) :], used - used.mean(axis=0), strict=True))


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_rows_are_the_teachers_turned_around_their_mean():
    made = distil(teacher(), Distilling(dim=None))
    assert isinstance(made, TokenEncoder)
    river, boat, bank = made.encode(["river", "boat", "bank"])
    own = centred()
    assert river @ boat == pytest.approx(cosine(own["river"], own["boat"]), abs=1e-5)
    assert river @ bank == pytest.approx(cosine(own["river"], own["bank"]), abs=1e-5)
    assert not made.encode(["\u4e00", "[SEP]"]).any()


def test_components_that_differ_most_are_kept():
    whole, part = (distil(teacher(), Distilling(dim=dim)) for dim in (None, 6))
    assert part.dim == 6
    spread = np.var(whole.rows / np.linalg.norm(whole.rows, axis=1, keepdims=True).clip(1e-9), axis=0)
    assert spread[:6].sum() > 0.5 * spread.sum()
    scale = np.linalg.norm(whole.rows[-1]) and part.rows[-1] / whole.rows[-1][:6]
    np.testing.assert_allclose(scale, 1, atol=1e-4)


def test_frequent_tokens_count_less():
    by_texts = distil(teacher(), Distilling(dim=None), TEXTS)
    flat = distil(teacher(), Distilling(dim=None, a=1e6))
    the, rare = VOCABULARY.index("the"), VOCABULARY.index("planet")
    weight = np.linalg.norm(by_texts.rows, axis=1) / np.linalg.norm(flat.rows, axis=1).clip(1e-9)
    counts = np.ones(len(VOCABULARY) - len(SPECIAL))
    for text in TEXTS:
        for token in by_texts.pieces([text]).ids:
            counts[token - len(SPECIAL)] += 1
    shares = counts / counts.sum()
    assert weight[the] == pytest.approx(1e-3 / (1e-3 + shares[the - len(SPECIAL)]), rel=1e-3)
    assert weight[rare] > 3 * weight[the]


def test_words_of_the_texts():
    made = distil(teacher(), Distilling(dim=None, vocabulary="words", min_texts=3), TEXTS)
    assert isinstance(made, StaticEncoder)
    assert list(made.words)[:2] == ["the", "boat"]
    floods, known, unseen = made.encode(["floods", "boat", "planet"])
    assert np.linalg.norm(floods) == pytest.approx(1, abs=1e-5)
    assert abs(unseen @ known) < 0.99
    assert unseen.any()  # by its tokens
    own, counts = list(made.words), dict(zip(list(made.words), made.weights, strict=True))
    total = sum(len(text.split()) for text in TEXTS)
    assert counts["the"] == pytest.approx(1e-3 / (1e-3 + 15 / total), rel=1e-4)
    assert "zzz" in own


def test_saved_and_opened(tmp_path):
    made = distil(teacher(), Distilling(dim=4, vocabulary="words"), TEXTS)
    made.save(tmp_path)
    opened = StaticEncoder.load(tmp_path)
    assert opened.encode(["a boat on planet"]).tobytes() == made.encode(["a boat on planet"]).tobytes()


def test_errors():
    with pytest.raises(SettingError, match="vocabulary is 'letters'"):
        Distilling(vocabulary="letters")
    with pytest.raises(SettingError, match="a is 0"):
        Distilling(a=0)
    with pytest.raises(SettingError, match="dim is 0"):
        Distilling(dim=0)
    with pytest.raises(InputError, match="come from texts, and none were given"):
        distil(teacher(), Distilling(vocabulary="words"))
    with pytest.raises(InputError, match="none that is known here"):
        distil(Teacher({"model": {"type": "BPE"}}, teacher().pooled), Distilling())
