"""New points on a fixed map: kernels and twins agree, and points come to rest where they must."""

import numpy as np
import pytest

from nearspace.kernels.knn import sweep_others, sweep_others_numpy
from nearspace.kernels.placing import (
    Curve,
    place_tsne,
    place_tsne_numpy,
    place_umap,
    place_umap_numpy,
)

CURVE = Curve(np.float32(1.577), np.float32(0.895), np.float32(5))


def problem(axes, m=9, k=6, n=80):
    random = np.random.default_rng(axes)
    places = np.zeros((3, n), np.float32)
    places[:axes] = random.normal(size=(axes, n)) * 3
    rows = random.integers(0, n, (k, m))
    weights = random.random((k, m)).astype(np.float32)
    near = places[:, rows]
    return places, near, weights, (near.mean(axis=1)).astype(np.float32)


@pytest.mark.parametrize("axes", [2, 3])
def test_umap_kernel_equals_its_twin(axes):
    places, near, weights, start = problem(axes)
    drawn = np.random.default_rng(7).integers(0, places.shape[1], (12, 20))
    pushers = np.ascontiguousarray(np.moveaxis(places[:, drawn], 0, 1))
    found, expected = start.copy(), start.copy()
    place_umap(near, weights, pushers, CURVE, found)
    place_umap_numpy(near, weights, pushers, CURVE, expected)
    np.testing.assert_allclose(found, expected, rtol=5e-3, atol=5e-3)
    assert np.abs(found - start).max() > 0.1
    if axes == 2:
        assert (found[2] == 0).all()


@pytest.mark.parametrize("axes", [2, 3])
def test_tsne_kernel_equals_its_twin(axes):
    places, near, weights, start = problem(axes)
    weights /= weights.sum(axis=0)
    found, expected = start.copy(), start.copy()
    place_tsne(near, weights, places, np.float32(0.05), 15, found)
    place_tsne_numpy(near, weights, places, np.float32(0.05), 15, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert np.abs(found - start).max() > 0.05


def test_one_neighbour_without_pushes_is_reached():
    near = np.full((3, 1, 4), 2.0, np.float32)
    points = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    none = np.zeros((60, 3, 1), np.float32)
    place_umap(near, np.ones((1, 4), np.float32), none, CURVE._replace(pushes=np.float32(0)), points)
    np.testing.assert_allclose(points, 2, atol=0.01)
    points = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    place_tsne(near, np.ones((1, 4), np.float32), none[0], np.float32(0), 30, points)
    np.testing.assert_allclose(points, 2, atol=1e-4)


@pytest.mark.parametrize("m", [1, 5, 64])
def test_a_point_lands_alike_alone_and_among_others(m):
    places, near, weights, start = problem(2, m=64)
    pushers = np.ascontiguousarray(np.moveaxis(places[:, np.arange(40).reshape(4, 10)], 0, 1))
    whole, some = start.copy(), np.ascontiguousarray(start[:, :m])
    part, less = np.ascontiguousarray(near[:, :, :m]), np.ascontiguousarray(weights[:, :m])
    place_umap(near, weights, pushers, CURVE, whole)
    place_umap(part, less, pushers, CURVE, some)
    assert some.tobytes() == np.ascontiguousarray(whole[:, :m]).tobytes()
    place_tsne(near, weights, places, np.float32(0.05), 9, whole)
    place_tsne(part, less, places, np.float32(0.05), 9, some)
    assert some.tobytes() == np.ascontiguousarray(whole[:, :m]).tobytes()


@pytest.mark.parametrize("levels", [3, 10**6])
@pytest.mark.parametrize("d", [2, 3])
def test_the_sweep_finds_the_nearest_of_other_points(d, levels):
    random = np.random.default_rng(d)
    points = random.integers(0, levels, (50, d)).astype(np.float64)
    order = np.argsort(points[:, 0], kind="stable")
    queries = np.concatenate([random.integers(0, levels, (20, d)), points[:5]]).astype(np.float64)
    found, expected = np.full((2, 25, 7), -1)
    sweep_others(points[order], order, queries, 2, 25, found)
    sweep_others_numpy(points[order], order, queries, 2, 25, expected)
    assert np.array_equal(found, expected)
    assert (found[:2] == -1).all()
    if levels > 3:
        assert found[20:, 0].tolist() == list(range(5))
