import json
from dataclasses import replace

import numpy as np
import pytest

from nearspace.errors import DuplicateKeyError, InputError, SettingError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.maps.pca import PCA
from nearspace.maps.tsne import TSNE
from nearspace.maps.verb import is_current, map_space
from nearspace.space import Space


def test_the_default_is_tsne_in_the_plane_with_trust(space):
    laid_out = map_space(space, method="tsne", perplexity=15, workers=1)
    assert (laid_out.method, laid_out.coordinates.shape, len(laid_out)) == ("tsne", (240, 2), 240)
    assert laid_out.chance == pytest.approx(10 / 239)
    assert laid_out.trust.mean() > 5 * laid_out.chance
    assert laid_out.trust.mean() > map_space(space, method="pca").trust.mean() + 0.1
    assert laid_out.settings["perplexity"] == 15


def test_rows_are_the_first_ones_or_the_given_keys(space):
    first = map_space(space, method="pca", limit=50)
    assert first.keys.names() == space.keys.names(range(50))
    assert first.columns["count"].tolist() == space.columns["count"][:50].tolist()
    keys = ["word9", "word3", "word100", "word7"]
    assert map_space(space, method="pca", keys=keys, limit=3).keys.names() == keys
    assert len(map_space(space, method="pca", limit=None)) == 240
    assert len(map_space(space, method="pca", limit=10**6)) == 240


def test_a_map_of_keys_shows_their_vectors(space):
    keys = ["word9", "word3", "word100", "word7", "word11"]
    unit = space.vectors[space.keys.rows(keys)]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    found = map_space(space, method="pca", keys=keys, dim=3).coordinates
    np.testing.assert_allclose(found, PCA(3).project(unit), atol=1e-5)


def test_lengths_count_only_where_the_metric_counts_them(space):
    stretch = np.random.default_rng(0).uniform(0.5, 3, size=(240, 1)).astype(np.float32)
    stretched = replace(space, vectors=space.vectors * stretch)
    plain = map_space(space, method="pca")
    np.testing.assert_allclose(map_space(stretched, method="pca").coordinates, plain.coordinates, atol=1e-5)
    euclidean = replace(stretched, metric="euclidean")
    assert np.abs(map_space(euclidean, method="pca").coordinates - plain.coordinates).max() > 0.5


def test_trust_is_by_the_metric_of_the_space():
    rng = np.random.default_rng(3)
    flat = rng.normal(size=(300, 2)).astype(np.float32)
    keys = Keys(str(row) for row in range(300))
    assert (map_space(Space(keys, flat, "euclidean"), method="pca").trust > 0.99).all()
    assert map_space(Space(keys, flat, "dot"), method="pca").trust.mean() < 0.5


def test_a_projector_with_own_settings_can_be_given(space):
    laid_out = map_space(space, method=PCA(3))
    assert (laid_out.method, laid_out.coordinates.shape[1]) == ("pca", 3)


def test_few_points_compare_fewer_neighbours(space):
    laid_out = map_space(space, method="pca", limit=7)
    assert laid_out.settings["trust_k"] == 3
    assert laid_out.chance == 0.5


def test_settings_are_json_and_name_the_source(space):
    settings = map_space(space, method="pca").settings
    assert json.loads(json.dumps(settings)) == settings
    assert (settings["space"], settings["learner"], settings["metric"]) == ("planted", "planted", "cosine")


def test_a_map_knows_whether_the_space_has_changed(space):
    laid_out = map_space(space, method="pca", limit=60)
    assert is_current(laid_out, space)
    changed = space.vectors.copy()
    changed[200, 0] += 1
    assert is_current(laid_out, replace(space, vectors=changed))
    changed[59, 0] += 1e-3
    assert not is_current(laid_out, replace(space, vectors=changed))
    assert not is_current(laid_out, Space(Keys(["a", "b"]), np.ones((2, 3), np.float32)))


def test_zero_vectors_are_drawn_at_the_origin(space):
    vectors = space.vectors.copy()
    vectors[3] = 0
    laid_out = map_space(replace(space, vectors=vectors), method="pca")
    assert np.isfinite(laid_out.coordinates).all()


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ({"method": "mds"}, "method is 'mds'", "Accepted methods: pca, tsne, umap."),
        ({"dim": 4}, "dim is 4", "2 or 3"),
        ({"method": "pca", "dim": 1}, "dim is 1", "2 or 3"),
        ({"limit": 2}, "limit is 2", "at least 3"),
        ({"keys": ["word1"]}, "a map needs at least 3 points, and there are 1", "more keys"),
        ({"method": "tsne", "perplexity": 0}, "perplexity is 0", "at least 2"),
    ],
)
def test_bad_settings_are_refused(space, arguments, message, hint):
    with pytest.raises(SettingError, match=message) as caught:
        map_space(space, **arguments)
    assert hint in caught.value.hint


def test_bad_keys_and_vectors_are_refused(space):
    with pytest.raises(UnknownKeyError, match="'nobody' is not a key"):
        map_space(space, method="pca", keys=["word1", "word2", "nobody"])
    with pytest.raises(DuplicateKeyError, match="'word1'"):
        map_space(space, method="pca", keys=["word1", "word2", "word1"])
    vectors = space.vectors.copy()
    vectors[7, 3] = np.nan
    with pytest.raises(InputError, match="the vector of 'word7' in Space 'planted' is not finite"):
        map_space(replace(space, vectors=vectors), method="pca")
    with pytest.raises(SettingError, match="there are 2"):
        map_space(Space(Keys(["a", "b"]), np.ones((2, 3), np.float32)), method=TSNE())
