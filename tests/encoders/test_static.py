import dataclasses

import numpy as np
import pytest

from nearspace.encoders.static import StaticEncoder, StaticSettings
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.encoders.table import ENCODERS, open_encoder
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.protocols import Encoder
from nearspace.space import Recipe, Space

WORDS = ("the", "cat", "dog", "sits")
COUNTS = np.array([900, 60, 30, 10])


def space(*, encoder=None, columns=None, lowercase=True, dim=3):
    rng = np.random.default_rng(2)
    return Space(
        Keys(WORDS),
        rng.normal(size=(4, dim)).astype(np.float32),
        columns={"count": COUNTS} if columns is None else columns,
        encoder=encoder,
        recipe=Recipe("skipgram", settings={"text": {"lowercase": lowercase}}),
    )


def subwords(dim=3):
    rng = np.random.default_rng(3)
    return SubwordEncoder(rng.normal(size=(50, dim)).astype(np.float32), buckets=50)


def unit(vector):
    return vector / np.linalg.norm(vector)


def split(text):
    return text.split("|")


def test_is_an_encoder():
    made = StaticEncoder.from_space(space())
    assert isinstance(made, Encoder)
    assert made.kind in ENCODERS


def test_vector_is_the_weighted_mean_in_unit_length():
    words = space()
    made = StaticEncoder.from_space(words, a=0.01)
    share = COUNTS / COUNTS.sum()
    weights = 0.01 / (0.01 + share)
    expected = unit(weights[0] * words["the"] + 2 * weights[1] * words["cat"])
    np.testing.assert_allclose(made.encode(["The cat: CAT!"])[0], expected, atol=1e-6)
    np.testing.assert_allclose(made.weights, weights, rtol=1e-6)


def test_without_counts_the_shares_are_those_of_zipf():
    made = StaticEncoder.from_space(space(columns={}), a=0.1)
    share = np.array([1, 1 / 2, 1 / 3, 1 / 4]) / (25 / 12)
    np.testing.assert_allclose(made.weights, 0.1 / (0.1 + share), rtol=1e-6)


def test_unseen_words_are_left_out_or_go_to_the_encoder_of_the_words():
    alone = StaticEncoder.from_space(space())
    assert np.array_equal(alone.encode(["cat zebra"]), alone.encode(["cat"]))
    assert not alone.encode(["zebra", "", " -- ", "\0"]).any()
    words = space(encoder=subwords())
    made = StaticEncoder.from_space(words)
    (zebra,) = subwords().encode(["zebra"])
    rarest = made.weights[3]
    assert made.settings.unseen_weight == pytest.approx(rarest)
    expected = unit(made.weights[1] * words["cat"] + rarest * zebra)
    np.testing.assert_allclose(made.encode(["cat Zebra"])[0], expected, atol=1e-6)


def test_case_is_that_of_the_words():
    assert not StaticEncoder.from_space(space(lowercase=False)).encode(["CAT"]).any()
    assert StaticEncoder.from_space(space(lowercase=True)).encode(["CAT"]).any()


@pytest.mark.parametrize("encoder", [None, subwords()])
def test_the_same_bytes_in_whatever_batch(encoder):
    made = StaticEncoder.from_space(space(encoder=encoder))
    rng = np.random.default_rng(1)
    pool = [*WORDS, "zebra", "don't", "日本", "naïve", "x" * 1500]
    texts = [" ".join(rng.choice(pool, rng.integers(0, 7))) for _ in range(300)]
    together = made.encode(texts)
    assert (together.shape, together.dtype) == ((300, 3), np.float32)
    alone = np.concatenate([StaticEncoder.encode(made, [text]) for text in texts])
    assert np.array_equal(together, alone)
    assert np.array_equal(made.encode(texts[::-1])[::-1], together)
    assert np.array_equal(made.encode(texts * 30)[-300:], together)
    lengths = np.linalg.norm(together, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-6) | (lengths == 0))
    assert made.encode([]).shape == (0, 3)


def planted(topics=6, dim=20, seed=4):
    """Words of topics and words that all texts share, which also have a direction in common."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(topics, dim))
    own = [f"t{topic}w{number}" for topic in range(topics) for number in range(30)]
    shared = [f"shared{number}" for number in range(40)]
    drift = 3 * rng.normal(size=dim)
    vectors = np.concatenate(
        [
            drift + 2 * rng.normal(size=(40, dim)),
            np.repeat(centres, 30, axis=0) + 0.8 * rng.normal(size=(180, dim)),
        ]
    )
    counts = np.concatenate([np.full(40, 5000), np.full(180, 20)])
    texts, labels = [], []
    for number in range(600):
        topic = number % topics
        words = [*rng.choice(own[topic * 30 : topic * 30 + 30], 3), *rng.choice(shared, 12)]
        texts.append(" ".join(rng.permutation(words)))
        labels.append(topic)
    words = Space(Keys([*shared, *own]), vectors.astype(np.float32), columns={"count": counts})
    return words, texts, np.array(labels)


def nearest_of_own_topic(vectors, labels):
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return float((labels[scores.argmax(axis=1)] == labels).mean())


def test_texts_of_one_topic_are_nearer_each_other():
    words, texts, labels = planted()
    plain = StaticEncoder.from_space(words, a=1e6)  # all weights are 1
    weighted = StaticEncoder.from_space(words)
    fitted = weighted.fit_common(texts)
    found = [nearest_of_own_topic(made.encode(texts), labels) for made in (plain, weighted, fitted)]
    assert found[0] < 0.7
    assert found[1] > 0.95
    assert found[2] > 0.95
    vectors = fitted.encode(texts)
    same = labels[:, None] == labels[None]
    cosines = vectors @ vectors.T
    assert cosines[same].mean() > cosines[~same].mean() + 0.5


def test_the_common_direction_is_the_first_singular_vector():
    words, texts, _ = planted()
    made = StaticEncoder.from_space(words)
    fitted = made.fit_common(iter(texts))
    means = np.array(
        [
            np.mean([made.weights[words.keys.row(w)] * words[w] for w in text.split()], axis=0)
            for text in texts
        ]
    )
    expected = np.linalg.svd(means)[2][0]
    assert abs(fitted.common @ expected) == pytest.approx(1, abs=1e-5)
    taken = means - np.outer(means @ expected, expected)
    wanted = taken / np.linalg.norm(taken, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.encode(texts), wanted, atol=1e-4)
    assert np.array_equal(fitted.fit_common(texts).common, fitted.common)
    assert fitted.fingerprint != made.fingerprint
    with pytest.raises(InputError, match="1 of the texts has a word with a vector, at least 2 are needed"):
        made.fit_common(["shared1", "nothing known"])


@pytest.mark.parametrize("encoder", [None, subwords()])
@pytest.mark.parametrize("common", [False, True])
def test_round_trip(tmp_path, encoder, common):
    made = StaticEncoder.from_space(space(encoder=encoder), a=0.01)
    if common:
        made = made.fit_common(["cat", "dog sits", "the cat"])
    made.save(tmp_path)
    found = open_encoder("static", tmp_path)
    texts = ["the cat", "Zebra", "", "dog dog"]
    assert np.array_equal(found.encode(texts), made.encode(texts))
    assert found.fingerprint == made.fingerprint
    assert dataclasses.replace(found, stored_fingerprint="").fingerprint == made.fingerprint
    assert (found.settings, found.dim) == (made.settings, 3)


def test_fingerprint_changes_with_every_part():
    made = StaticEncoder.from_space(space(encoder=subwords()))
    changes = [
        {"rows": made.rows + 1},
        {"weights": made.weights * 2},
        {"words": Keys(["the", "cat", "dog", "sat"])},
        {"unseen": None},
        {"common": np.array([1, 0, 0], np.float32)},
        {"settings": dataclasses.replace(made.settings, lowercase=False)},
    ]
    prints = {dataclasses.replace(made, **change).fingerprint for change in changes}
    assert len(prints | {made.fingerprint}) == len(changes) + 1
    assert StaticEncoder.from_space(space(encoder=subwords())).fingerprint == made.fingerprint


def test_a_tokenizer_of_the_users_own(tmp_path):
    words = Space(Keys(["the cat", "dog"]), np.eye(2, dtype=np.float32), columns={"count": np.array([1, 1])})
    made = StaticEncoder.from_space(words, tokenizer=split)
    np.testing.assert_allclose(
        made.encode(["the cat|dog|x", "the cat", "x"]), [[0.5**0.5] * 2, [1, 0], [0, 0]]
    )
    made.save(tmp_path)
    found = open_encoder("static", tmp_path)
    with pytest.raises(SettingError, match=r"tokenizer '.*split', which is not saved\nSet it: dataclasses"):
        found.encode(["dog"])
    again = dataclasses.replace(found, tokenizer=split)
    assert np.array_equal(again.encode(["dog"]), made.encode(["dog"]))


def test_bad_settings_and_shapes():
    rows, weights = np.zeros((1, 3), np.float32), np.ones(1, np.float32)
    with pytest.raises(SettingError, match="a is 0"):
        StaticSettings(a=0)
    with pytest.raises(DimensionError, match=r"2 words came with rows of shape \(1, 3\)"):
        StaticEncoder(Keys("ab"), rows, weights)
    with pytest.raises(DimensionError, match="unseen words makes vectors of 4, the rows have 3"):
        StaticEncoder(Keys("a"), rows, weights, subwords(4))
    with pytest.raises(DimensionError, match=r"common direction has shape \(2,\), expected \(3,\)"):
        StaticEncoder(Keys("a"), rows, weights, common=np.ones(2, np.float32))


@pytest.mark.parametrize("name", ["static.json", "static.safetensors", "words/subwords.json"])
def test_damaged_folder(tmp_path, name):
    StaticEncoder.from_space(space(encoder=subwords())).save(tmp_path)
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=r"(damaged|no sound safetensors)"):
        open_encoder("static", tmp_path)
