from dataclasses import replace

import numpy as np

import nearspace as ns
from nearspace.maps.parquet import save_in
from nearspace.results import Regions
from nearspace.server.maps import NO_REGION, NOWHERE, maps_of, page_map
from nearspace.space import Space


def _bytes(raw, kind):
    return np.frombuffer(raw, dtype=kind)


def test_a_map_of_all_rows_needs_no_row_numbers(space):
    laid_out = ns.map(space, method="pca", limit=None)
    found = page_map(space, laid_out, "pca")
    assert found.rows is None
    described = found.to_json()
    assert (described["all_rows"], described["count"], described["dim"], described["stale"]) == (
        True,
        80,
        2,
        False,
    )
    points = _bytes(found.points(), "<f4").reshape(2, 80)
    assert (points == laid_out.coordinates.T).all()
    assert described["bounds"][0] == [float(points[0].min()), float(points[0].max())]
    assert described["trust"][0] == "trust"
    assert np.abs(_bytes(found.measure("trust"), "u1") / 255 - laid_out.trust).max() < 0.002


def test_a_map_of_some_rows_names_them_and_rows_that_are_gone(space):
    laid_out = ns.map(space, method="pca", keys=["item 7", "item 3", "item 9", "item 2"])
    kept = np.array([row for row in range(80) if row != 3])
    smaller = Space(ns.Keys(space.keys.names(kept)), space.vectors[kept])
    found = page_map(smaller, laid_out, "some")
    assert found.rows.tolist() == [6, NOWHERE, 8, 2]
    assert found.stale


def test_a_map_of_other_vectors_is_stale(space):
    laid_out = ns.map(space, method="pca", limit=None)
    assert page_map(Space(space.keys, space.vectors * 2), laid_out, "pca").stale


def test_regions_stand_on_one_of_their_points(space):
    laid_out = ns.map(space, method="pca", limit=None)
    labels = np.where(np.arange(80) % 4 == 3, -1, np.arange(80) % 4).astype(np.int32)
    level = Regions(labels, ("red <b>", "green", "blue"), (("red",), ("green",), ()))
    found = page_map(space, replace(laid_out, regions=(level,)), "pca")
    described = found.to_json()["regions"]
    assert [one["count"] for one in described[0]["regions"]] == [20, 20, 20]
    assert described[0]["regions"][0]["name"] == "red <b>"
    for number, one in enumerate(described[0]["regions"]):
        members = laid_out.coordinates[labels == number]
        assert (np.abs(members - [one["x"], one["y"]]).sum(axis=1) < 1e-6).any()
    codes = _bytes(found.region_codes(0), "<u2")
    assert (codes[labels < 0] == NO_REGION).all() and (codes[labels >= 0] == labels[labels >= 0]).all()


def test_points_that_are_nowhere_leave_bounds_finite(space):
    laid_out = ns.map(space, method="pca", limit=None)
    places = laid_out.coordinates.copy()
    places[5] = np.nan
    assert np.isfinite(
        page_map(space, replace(laid_out, coordinates=places), "pca").to_json()["bounds"]
    ).all()
    nowhere = replace(laid_out, coordinates=np.full_like(places, np.nan))
    assert page_map(space, nowhere, "pca").to_json()["bounds"] == [[0.0, 0.0], [0.0, 0.0]]


def test_maps_are_found_by_name_and_odd_names_passed_over(saved, space):
    for name in ("tsne-3d", "a b", "x" * 200):
        save_in(saved, ns.map(space, method="pca", limit=10), name)
    assert set(maps_of(space, saved, {})) == {"pca", "tsne-3d", "a b"}
    assert maps_of(space, None, {}) == {}
