import numpy as np
import pytest

from nearspace.kernels.fuzzy import memberships, memberships_numpy, union, union_numpy


def near(seed=0, n=80, k=7):
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 3))
    points[:5] = points[0]  # equal points, at distance 0
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return rows.astype(np.int32), np.take_along_axis(distances, rows, axis=1).astype(np.float32)


@pytest.mark.parametrize("equal", [False, True])
def test_memberships_are_those_of_the_twin(equal):
    _, distances = near()
    if equal:
        distances[:] = 0
    found = np.full((2, *distances.shape), 9, np.float32)
    for way, out in zip((memberships, memberships_numpy), found, strict=True):
        way(distances, 3, 70, float(distances.mean()), out)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-7)
    assert (found[0][:3] == 9).all() and (found[0][70:] == 9).all()


def test_memberships_sum_to_what_the_paper_says():
    _, distances = near()
    out = np.empty_like(distances)
    memberships(distances, 10, 80, 1.0, out)
    # where several of the neighbours are equally near, no width gives that sum
    plain = (np.diff(distances, axis=1) > 1e-6).all(axis=1)
    plain[:10] = False
    assert plain.sum() > 50
    np.testing.assert_allclose(out[plain].sum(axis=1), np.log2(8), atol=1e-3)
    assert (out[10:, 0] == 1).all()  # the nearest is one surely


def test_the_union_is_that_of_the_twin_and_symmetric():
    rows, distances = near()
    weights = np.empty_like(distances)
    memberships(distances, 0, 80, 1.0, weights)
    found, expected = union(rows, weights), union_numpy(rows, weights)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    first, others, values = found
    edges = {
        (own, int(others[at])): values[at] for own in range(80) for at in range(first[own], first[own + 1])
    }
    assert len(edges) == len(others)
    assert all(edges[j, i] == pytest.approx(value) for (i, j), value in edges.items())
