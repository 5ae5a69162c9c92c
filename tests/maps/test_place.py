"""New rows on a map: planted members land in their cluster, and twins on their twins."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.errors import (
    DimensionError,
    DuplicateKeyError,
    EncoderMismatchError,
    InputError,
    SettingError,
    UnknownKeyError,
)
from nearspace.index.exact import ExactIndex
from nearspace.keys import Keys
from nearspace.maps.pca import PCA
from nearspace.maps.place import fixed_map, place, together
from nearspace.maps.tsne import TSNE
from nearspace.maps.umap import UMAP
from nearspace.maps.verb import is_current, map_space
from nearspace.space import Space

ON, ALL = 320, 400
METHODS = [
    pytest.param("pca"),
    pytest.param("tsne"),
    pytest.param("umap"),
]


def projector(method, dim=2):
    if method == "tsne":
        return TSNE(dim, perplexity=15, iterations=250)
    return PCA(dim) if method == "pca" else UMAP(dim, rounds=150)


@cache
def planted(metric="cosine"):
    """400 rows in 4 clusters, and which."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 4, ALL)
    centres = random.normal(size=(4, 16)) * 5
    vectors = (centres[labels] + random.normal(size=(ALL, 16))).astype(np.float32)
    return Space(Keys(f"k{row}" for row in range(ALL)), vectors, metric, {"family": labels}), labels


@cache
def mapped(method, metric="cosine", dim=2):
    """A map of the first 320."""
    space, _ = planted(metric)
    return map_space(space, method=projector(method, dim), limit=ON)


def extent(laid_out):
    return float(np.ptp(laid_out.coordinates, axis=0).max())


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("method", METHODS)
def test_held_out_members_land_in_their_cluster(method, metric):
    space, labels = planted(metric)
    laid_out = mapped(method, metric)
    placed = place(laid_out, space)
    assert list(placed.keys) == [f"k{row}" for row in range(ON, ALL)]
    gaps = np.linalg.norm(placed.coordinates[:, None] - laid_out.coordinates, axis=2)
    assert (labels[gaps.argmin(axis=1)] == labels[ON:]).mean() > (0.97 if method != "pca" else 0.8)
    assert placed.trust.mean() > 2 * placed.chance
    assert placed.trust.mean() > 0.6 * laid_out.trust.mean()
    assert placed.chance == pytest.approx(10 / ON) and placed.settings["placed_among"] == ON
    assert placed.columns["family"].tolist() == labels[ON:].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_three_dimensions(method):
    space, labels = planted()
    placed = place(mapped(method, dim=3), space)
    gaps = np.linalg.norm(placed.coordinates[:, None] - mapped(method, dim=3).coordinates, axis=2)
    assert placed.coordinates.shape == (ALL - ON, 3)
    assert (labels[gaps.argmin(axis=1)] == labels[ON:]).mean() > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_the_map_land_where_they_are(method):
    space, _ = planted()
    laid_out = mapped(method)
    again = place(laid_out, space, list(laid_out.keys))
    assert again.coordinates.tobytes() == laid_out.coordinates.tobytes()
    # each is its own first neighbour here, and the tenth of either ten is left out
    assert (again.trust >= laid_out.trust - 0.101).all()


@pytest.mark.parametrize("method", METHODS)
def test_duplicates_land_on_their_twins(method):
    space, _ = planted()
    laid_out = mapped(method)
    # under cosine the length does not count: these differ from their twins in the last bits
    twins = Space(Keys(f"twin {row}" for row in range(ON)), space.vectors[:ON] * np.float32(3))
    placed = place(laid_out, space, twins)
    assert np.abs(placed.coordinates - laid_out.coordinates).max() < 1e-5 * extent(laid_out)


@pytest.mark.parametrize("method", METHODS)
def test_the_nearer_a_row_is_to_its_twin_the_nearer_it_lands(method):
    space, _ = planted("euclidean")
    laid_out = mapped(method, "euclidean")
    toward = np.random.default_rng(5).normal(size=(ON, 16)).astype(np.float32)
    gaps = []
    for size in (1e-1, 1e-2, 1e-3):
        moved = Space(Keys(map(str, range(ON))), space.vectors[:ON] + size * toward, "euclidean")
        placed = place(laid_out, space, moved)
        gaps.append(np.linalg.norm(placed.coordinates - laid_out.coordinates, axis=1).mean())
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-3 * extent(laid_out)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, ALL - ON))
@pytest.mark.parametrize("method", METHODS)
def test_where_a_row_lands_does_not_depend_on_the_others(method, seed, count):
    space, _ = planted()
    whole = place(mapped(method), space)
    chosen = np.random.default_rng(seed).permutation(ALL - ON)[:count]
    some = place(mapped(method), space, [f"k{ON + row}" for row in chosen])
    assert some.coordinates.tobytes() == whole.coordinates[chosen].tobytes()
    assert some.trust.tobytes() == whole.trust[chosen].tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_blocks_and_workers_change_nothing(method, monkeypatch):
    space, _ = planted()
    maps = [place(mapped(method), space, workers=workers) for workers in (1, 2, 4)]
    monkeypatch.setattr("nearspace.maps.place.BLOCK", 7)
    maps.append(place(mapped(method), space, workers=2))
    assert len({laid_out.coordinates.tobytes() for laid_out in maps}) == 1
    assert len({laid_out.trust.tobytes() for laid_out in maps}) == 1
    assert len({laid_out.settings["fingerprint"] for laid_out in maps}) == 1
    assert is_current(maps[-1], space)


def test_trust_is_the_share_of_true_neighbours():
    space, _ = planted("dot")
    laid_out = mapped("umap", "dot")
    placed = place(laid_out, space)
    scores = space.vectors[ON:].astype(np.float64) @ space.vectors[:ON].T.astype(np.float64)
    near = np.argsort(-scores, axis=1)[:, :10]
    gaps = np.linalg.norm(placed.coordinates[:, None].astype(np.float64) - laid_out.coordinates, axis=2)
    shown = np.argsort(gaps, axis=1)[:, :10]
    expected = [len(set(a) & set(b)) / 10 for a, b in zip(near.tolist(), shown.tolist(), strict=True)]
    np.testing.assert_allclose(placed.trust, expected, atol=1e-6)


def test_zero_vectors_are_placed():
    space, _ = planted()
    zero = Space(Keys(["nothing"]), np.zeros((1, 16), np.float32))
    assert np.isfinite(place(mapped("umap"), space, zero).coordinates).all()
    vectors = space.vectors.copy()
    vectors[3] = 0
    holed = replace(space, vectors=vectors)
    laid_out = map_space(holed, method=projector("umap"), limit=ON)
    assert np.isfinite(place(laid_out, holed).coordinates).all()


def test_a_map_whose_rows_are_all_equal_takes_rows():
    space = Space(Keys(map(str, range(40))), np.ones((40, 5), np.float32))
    laid_out = map_space(space, method=projector("umap"))
    new = Space(Keys(["same", "other"]), np.array([[1] * 5, [1, 2, 3, 4, 5]], np.float32))
    placed = place(laid_out, space, new)
    assert np.isfinite(placed.coordinates).all()
    assert (placed.coordinates[0] == laid_out.coordinates).all(axis=1).any()


def test_few_points_are_fewer_neighbours():
    space, _ = planted()
    laid_out = map_space(space, method=UMAP(rounds=20), limit=4)
    assert np.isfinite(place(laid_out, space).coordinates).all()


def test_an_index_of_the_users_is_asked():
    space, _ = planted()
    vectors = space.vectors[:ON] / np.linalg.norm(space.vectors[:ON], axis=1, keepdims=True)
    asked = []

    class Index(ExactIndex):
        def search(self, queries, k, *rest, **more):
            asked.append((len(queries), k))
            return super().search(queries, k, *rest, **more)

    place(mapped("umap"), space, index=Index(vectors, metric="euclidean"))
    assert asked == [(ALL - ON, 15)]


def test_a_map_can_be_made_ready_once():
    space, _ = planted()
    ready, whole = fixed_map(mapped("umap"), space), place(mapped("umap"), space)
    assert ready.place().coordinates.tobytes() == whole.coordinates.tobytes()
    assert ready.place(["k330"]).coordinates[0].tolist() == whole.coordinates[10].tolist()


def test_old_and_new_together():
    space, labels = planted()
    laid_out = mapped("pca")
    whole = together(laid_out, place(laid_out, space))
    assert list(whole.keys) == list(space.keys)
    assert whole.columns["placed"].tolist() == [False] * ON + [True] * (ALL - ON)
    assert whole.columns["family"].tolist() == labels.tolist()
    assert whole.coordinates[:ON].tobytes() == laid_out.coordinates.tobytes()
    with pytest.raises(DuplicateKeyError, match="'k0' is on the map"):
        together(laid_out, place(laid_out, space, ["k0", "k399"]))


def with_vectors(space, vectors, metric="cosine"):
    return Space(Keys(f"new {row}" for row in range(len(vectors))), np.float32(vectors), metric)


def test_what_does_not_fit_is_refused():
    space, _ = planted()
    laid_out = mapped("umap")
    changed = replace(space, vectors=space.vectors + np.float32(0.1))
    with pytest.raises(InputError, match="does not show the vectors") as caught:
        place(laid_out, changed)
    assert "continue_map" in caught.value.hint
    with pytest.raises(InputError, match="does not show the vectors"):
        place(laid_out, Space(Keys(["a", "b", "c"]), space.vectors[:3]))
    with pytest.raises(DimensionError, match="have 8 components, those of the map 16"):
        place(laid_out, space, with_vectors(space, np.ones((2, 8))))
    with pytest.raises(SettingError, match="compared by dot, the map by cosine"):
        place(laid_out, space, with_vectors(space, np.ones((2, 16)), "dot"))
    with pytest.raises(SettingError, match="made by cosine, but Space 'space' is compared by euclidean"):
        place(laid_out, replace(space, metric="euclidean"))
    bad = np.ones((3, 16))
    bad[1, 4] = np.nan
    with pytest.raises(InputError, match="vector of 'new 1' in Space 'space' is not finite"):
        place(laid_out, space, with_vectors(space, bad))
    with pytest.raises(UnknownKeyError, match="elsewhere"):
        place(laid_out, space, ["k3", "elsewhere"])
    with pytest.raises(DuplicateKeyError, match="k399"):
        place(laid_out, space, ["k399", "k3", "k399"])
    with pytest.raises(SettingError, match="Give a Space, or a list"):
        place(laid_out, space, "k3")
    for none in ([], with_vectors(space, np.empty((0, 16)))):
        with pytest.raises(SettingError, match="no rows to place"):
            place(laid_out, space, none)


class Encoder:
    kind, dim = "made", 16

    def __init__(self, fingerprint):
        self.fingerprint = fingerprint


def test_vectors_of_another_encoder_are_refused():
    space, _ = planted()
    ours = replace(space, encoder=Encoder("a1"))
    new = replace(with_vectors(space, np.ones((2, 16))), encoder=Encoder("a1"), name="today")
    assert len(place(mapped("umap"), ours, new)) == 2
    with pytest.raises(EncoderMismatchError, match="'today' are by another encoder than those of 'space'"):
        place(mapped("umap"), ours, replace(new, encoder=Encoder("b2")))


def test_maps_that_take_no_rows():
    space, _ = planted()
    holed = mapped("umap").coordinates.copy()
    holed[7] = np.nan
    with pytest.raises(InputError, match="'k7' has no finite place on the map"):
        place(replace(mapped("umap"), coordinates=holed), space)
    own = replace(mapped("umap"), method="mine")
    with pytest.raises(SettingError, match="made by 'mine', on which no new rows") as caught:
        place(own, space)
    assert "pca, tsne, umap" in caught.value.hint
    kept = {name: value for name, value in own.settings.items() if name != "min_dist"}
    with pytest.raises(SettingError, match="does not say which min_dist"):
        place(replace(mapped("umap"), settings=kept), space)
    small = Space(Keys(f"k{row}" for row in range(ON)), space.vectors[:ON])
    with pytest.raises(SettingError, match="no rows to place") as caught:
        place(mapped("umap"), small)
    assert "on the map already" in caught.value.hint
