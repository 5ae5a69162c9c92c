"""Alignment on maps whose difference is known: turned copies, planted movers, seeds of one Space."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.maps.align import align
from nearspace.maps.continuing import continue_map
from nearspace.maps.procrustes import best_turn, robust_turn
from nearspace.maps.umap import UMAP
from nearspace.maps.verb import map_space
from nearspace.results import Map
from nearspace.space import Space


def scattered(n=200, dim=2, seed=1):
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, dim)) * [5, 3, 2][:dim] + random.integers(0, 3, (n, 1)) * 8
    return as_map(points.astype(np.float32))


def as_map(points, names=None):
    keys = Keys(f"k{row}" for row in range(len(points))) if names is None else Keys(names)
    return Map(keys, points.astype(np.float32), np.ones(len(points), np.float32), "pca")


def turned(points, seed, scale=1.0):
    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(points.shape[1], points.shape[1])))[0]
    return (scale * points @ rotation + random.normal(size=points.shape[1]) * 20).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(5, 120),
    dim=st.sampled_from([2, 3]),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.01, 1.0, 30.0]),
)
def test_a_turned_copy_lands_exactly(n, dim, seed, scale):
    onto = scattered(n, dim, seed)
    order = np.random.default_rng(seed).permutation(n)
    copy = turned(onto.coordinates[order], seed, scale)
    found = align(as_map(copy, onto.keys.names(order)), onto)
    extent = np.ptp(onto.coordinates, axis=0).max()
    np.testing.assert_allclose(found.coordinates, onto.coordinates[order], atol=2e-5 * extent)
    assert found.settings["aligned"]["common"] == n
    assert found.settings["aligned"]["scale"] == pytest.approx(1 / scale, rel=1e-3)
    assert found.columns["displacement"].max() < 1e-4


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_points_that_moved_do_not_spoil_it(share, dim):
    onto = scattered(500, dim)
    moved = np.arange(500) < 500 * share
    points = onto.coordinates + np.where(moved[:, None], [30, -20, 10][:dim], 0)
    noise = np.random.default_rng(2).normal(scale=0.01, size=points.shape)
    found = align(as_map(turned(points + noise, 4, 3.0)), onto)
    shown = found.columns["displacement"]
    assert shown[~moved].max() < 0.01 < 0.3 < shown[moved].min()
    assert found.settings["aligned"]["agree"] == pytest.approx(1 - share, abs=0.02)


def test_the_scale_can_be_held():
    onto = scattered()
    copy = as_map(turned(onto.coordinates, 3, 2.0))
    assert align(copy, onto, scaled=False).settings["aligned"]["scale"] == 1
    gap = align(copy, onto, scaled=False).columns["displacement"].mean()
    assert gap > 0.05 > align(copy, onto).columns["displacement"].mean()


def test_a_turn_keeps_the_neighbours_and_all_else():
    onto, other = scattered(seed=1), scattered(seed=2)
    other = replace(other, columns={"count": np.arange(200)}, details={"torn": other.trust})
    found = align(other, onto)
    before = np.linalg.norm(other.coordinates[:, None] - other.coordinates, axis=2)
    after = np.linalg.norm(found.coordinates[:, None] - found.coordinates, axis=2)
    np.testing.assert_allclose(after, before * found.settings["aligned"]["scale"], rtol=1e-3, atol=1e-3)
    assert found.columns["count"].tolist() == list(range(200)) and list(found.details) == ["torn"]
    assert found.keys is other.keys and found.trust is other.trust


def test_keys_of_one_map_only_have_no_displacement():
    onto = scattered(60)
    names = [*onto.keys.names(range(40)), *(f"new {row}" for row in range(20))]
    found = align(as_map(turned(onto.coordinates, 1), names), onto, chance=[scattered(60, seed=3)])
    assert np.isnan(found.columns["displacement"][40:]).all()
    assert (found.columns["displacement"][:40] < 1e-5).all()
    assert (found.details["moved"][40:] == 0).all()


def test_points_that_are_nowhere_do_not_count():
    onto = scattered(60)
    points = turned(onto.coordinates, 1)
    points[3] = np.nan
    found = align(as_map(points), onto)
    assert found.settings["aligned"]["common"] == 59 and np.isnan(found.columns["displacement"][3])


def test_all_points_in_one_place():
    found = align(as_map(np.ones((8, 2))), as_map(np.full((8, 2), 3.0)))
    np.testing.assert_allclose(found.coordinates, 3)
    assert np.isfinite(align(scattered(8), as_map(np.full((8, 2), 3.0))).coordinates).all()


def test_the_least_squares_turn_is_the_best():
    a, b = scattered(50, seed=1).coordinates, scattered(50, seed=2).coordinates
    turn = best_turn(a, b, scaled=False)
    least = (turn.gaps(a, b) ** 2).sum()
    for angle in (-0.01, 0.01):
        cos, sin = np.cos(angle), np.sin(angle)
        other = replace(turn, rotation=turn.rotation @ np.array([[cos, sin], [-sin, cos]]))
        other = replace(other, shift=b.mean(axis=0) - a.mean(axis=0) @ other.rotation)
        assert (other.gaps(a, b) ** 2).sum() >= least
    assert robust_turn(a, a)[1].all()


@pytest.fixture(scope="module")
def versions():
    """A Space of 4 clusters, and a later version of it in which 40 of 500 rows went to another cluster."""
    random = np.random.default_rng(4)
    labels = random.integers(0, 4, 500)
    centres = random.normal(size=(4, 12)) * 5
    vectors = (centres[labels] + random.normal(size=(500, 12))).astype(np.float32)
    later = vectors.copy()
    later[:40] += (centres[(labels[:40] + 1) % 4] - centres[labels[:40]]).astype(np.float32)
    keys = Keys(f"k{row}" for row in range(500))
    return Space(keys, vectors, "euclidean"), Space(keys, later, "euclidean")


def test_change_is_told_from_chance(versions):
    before, after = versions
    onto = map_space(before, method=UMAP(rounds=200), limit=None)
    joint = {"rounds": 200, "pace": 1.0}
    chance = [continue_map(onto, before, seed=seed, **joint) for seed in (2, 3)]
    same = align(continue_map(onto, before, seed=4, **joint), onto, chance=chance)
    assert (same.details["moved"] > 0.95).mean() < 0.1
    assert ((same.details["moved"] >= 0) & (same.details["moved"] <= 1)).all()
    found = align(continue_map(onto, after, seed=4, **joint), onto, chance=chance).details["moved"]
    assert (found[:40] > 0.95).mean() > 0.9
    assert (found[40:] > 0.95).mean() < 0.3


def test_what_does_not_fit_is_refused():
    onto = scattered(30)
    with pytest.raises(DimensionError, match="map of 3 dimensions cannot be aligned onto one of 2"):
        align(scattered(30, 3), onto)
    with pytest.raises(InputError, match=r"0 keys are on both maps \(5 and 30 points\)") as caught:
        align(as_map(np.eye(5)[:, :2], "abcde"), onto)
    assert "at least 4" in caught.value.hint
    with pytest.raises(SettingError, match="chance is a Map"):
        align(onto, onto, chance=onto)
