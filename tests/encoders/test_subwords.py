import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.encoders.table import ENCODERS, open_encoder
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.kernels.ngrams import ngram_rows_numpy
from nearspace.keys import Keys
from nearspace.protocols import Encoder


def encoder(*, words=("cat", "dog", "</s>"), buckets=50, dim=3, **more):
    rng = np.random.default_rng(2)
    return SubwordEncoder(
        rng.normal(size=(buckets, dim)).astype(np.float32),
        buckets=buckets,
        words=Keys(words),
        word_rows=rng.normal(size=(len(words), dim)).astype(np.float32),
        **more,
    )


def ids_of(word, made):
    keys = Keys([word])
    return ngram_rows_numpy(keys.data, keys.offsets, made.min_n, made.max_n, made.buckets)[0]


def test_is_an_encoder():
    assert isinstance(encoder(), Encoder)
    assert encoder().kind in ENCODERS


@pytest.mark.parametrize("word", ["cat", "cats", "日本語", "", "new york"])
def test_vector_is_the_mean_of_own_row_and_ngrams(word):
    made = encoder()
    rows = list(made.rows[ids_of(word, made)])
    row = made.words.find(word)
    if row is not None:
        rows.append(made.word_rows[row])
    expected = np.mean(rows, axis=0) if rows else np.zeros(3)
    np.testing.assert_allclose(made.encode([word])[0], expected, atol=1e-6)


def test_one_is_many_of_length_one():
    made = encoder()
    words = ["cat", "zebra", "dog", "</s>", "x" * 300]
    together = made.encode(words)
    assert together.shape == (5, 3)
    assert together.dtype == np.float32
    for word, vector in zip(words, together, strict=True):
        assert np.array_equal(made.encode([word])[0], vector)
    assert made.encode([]).shape == (0, 3)


def test_end_of_sentence_has_no_ngrams():
    assert np.array_equal(encoder().encode(["</s>"])[0], encoder().word_rows[2])
    assert not encoder(words=("cat",)).encode(["</s>"]).any()


def test_words_of_the_vocabulary_by_blocks():
    made = encoder(words=[f"word{number}" for number in range(70_000)])
    blocks = list(made.encode_words())
    assert len(blocks) == 2
    names = ["word0", "word65535", "word65536", "word69999"]
    assert np.array_equal(np.concatenate(blocks)[[0, 65_535, 65_536, 69_999]], made.encode(names))


def test_buckets_without_a_row_are_not_counted():
    full = encoder()
    kept = np.unique(np.concatenate([ids_of(word, full) for word in ("cat", "dog")])).astype(np.int32)
    compact = dataclasses.replace(full, rows=full.rows[kept], bucket_rows=kept)
    assert np.array_equal(compact.encode(["cat", "dog"]), full.encode(["cat", "dog"]))
    ids = ids_of("cattle", full)
    known = ids[np.isin(ids, kept)]
    assert 0 < len(known) < len(ids)
    np.testing.assert_allclose(compact.encode(["cattle"])[0], full.rows[known].mean(axis=0), atol=1e-6)
    nothing = dataclasses.replace(full, rows=full.rows[:0], bucket_rows=kept[:0])
    assert np.array_equal(nothing.encode(["cat", "cattle"]), np.stack([full.word_rows[0], np.zeros(3)]))


def test_no_ngrams_at_all():
    made = encoder(max_n=0)
    assert np.array_equal(made.encode(["cat", "cats"]), np.stack([made.word_rows[0], np.zeros(3)]))


@settings(max_examples=20, deadline=None)
@given(words=st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True))
def test_any_text_is_encoded(words):
    vectors = encoder().encode(words)  # lone surrogates too
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("compact", [False, True])
def test_round_trip(tmp_path, compact):
    made = encoder()
    if compact:
        kept = np.arange(0, 50, 3, dtype=np.int32)
        made = dataclasses.replace(made, rows=made.rows[kept], bucket_rows=kept)
    made.save(tmp_path)
    found = open_encoder("subwords", tmp_path)
    words = ["cat", "cats", "", "</s>"]
    assert np.array_equal(found.encode(words), made.encode(words))
    assert found.fingerprint == made.fingerprint
    assert dataclasses.replace(found, stored_fingerprint="").fingerprint == made.fingerprint
    assert (found.min_n, found.max_n, found.buckets, found.dim) == (3, 6, 50, 3)


def test_fingerprint_changes_with_every_part():
    made = encoder()
    changes = [
        {"rows": made.rows + 1},
        {"min_n": 2},
        {"max_n": 5},
        {"words": Keys(["cat", "cow", "</s>"])},
        {"word_rows": made.word_rows * 2},
        {"bucket_rows": np.arange(50, dtype=np.int32)},
    ]
    prints = {dataclasses.replace(made, **change).fingerprint for change in changes}
    assert len(prints | {made.fingerprint}) == len(changes) + 1
    assert encoder().fingerprint == made.fingerprint


def test_bad_settings_and_shapes():
    rows = np.zeros((10, 3), np.float32)
    with pytest.raises(SettingError, match=r"n-grams of 4 to 3\nSet 1 <= min_n <= max_n"):
        SubwordEncoder(rows, min_n=4, max_n=3, buckets=10)
    with pytest.raises(SettingError, match="buckets is 0"):
        SubwordEncoder(rows, buckets=0)
    with pytest.raises(DimensionError, match=r"shape \(10, 3\) came for 11 buckets"):
        SubwordEncoder(rows, buckets=11)
    with pytest.raises(DimensionError, match=r"1 words came with rows of shape \(1, 2\), n-grams with 3"):
        SubwordEncoder(rows, buckets=10, words=Keys(["a"]), word_rows=np.zeros((1, 2), np.float32))


def test_damaged_folder(tmp_path):
    encoder().save(tmp_path)
    (tmp_path / "subwords.json").write_text("{}")
    with pytest.raises(InputError, match=r"encoder in .* is damaged: 'min_n'"):
        open_encoder("subwords", tmp_path)
    with pytest.raises(InputError, match="kind 'other'"):
        open_encoder("other", tmp_path)
