"""A map follows its Space: old points stay, new ones find their cluster or a place of their own."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nearspace.errors import DuplicateKeyError, InputError, SettingError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.maps.continuing import continue_map
from nearspace.maps.pca import PCA
from nearspace.maps.trust import judge
from nearspace.maps.tsne import MANY, TSNE
from nearspace.maps.umap import UMAP
from nearspace.maps.verb import is_current, map_space
from nearspace.space import Space

METHODS = [pytest.param("pca"), pytest.param("tsne"), pytest.param("umap")]
FORCES = METHODS[1:]
OLD, GROWN = 300, 400


def projector(method, dim=2):
    if method == "tsne":
        return TSNE(dim, perplexity=15, iterations=300)
    return PCA(dim) if method == "pca" else UMAP(dim, rounds=200)


@cache
def grown():
    """400 rows: 300 in 3 clusters, then 20 more of these, then 80 of a cluster that was not there."""
    random = np.random.default_rng(8)
    labels = np.concatenate([random.integers(0, 3, OLD + 20), np.full(80, 3)])
    centres = random.normal(size=(4, 16)) * 5
    vectors = (centres[labels] + random.normal(size=(GROWN, 16))).astype(np.float32)
    return Space(Keys(f"k{row}" for row in range(GROWN)), vectors, "euclidean", {"family": labels}), labels


@cache
def old_map(method, dim=2):
    return map_space(grown()[0], method=projector(method, dim), limit=OLD)


def families_agree(laid_out, rows):
    labels = laid_out.columns["family"]
    gaps = np.linalg.norm(laid_out.coordinates[:, None] - laid_out.coordinates, axis=2)
    np.fill_diagonal(gaps, np.inf)
    return (labels[gaps.argmin(axis=1)] == labels)[rows].mean()


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("still", [True, False])
@pytest.mark.parametrize("method", FORCES)
def test_new_rows_find_room_and_old_points_stay(method, still, dim):
    space, _ = grown()
    old = old_map(method, dim)
    found = continue_map(old, space, still=still)
    assert list(found.keys) == list(space.keys) and is_current(found, space)
    assert found.coordinates.shape == (GROWN, dim)
    assert families_agree(found, slice(OLD, None)) > 0.97
    gone = np.linalg.norm(found.coordinates[:OLD] - old.coordinates, axis=1).mean()
    share = gone / np.ptp(old.coordinates, axis=0).max()
    assert found.settings["moved"] == pytest.approx(share, abs=1e-4)
    assert found.settings["kept"] == OLD and found.settings["still"] is still
    # the old map had few rounds: of t-SNE in three dimensions it was still on its way
    assert found.settings["moved"] == 0 if still else 0 < found.settings["moved"] < (0.1 if dim == 2 else 0.2)
    fresh = map_space(space, method=projector(method, dim), limit=None)
    assert found.trust.mean() > 0.85 * fresh.trust.mean()


def test_a_pca_map_is_the_new_one_turned_onto_the_old():
    space, _ = grown()
    old = old_map("pca")
    found, fresh = continue_map(old, space), map_space(space, method="pca", limit=None)
    gaps = [np.linalg.norm(one.coordinates[:, None] - one.coordinates, axis=2) for one in (found, fresh)]
    np.testing.assert_allclose(*gaps, atol=1e-3)
    assert continue_map(old, space, still=True).coordinates[:OLD].tobytes() == old.coordinates.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_nothing_new_moves_nothing_much(method):
    space, _ = grown()
    old = old_map(method)
    first = space.keys.names(range(OLD))
    found = continue_map(old, space, keys=first)
    assert found.settings["moved"] < 0.05
    assert found.trust.mean() > 0.95 * old.trust.mean()
    same = continue_map(old, space, limit=OLD, still=True)
    assert same.coordinates.tobytes() == old.coordinates.tobytes()
    np.testing.assert_array_equal(same.trust, old.trust)


@pytest.mark.parametrize("method", METHODS)
def test_rows_that_left_are_gone(method):
    space, _ = grown()
    stay = np.flatnonzero(np.arange(GROWN) % 3 > 0)
    smaller = Space(space.keys.select(stay), space.vectors[stay], "euclidean")
    found = continue_map(old_map(method), smaller, still=True)
    kept = [row for row in stay.tolist() if row < OLD]
    assert found.keys.names(range(len(kept))) == [f"k{row}" for row in kept]
    assert found.coordinates[: len(kept)].tobytes() == old_map(method).coordinates[kept].tobytes()
    assert len(found) == len(stay) and found.settings["kept"] == len(kept)


@pytest.mark.parametrize("method", FORCES)
def test_workers_change_nothing_and_seeds_do(method):
    space, _ = grown()
    maps = [continue_map(old_map(method), space, workers=workers) for workers in (1, 2, 4)]
    assert len({one.coordinates.tobytes() for one in maps}) == 1
    other = continue_map(old_map(method), space, seed=9)
    assert other.coordinates.tobytes() != maps[0].coordinates.tobytes()
    assert other.settings["seed"] == 9


@pytest.mark.parametrize("still", [True, False])
def test_a_grid_moves_whom_all_pairs_move(monkeypatch, still):
    space, _ = grown()
    exact = continue_map(old_map("tsne"), space, still=still)
    monkeypatch.setitem(MANY, 2, 50)
    maps = [continue_map(old_map("tsne"), space, still=still, workers=workers) for workers in (1, 2, 4)]
    assert len({one.coordinates.tobytes() for one in maps}) == 1
    assert maps[0].coordinates.tobytes() != exact.coordinates.tobytes()
    assert (maps[0].settings["moved"] == 0) is still
    assert maps[0].trust.mean() == pytest.approx(exact.trust.mean(), abs=0.03)


def test_the_middle_stays_where_it_was():
    space, _ = grown()
    old = old_map("tsne")
    off = replace(old, coordinates=old.coordinates + np.float32(70))
    found = continue_map(off, space, keys=space.keys.names(range(OLD)))
    assert found.settings["moved"] < 0.05
    np.testing.assert_allclose(found.coordinates.mean(axis=0), off.coordinates.mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_continued_map_tells_what_a_new_one_does(method):
    space, _ = grown()
    old = old_map(method)
    grown_map = continue_map(old, space)
    assert sorted(grown_map.details) == ["false", "torn"]
    asked, details = judge(space.vectors, grown_map.coordinates)
    np.testing.assert_array_equal(grown_map.trust, asked)
    np.testing.assert_array_equal(grown_map.details["torn"], details["torn"])
    same = continue_map(old, space, limit=OLD, still=True)
    np.testing.assert_array_equal(same.details["false"], old.details["false"])


def test_all_rows_in_their_order_use_the_graph_of_the_space(monkeypatch):
    space, _ = grown()
    expected = continue_map(old_map("umap"), space)

    def never(*args, **more):
        raise AssertionError("the graph is there")

    monkeypatch.setattr("nearspace.maps.space_graph.knn_graph", never)
    monkeypatch.setattr("nearspace.maps.verb.knn_graph", never)
    again = continue_map(old_map("umap"), space)
    assert again.coordinates.tobytes() == expected.coordinates.tobytes()


@pytest.mark.extras
def test_regions_are_found_anew():
    pytest.importorskip("sklearn")
    space, _ = grown()
    found = continue_map(old_map("umap"), space, regions=True, names="family")
    assert len(found.regions[0]) >= 4
    assert len(set(found.regions[0].labels[OLD + 20 :].tolist()) - {-1}) >= 1


def test_many_rounds_are_a_layout_of_its_own():
    space, _ = grown()
    fresh = map_space(space, method=projector("umap"), limit=None)
    found = continue_map(old_map("umap"), space, rounds=200, pace=1.0)
    assert found.trust.mean() > 0.93 * fresh.trust.mean()


@pytest.mark.parametrize("method", FORCES)
def test_equal_new_rows_do_not_stay_one_point(method):
    space, _ = grown()
    vectors = np.concatenate([space.vectors[:OLD], np.repeat(space.vectors[5:6] + 1, 12, axis=0)])
    found = continue_map(
        old_map(method), Space(Keys(f"k{row}" for row in range(OLD + 12)), vectors, "euclidean")
    )
    assert np.isfinite(found.coordinates).all()
    assert len(np.unique(found.coordinates[OLD:], axis=0)) == 12


def test_points_that_are_nowhere_are_placed():
    space, _ = grown()
    old = old_map("umap")
    holed = old.coordinates.copy()
    holed[7] = np.nan
    found = continue_map(replace(old, coordinates=holed), space, still=True)
    assert np.isfinite(found.coordinates).all() and len(found) == GROWN
    assert found.keys.names([OLD - 1])[0] == "k7" and found.settings["kept"] == OLD - 1


def test_what_does_not_fit_is_refused():
    space, _ = grown()
    old = old_map("umap")
    with pytest.raises(InputError, match="of the 300 points of the map 0 are among the rows") as caught:
        continue_map(old, Space(Keys(map(str, range(9))), space.vectors[:9], "euclidean"))
    assert "at least 4" in caught.value.hint
    with pytest.raises(SettingError, match="made by euclidean, but Space 'space' is by cosine"):
        continue_map(old, replace(space, metric="cosine"))
    with pytest.raises(SettingError, match="made by 'mine', which cannot be continued"):
        continue_map(replace(old, method="mine"), space)
    for wrong in ({"rounds": 0}, {"pace": 0.0}, {"pace": 2.0}):
        with pytest.raises(SettingError, match=r"rounds is .* and pace"):
            continue_map(old, space, **wrong)
    with pytest.raises(UnknownKeyError):
        continue_map(old, space, keys=["k1", "nowhere"])
    with pytest.raises(DuplicateKeyError):
        continue_map(old, space, keys=[*space.keys.names(range(9)), "k399", "k399"])
    with pytest.raises(DuplicateKeyError):
        continue_map(old, space, keys=[*space.keys.names(range(9)), "k3"])
    vectors = space.vectors.copy()
    vectors[350, 2] = np.inf
    with pytest.raises(InputError, match="'k350' in Space 'space' is not finite"):
        continue_map(old, replace(space, vectors=vectors))
