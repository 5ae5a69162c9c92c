"""The graph of neighbours that is kept with a Space: taken where it is right, never where it is stale."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from nearspace.errors import InputError, OutputError, SettingError
from nearspace.keys import Keys
from nearspace.maps import space_graph as module
from nearspace.maps.knn_graph import knn_graph
from nearspace.maps.space_graph import layout_vectors, space_graph
from nearspace.maps.umap import UMAP
from nearspace.maps.verb import map_space
from nearspace.space import Space
from nearspace.store.changes import delete, upsert
from nearspace.store.folder import open_space, save
from nearspace.store.nearest import store_neighbors, stored_neighbors


def _space(n=300, metric="euclidean"):
    vectors = np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32)
    return Space(Keys(f"row {number}" for number in range(n)), vectors, metric)


@pytest.fixture
def folder(tmp_path):
    save(_space(), tmp_path / "my.space")
    return tmp_path / "my.space"


@pytest.fixture
def searches(monkeypatch):
    """Collect how many neighbours are searched for."""
    made = []

    def counted(vectors, k, **more):
        made.append(k)
        return knn_graph(vectors, k, **more)

    monkeypatch.setattr(module, "knn_graph", counted)
    return made


def _kept(folder):
    return sorted(folder.glob("index/knn-*"))


def _equal(one, other):
    return (
        one.rows.tobytes() == other.rows.tobytes()
        and one.distances.tobytes() == other.distances.tobytes()
        and one.recall == other.recall
    )


def test_a_graph_is_found_once_and_kept_with_the_space(folder, searches):
    first = space_graph(open_space(folder), 15)
    again = space_graph(open_space(folder), 15)
    fewer = space_graph(open_space(folder), 4)
    assert searches == [16]
    assert _equal(first, again)
    assert _equal(fewer, first.first(4))
    assert _equal(first, knn_graph(open_space(folder).vectors, 15))
    note = json.loads((_kept(folder)[0] / "knn.json").read_text())
    assert (note["k"], note["count"], note["metric"], note["recall"]) == (16, 300, "euclidean", 1.0)
    rows = np.load(_kept(folder)[0] / "rows.npy")
    assert (rows.dtype, rows.shape) == (np.int32, (300, 16))


def test_a_wider_exact_graph_serves_and_an_approximate_one_does_not(folder, searches):
    space_graph(open_space(folder), 20)
    space_graph(open_space(folder), 10)
    assert searches == [32]
    space = open_space(folder)
    found = next(stored_neighbors(space.origin))
    shutil.rmtree(_kept(folder)[0])
    store_neighbors(space.origin, replace(found, recall=0.97))
    space_graph(open_space(folder), 10)
    assert searches == [32, 16]
    assert space_graph(open_space(folder), 20).recall == 0.97
    assert searches == [32, 16]
    assert len(_kept(folder)) == 2


def test_a_change_of_the_table_makes_the_graph_worthless(folder, searches):
    before = space_graph(open_space(folder), 5)
    delete(folder, ["row 3"])
    space = open_space(folder)
    after = space_graph(space, 5)
    assert searches == [16, 16]
    assert len(after.rows) == 299
    assert _equal(after, knn_graph(np.asarray(space.vectors), 5))
    assert [path.name[:12] for path in _kept(folder)] == ["knn-00000002"]
    assert len(before.rows) == 300


def test_an_older_version_is_neither_served_nor_kept(folder, searches):
    space_graph(open_space(folder), 5)
    old = open_space(folder)
    upsert(folder, {"key": ["new"], "vector": np.ones((1, 6), np.float32)})
    space_graph(open_space(folder), 5)
    kept = _kept(folder)
    found = space_graph(open_space(folder, version=1), 5)
    assert len(found.rows) == 300 and _kept(folder) == kept and searches == [16, 16, 16]
    assert len(space_graph(old, 5).rows) == 300 and _kept(folder) == kept


@pytest.mark.parametrize("name", ["rows.npy", "distances.npy", "knn.json"])
def test_a_damaged_graph_is_searched_for_again(folder, searches, name):
    right = space_graph(open_space(folder), 5)
    file = _kept(folder)[0] / name
    content = bytearray(file.read_bytes())
    place = content.index(b"1.0") if name == "knn.json" else -9  # the recall
    content[place] ^= 1
    file.write_bytes(content)
    assert _equal(space_graph(open_space(folder), 5), right)
    assert searches == [16, 16]
    space_graph(open_space(folder), 5)
    assert searches == [16, 16] and len(_kept(folder)) == 1


def test_a_folder_that_cannot_be_written_keeps_the_graph_in_memory(folder, searches, monkeypatch):
    def refuse(*_):
        raise OutputError("cannot write")

    class Told(list):
        def note(self, message):
            self.append(message)

        def task(self, *_, **__):
            return module.Quiet().task("")

    monkeypatch.setattr(module, "store_neighbors", refuse)
    space, told = open_space(folder), Told()
    assert _equal(space_graph(space, 5, progress=told), space_graph(space, 5, progress=told))
    assert searches == [16] and not _kept(folder)
    assert told == ["the graph of neighbours is not kept with my.space: cannot write"]


def test_a_space_in_memory_holds_its_graph_and_a_changed_copy_does_not(searches):
    space = _space()
    space_graph(space, 5)
    space_graph(space, 5)
    space_graph(replace(space, vectors=space.vectors * 2), 5)
    assert searches == [16, 16]


def test_many_writers_leave_one_sound_graph(folder, searches):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: space_graph(open_space(folder), 5), range(8)))
    assert all(_equal(found[0], other) for other in found)
    searches.clear()
    assert _equal(space_graph(open_space(folder), 5), found[0])
    assert not searches


def test_a_folder_that_is_gone_is_no_error(folder, searches):
    space = open_space(folder)
    layout_vectors(space, np.arange(3), space.keys)
    folder.rename(folder.with_name("elsewhere"))
    assert space_graph(space, 5).rows.shape == (300, 5)


def test_rows_of_cosine_spaces_are_compared_at_length_one(tmp_path):
    space = _space(metric="cosine")
    unit = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    assert (space_graph(space, 5).rows == knn_graph(unit, 5).rows).all()


def test_a_map_of_all_rows_takes_and_leaves_the_graph(folder, searches):
    method = UMAP(rounds=10)
    one = map_space(open_space(folder), method=method)
    two = map_space(open_space(folder), method=method)
    fresh = map_space(_space(), method=method)
    assert searches == [16, 16]
    assert one.coordinates.tobytes() == two.coordinates.tobytes() == fresh.coordinates.tobytes()
    assert one.trust.tobytes() == two.trust.tobytes()
    map_space(open_space(folder), method=method, limit=100)
    assert searches == [16, 16]


def test_impossible_numbers_of_neighbours_and_bad_vectors_are_refused():
    with pytest.raises(SettingError, match="k is 300"):
        space_graph(_space(), 300)
    with pytest.raises(SettingError, match="k is 0"):
        space_graph(_space(), 0)
    space = _space()
    space.vectors[7, 2] = np.nan
    with pytest.raises(InputError, match="'row 7'"):
        space_graph(space, 5)
