"""`nearspace add-items`: new items in a saved Space, from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import nearspace as ns
from nearspace.cli.main import main
from nearspace.data.interactions import Interactions
from nearspace.keys import Keys
from nearspace.learners.als import ALS


@pytest.fixture
def shop(tmp_path):
    """A Space of two groups of items, a table of all and of new ones, and one of further ones."""
    draw = np.random.default_rng(1)
    chosen = draw.random((60, 40)) < 0.5
    chosen &= (np.arange(60) % 2)[:, None] == (np.arange(40) % 2)[None, :]
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(60)]), Keys([f"i{n}" for n in range(40)])
    data = Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32))
    ns.save(ALS(dim=4, sweeps=2).fit(data), tmp_path / "shop.space")
    lines = [f"i{n},{('tea leaf', 'rum oak')[n % 2]}" for n in range(44)]
    (tmp_path / "items.csv").write_text("\n".join(["sku,title", *lines]) + "\n")
    (tmp_path / "more.csv").write_text("sku,title\nj1,rum\nj2,tea\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["add-items", *map(str, arguments), "--key", "sku"])


def test_items_are_added_in_place_and_again_by_the_stored_bridge(shop):
    first = run(shop / "shop.space", shop / "items.csv", "--text", "title", "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert (told["added"], told["count"]) == (4, 104)
    assert told["held_out"]["cosine"]["value"] > 0.8
    again = run(shop / "shop.space", shop / "more.csv", "--json")
    assert again.exit_code == 0, again.output
    space = ns.open(shop / "shop.space")
    assert len(space) == 106
    rows = [space.keys.row(name) for name in ("i40", "j1", "j2")]
    assert [space.columns["kind"][row] for row in rows] == ["item"] * 3
    assert ns.count(shop / "shop.space", "newcomer") == 6
    rum, tea = space["i1"], space["i0"]
    assert space["j1"] @ rum > space["j1"] @ tea
    assert space.encoder.kind == "recommender"


def test_a_new_space_leaves_the_old_one(shop):
    made = run(shop / "shop.space", shop / "items.csv", "--text", "title", "-o", shop / "new.space")
    assert made.exit_code == 0, made.output
    assert "held-out cosine" in made.output
    assert len(ns.open(shop / "shop.space")) == 100 and len(ns.open(shop / "new.space")) == 104
    assert ns.open_newcomers(shop / "new.space").text == ("title",)


def test_what_is_wrong_writes_nothing(shop):
    (shop / "old.csv").write_text("sku,title\ni1,rum\n")
    for table, message in (("old.csv", "expected at least 5"), ("more.csv", "expected at least 5")):
        failed = run(shop / "shop.space", shop / table, "--text", "title")
        assert failed.exit_code == 2
        assert message in failed.output
    assert len(ns.open(shop / "shop.space")) == 100
    assert not (shop / "shop.space" / "newcomers").exists()
