from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.evaluation import verb
from nearspace.evaluation.categories import CategorySet, at_home, read
from nearspace.evaluation.lookup import unit
from nearspace.kernels.kmeans import spherical_kmeans


def planted(noise: float, categories: int = 6, size: int = 12, seed: int = 0):
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((categories, 30))
    items, vectors = [], {}
    for category in range(categories):
        for at in range(size):
            word = f"c{category}w{at}"
            items.append((word, f"category{category}"))
            length = generator.uniform(0.5, 5)  # only directions count
            vectors[word] = length * (centres[category] + noise * generator.standard_normal(30))
    return vectors, CategorySet("planted", tuple(items))


def test_planted_clusters_are_pure(space_of) -> None:
    vectors, test = planted(0.2)
    measure = verb.words(space_of(vectors), categories=test)["planted.purity"]
    assert (measure.value, measure.high, measure.n, measure.coverage) == (1.0, 1.0, 72, 1.0)
    assert 0.9 < measure.low < 1.0
    assert measure.baseline["random"] < 0.4


def test_purity_falls_with_noise_down_to_the_random_baseline(space_of) -> None:
    found = []
    for noise in (0.2, 1.0, 1.6, 50.0):
        vectors, test = planted(noise)
        found.append(verb.words(space_of(vectors), categories=test)["planted.purity"])
    purities = [measure.value for measure in found]
    assert purities == sorted(purities, reverse=True)
    assert purities[1] > purities[2] > purities[3]
    assert found[3].value == pytest.approx(found[3].baseline["random"], abs=0.1)


def test_spelling_alone_sorts_words_that_share_their_letters(random_space) -> None:
    words = [
        f"{stem}{ending}" for stem in ("walk", "jump", "xylo") for ending in ("", "s", "ed", "ing", "er")
    ]
    test = CategorySet("stems", tuple((word, word[:4]) for word in words))
    measure = verb.words(random_space(words), categories=test)["stems.purity"]
    assert measure.baseline["characters"] == 1.0
    assert measure.value < 0.8


def test_unknown_words_lower_coverage_only(space_of) -> None:
    vectors, test = planted(0.2)
    more = CategorySet("planted", (*test.items, ("unheard", "category0"), ("unseen", "category9")))
    measure = verb.words(space_of(vectors), categories=more)["planted.purity"]
    assert (measure.value, measure.n) == (1.0, 72)  # six clusters: category9 has no known word
    assert measure.coverage == pytest.approx(72 / 74)


def test_purity_by_hand() -> None:
    clusters = np.array([0, 0, 0, 1, 1, 2])
    gold = np.array([4, 4, 1, 1, 4, 2])
    assert at_home(clusters, gold).tolist() == [1, 1, 0, 1, 0, 1]  # 1 and 4 tie in cluster 1: the first


@given(st.integers(1, 6), st.integers(6, 40), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_every_cluster_has_a_word_and_no_word_would_rather_be_elsewhere(k: int, n: int, seed: int) -> None:
    vectors = unit(np.random.default_rng(seed).standard_normal((n, 4)).astype(np.float32))
    labels = spherical_kmeans(vectors, k, np.random.default_rng(seed), restarts=3, rounds=200)
    assert sorted(set(labels.tolist())) == list(range(k))
    sums = np.array([vectors[labels == at].sum(axis=0) for at in range(k)])
    near = vectors @ unit(sums.astype(np.float32)).T
    lonely = np.bincount(labels, minlength=k)[labels] == 1
    assert (near[np.arange(n), labels] >= near.max(axis=1) - 1e-5)[~lonely].all()


def test_equal_vectors_can_be_clustered() -> None:
    vectors = np.ones((5, 2), dtype=np.float32) / np.float32(2**0.5)
    labels = spherical_kmeans(vectors, 3, np.random.default_rng(0))
    assert sorted(set(labels.tolist())) == [0, 1, 2]


@pytest.mark.parametrize(
    "text",
    [
        ",category,word\n0,fruit,pear\n1,fruit,apple\n2,fruit,\n3,tree,oak\n",
        "word\tcategory\npear\tfruit\napple\tfruit\noak\ttree\n",
        "fruit pear\nfruit apple\ntree oak\n",
        "# mine\nclass;concept\nfruit;pear\nfruit;apple\ntree;oak\n",
    ],
)
def test_formats(text: str, tmp_path: Path) -> None:
    (tmp_path / "plants.csv").write_text(text)
    items = (("pear", "fruit"), ("apple", "fruit"), ("oak", "tree"))
    assert read(tmp_path / "plants.csv") == CategorySet("plants", items)


def test_starts_are_spread_out() -> None:
    """k-means++ takes one start in each of ten tight and far clusters, so one try is enough."""
    gold = np.repeat(np.arange(10), 6)
    for seed in range(20):
        generator = np.random.default_rng(seed)
        vectors = unit((np.eye(10)[gold] + 1e-3 * generator.standard_normal((60, 10))).astype(np.float32))
        assert at_home(spherical_kmeans(vectors, 10, generator, restarts=1), gold).all()
