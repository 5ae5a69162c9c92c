"""Measures of heads on planted labels, where the figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.transfer.planted import clusters, space_of

import nearspace as ns
from nearspace.errors import InputError
from nearspace.evaluation.bootstrap import value_of
from nearspace.evaluation.labels import Separation, macro_f1


def planted() -> tuple[ns.Space, dict[str, list[str]]]:
    known, labels = clusters(20)
    strange = np.random.default_rng(4).normal(size=(30, 24)).astype(np.float32)
    space = space_of(np.concatenate([known, strange]), [*labels, *["none"] * 30])
    return space, {"key": [f"r{row}" for row in range(150)], "kind": [*labels, *["none"] * 30]}


def test_a_head_on_planted_labels_has_the_figures_that_it_must_have() -> None:
    space, rows = planted()
    few = {name: [value for row, value in enumerate(values) if row < 120 and row % 20 < 8]
           for name, values in rows.items()}  # fmt: skip
    head = ns.fit_head(space, "kind", few)
    test = {name: [value for row, value in enumerate(values) if row >= 120 or row % 20 >= 8]
            for name, values in rows.items()}  # fmt: skip
    report = ns.measure.head(space, head, labelled=test, outside="none")
    assert report["kind.accuracy"].value > 0.95
    assert report["kind.accuracy"].baseline == {"commonest": pytest.approx(1 / 6), "chance": 1 / 6}
    assert report["kind.accuracy"].n == 72
    assert report["kind.macro_f1"].value > 0.95
    assert report["kind.macro_f1"].baseline["commonest"] == pytest.approx(2 / 7 / 6)
    assert report["kind.log_loss"].value < 0.3 < report["kind.log_loss"].baseline["chance"]
    assert report["kind.refused"].n == 30
    assert report["kind.refused"].low > 0.6
    assert report["kind.out_of_scope_auroc"].low > 0.9
    for measure in report:
        assert measure.low <= measure.value <= measure.high


def test_labels_that_the_head_does_not_know_are_out_of_scope() -> None:
    space, rows = planted()
    head = ns.fit_head(space, "kind", {name: values[:40] for name, values in rows.items()})
    report = ns.measure.head(space, head, labelled=rows)
    assert report["kind.accuracy"].n == 40
    assert report["kind.refused"].n == 110
    with pytest.raises(InputError, match="none of the 30 labelled rows has a label that the head knows"):
        ns.measure.head(space, head, labelled={name: values[120:] for name, values in rows.items()})
    with pytest.raises(InputError, match="has no column 'sort'"):
        ns.measure.head(space, head, "sort", rows)


def test_macro_f1_of_a_small_table() -> None:
    own, best = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert macro_f1(own, best, np.ones(4)) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert macro_f1(own, best, np.array([2.0, 0, 1, 1])) == pytest.approx(1)


def test_the_area_counts_pairs_and_weights() -> None:
    inside, outside = np.array([0.9, 0.5, 0.2]), np.array([0.5, 0.1])
    figure = Separation(inside, outside)
    assert value_of(figure) == pytest.approx((2 + 1.5 + 1) / 6)
    doubled = Separation(np.array([0.9, 0.9, 0.2]), outside)
    assert figure(np.array([[2.0, 0, 1, 1, 1]]))[0] == pytest.approx(value_of(doubled))


def test_the_command_measures_a_saved_head(tmp_path, monkeypatch) -> None:
    import json

    from click.testing import CliRunner

    from nearspace.cli.main import main

    monkeypatch.chdir(tmp_path)
    space, _ = planted()
    ns.save(space, "p.space")
    opened = ns.open("p.space")
    ns.save_head("p.space", "kinds", ns.fit_head(opened, "kind", outside="none"))
    done = CliRunner().invoke(main, ["measure", "p.space", "--head", "kinds", "--samples", "100", "--json"])
    assert done.exit_code == 0, done.stderr
    names = [one["name"] for one in json.loads(done.stdout)["measures"]]
    assert names[0] == "kinds.accuracy"
    assert "kinds.refused" in names
    for wrong in (["--labelled", "x.csv"], ["--head", "kinds", "--index", "exact"]):
        assert CliRunner().invoke(main, ["measure", "p.space", *wrong]).exit_code == 2
