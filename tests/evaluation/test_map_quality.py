"""measure.map: figures of maps whose errors are known."""

from dataclasses import replace

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, SettingError
from nearspace.maps.trust import trustworthiness
from nearspace.protocols import Quiet


def planted(n=400, d=6, metric="euclidean"):
    """Points of the plane, turned into d dimensions, with the quarter that they lie in."""
    random = np.random.default_rng(1)
    flat = random.normal(size=(n, 2)).astype("f4")
    turn = np.linalg.qr(random.normal(size=(d, d)))[0][:2]
    quarter = np.array([f"{'left' if x < 0 else 'right'} {'low' if y < 0 else 'high'}" for x, y in flat])
    columns = {"quarter": quarter, "id": np.array([f"point {row}" for row in range(n)]), "x": flat[:, 0]}
    keys = ns.Keys(map(str, range(n)))
    space = ns.Space(keys, (flat @ turn).astype("f4"), metric, columns, name="planted")
    return space, ns.Map(keys, flat, np.ones(n, "f4"), "true", columns={"quarter": quarter})


def shuffled(laid_out):
    order = np.random.default_rng(5).permutation(len(laid_out))
    return replace(laid_out, coordinates=laid_out.coordinates[order])


def test_the_true_map_is_perfect_and_pca_finds_it_too():
    space, laid_out = planted()
    report = ns.measure.map(laid_out, space)
    names = [measure.name for measure in report]
    assert names == [
        "map.trustworthiness@10",
        "map.continuity@10",
        "map.distances.spearman",
        "map.neighbours_kept@10",
        "map.neighbours_kept@50",
        "map.quarter.vote@10",
    ]
    for measure in report:
        if "vote" not in measure.name:
            assert measure.value > 0.999
            assert measure.baseline["pca"] > 0.999
        assert measure.n == 400 and measure.coverage == 1
    vote = report["map.quarter.vote@10"]
    assert vote.value == pytest.approx(vote.baseline["space"], abs=0.01)
    assert vote.low > 0.85 and 0.15 < vote.baseline["commonest"] < 0.4 and vote.baseline["random"] < 0.45


def test_a_shuffled_map_is_no_better_than_chance():
    space, laid_out = planted()
    report = ns.measure.map(shuffled(laid_out), space)
    for name in ("trustworthiness@10", "continuity@10"):
        assert report[f"map.{name}"].value == pytest.approx(0.5, abs=0.04)
    assert abs(report["map.distances.spearman"].value) < 0.15
    for k in (10, 50):
        kept = report[f"map.neighbours_kept@{k}"]
        assert kept.value == pytest.approx(k / 399, abs=0.02)
        assert kept.baseline["random"] == pytest.approx(k / 399, abs=0.02)
    assert report["map.quarter.vote@10"].high < 0.5


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_figures_are_those_of_all_points_by_the_metric(metric):
    space, _ = planted(200, 5, metric)
    laid_out = ns.map(space, method="pca")
    report = ns.measure.map(laid_out, space, k=7)
    false, torn = laid_out.details["false"], laid_out.details["torn"]
    if metric != "dot":
        vectors = space.vectors / (space.norms[:, None] if metric == "cosine" else 1)
        figure = report["map.trustworthiness@7"]
        assert figure.value == pytest.approx(trustworthiness(vectors, laid_out.coordinates, k=7), abs=1e-4)
    ten = ns.measure.map(laid_out, space)
    assert ten["map.trustworthiness@10"].value == pytest.approx(1 - false.mean(), abs=1e-5)
    assert ten["map.continuity@10"].value == pytest.approx(1 - torn.mean(), abs=1e-5)
    assert ten["map.neighbours_kept@10"].value == pytest.approx(laid_out.trust.mean(), abs=1e-5)


def test_a_sample_of_points_estimates_all_and_its_interval_covers_them(monkeypatch):
    space, laid_out = planted(3000)
    noisy = laid_out.coordinates + np.random.default_rng(3).normal(scale=0.3, size=(3000, 2))
    laid_out = replace(laid_out, coordinates=noisy.astype("f4"))
    every = ns.measure.map(laid_out, space, points=3000)
    monkeypatch.setattr("nearspace.maps.ranks.EXACT", 0)
    some = ns.measure.map(laid_out, space, points=500)
    for measure in some:
        assert measure.n == 500
        truth = every[measure.name].value
        assert measure.low - 0.01 < truth < measure.high + 0.01
        assert measure.high - measure.low < 0.2


def test_points_without_a_place_are_left_out_and_lower_the_coverage():
    space, laid_out = planted()
    coordinates = laid_out.coordinates.copy()
    coordinates[:100] = np.nan
    found = ns.measure.map(replace(laid_out, coordinates=coordinates), space)["map.trustworthiness@10"]
    assert (found.n, found.coverage) == (300, 0.75)
    assert found.value > 0.99


def test_points_without_a_category_are_not_asked_for_it():
    space, laid_out = planted()
    quarter = laid_out.columns["quarter"].astype(object)
    quarter[::4] = None
    report = ns.measure.map(replace(laid_out, columns={"quarter": quarter}), space)
    assert report["map.quarter.vote@10"].n == 300
    assert report["map.quarter.vote@10"].coverage == 0.75


def test_a_named_column_may_hold_numbers():
    space, laid_out = planted()
    side = (laid_out.coordinates[:, 0] > 0).astype(int)
    report = ns.measure.map(replace(laid_out, columns={"side": side}), space, labels="side")
    assert [measure.name for measure in report if "vote" in measure.name] == ["map.side.vote@10"]
    assert report["map.side.vote@10"].value > 0.95


def test_workers_and_company_change_no_figure():
    space, laid_out = planted()
    one = ns.measure.map(shuffled(laid_out), space, workers=1)
    assert one == ns.measure.map(shuffled(laid_out), space, workers=4)


def test_few_points_compare_fewer_neighbours():
    space, laid_out = planted(8)
    report = ns.measure.map(laid_out, space)
    assert next(measure.name for measure in report) == "map.trustworthiness@3"


class Notes(Quiet):
    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


def test_changed_vectors_are_told():
    space, _ = planted()
    laid_out, notes = ns.map(space, method="pca"), Notes()
    ns.measure.map(laid_out, space, progress=notes)
    assert notes.told == []
    ns.measure.map(laid_out, replace(space, vectors=space.vectors + 1), progress=notes)
    assert "have changed" in notes.told[0]


def test_what_cannot_be_measured_is_refused():
    space, laid_out = planted()
    other = ns.Space(ns.Keys(f"other {row}" for row in range(400)), space.vectors)
    with pytest.raises(InputError, match="400 of the 400 keys of the map are not in Space") as caught:
        ns.measure.map(laid_out, other)
    assert "Space that it was made of" in caught.value.hint
    with pytest.raises(SettingError, match="labels is 'topic'") as caught:
        ns.measure.map(laid_out, space, labels="topic")
    assert "quarter" in caught.value.hint
    with pytest.raises(SettingError, match="k is 0"):
        ns.measure.map(laid_out, space, k=0)
    nowhere = replace(laid_out, coordinates=np.full((400, 2), np.nan, "f4"))
    with pytest.raises(InputError, match="0 points of the map lie anywhere, at least 5"):
        ns.measure.map(nowhere, space)
