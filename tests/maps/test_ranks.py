import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.maps import ranks
from nearspace.maps.neighbors import neighbors_in_map, neighbors_in_space
from nearspace.maps.ranks import excess, sample_of, torn_and_false
from nearspace.maps.trust import judge, trust_per_point, trustworthiness


def _points(n=400, d=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def _details(vectors, coordinates, k=10, **more):
    return judge(vectors, coordinates, k=k, **more)[1]


@pytest.mark.parametrize("d", [2, 3])
def test_of_the_identical_map_nothing_is_torn_or_false(d):
    found = _details(_points(d=d), _points(d=d))
    assert sorted(found) == ["false", "torn"]
    assert (found["torn"] == 0).all() and (found["false"] == 0).all()
    assert all(values.dtype == np.float32 for values in found.values())


def test_a_cluster_laid_in_two_places_is_torn_and_not_false():
    """Cluster 0 of the Space lies half here and half far away on the map, in an empty place."""
    rng = np.random.default_rng(1)
    family = np.repeat(np.arange(8), 60)
    vectors = np.eye(8)[family] * 50 + rng.normal(size=(480, 8))
    places = np.stack([np.arange(8) * 10.0, np.zeros(8)], axis=1)[family]
    half = np.flatnonzero(family == 0)[::2]
    places[half] = [500.0, 0.0]
    found = _details(vectors.astype("f4"), (places + rng.normal(size=(480, 2))).astype("f4"))
    assert found["torn"][half].mean() > 0.4  # half of their neighbours are the farthest points of all
    assert found["torn"][family > 0].mean() < 0.06  # shuffled within their cluster: near misses
    assert found["false"][half].mean() < 0.06


def test_two_clusters_laid_upon_each_other_are_false_and_not_torn():
    rng = np.random.default_rng(1)
    family = np.repeat(np.arange(8), 60)
    vectors = np.eye(8)[family] * 50 + rng.normal(size=(480, 8))
    vectors[:, 0] += 1000.0 * (family == 0)  # so all others are nearer to cluster 1 than cluster 0 is
    places = np.stack([np.arange(8) * 10.0, np.zeros(8)], axis=1)
    places[0] = places[1]
    found = _details(vectors.astype("f4"), (places[family] + rng.normal(size=(480, 2))).astype("f4"))
    both = family < 2
    assert found["false"][both].mean() > 0.35  # about half of the neighbours come from the other
    assert found["false"][~both].mean() < 0.06
    assert found["torn"][both].mean() < 0.12


@pytest.mark.parametrize(("n", "d", "k"), [(3, 6, 1), (9, 6, 4), (120, 8, 7), (700, 20, 10), (1500, 5, 3)])
def test_their_means_are_trustworthiness_and_continuity(n, d, k):
    vectors = _points(n, d)
    for coordinates in (np.ascontiguousarray(vectors[:, :2]), _points(n, 2, seed=9)):
        found = _details(vectors, coordinates, k)
        assert 1 - found["false"].mean() == pytest.approx(
            trustworthiness(vectors, coordinates, k=k), abs=1e-5
        )
        assert 1 - found["torn"].mean() == pytest.approx(trustworthiness(coordinates, vectors, k=k), abs=1e-5)


def test_random_coordinates_have_a_half():
    found = _details(_points(1500, 20), _points(1500, 2, seed=3))
    assert found["torn"].mean() == pytest.approx(0.5, abs=0.02)
    assert found["false"].mean() == pytest.approx(0.5, abs=0.02)


def test_the_sample_estimates_what_all_points_give(monkeypatch):
    vectors = _points(3000, 12)
    coordinates = np.ascontiguousarray(vectors[:, :2])
    exact = _details(vectors, coordinates)
    monkeypatch.setattr(ranks, "EXACT", 0)
    assert len(sample_of(3000, 12)) == ranks.SAMPLE
    estimated = _details(vectors, coordinates)
    for name, truth in exact.items():
        error = estimated[name] - truth
        assert np.sqrt((error**2).mean()) < 0.5 / np.sqrt(ranks.SAMPLE)  # the worst of a single rank
        assert abs(error.mean()) < 0.004
        assert np.corrcoef(estimated[name], truth)[0, 1] > 0.99


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_far_is_by_the_metric_of_the_space(metric):
    vectors = _points(150, 6) * np.random.default_rng(3).uniform(0.1, 4, size=(150, 1)).astype("f4")
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wide = vectors.astype(np.float64)
    far = ((wide[:, None] - wide[None]) ** 2).sum(axis=2) if metric == "euclidean" else -(wide @ wide.T)
    np.fill_diagonal(far, -np.inf)
    place = far.argsort(axis=1).argsort(axis=1)
    near = neighbors_in_map(_points(150), 5)
    expected = np.maximum(np.take_along_axis(place, near, axis=1) - 5, 0).sum(axis=1) / (5 * (300 - 16) / 2)
    found = _details(vectors, _points(150), 5, metric=metric)["false"]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(5, 90), levels=st.sampled_from([1, 2, 5, 10**6]), seed=st.integers(0, 10**6))
def test_values_are_shares_and_a_trusted_point_is_not_false(n, levels, seed):
    rng = np.random.default_rng(seed)
    k = min(10, (n - 1) // 2)
    vectors = rng.integers(0, levels, size=(n, 3)).astype("f4")
    coordinates = rng.normal(size=(n, 2)).astype("f4")
    in_space = neighbors_in_space(vectors, k)[0]
    in_map = neighbors_in_map(coordinates, k)
    found = torn_and_false(vectors, coordinates, in_space, in_map)
    for values in found.values():
        assert ((values >= 0) & (values <= 1)).all()
    trusted = trust_per_point(vectors, coordinates, k=k) == 1
    assert (found["false"][trusted] == 0).all() and (found["torn"][trusted] == 0).all()
    if levels == 1:  # all vectors are equal: any neighbour on the map is a nearest one
        assert (found["false"] == 0).all()


def test_workers_change_no_bit():
    vectors, coordinates = _points(5000, 9), _points(5000, 2, seed=2)
    one = _details(vectors, coordinates, workers=1)
    for workers in (2, 4):
        again = _details(vectors, coordinates, workers=workers)
        assert all(again[name].tobytes() == values.tobytes() for name, values in one.items())


def test_some_points_can_be_asked_alone():
    vectors, asked = _points(300, 4), np.array([7, 250, 3])
    near = np.random.default_rng(0).integers(0, 300, (300, 4))
    everyone = excess(vectors, near, sample=np.arange(300))
    assert np.array_equal(excess(vectors, near[asked], asked=asked, sample=np.arange(300)), everyone[asked])
