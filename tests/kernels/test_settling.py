import numpy as np
import pytest

from nearspace.kernels.fuzzy import FuzzyGraph
from nearspace.kernels.placing import Curve
from nearspace.kernels.settling import PARTS, Turn, settle_umap, settle_umap_numpy

CURVE = Curve(np.float32(1.577), np.float32(0.895), np.float32(5))


@pytest.mark.parametrize("axes", [2, 3])
def test_the_kernel_equals_its_twin(axes):
    random = np.random.default_rng(axes)
    counts = random.integers(0, 12, 60)
    first = np.concatenate([[0], np.cumsum(counts)])
    others = random.integers(0, 60, first[-1]).astype(np.int32)
    graph = FuzzyGraph(first, others, random.random(first[-1]).astype(np.float32))
    places = np.zeros((60, 3), np.float32)
    places[:, :axes] = random.normal(size=(60, axes)) * 3
    places[5] = places[6]
    found, expected = np.full((2, 60, 3), 9, np.float32)
    for part in range(PARTS):
        turn = Turn(3, np.float32(0.7), 20, 7, part)
        settle_umap(graph, places, CURVE, turn, 4, 50, found)
        settle_umap_numpy(graph, places, CURVE, turn, 4, 50, expected)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)
    assert (found[:4] == 9).all() and (found[50:] == 9).all()
    assert np.abs(found[4:50] - places[4:50]).max() > 0.1
    if axes == 2:
        assert (found[4:50, 2] == 0).all()
