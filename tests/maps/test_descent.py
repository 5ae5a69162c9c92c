"""The descent of t-SNE: straight from the definition, and what it reports."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nearspace.kernels.descent import Pace, move_numpy
from nearspace.maps.affinities import affinities
from nearspace.maps.descent import EVERY, EXAGGERATION, MOMENTUM, Descent
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.pca import PCA
from nearspace.maps.repulsion import ExactRepulsion, GridRepulsion


class Losses:
    """A task that keeps what it is told."""

    def __init__(self):
        self.steps, self.losses = [], []

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        pass

    def advance(self, amount, **shown):
        self.steps.append(amount)
        self.losses.append(shown["loss"])


def _dense(ties):
    n = len(ties.first) - 1
    dense = np.zeros((n, n))
    np.add.at(dense, (np.repeat(np.arange(n), np.diff(ties.first)), ties.others), ties.weights)
    return dense


def _loss(points, dense):
    q = 1 / (1 + ((points[:, None] - points) ** 2).sum(axis=2))
    np.fill_diagonal(q, 0)
    some = dense > 0
    return float((dense[some] * np.log(dense[some] / (q / q.sum())[some])).sum())


def _begun(vectors, dim=2, perplexity=12.0):
    ties = affinities(knn_graph(vectors, 36), perplexity, 2)
    start = PCA(dim).project(vectors).astype(np.float64)
    return ties, start * (1e-2 / start[:, 0].std())


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.mark.parametrize("dim", [2, 3])
def test_steps_are_those_of_the_definition(clusters, pool, dim):
    ties, start = _begun(clusters[0], dim)
    layout = Descent(ties, start, ExactRepulsion(pool), pool)
    layout.run(12, EXAGGERATION, Losses())
    points, n, dense = start - start.mean(axis=0), len(start), _dense(ties)
    steps, gains = np.zeros_like(points), np.ones_like(points)
    for _ in range(12):
        apart = points[:, None] - points
        q = 1 / (1 + (apart**2).sum(axis=2))
        near = ((dense * q)[:, :, None] * apart).sum(axis=1)
        away = ((q**2)[:, :, None] * apart).sum(axis=1)
        pace = Pace(EXAGGERATION, q.sum() - n, n / EXAGGERATION, MOMENTUM)
        move_numpy(near, away, pace, 0, n, points, steps, gains)
        points -= points.mean(axis=0)
    np.testing.assert_allclose(layout.points, points, atol=1e-3 * np.abs(points).max())


@pytest.mark.parametrize("kind", [ExactRepulsion, GridRepulsion])
def test_the_loss_that_is_told_is_the_divergence_and_falls(clusters, pool, kind):
    ties, start = _begun(clusters[0])
    told, layout = Losses(), Descent(ties, start, kind(pool), pool)
    layout.run(EVERY, EXAGGERATION, told)
    layout.run(EVERY * 2 + 1, 1.0, told)
    assert told.steps == [EVERY, EVERY, EVERY, 1]
    before = layout.points.copy()
    layout.run(1, 1.0, told)
    assert told.losses[-1] == pytest.approx(_loss(before, _dense(ties)), abs=5e-3)
    assert told.losses[1] < told.losses[0] < _loss(start, _dense(ties))
    assert told.losses[-1] < 0.9 * told.losses[1]


def test_a_grid_comes_as_far_down_as_all_pairs(clusters, pool):
    ties, start = _begun(clusters[0])
    found = []
    for kind in (ExactRepulsion, GridRepulsion):
        layout = Descent(ties, start, kind(pool), pool)
        layout.run(100, EXAGGERATION, Losses())
        layout.run(200, 1.0, Losses())
        found.append(_loss(layout.points, _dense(ties)))
    assert found[1] == pytest.approx(found[0], rel=0.05)


@pytest.mark.extras
def test_affinities_are_those_of_opentsne(clusters):
    affinity = pytest.importorskip("openTSNE.affinity")
    nearest = pytest.importorskip("openTSNE.nearest_neighbors")
    graph = knn_graph(clusters[0], 36)
    ties = affinities(graph, 12.0, 1)
    known = nearest.PrecomputedNeighbors(graph.rows.astype(np.int32), graph.distances.astype(np.float64))
    peer = affinity.PerplexityBasedNN(perplexity=12.0, knn_index=known, n_jobs=1).P.toarray()
    np.testing.assert_allclose(_dense(ties), peer, atol=1e-4 * peer.max())


@pytest.mark.extras
@pytest.mark.parametrize("dim", [2, 3])
def test_the_slope_is_that_of_opentsne_without_approximation(clusters, pool, dim):
    opentsne = pytest.importorskip("openTSNE.tsne")
    sparse = pytest.importorskip("scipy.sparse")
    ties, start = _begun(clusters[0], dim)
    points = start * 500
    loss, slope = opentsne.kl_divergence_bh(
        points.copy(),
        sparse.csr_matrix(_dense(ties)),
        dof=1,
        bh_params={"theta": 0.0},
        should_eval_error=True,
    )
    told, layout = Losses(), Descent(ties, points, ExactRepulsion(pool), pool)
    layout.run(1, 1.0, told)
    assert told.losses == [pytest.approx(loss, abs=1e-5)]
    moved = layout.points - (points - points.mean(axis=0))
    expected = -len(points) * np.where(slope == 0, 1, 1.2) * slope
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    expected *= np.minimum(1, 5 / lengths)
    np.testing.assert_allclose(moved, expected - expected.mean(axis=0), atol=1e-4 * np.abs(expected).max())
