"""PPMI with a truncated SVD, and the SVD itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearspace.data import svd
from nearspace.data.cooccurrence import Window, count_cooccurrences
from nearspace.data.corpus import CorpusSettings, Prepared, prepare
from nearspace.errors import SettingError
from nearspace.learners import ppmi as module
from nearspace.learners.ppmi import PPMI, multiply, terms
from nearspace.protocols import Learner, Quiet

TOPICS, WORDS = 4, 12


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Lines of words of one topic each, mixed with words that any topic has."""
    generator = np.random.default_rng(2)
    lines = []
    for topic in generator.integers(0, TOPICS, 1500):
        own = [f"t{topic}_{word}" for word in generator.integers(0, WORDS, 12)]
        common = [f"c{word}" for word in generator.integers(0, 10, 6)]
        lines.append([str(word) for word in generator.permutation(own + common)])
    return prepare(lines, CorpusSettings(min_count=1), folder=tmp_path_factory.mktemp("planted"))


def dense_ppmi(counts: np.ndarray, smoothing: float, shift: float) -> np.ndarray:
    """max(0, log(P(i, j) / (P(i) P_smoothed(j))) - log(shift)), straight from the probabilities."""
    joint = counts / counts.sum()
    context = counts.sum(axis=0) ** smoothing
    expected = np.outer(joint.sum(axis=1), context / context.sum())
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(joint / expected) - np.log(shift), 0)


@pytest.mark.parametrize(("smoothing", "shift"), [(1.0, 1.0), (0.75, 1.0), (0.5, 3.0)])
def test_products_are_those_of_the_dense_matrix(
    smoothing: float, shift: float, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BAND", 100)
    size = len(prepared.vocabulary)
    counts = count_cooccurrences(prepared.stream, size, Window(4), folder=tmp_path)
    lengths, columns, values = counts.rows(np.arange(size))
    dense = np.zeros((size, size))
    dense[np.repeat(np.arange(size), lengths), columns] = values
    expected = dense_ppmi(dense, smoothing, shift)
    assert 0.05 < (expected > 0).mean() < 0.95
    words, contexts = terms(counts.totals, smoothing, shift)
    unit = np.eye(size, 96, dtype=np.float32)
    with ThreadPoolExecutor(2) as pool:
        left = multiply(counts, words, contexts, pool, Quiet().task(""))(unit)
        right = multiply(counts, contexts, words, pool, Quiet().task(""))(unit)
    np.testing.assert_allclose(left[:, :size], expected[:, :96], atol=2e-5)
    np.testing.assert_allclose(right[:, :size], expected.T[:, :96], atol=2e-5)


def test_planted_topics_come_out(prepared: Prepared) -> None:
    space = PPMI(dim=8, window=5).fit(prepared, workers=1)
    names = [name for name in space.keys if name.startswith("t")]
    vectors = space.vectors[space.keys.rows(names)]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -2)
    topics = np.array([int(name[1]) for name in names])
    near = np.argsort(-scores, axis=1)[:, :5]
    assert (topics[near] == topics[:, None]).mean() > 0.95


def test_space_is_complete_and_workers_change_no_byte(prepared: Prepared, tmp_path: Path) -> None:
    learner = PPMI(dim=12, window=3)
    assert isinstance(learner, Learner)
    space = learner.fit(prepared, workers=1)
    assert space.keys == prepared.vocabulary.keys
    assert space.vectors.shape == (len(space.keys), 12)
    assert np.isfinite(space.vectors).all()
    assert space.columns["count"].tolist() == prepared.vocabulary.counts.tolist()
    assert (space.recipe.learner, space.recipe.data) == ("ppmi", prepared.stream.fingerprint)
    assert space.recipe.settings["smoothing"] == 0.75
    for workers, memory in [(2, 96.0), (8, 0.5)]:
        again = learner.fit(prepared, folder=tmp_path, workers=workers, memory=memory)
        assert again.vectors.tobytes() == space.vectors.tobytes()
    assert not list(tmp_path.iterdir())


def test_power_weighs_the_singular_values(prepared: Prepared) -> None:
    flat, full = (PPMI(dim=12, power=power).fit(prepared).vectors for power in (0.0, 1.0))
    np.testing.assert_allclose(flat.T @ flat, np.eye(12), atol=1e-5)
    gram = full.T @ full
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-3 * gram[0, 0])
    assert (np.diff(np.diag(gram)) <= 0).all()


def test_vocabulary_must_have_dim_words(prepared: Prepared) -> None:
    with pytest.raises(SettingError, match="dim is 100, but the vocabulary has only 58 words"):
        PPMI().fit(prepared)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"shift": 0.5}, "shift is 0.5"),
        ({"smoothing": 1.5}, "smoothing is 1.5"),
        ({"power": float("nan")}, "power is nan"),
        ({"iterations": -1}, "iterations is -1"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        PPMI(**settings)


def decompose(matrix: np.ndarray, dim: int, workers: int = 2, **options: Any) -> svd.Factors:
    wide = matrix.astype(np.float32)
    with ThreadPoolExecutor(workers) as pool:
        return svd.truncated_svd(
            lambda dense: wide @ dense, lambda dense: wide.T @ dense,
            matrix.shape[1], dim, pool=pool, **{"iterations": 6, "seed": 1, **options},
        )  # fmt: skip


def with_spectrum(values: np.ndarray, rows: int, columns: int, seed: int = 4) -> np.ndarray:
    generator = np.random.default_rng(seed)
    left = np.linalg.qr(generator.normal(size=(rows, len(values))))[0]
    right = np.linalg.qr(generator.normal(size=(columns, len(values))))[0]
    return (left * values) @ right.T


@pytest.mark.parametrize("shape", [(150, 100), (100, 150), (5000, 40)])
def test_svd_equals_numpy(shape: tuple[int, int]) -> None:
    matrix = with_spectrum(0.8 ** np.arange(40), *shape)
    factors = decompose(matrix, 12)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(factors.values, values[:12], rtol=1e-4)
    best = (left[:, :12] * values[:12]) @ right[:12]
    np.testing.assert_allclose((factors.left * factors.values) @ factors.right.T, best, atol=1e-4)
    for vectors in (factors.left, factors.right):
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(12), atol=1e-4)


def test_svd_of_a_slowly_falling_spectrum_is_near_optimal() -> None:
    values = 1 / (1 + np.arange(150)) ** 0.3
    matrix = with_spectrum(values, 200, 150)
    factors = decompose(matrix, 20, iterations=4)
    error = np.linalg.norm(matrix - (factors.left * factors.values) @ factors.right.T)
    best = np.linalg.norm(values[20:])
    assert 0.9999 * best < error < 1.003 * best
    plain = decompose(matrix, 20, iterations=1)
    assert error < np.linalg.norm(matrix - (plain.left * plain.values) @ plain.right.T)


def test_svd_of_a_matrix_of_low_rank_has_zeros() -> None:
    matrix = with_spectrum(np.array([5.0, 3.0, 3.0, 1.0]), 100, 80)
    factors = decompose(matrix, 10)
    np.testing.assert_allclose(factors.values, [5, 3, 3, 1, 0, 0, 0, 0, 0, 0], atol=1e-3)
    np.testing.assert_allclose((factors.left * factors.values) @ factors.right.T, matrix, atol=1e-4)
    nothing = decompose(np.zeros((30, 20)), 3)
    assert not nothing.values.any() and not nothing.left.any()


def test_orthonormal_keeps_the_span_of_badly_scaled_columns() -> None:
    generator = np.random.default_rng(8)
    tall = (generator.normal(size=(500, 16)) * 10.0 ** np.arange(-8, 8)).astype(np.float32)
    before = tall.copy()
    with ThreadPoolExecutor(1) as pool:
        basis, stretches = svd.orthonormal(tall, pool)
    np.testing.assert_allclose(basis.T @ basis, np.eye(16), atol=1e-5)
    scale = np.linalg.norm(before, axis=0)
    np.testing.assert_allclose(basis @ (basis.T @ (before / scale)), before / scale, atol=1e-5)
    assert stretches[0] == pytest.approx(np.linalg.norm(before, 2), rel=1e-4)
