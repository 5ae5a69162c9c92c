import sys

import numpy as np
import pytest

from nearspace.errors import InputError, MissingExtraError, SettingError
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.neighbors import neighbors_in_map
from nearspace.maps.pca import PCA
from nearspace.maps.tsne import MANY, TSNE
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


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
def test_planted_clusters_are_apart_after_and_not_before(clusters, dim):
    vectors, labels = clusters
    random = np.random.default_rng(0).normal(size=(len(vectors), dim)).astype(np.float32)
    assert _vote(random, labels) < 0.4
    assert _vote(PCA(dim).project(vectors), labels) < (0.9 if dim == 2 else 0.97)
    assert _vote(TSNE(dim, perplexity=15).project(vectors, workers=1), labels) > 0.98


def test_seed_decides_and_workers_do_not(clusters):
    vectors, _ = clusters
    settings = {"perplexity": 12, "iterations": 80, "start_iterations": 50}
    first = TSNE(seed=1, **settings).project(vectors, workers=1)
    assert TSNE(seed=1, **settings).project(vectors, workers=2).tobytes() == first.tobytes()
    assert TSNE(seed=2, **settings).project(vectors, workers=1).tobytes() != first.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, pytest.param(3, marks=pytest.mark.extras)])
def test_a_grid_and_a_tree_are_the_same_for_any_workers_too(clusters, monkeypatch, dim):
    if dim == 3:
        pytest.importorskip("openTSNE")
    vectors, labels = clusters
    settings = TSNE(dim, perplexity=12, iterations=65, start_iterations=60)
    exact = settings.project(vectors, workers=1)
    monkeypatch.setitem(MANY, dim, 50)
    maps = [settings.project(vectors, workers=workers) for workers in (1, 2, 4)]
    assert maps[0].tobytes() == maps[1].tobytes() == maps[2].tobytes()
    assert maps[0].tobytes() != exact.tobytes()
    assert _vote(maps[0], labels) > 0.9


def test_very_many_points_in_three_dimensions_need_a_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "openTSNE", raising=False)
    monkeypatch.setitem(MANY, 3, 20)
    with pytest.raises(MissingExtraError, match="in three dimensions needs the package 'openTSNE'") as caught:
        TSNE(3).project(np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32))
    assert caught.value.hint == "Install it with: pip install 'nearspace[maps]'"


def test_a_perplexity_that_is_too_large_is_lowered_and_said(clusters):
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


def test_vectors_that_are_no_numbers_are_refused():
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    vectors[7, 1] = np.nan
    with pytest.raises(InputError, match=r"row 7 of 40 is not finite \(NaN or infinity\)") as caught:
        TSNE().project(vectors)
    assert caught.value.hint


@pytest.mark.parametrize(("rows", "k"), [(39, 30), (40, 29)])
def test_a_graph_of_other_vectors_is_refused(rows, k):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    graph = knn_graph(vectors[:rows], k)
    with pytest.raises(InputError, match=f"the graph has {k} neighbours of {rows} rows") as caught:
        TSNE(perplexity=10).project(vectors, graph=graph)
    assert "all 40 rows with at least 30" in caught.value.hint
