import numpy as np
import pytest

from nearspace.keys import Keys
from nearspace.maps.neighbors import neighbors_in_map, neighbors_in_space
from nearspace.maps.trust import (
    neighbors_to_compare,
    shared,
    summary,
    trust_per_point,
    trustworthiness,
)
from nearspace.results import Map


def _points(n=400, d=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("d", [2, 3])
def test_the_identical_map_is_trusted_fully(d):
    points = _points(d=d)
    assert (trust_per_point(points, points) == 1).all()


def test_turning_scaling_and_moving_a_map_changes_nothing():
    points = _points()
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert trust_per_point(points, (points @ turn * 8 + 3).astype(np.float32)).mean() > 0.999


def test_a_random_map_is_trusted_at_chance():
    n, k = 2000, 10
    trust = trust_per_point(_points(n, 20), _points(n, 2, seed=1), k=k)
    chance = k / (n - 1)
    assert abs(trust.mean() - chance) < 5 * np.sqrt(chance / (n * k))


def test_one_stray_point_loses_its_own_trust_and_hardly_that_of_others():
    points = _points()
    moved = points.copy()
    moved[7] = -3 * points[7] + 2
    trust = trust_per_point(points, moved)
    assert trust[7] == 0
    assert np.delete(trust, 7).mean() > 0.98


def test_shared_counts_by_hand():
    a = np.array([[1, 2, 3], [4, 5, 6]])
    b = np.array([[3, 9, 1], [7, 8, 9]])
    np.testing.assert_allclose(shared(a, b), [2 / 3, 0])


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_neighbours_are_those_of_the_metric(metric):
    vectors = _points(150, 6) * np.random.default_rng(3).uniform(0.1, 4, size=(150, 1)).astype(np.float32)
    wide = vectors.astype(np.float64)
    if metric == "euclidean":
        score = -np.linalg.norm(wide[:, None] - wide[None], axis=2)
    else:
        score = wide @ wide.T
        if metric == "cosine":
            lengths = np.linalg.norm(wide, axis=1)
            score /= lengths[:, None] * lengths
    np.fill_diagonal(score, -np.inf)
    rows, scores = neighbors_in_space(vectors, 5, metric=metric, workers=2)
    assert np.array_equal(rows, np.argsort(-score, axis=1)[:, :5])
    np.testing.assert_allclose(scores, -np.sort(-score, axis=1)[:, :5], rtol=1e-5)


def test_neighbours_in_the_map_are_exact_in_tight_clusters_far_from_the_origin():
    rng = np.random.default_rng(2)
    points = (rng.integers(0, 5, size=(300, 1)) * 100.0 + rng.normal(scale=1e-3, size=(300, 2))).astype("f4")
    wide = points.astype(np.float64)
    distances = ((wide[:, None] - wide[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    near = neighbors_in_map(points, 4, workers=2)
    found = np.take_along_axis(distances, near, axis=1)
    assert np.array_equal(found, np.sort(distances, axis=1)[:, :4])


@pytest.mark.parametrize(("n", "k"), [(3, 1), (5, 2), (20, 9), (21, 10), (10_000, 10)])
def test_few_points_compare_fewer_neighbours(n, k):
    assert neighbors_to_compare(n) == k


def _map(trust):
    n = len(trust)
    return Map(
        Keys(str(i) for i in range(n)),
        np.zeros((n, 2), np.float32),
        np.asarray(trust, np.float32),
        "pca",
        {},
        0.01,
    )


def test_summary_is_the_mean_with_an_interval_that_covers_it():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        found = summary(_map(rng.binomial(10, 0.3, size=200) / 10), seed=trial)
        covered += found.low <= 0.3 <= found.high
    assert 0.90 <= covered / 200 <= 0.99
    assert found.name == "map.trust"
    assert found.baseline == {"chance": 0.01}
    assert found.n == 200


def test_summary_of_equal_values_is_a_point():
    found = summary(_map(np.full(50, 0.5)))
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_trustworthiness_of_the_identical_map_is_one():
    points = _points(120)
    assert trustworthiness(points, points) == 1


@pytest.mark.extras
@pytest.mark.parametrize("n", [120, 700])
def test_trustworthiness_equals_scikit_learns(n):
    manifold = pytest.importorskip("sklearn.manifold")
    vectors = _points(n, 8)
    for coordinates in (vectors[:, :2], _points(n, 2, seed=9)):
        expected = manifold.trustworthiness(vectors, coordinates, n_neighbors=7)
        assert trustworthiness(vectors, coordinates, k=7) == pytest.approx(expected, abs=1e-9)
    continuity = manifold.trustworthiness(vectors[:, :2], vectors, n_neighbors=7)
    assert trustworthiness(vectors[:, :2], vectors, k=7) == pytest.approx(continuity, abs=1e-9)
