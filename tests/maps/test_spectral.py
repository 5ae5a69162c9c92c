"""The spectral start beside a dense eigensolver."""

import numpy as np
import pytest

from nearspace.kernels.fuzzy import FuzzyGraph, smooth, smooth_numpy
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.spectral import spectral
from nearspace.maps.umap import fuzzy_graph


def cloud(n=400, seed=0):
    """A bent sheet in 6 dimensions."""
    random = np.random.default_rng(seed)
    u, v = random.uniform(-1, 1, (2, n))
    vectors = np.column_stack([3 * u, v, u * v, u**2, v**2, 0 * u]) + random.normal(scale=0.02, size=(n, 6))
    return vectors.astype(np.float32)


def dense(graph):
    n = len(graph.first) - 1
    matrix = np.zeros((n, n))
    for i in range(n):
        near = slice(graph.first[i], graph.first[i + 1])
        matrix[i, graph.others[near]] = graph.weights[near]
    scale = 1 / np.sqrt(matrix.sum(axis=1))
    return scale[:, None] * matrix * scale


@pytest.mark.parametrize("dim", [2, 3])
def test_it_spans_what_an_eigensolver_finds(dim):
    vectors = cloud()
    graph = fuzzy_graph(knn_graph(vectors, 15), 1)
    matrix = dense(graph)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-7)
    found = spectral(graph, vectors, dim, 1, 1)
    expected = np.linalg.eigh(matrix)[1][:, ::-1][:, 1 : dim + 1]
    cosines = np.linalg.svd(expected.T @ found)[1]
    assert found.shape == (400, dim) and cosines.min() > 0.99


def test_workers_change_nothing():
    vectors = cloud(3000)
    graph = fuzzy_graph(knn_graph(vectors, 10), 2)
    one, two = (spectral(graph, vectors, 2, 1, workers) for workers in (1, 2))
    assert one.tobytes() == two.tobytes()


def test_pieces_and_few_points_have_no_spectral_start():
    vectors = np.concatenate([cloud(200), cloud(200, 1) + 100]).astype(np.float32)
    assert spectral(fuzzy_graph(knn_graph(vectors, 10), 1), vectors, 2, 1, 1) is None
    assert spectral(fuzzy_graph(knn_graph(vectors[:50], 10), 1), vectors[:50], 2, 1, 1) is None


def test_the_product_equals_its_twin():
    random = np.random.default_rng(3)
    first = np.array([0, 2, 2, 5, 6])
    graph = FuzzyGraph(first, random.integers(0, 4, 6).astype(np.int32), random.random(6).astype(np.float32))
    scale, block = random.random(4).astype(np.float32), random.normal(size=(4, 3)).astype(np.float32)
    found, expected = np.full((2, 4, 3), 9, np.float32)
    smooth(graph, scale, block, 0, 3, found)
    smooth_numpy(graph, scale, block, 0, 3, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (found[3] == 9).all() and (found[1] == 0).all()
