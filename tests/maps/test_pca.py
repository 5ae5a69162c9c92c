import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.maps.pca import BLOCK, PCA


def _vectors(n=300, d=8, seed=1):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.linspace(4, 0.5, d) + rng.normal(size=d) * 5).astype(np.float32)


@pytest.mark.parametrize("n", [50, BLOCK + 17])
@pytest.mark.parametrize("dim", [2, 3])
def test_equals_the_singular_value_decomposition_up_to_sign(n, dim):
    vectors = _vectors(n)
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :dim] * values[:dim]
    found = PCA(dim).project(vectors)
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-4)
    axes = PCA(dim).axes(vectors)
    np.testing.assert_allclose(np.abs(axes.directions @ right[:dim].T), np.eye(dim), atol=1e-7)
    np.testing.assert_allclose(axes.variances, values[:dim] ** 2 / n, rtol=1e-7)
    np.testing.assert_allclose(axes.explained, (values**2 / (values**2).sum())[:dim], rtol=1e-7)


def test_a_rotated_copy_gets_the_same_map():
    vectors = _vectors()
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(8, 8)))
    for turned in (vectors @ rotation.astype(np.float32), -vectors, vectors + 100):
        expected = PCA(3).project(vectors)
        turned_map = PCA(3).project(turned.astype(np.float32))
        if turned is not vectors and np.array_equal(turned, -vectors):
            expected = PCA(3).project(vectors)
        np.testing.assert_allclose(turned_map, expected, atol=2e-3)


def test_the_point_farthest_out_is_positive():
    coordinates = PCA(3).project(_vectors())
    farthest = np.abs(coordinates).argmax(axis=0)
    assert (coordinates[farthest, np.arange(3)] > 0).all()


def test_mirrored_data_still_has_one_answer():
    half = _vectors(40)
    half -= half.mean(axis=0)
    both = np.concatenate([half, -half])
    expected = PCA(2).project(both)
    rng = np.random.default_rng(7)
    for _ in range(5):
        noisy = both + rng.normal(scale=1e-7, size=both.shape).astype(np.float32)
        np.testing.assert_allclose(PCA(2).project(noisy), expected, atol=1e-4)


def test_a_far_away_mean_costs_no_precision():
    vectors = _vectors(seed=4)
    shifted = (vectors.astype(np.float64) + 4096).astype(np.float32)
    exact = shifted.astype(np.float64) - 4096
    np.testing.assert_allclose(PCA(2).project(shifted), PCA(2).project(exact.astype(np.float32)), atol=1e-4)


def test_facts_give_the_explained_variance_of_the_map():
    vectors = _vectors()
    pca = PCA(2)
    facts = pca.facts(vectors, pca.project(vectors))
    np.testing.assert_allclose(facts["explained"], pca.axes(vectors).explained, atol=1e-5)
    assert 0 < sum(facts["explained"]) < 1


def test_explained_is_zero_where_nothing_varies():
    assert PCA(2).axes(np.ones((10, 4), dtype=np.float32)).explained.tolist() == [0, 0]


def test_more_dimensions_than_components_are_refused():
    with pytest.raises(SettingError, match="dim is 3, but the vectors have 2 components"):
        PCA(3).project(np.zeros((10, 2), dtype=np.float32))
