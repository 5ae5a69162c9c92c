"""A small Space whose answers are known: four groups along four axes."""

import numpy as np
import pytest

import nearspace as ns
from nearspace.maps.parquet import save_in
from nearspace.server.gathering import site_of

GROUPS = ("red", "green", "blue", "grey")


def planted(n=80, name="planted"):
    rng = np.random.default_rng(3)
    group = np.arange(n) % 4
    vectors = (np.eye(4, 6)[group] + rng.normal(scale=0.05, size=(n, 6))).astype(np.float32)
    columns = {
        "group": np.array([GROUPS[one] for one in group], dtype=object),
        "year": np.arange(1900, 1900 + n),
        "text": np.array([f"<b>text {row}</b> & more" for row in range(n)], dtype=object),
    }
    return ns.Space(ns.Keys(f"item {row}" for row in range(n)), vectors, columns=columns, name=name)


@pytest.fixture
def space():
    return planted()


@pytest.fixture
def saved(tmp_path, space):
    folder = tmp_path / "planted.space"
    ns.save(space, folder)
    save_in(folder, ns.map(space, method="pca", limit=None), "pca")
    return folder


@pytest.fixture
def site(saved):
    return site_of([saved], live=True)
