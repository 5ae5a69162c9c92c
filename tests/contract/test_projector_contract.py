"""What every projector must do: a new one joins by adding a row to PROJECTORS."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.maps.pca import PCA
from nearspace.maps.tsne import TSNE
from nearspace.maps.umap import UMAP
from nearspace.protocols import Projector, Quiet

# name -> (dim to projector, package that it needs)
PROJECTORS: dict[str, tuple[Callable[[int], Projector], str | None]] = {
    "pca": (lambda dim: PCA(dim), None),
    "tsne": (lambda dim: TSNE(dim, perplexity=10, iterations=60, start_iterations=60), None),
    "umap": (lambda dim: UMAP(dim, rounds=60), None),
}


def _vectors(n=90, d=12):
    rng = np.random.default_rng(11)
    return (rng.normal(size=(3, d))[rng.integers(0, 3, n)] * 3 + rng.normal(size=(n, d))).astype(np.float32)


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.extras] if package else [])
        for name, (_, package) in PROJECTORS.items()
    ]
)
def make(request):
    build, package = PROJECTORS[request.param]
    if package:
        pytest.importorskip(package)
    return build


@pytest.mark.parametrize("dim", [2, 3])
def test_gives_one_finite_float32_point_a_row(make, dim):
    coordinates = make(dim).project(_vectors())
    assert coordinates.shape == (90, dim)
    assert coordinates.dtype == np.float32
    assert np.isfinite(coordinates).all()
    assert (coordinates.std(axis=0) > 0).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_any_number_of_workers_gives_the_same_bytes(make, dim):
    vectors = _vectors()
    maps = [make(dim).project(vectors, workers=workers) for workers in (1, 2, 5)]
    assert maps[0].tobytes() == maps[1].tobytes() == maps[2].tobytes()


def test_leaves_the_vectors_as_they_were(make):
    vectors = _vectors()
    before = vectors.copy()
    vectors.setflags(write=False)
    make(2).project(vectors)
    assert np.array_equal(vectors, before)


def test_reads_a_memory_map(make, tmp_path):
    vectors = _vectors()
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert np.array_equal(make(2).project(mapped), make(2).project(vectors))


def test_equal_vectors_lie_together_and_break_nothing(make):
    vectors = _vectors()
    vectors[:40] = vectors[0]
    coordinates = make(2).project(vectors)
    assert np.isfinite(coordinates).all()
    spread = np.linalg.norm(coordinates[:40] - coordinates[:40].mean(axis=0), axis=1).mean()
    assert spread < np.linalg.norm(coordinates - coordinates.mean(axis=0), axis=1).mean()


def test_all_vectors_equal_is_not_an_error(make):
    assert np.isfinite(make(2).project(np.ones((40, 5), dtype=np.float32))).all()


def test_facts_are_json_and_hold_the_settings(make):
    vectors = _vectors()
    projector = make(3)
    facts = projector.facts(vectors, projector.project(vectors))
    assert json.loads(json.dumps(facts)) == facts
    assert facts["dim"] == 3
    assert projector.name in PROJECTORS


def test_settings_are_frozen_and_refuse_other_dimensions(make):
    with pytest.raises(AttributeError):
        make(2).dim = 3
    for dim in (0, 1, 4):
        with pytest.raises(SettingError, match=f"dim is {dim}") as caught:
            make(dim)
        assert "2 or 3" in caught.value.hint


def test_progress_is_shown_to_the_end(make):
    class Recorder(Quiet):
        def __init__(self):
            self.left = {}

        def task(self, description, *, total=None, unit=""):
            self.left[description] = total
            recorder = self

            class Count:
                def __enter__(self):
                    return self

                def __exit__(self, *ignored):
                    pass

                def advance(self, amount, **shown):
                    recorder.left[description] -= amount

            return Count()

    recorder = Recorder()
    make(2).project(_vectors(), progress=recorder)
    assert recorder.left
    assert all(left == 0 for left in recorder.left.values()), recorder.left
