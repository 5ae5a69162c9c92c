"""Senses: as many clusters as were planted, one where there is one cloud, and names that tell them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.errors import SettingError
from nearspace.learners.sense_names import name_senses
from nearspace.learners.senses import Senses, find_senses, silhouettes


def planted(sizes: list[int], apart: float, seed: int = 1, dim: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Occurrences around centres `apart` from a common one, in noise with a spectrum that falls."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = np.linalg.qr(random.normal(size=(dim, len(sizes) + 1)))[0].T
    noise = random.normal(size=(len(labels), dim)) * (1 / np.sqrt(1 + np.arange(dim)))
    vectors = 3 * centres[0] + apart * centres[1:][labels] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels


def agreement(found: np.ndarray, labels: np.ndarray) -> float:
    """Share of occurrences in a cluster whose commonest label is theirs."""
    return sum(np.bincount(labels[found == one]).max() for one in np.unique(found)) / len(labels)


@pytest.mark.parametrize("seed", range(5))
def test_one_cloud_is_one_sense(seed: int) -> None:
    for count in (5, 30, 300):
        vectors, _ = planted([count], 0.0, seed)
        found = find_senses(vectors, seed=seed)
        assert found.count == 1
        assert (found.silhouettes == 0).all() and (found.stability == 1).all()


@pytest.mark.parametrize("sizes", [[120, 80], [150, 60, 40], [70, 60, 50, 40]])
def test_planted_senses_are_found(sizes: list[int]) -> None:
    vectors, labels = planted(sizes, 4.0)
    found = find_senses(vectors)
    assert found.count == len(sizes)
    assert agreement(found.labels, labels) > 0.95
    assert np.bincount(found.labels).tolist() == sorted(np.bincount(found.labels).tolist(), reverse=True)
    assert found.stability.mean() > 0.95 and found.silhouettes.mean() > 0.3


def test_the_senses_are_seeded() -> None:
    vectors, _ = planted([60, 50], 4.0)
    one, other = find_senses(vectors, seed=3, name="bank"), find_senses(vectors, seed=3, name="bank")
    assert one.tried == other.tried
    for name in ("labels", "silhouettes", "stability"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_the_sides_of_a_ridge_are_no_senses() -> None:
    random = np.random.default_rng(1)
    long = random.normal(size=(400, 40)) * np.array([5.0, *np.full(39, 0.5)])  # one cloud, very long
    assert find_senses((long + 20).astype(np.float32)).count == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_silhouettes_equal_their_formula(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(20, 6))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels = np.arange(20) % k
    apart = 1 - points @ points.T
    expected = []
    for row, label in enumerate(labels):
        own = [apart[row, other] for other in range(20) if labels[other] == label and other != row]
        rest = [apart[row, labels == other].mean() for other in range(k) if other != label]
        a, b = np.mean(own), min(rest)
        expected.append((b - a) / max(a, b))
    assert silhouettes(points.astype(np.float32), labels) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("vectors", [np.zeros((0, 8)), np.zeros((50, 8)), np.ones((50, 8))])
def test_vectors_without_a_spread_are_one_sense(vectors: np.ndarray) -> None:
    assert find_senses(vectors.astype(np.float32)).count <= 1


@pytest.mark.parametrize(
    "setting", [{"most": 0}, {"least": 1}, {"excess": 2.0}, {"steady": -1.0}, {"draws": 1}]
)
def test_bad_settings_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=next(iter(setting))):
        Senses(**setting)  # type: ignore[arg-type]


def test_names_are_the_words_that_tell_senses_apart() -> None:
    money = ["The bank gave me a loan today", "A bank pays interest on the loan", "My loan from the bank"] * 4
    water = ["We sat on the river bank today", "The boat lay at the bank of the river", "A river bank"] * 3
    labels = np.array([0] * len(money) + [1] * len(water))
    names = name_senses("bank", money + water, labels)
    assert names[0].startswith("bank: loan") and names[1].startswith("bank: river")
    assert name_senses("bank", money, np.zeros(len(money), dtype=np.int64)) == ("bank",)


def test_senses_without_words_of_their_own_have_different_names() -> None:
    assert name_senses("x", ["x y"] * 4, np.array([0, 1, 2, 0])) == ("x: sense 1", "x: sense 2", "x: sense 3")
