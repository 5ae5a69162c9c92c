"""tf-idf and latent semantic analysis: the formulas, planted topics, and scikit-learn's numbers."""

import numpy as np
import pytest

from nearspace.encoders.lexical import LexicalEncoder, LexicalSettings
from nearspace.encoders.table import open_encoder
from nearspace.errors import InputError, SettingError
from nearspace.kernels import lexical as kernels
from nearspace.protocols import Encoder

TEXTS = ["the cat sat", "the dog sat sat sat", "a bank, the BANK", "the river bank", ""]
TFIDF = LexicalSettings("tfidf", min_texts=1)


def topics(count=300, seed=1):
    """Texts of three topics with words of their own, and words of all."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    own = [[f"t{topic}w{word}" for word in range(30)] for topic in range(3)]
    common = [f"all{word}" for word in range(20)]
    texts = [
        " ".join([*random.choice(own[label], 5), *random.choice(common, 5)]) for label in labels.tolist()
    ]
    return texts, labels


def test_tfidf_is_its_formula():
    made = LexicalEncoder.fit(TEXTS, TFIDF)
    assert isinstance(made, Encoder)
    assert list(made.words) == ["the", "bank", "sat", "a", "cat", "dog", "river"]
    idf = np.log(6 / (1 + np.array([4, 2, 2, 1, 1, 1, 1]))) + 1
    np.testing.assert_allclose(made.weights, idf, rtol=1e-6)
    row = idf * [1, 0, 1 + np.log(3), 0, 0, 1, 0]
    np.testing.assert_allclose(made.encode(TEXTS)[1], row / np.linalg.norm(row), atol=1e-6)
    assert not made.encode(["", "unknown words"]).any()


def test_words_are_those_of_most_texts():
    made = LexicalEncoder.fit(iter(TEXTS), LexicalSettings("tfidf", max_words=2))
    assert list(made.words) == ["the", "bank"]
    assert made.dim == 2
    assert made.kind == "tfidf"


@pytest.mark.parametrize("method", ["tfidf", "lsa"])
def test_texts_of_a_topic_are_near(method):
    texts, labels = topics()
    made = LexicalEncoder.fit(texts, LexicalSettings(method, dim=4))
    vectors = made.encode(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    scores = vectors @ vectors.T - 2 * np.eye(len(texts))
    assert (labels[scores.argmax(axis=1)] == labels).mean() > (0.97 if method == "lsa" else 0.9)


def test_lsa_joins_texts_of_a_topic_without_a_common_word():
    texts, _ = topics()
    made = LexicalEncoder.fit(texts, LexicalSettings("lsa", dim=4))
    first, second, other = made.encode(["t0w1 t0w2 t0w3", "t0w4 t0w5 t0w6", "t1w1 t1w2 t1w3"])
    assert first @ second > 0.8 > 0.3 > first @ other


def test_same_bytes_for_any_workers_and_batch():
    texts, _ = topics(6_000)
    settings = LexicalSettings("lsa", dim=8, max_texts=5_000, seed=3)
    made = [LexicalEncoder.fit(texts, settings, workers=workers) for workers in (1, 2, 4)]
    assert len({one.fingerprint for one in made}) == 1
    together = made[0].encode(texts[:50])
    assert together.tobytes() == np.concatenate([made[0].encode([text]) for text in texts[:50]]).tobytes()
    assert (
        LexicalEncoder.fit(texts, LexicalSettings("lsa", dim=8, max_texts=5_000)).fingerprint
        != made[0].fingerprint
    )


def test_directions_are_the_singular_vectors():
    texts, _ = topics()
    made = LexicalEncoder.fit(texts, LexicalSettings("lsa", dim=5))
    plain = LexicalEncoder(made.words, made.weights).encode(texts)
    _, _, right = np.linalg.svd(plain, full_matrices=False)
    assert made.directions is not None
    np.testing.assert_allclose(np.abs(right[:3] @ made.directions[:, :3]), np.eye(3), atol=2e-3)


@pytest.mark.parametrize("method", ["tfidf", "lsa"])
def test_saved_and_opened(tmp_path, method):
    made = LexicalEncoder.fit(TEXTS, LexicalSettings(method, dim=2, min_texts=1))
    made.save(tmp_path)
    opened = open_encoder(method, tmp_path)
    assert opened.fingerprint == made.fingerprint
    assert opened.encode(TEXTS).tobytes() == made.encode(TEXTS).tobytes()
    (tmp_path / "lexical.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        open_encoder(method, tmp_path)


def test_errors():
    with pytest.raises(InputError, match="none of 7 words comes in 9 of the 5 texts"):
        LexicalEncoder.fit(TEXTS, LexicalSettings(min_texts=9))
    with pytest.raises(InputError, match="none of 0 words"):
        LexicalEncoder.fit([])
    with pytest.raises(SettingError, match="method is 'bm25'"):
        LexicalSettings("bm25")
    with pytest.raises(SettingError, match="dim is 0"):
        LexicalSettings(dim=0)


@pytest.mark.parametrize("name", ["weigh_words", "weigh_words_numpy"])
def test_rows_of_words(name):
    starts, ids = np.array([0, 4, 4, 6]), np.array([2, -1, 0, 2, -1, -1])
    pointers, columns, values = np.empty(4, np.int64), np.empty(6, np.int32), np.empty(6, np.float32)
    getattr(kernels, name)(ids, starts, np.array([1, 2, 3], np.float32), pointers, columns, values)
    assert pointers.tolist() == [0, 2, 2, 2]
    assert columns[:2].tolist() == [0, 2]
    row = np.array([1, (1 + np.log(2)) * 3])
    np.testing.assert_allclose(values[:2], row / np.linalg.norm(row), rtol=1e-6)


@pytest.mark.extras
def test_beside_scikit_learn():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    texts, _ = topics()
    made = LexicalEncoder.fit(texts, TFIDF)
    theirs = text.TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+", vocabulary=list(made.words))
    np.testing.assert_allclose(made.encode(texts), theirs.fit_transform(texts).toarray(), atol=1e-6)
