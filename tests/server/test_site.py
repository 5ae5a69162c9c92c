import json
from dataclasses import replace

import numpy as np
import pytest

import nearspace as ns
from nearspace.server.gathering import Look, site_of
from nearspace.server.shown import CHUNK, NOBODY, coded
from nearspace.space import Space

from .conftest import planted


def _json(site, path):
    return json.loads(site.answer(path).body)


def test_every_path_has_an_answer(site):
    paths = list(site.paths())
    assert len(set(paths)) == len(paths)
    assert {"index.html", "data/index.json", "data/0/space.json", "data/0/maps/pca/points.bin"} <= set(paths)
    assert all(site.answer(path) is not None for path in paths)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "../pyproject.toml",
        "view/../../errors.py",
        "data",
        "data/0",
        "data/1/space.json",
        "data/00/space.json",
        "data/-1/space.json",
        "data/0/rows/1.json",
        "data/0/rows/x.json",
        "data/0/rows/٣.json",
        "data/0/columns/2.bin",
        "data/0/columns/99.bin",
        "data/0/maps/none/map.json",
        "data/0/maps/pca/rows.bin",
        "data/0/maps/../space.json",
        "data/0/thumbnails/0.jpg",
        "data/0/links/0.bin",
        "web\\index.html",
        ".hidden",
    ],
)
def test_other_paths_have_none(site, path):
    assert site.answer(path) is None


def test_the_space_is_described(site):
    found = _json(site, "data/0/space.json")
    assert (found["count"], found["dim"], found["metric"], found["neighbors"]) == (80, 6, "cosine", 15)
    assert [one["kind"] for one in found["columns"]] == ["category", "number", "text"]
    assert [one["name"] for one in found["maps"]] == ["pca"]
    assert found["search"] == ["key", "analogy"]
    assert found["save"] == ["table", "tag", "space"]
    assert found["history"][0]["rows"] == 80
    assert _json(site, "data/index.json")["live"] is True


def test_rows_and_neighbours_come_in_chunks():
    space = planted(CHUNK + 6)
    site = site_of([space], maps=[ns.map(space, method="pca", limit=50)], live=False)
    assert [len(_json(site, f"data/0/rows/{chunk}.json")) for chunk in (0, 1)] == [CHUNK, 6]
    raw = site.answer("data/0/neighbors/1.bin").body
    rows = np.frombuffer(raw[: 6 * 15 * 4], "<u4").reshape(6, 15)
    scores = np.frombuffer(raw[6 * 15 * 4 :], "<f4").reshape(6, 15)
    truth = ns.nearest(space, [f"item {row}" for row in range(CHUNK, CHUNK + 6)], k=15)
    assert (rows == truth.rows).all()
    assert np.allclose(scores, truth.scores, atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_many_rows_take_their_neighbours_from_the_graph_of_maps(monkeypatch, metric):
    space = replace(planted(300), metric=metric)
    maps = [ns.map(space, method="pca", limit=50)]
    searched = site_of([space], maps=maps, live=False).answer("data/0/neighbors/0.bin").body
    monkeypatch.setattr("nearspace.server.shown.MANY", 100)
    graphed = site_of([space], maps=maps, live=False).answer("data/0/neighbors/0.bin").body
    half = 300 * 15 * 4
    assert graphed[:half] == searched[:half]
    scores = (np.frombuffer(raw[half:], "<f4") for raw in (graphed, searched))
    assert np.allclose(*scores, atol=1e-4)


def test_fewer_rows_than_neighbours():
    site = site_of([planted(4)], maps=[ns.map(planted(4), method="pca")], live=False, look=Look(neighbors=10))
    assert _json(site, "data/0/space.json")["neighbors"] == 3
    assert len(site.answer("data/0/neighbors/0.bin").body) == 4 * 3 * 8


def test_vectors_are_within_half_a_step(space):
    codes, scales = coded(np.vstack([space.vectors, np.zeros((1, 6), np.float32)]))
    again = codes * scales[:, None]
    assert np.abs(again[:-1] - space.vectors).max() <= scales.max() / 2 + 1e-6
    assert (again[-1] == 0).all()


def test_keys_come_back_from_their_bytes(site):
    offsets = np.frombuffer(site.answer("data/0/keys.offsets.bin").body, "<u4")
    data = site.answer("data/0/keys.bin").body
    assert data[offsets[7] : offsets[8]].decode() == "item 7"


def test_two_spaces_are_linked_by_key(space):
    other = Space(ns.Keys(["item 5", "new", "item 0"]), np.eye(3, dtype=np.float32), name="other")
    site = site_of([space, other], maps=[ns.map(space, method="pca")], live=False)
    links = np.frombuffer(site.answer("data/0/links/1.bin").body, "<u4")
    assert (links[5], links[0], links[1]) == (0, 2, NOBODY)
    assert _json(site, "data/1/space.json")["spaces_linked"] == [0]
    assert _json(site, "data/index.json")["title"] == "planted and other"


def test_a_space_without_a_map_gets_one_and_keeps_it(tmp_path):
    folder = tmp_path / "new.space"
    ns.save(planted(30), folder)
    assert list(site_of([folder], live=False).spaces[0].maps) == ["umap"]
    assert (folder / "maps" / "umap.parquet").is_file()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_tiny_spaces(n):
    site = site_of([planted(n)], live=True)
    assert all(site.answer(path) is not None for path in site.paths())
    assert len(_json(site, "data/0/space.json")["maps"]) == (n >= 3)


def test_identical_vectors_and_vectors_that_are_not_numbers():
    same = Space(ns.Keys("abcdef"), np.ones((6, 3), np.float32))
    assert all(site_of([same], live=False).answer(path) is not None for path in ("data/0/neighbors/0.bin",))
    broken = Space(ns.Keys("abc"), np.array([[1, 2], [np.nan, 1], [0, 1]], np.float32))
    laid_out = ns.map(Space(ns.Keys("abc"), np.eye(3, dtype=np.float32)), method="pca")
    site = site_of([broken], maps=[laid_out], live=True)
    found = _json(site, "data/0/space.json")
    assert (found["neighbors"], found["vectors"], found["search"]) == (0, False, ["key"])
    assert all(site.answer(path) is not None for path in site.paths())
