"""Planted Spaces for the tests of maps."""

import numpy as np
import pytest

from nearspace.keys import Keys
from nearspace.space import Recipe, Space


@pytest.fixture(scope="session")
def clusters():
    """240 points in 6 tight clusters that no plane of principal axes separates, and their labels."""
    rng = np.random.default_rng(5)
    centres = np.linalg.qr(rng.normal(size=(30, 6)))[0].T * 4
    labels = np.repeat(np.arange(6), 40)
    vectors = centres[labels] + rng.normal(scale=0.5, size=(240, 30))
    order = rng.permutation(240)
    return vectors[order].astype(np.float32), labels[order]


@pytest.fixture(scope="session")
def space(clusters):
    vectors, labels = clusters
    n = len(vectors)
    return Space(
        Keys([f"word{row}" for row in range(n)]),
        vectors,
        metric="cosine",
        columns={"count": np.arange(n, 0, -1), "family": np.array([f"family {i}" for i in labels])},
        recipe=Recipe("planted"),
        name="planted",
    )
