import itertools
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.maps import regions
from nearspace.maps.parquet import open_map, save
from nearspace.maps.regions import centres, clustered, find_regions, shares
from nearspace.maps.verb import map_space
from nearspace.results import Map, Regions
from nearspace.space import Space

pytestmark = pytest.mark.extras
pytest.importorskip("sklearn")

TOPICS = ("tide harbour sail", "oven flour bread", "goal striker referee", "orbit comet lens")
COMMON = ["the", "of", "and", "a", "to", "in", "is", "that", "it", "was"]


def planted(per=100, dim=2, groups=4, spread=0.6, seed=0):
    """Groups of points at the corners of a square, each of two halves, with texts of planted words."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), per)
    half = np.tile(np.arange(per) % 2, groups)
    middles = np.zeros((groups, dim))
    middles[:, :2] = [[30 * (g % 2), 30 * (g // 2)] for g in range(groups)]
    points = middles[group] + rng.normal(scale=spread, size=(len(group), dim))
    points[:, 0] += 6 * half
    texts = []
    for row, topic in enumerate(group):
        words = TOPICS[topic].split()
        said = [*rng.choice(COMMON, 8), words[0], words[1 + half[row]]]
        rng.shuffle(said)
        texts.append(" ".join(said).capitalize() + ".")
    order = rng.permutation(len(group))
    laid_out = Map(
        Keys(f"item {row}" for row in range(len(group))),
        points[order].astype("f4"),
        np.ones(len(group), "f4"),
        "planted",
        columns={"text": np.array(texts, dtype=object)[order], "half": half[order]},
    )
    return laid_out, group[order], half[order]


def purity(labels, truth):
    """Share of the points in regions that are of the commonest group of their region."""
    inside = labels >= 0
    pairs = Counter(zip(labels[inside].tolist(), truth[inside].tolist(), strict=True))
    best = {}
    for (region, _), count in pairs.items():
        best[region] = max(best.get(region, 0), count)
    return sum(best.values()) / max(1, inside.sum())


@pytest.mark.parametrize("dim", [2, 3])
def test_planted_groups_are_found_and_named_by_their_planted_words(dim):
    laid_out, group, half = planted(dim=dim)
    found = find_regions(laid_out)
    assert found.regions
    coarse = found.regions[0]
    assert coarse.labels.dtype == np.int32 and (coarse.labels >= 0).mean() > 0.7
    assert len(coarse) == 8  # the halves of the groups
    assert purity(coarse.labels, group * 2 + half) > 0.99
    planted_words = {word for topic in TOPICS for word in topic.split()}
    for region, name in enumerate(coarse.names):
        topic = TOPICS[int(np.bincount(group[coarse.labels == region]).argmax())].split()
        assert set(name.split(", ")) <= set(topic), name
        assert set(coarse.terms[region]) <= planted_words
    assert len(set(coarse.names)) == len(coarse)


def test_the_largest_region_comes_first_and_every_level_is_finer():
    laid_out, *_ = planted(per=400)
    found = find_regions(laid_out, levels=5)
    counts = [len(level) for level in found.regions]
    assert counts == sorted(counts) and len(counts) >= 2
    for level in found.regions:
        sizes = np.bincount(level.labels[level.labels >= 0])
        assert (np.diff(sizes) <= 0).all() and len(sizes) == len(level) == len(level.terms)


def test_a_finer_region_lies_in_one_coarser_region_or_outside_all():
    rng = np.random.default_rng(3)
    middles = rng.normal(scale=20, size=(12, 2))
    points = middles[rng.integers(0, 12, 3000)] + rng.normal(size=(3000, 2)) * rng.choice(
        [0.5, 2, 6], (3000, 1)
    )
    laid_out = Map(Keys(map(str, range(3000))), points.astype("f4"), np.ones(3000, "f4"), "planted")
    found = find_regions(laid_out, levels=4).regions
    assert len(found) >= 2
    for coarse, fine in itertools.pairwise(found):
        for region in range(len(fine)):
            assert len(set(coarse.labels[fine.labels == region].tolist())) == 1


@settings(max_examples=15, deadline=None)
@given(
    n=st.integers(0, 300),
    dim=st.sampled_from([2, 3]),
    heaps=st.integers(1, 6),
    step=st.sampled_from([0.0, 0.5, 50.0]),
    seed=st.integers(0, 10**6),
)
def test_what_holds_for_any_points(n, dim, heaps, step, seed):
    rng = np.random.default_rng(seed)
    middles = rng.normal(scale=10, size=(heaps, dim))
    points = middles[rng.integers(0, heaps, n)] + rng.normal(size=(n, dim))
    points = (np.round(points / step) * step if step else points).astype("f4")  # many at one place
    points[rng.random(n) < 0.1] = np.nan
    laid_out = Map(Keys(map(str, range(n))), points, np.ones(n, "f4"), "planted")
    found = find_regions(laid_out)
    levels = [level.labels for level in found.regions]
    for number, (labels, level) in enumerate(zip(levels, found.regions, strict=True)):
        sizes = np.bincount(labels[labels >= 0])
        assert labels.shape == (n,) and labels.min() >= -1 and (labels[np.isnan(points[:, 0])] == -1).all()
        assert len(sizes) == len(level) == len(level.terms) == len(set(level.names)) >= 2
        assert (np.diff(sizes) <= 0).all() and sizes.min() >= 15 and all(level.names)
        at = centres(found, number)
        for region in range(len(level)):
            assert (points[labels == region] == at[region]).all(axis=1).any()
            if number:
                assert len(set(levels[number - 1][labels == region].tolist())) == 1


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_change_no_byte_and_the_seed_draws_the_points(monkeypatch, workers):
    monkeypatch.setattr(regions, "MOST", 300)
    laid_out, *_ = planted(per=500)
    one, more = find_regions(laid_out, workers=1), find_regions(laid_out, workers=workers)
    assert one.settings == more.settings
    for a, b in zip(one.regions, more.regions, strict=True):
        assert a.labels.tobytes() == b.labels.tobytes()
        assert (a.names, a.terms) == (b.names, b.terms)
    other = find_regions(laid_out, seed=2)
    assert any(
        not np.array_equal(a.labels, b.labels) for a, b in zip(one.regions, other.regions, strict=False)
    )


@pytest.mark.parametrize("dim", [2, 5, 120])
def test_points_that_were_not_drawn_go_where_the_nearest_drawn_one_is(monkeypatch, dim):
    monkeypatch.setattr(regions, "MOST", 400)
    laid_out, group, half = planted(per=1000)
    space = None
    if dim > 2:
        noise = np.random.default_rng(2).normal(scale=1e-3, size=(4000, dim - 2))
        wide = np.hstack([laid_out.coordinates, noise]).astype("f4")
        space = Space(laid_out.keys, wide, "euclidean")
    found = find_regions(laid_out, space, by="map" if dim == 2 else "space").regions[0]
    assert (found.labels >= 0).mean() > 0.6
    assert purity(found.labels, group * 2 + half) > 0.99


def test_points_without_a_place_are_in_no_region_and_change_no_other():
    laid_out, *_ = planted()
    plain = find_regions(laid_out)
    coordinates = np.concatenate([laid_out.coordinates, np.full((7, 2), np.nan, "f4")])
    coordinates[-1] = [np.inf, 0]
    more = Map(
        Keys([*laid_out.keys, *(f"lost {row}" for row in range(7))]),
        coordinates,
        np.ones(len(coordinates), "f4"),
        "planted",
        columns={name: np.append(values, values[:7]) for name, values in laid_out.columns.items()},
    )
    found = find_regions(more)
    for a, b in zip(plain.regions, found.regions, strict=True):
        assert (b.labels[-7:] == -1).all()
        assert np.array_equal(a.labels, b.labels[:-7])
        assert a.names == b.names


@pytest.mark.parametrize(
    "points",
    [
        np.random.default_rng(0).normal(size=(29, 2)) + np.repeat([0, 99], [15, 14])[:, None],  # too few
        np.ones((200, 2)),  # all at one place
        np.full((200, 3), np.nan),
        np.zeros((0, 2)),
        np.stack([np.arange(200), np.zeros(200)], axis=1),  # one even piece
        np.random.default_rng(1).normal(size=(2000, 2)),  # one heap
    ],
    ids=["few", "one place", "nowhere", "empty", "one piece", "one heap"],
)
def test_a_map_in_one_piece_or_of_few_points_has_no_regions(points):
    laid_out = Map(
        Keys(map(str, range(len(points)))), points.astype("f4"), np.ones(len(points), "f4"), "planted"
    )
    found = find_regions(laid_out)
    assert found.regions == ()
    assert found.settings["regions"]["levels"] == 3


def test_heaps_of_equal_points_are_regions():
    points = np.repeat(np.eye(3, 2) * 9, 50, axis=0)
    found = find_regions(Map(Keys(map(str, range(150))), points.astype("f4"), np.ones(150, "f4"), "planted"))
    assert sorted(np.bincount(found.regions[0].labels).tolist()) == [50, 50, 50]


def test_clusters_are_the_same_at_any_scale():
    laid_out, *_ = planted()
    labels = clustered(laid_out.coordinates, 10)
    for scale in (1e-20, 1e20):
        assert np.array_equal(clustered(laid_out.coordinates * np.float32(scale), 10), labels)


def test_shares_fall_from_coarse_to_fine():
    assert shares(3) == pytest.approx([0.03, 0.03 * 0.1**0.5, 0.003])
    assert shares(1) == pytest.approx([0.03 * 0.1**0.5])


def test_a_centre_is_a_point_of_its_region_also_if_that_is_bent():
    angle = np.linspace(0, 1.7 * np.pi, 600)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 10
    points = np.concatenate([ring, np.random.default_rng(0).normal(scale=0.3, size=(100, 2))]).astype("f4")
    labels = np.repeat(np.array([0, 1], np.int32), [600, 100])
    laid_out = Map(
        Keys(map(str, range(700))),
        points,
        np.ones(700, "f4"),
        "planted",
        regions=(Regions(labels, ("ring", "blob"), ((), ())),),
    )
    found = centres(laid_out, 0)
    assert (found.shape, found.dtype) == ((2, 2), np.float32)
    for region in range(2):
        assert (points[labels == region] == found[region]).all(axis=1).any()
    assert np.linalg.norm(found[0]) > 9 and np.linalg.norm(found[1]) < 1


def test_regions_of_vectors(space):
    laid_out = map_space(space, method="pca")
    found = find_regions(laid_out, space, by="space", names="family")
    family = np.unique(laid_out.columns["family"], return_inverse=True)[1]
    assert len(found.regions[0]) == 6  # which the plane of PCA does not separate
    assert purity(found.regions[0].labels, family) == 1
    assert set(found.regions[0].names) == {f"family {i}" for i in range(6)}


def test_a_map_with_regions_from_end_to_end(space, tmp_path):
    laid_out = map_space(space, method="umap", neighbors=10, regions=True)
    assert laid_out.settings["regions"] == {"levels": 3, "by": "map", "names": "family", "seed": 1}
    assert json.dumps(laid_out.settings)
    assert set(laid_out.regions[0].names) == {f"family {i}" for i in range(6)}
    again = open_map(save(laid_out, tmp_path / "m.parquet"))
    assert np.array_equal(again.regions[0].labels, laid_out.regions[0].labels)
    assert again.regions[0].names == laid_out.regions[0].names
    assert np.array_equal(centres(again, 0), centres(laid_out, 0))
    assert map_space(space, method="pca").regions == ()


def test_what_cannot_be_done_is_refused(space):
    laid_out, *_ = planted()
    for levels in (0, 7, True, 1.5):
        with pytest.raises(SettingError, match="levels is"):
            find_regions(laid_out, levels=levels)
    with pytest.raises(SettingError, match="by is 'both'") as caught:
        find_regions(laid_out, by="both")
    assert "map, space" in caught.value.hint
    with pytest.raises(SettingError, match="no Space came"):
        find_regions(laid_out, by="space")
    with pytest.raises(SettingError, match="names is 'topic'") as caught:
        find_regions(laid_out, names="topic")
    assert caught.value.hint == "Accepted: key, text, half."
    with pytest.raises(InputError, match="'item 0' is a key of the map and not of Space 'planted'"):
        find_regions(laid_out, space)
    with pytest.raises(SettingError, match="names is 'topic'"):
        map_space(space, method="pca", regions=True, names="topic")
    with pytest.raises(SettingError, match="no regions are wanted"):
        map_space(space, method="pca", names="family")


def test_without_scikit_learn_the_extra_is_named_before_the_layout(space, monkeypatch):
    from nearspace.errors import MissingExtraError

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="finding regions needs the package 'sklearn'"):
        map_space(replace(space), method="pca", regions=True)
