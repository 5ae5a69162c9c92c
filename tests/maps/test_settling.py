"""The joint likelihoods of t-SNE, and that its points come to rest where the loss is least."""

import numpy as np

from nearspace.kernels.placing import likelihoods_numpy
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.settling import balance, joint_likelihoods
from nearspace.protocols import Quiet


def dense(joint, n):
    whole = np.zeros((n, n))
    for row in range(n):
        mine = slice(joint.first[row], joint.first[row + 1])
        whole[row, joint.others[mine]] = joint.values[mine]
    return whole


def loss(p, points):
    q = 1 / (1 + ((points[:, None] - points) ** 2).sum(axis=2))
    np.fill_diagonal(q, 0)
    some = p > 0
    return (p[some] * np.log(p[some] / (q / q.sum())[some])).sum()


def test_the_joint_likelihoods_are_the_mean_of_both_directions():
    near = knn_graph(np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32), 15)
    shares = np.empty((60, 15), np.float32)
    likelihoods_numpy(near.distances, 5.0, 0, 60, shares)
    expected = np.zeros((60, 60))
    np.put_along_axis(expected, near.rows, shares, axis=1)
    expected = (expected + expected.T) / expected.sum() / 2
    np.testing.assert_allclose(dense(joint_likelihoods(near, 5.0), 60), expected, atol=1e-7)


def test_the_loss_falls_and_still_points_stay():
    random = np.random.default_rng(2)
    vectors = random.normal(size=(90, 6)).astype(np.float32)
    joint = joint_likelihoods(knn_graph(vectors, 15), 5.0)
    p = dense(joint, 90)
    places = np.zeros((3, 90), np.float32)
    places[:2] = random.normal(size=(2, 90)) * 5
    before = places.copy()
    balance(joint, places, 60, 30, 1.0, 2, Quiet())
    assert np.array_equal(places[:, :60], before[:, :60]) and (places[2] == 0).all()
    losses = [loss(p, one[:2].T.astype(np.float64)) for one in (before, places)]
    balance(joint, places, 0, 200, 1.0, 2, Quiet())
    losses.append(loss(p, places[:2].T.astype(np.float64)))
    assert losses[0] > losses[1] + 0.02 and losses[1] > losses[2] + 0.1
