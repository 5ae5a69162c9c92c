import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nearspace.errors import MissingExtraError, SettingError
from nearspace.maps.forces import ExactForces
from nearspace.maps.neighbors import neighbors_in_map
from nearspace.maps.pca import PCA
from nearspace.maps.tsne import APPROXIMATE, TSNE
from nearspace.protocols import Quiet


def _vote(coordinates, labels, k=5):
    """Share of points whose nearest neighbours on the map mostly have their label."""
    near = neighbors_in_map(coordinates, k)
    return np.mean(
        [np.bincount(labels[rows]).argmax() == own for rows, own in zip(near, labels, strict=True)]
    )


class Notes(Quiet):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
def test_planted_clusters_are_apart_after_and_not_before(clusters, dim):
    pytest.importorskip("openTSNE")
    vectors, labels = clusters
    random = np.random.default_rng(0).normal(size=(len(vectors), dim)).astype(np.float32)
    assert _vote(random, labels) < 0.4
    assert _vote(PCA(dim).project(vectors), labels) < (0.9 if dim == 2 else 0.97)
    assert _vote(TSNE(dim, perplexity=15).project(vectors, workers=1), labels) > 0.98


@pytest.mark.extras
def test_seed_decides_and_workers_do_not(clusters):
    pytest.importorskip("openTSNE")
    vectors, _ = clusters
    settings = {"perplexity": 12, "iterations": 80, "start_iterations": 50}
    first = TSNE(seed=1, **settings).project(vectors, workers=1)
    assert TSNE(seed=1, **settings).project(vectors, workers=2).tobytes() == first.tobytes()
    assert TSNE(seed=2, **settings).project(vectors, workers=1).tobytes() != first.tobytes()


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(("dim", "method"), [(2, "fft"), (3, "bh")])
def test_approximate_forces_are_the_same_for_any_workers_too(clusters, monkeypatch, dim, method):
    pytest.importorskip("openTSNE")
    vectors, labels = clusters
    settings = TSNE(dim, perplexity=12, iterations=60, start_iterations=60)
    exact = settings.project(vectors, workers=1)
    monkeypatch.setitem(APPROXIMATE, dim, (50, method))
    first = settings.project(vectors, workers=1)
    assert settings.project(vectors, workers=2).tobytes() == first.tobytes()
    assert first.tobytes() != exact.tobytes()
    assert _vote(first, labels) > 0.9


@pytest.mark.extras
@pytest.mark.parametrize("dim", [2, 3])
def test_exact_forces_are_those_of_opentsne_without_approximation(dim):
    opentsne = pytest.importorskip("openTSNE.tsne")
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(8)
    n = 600  # more than one shard
    weights = sparse.random(n, n, density=0.05, random_state=3, format="csr")
    weights = (weights + weights.T).tocsr()
    weights /= weights.sum()
    points = rng.normal(size=(n, dim)) * 5
    loss, slope = opentsne.kl_divergence_bh(
        points, weights, dof=1, bh_params={"theta": 0.0}, should_eval_error=True
    )
    with ThreadPoolExecutor(2) as pool:
        found, gradient = ExactForces(pool)(points, weights, should_eval_error=True)
    assert found == pytest.approx(loss, abs=1e-6)
    np.testing.assert_allclose(gradient, slope, atol=1e-5 * np.abs(slope).max())


@pytest.mark.extras
def test_a_perplexity_that_is_too_large_is_lowered_and_said(clusters):
    pytest.importorskip("openTSNE")
    vectors = clusters[0][:31]
    notes = Notes()
    tsne = TSNE(perplexity=30, iterations=40, start_iterations=20)
    coordinates = tsne.project(vectors, progress=notes)
    assert notes.notes == ["perplexity lowered from 30 to 10, the most that 31 points allow"]
    assert tsne.facts(vectors, coordinates)["effective_perplexity"] == 10
    assert tsne.effective_perplexity(91) == 30


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"perplexity": 1}, "perplexity is 1"),
        ({"perplexity": float("nan")}, "perplexity is nan"),
        ({"iterations": 0}, "iterations is 0"),
        ({"start_iterations": -1}, "start_iterations -1"),
        ({"dim": 4}, "dim is 4"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(SettingError, match=message) as caught:
        TSNE(**settings)
    assert caught.value.hint


def test_too_few_points_are_refused():
    with pytest.raises(SettingError, match="at least 8 points, and there are 7") as caught:
        TSNE().project(np.eye(7, dtype=np.float32))
    assert "pca" in caught.value.hint


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "openTSNE", raising=False)
    with pytest.raises(MissingExtraError, match="a t-SNE map needs the package 'openTSNE'") as caught:
        TSNE().project(np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32))
    assert caught.value.hint == "Install it with: pip install 'nearspace[maps]'"
