"""UMAP on data whose answer is known: planted clusters, a ring, a rotated copy."""

import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.trust import trustworthiness
from nearspace.maps.umap import UMAP, curve, edges_of, fuzzy_graph


def clusters(n=400, d=20, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, n)
    centres = random.normal(size=(4, d)) * 6
    return (centres[labels] + random.normal(size=(n, d))).astype(np.float32), labels


def nearest_agree(coordinates, labels):
    gaps = np.linalg.norm(coordinates[:, None] - coordinates, axis=2)
    np.fill_diagonal(gaps, np.inf)
    return float((labels[gaps.argmin(axis=1)] == labels).mean())


@pytest.mark.parametrize("dim", [2, 3])
def test_planted_clusters_are_apart(dim):
    vectors, labels = clusters()
    found = UMAP(dim).project(vectors)
    assert nearest_agree(found, labels) > 0.99
    centres = np.stack([found[labels == label].mean(axis=0) for label in range(4)])
    spread = max(np.linalg.norm(found[labels == label] - centres[label], axis=1).mean() for label in range(4))
    between = np.linalg.norm(centres[:, None] - centres, axis=2)[np.triu_indices(4, 1)].min()
    assert between > 2 * spread


def test_it_keeps_more_neighbours_than_chance_and_than_the_start():
    vectors, _ = clusters(500, 10, 3)
    before = trustworthiness(vectors, UMAP(rounds=1).project(vectors))
    after = trustworthiness(vectors, UMAP().project(vectors))
    assert after > before + 0.02


def test_a_ring_stays_a_ring():
    angles = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    vectors = np.column_stack([np.cos(angles), np.sin(angles), 0 * angles]).astype(np.float32)
    found = UMAP(seed=3).project(vectors)
    steps = np.linalg.norm(found - np.roll(found, 1, axis=0), axis=1)
    assert np.sort(steps)[:-3].max() < 0.15 * np.ptp(found, axis=0).max()


def test_seeds_differ_and_workers_do_not():
    vectors, _ = clusters(1500)
    maps = [UMAP(rounds=30).project(vectors, workers=workers) for workers in (1, 2, 4)]
    assert maps[0].tobytes() == maps[1].tobytes() == maps[2].tobytes()
    assert UMAP(rounds=30, seed=2).project(vectors).tobytes() != maps[0].tobytes()


def test_a_graph_that_is_there_is_used():
    vectors, _ = clusters()
    graph = knn_graph(vectors, 30)
    settings = UMAP(rounds=20)
    assert settings.project(vectors, graph=graph).tobytes() == settings.project(vectors).tobytes()


@pytest.mark.parametrize("min_dist", [0.0, 0.1, 0.5, 1.0])
def test_the_curve_is_the_nearest_of_its_kind(min_dist):
    d = np.linspace(0, 3, 300)[1:]
    wanted = np.where(d < min_dist, 1, np.exp(-(d - min_dist)))
    a, b = curve(min_dist)

    def gap(a, b):
        return ((1 / (1 + a * d ** (2 * b)) - wanted) ** 2).sum()

    least = gap(a, b)
    assert all(gap(a * (1 + e), b * (1 + f)) >= least for e in (-0.02, 0, 0.02) for f in (-0.02, 0, 0.02))


def test_the_usual_curve_is_that_of_the_authors():
    assert curve(0.1) == pytest.approx((1.577, 0.895), abs=2e-3)


def test_edges_count_at_most_once_a_round():
    vectors, _ = clusters(200)
    graph = fuzzy_graph(knn_graph(vectors, 10), 1)
    edges = edges_of(graph)
    assert graph.weights.max() == 1 and edges.rates.max() == 2**32 - 1 and len(edges.first) == 201


@pytest.mark.parametrize(
    "settings",
    [{"neighbors": 1}, {"min_dist": 1.5}, {"min_dist": float("nan")}, {"rounds": 0}, {"pushes": 0}],
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        UMAP(**settings)


def test_too_few_points():
    with pytest.raises(SettingError, match="at least 4 points, and there are 3"):
        UMAP().project(np.eye(3, dtype=np.float32))
    assert np.isfinite(UMAP(rounds=20).project(np.eye(4, dtype=np.float32))).all()
