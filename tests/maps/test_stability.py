from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.maps.pca import PCA
from nearspace.maps.stability import stability_per_point
from nearspace.maps.umap import UMAP
from nearspace.maps.verb import map_space


@dataclass(frozen=True)
class Seeded:
    """A layout of which one half depends on the seed."""

    seed: int
    name: ClassVar[str] = "seeded"

    def project(self, points):
        half = len(points) // 2
        order = np.random.default_rng(self.seed).permutation(half)
        return np.concatenate([points[:half][order], points[half:]])


def test_points_that_stay_are_stable_and_those_that_are_shuffled_are_at_chance():
    points = np.random.default_rng(0).normal(size=(2000, 2)).astype("f4")
    points[1000:, 0] += 100
    first = Seeded(1)
    found = stability_per_point(
        first, lambda one: one.project(points), first.project(points), layouts=4, k=10
    )
    assert (found.dtype, found.shape) == (np.float32, (2000,))
    assert (found[1000:] == 1).all()
    assert found[:1000].mean() == pytest.approx(10 / 999, abs=0.004)


def test_a_map_keeps_its_stability_and_the_other_layouts_change_nothing_else(space):
    plain = map_space(space, method="umap", limit=120)
    found = map_space(space, method="umap", limit=120, stability=2)
    assert sorted(plain.details) == ["false", "torn"]
    assert sorted(found.details) == ["false", "stability", "torn"]
    assert np.array_equal(found.coordinates, plain.coordinates)
    assert found.settings["stability_layouts"] == 2
    assert plain.chance * 3 < found.details["stability"].mean() <= 1
    other = map_space(space, method="umap", limit=120, seed=2)
    for at in (0, 5):
        mine, theirs = (
            set(np.argsort(((m.coordinates - m.coordinates[at]) ** 2).sum(axis=1))[1:11].tolist())
            for m in (found, other)
        )
        assert found.details["stability"][at] == pytest.approx(len(mine & theirs) / 10)


@pytest.mark.parametrize("layouts", [1, 0, True, 2.5])
def test_fewer_than_two_layouts_are_refused(space, layouts):
    with pytest.raises(SettingError, match="stability is") as caught:
        map_space(space, method=UMAP(), stability=layouts)
    assert "at least 2" in caught.value.hint


def test_a_method_without_a_seed_is_refused(space):
    with pytest.raises(SettingError, match="nothing is random in the method 'pca'") as caught:
        map_space(space, method=PCA(), stability=3)
    assert "tsne or umap" in caught.value.hint
