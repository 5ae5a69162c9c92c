import csv
import io

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, OutputError, SettingError
from nearspace.server.gathering import site_of
from nearspace.server.saving import as_space, as_table, as_tag, selected
from nearspace.space import Space


@pytest.fixture
def shown(site):
    return site.spaces[0]


def test_a_table_has_keys_and_metadata(shown):
    rows = list(csv.DictReader(io.StringIO(as_table(shown, np.array([2, 5])).decode())))
    assert [row["key"] for row in rows] == ["item 2", "item 5"]
    assert rows[0] == {"key": "item 2", "group": "blue", "year": "1902", "text": "<b>text 2</b> & more"}


def test_a_table_runs_no_formula():
    odd = Space(ns.Keys(["=1+1", "@x", "ok"]), np.eye(3, dtype=np.float32))
    text = as_table(site_of([odd], live=True).spaces[0], np.array([0, 1, 2])).decode()
    assert text.splitlines() == ["key", "'=1+1", "'@x", "ok"]


def test_a_tag_is_a_column_and_other_tags_stay(saved, shown):
    assert as_tag(shown, np.array([1, 2]), " odd ") == {"saved": "odd", "count": 2}
    again = site_of([saved], live=True).spaces[0]
    row = again.space.keys.row("item 7")
    as_tag(again, np.array([row]), "seven")
    tags = dict(zip(ns.open(saved).keys.names(), ns.open(saved).columns["tag"].tolist(), strict=True))
    assert {key: tag for key, tag in tags.items() if tag} == {
        "item 1": "odd",
        "item 2": "odd",
        "item 7": "seven",
    }


def test_a_selection_becomes_a_space_beside(saved, shown):
    done = as_space(shown, np.array([4, 8, 9]), "three")
    assert done == {"saved": "three.space", "count": 3}
    found = ns.open(saved.parent / "three.space")
    assert found.keys.names() == ["item 4", "item 8", "item 9"]
    assert (found.vectors == shown.space.vectors[[4, 8, 9]]).all()
    assert found.columns["year"].tolist() == [1904, 1908, 1909]
    assert (found.recipe.learner, found.recipe.settings["rows"]) == ("selection", 3)
    with pytest.raises(OutputError):
        as_space(shown, np.array([1]), "three")


@pytest.mark.parametrize("name", ["", "  ", None, 3, "x" * 101, "a\nb", "../up", "a/b", ".hidden", "c:d"])
def test_bad_names_are_refused(shown, name):
    with pytest.raises(SettingError, match="the name"):
        as_space(shown, np.array([1]), name)


@pytest.mark.parametrize("rows", [None, [], [80], [-1], ["1"], [1.0], [True], {"a": 1}])
def test_bad_selections_are_refused(shown, rows):
    with pytest.raises(InputError, match="no rows of this Space"):
        selected(shown, rows)


def test_a_selection_is_sorted_and_each_row_once(shown):
    assert selected(shown, [5, 2, 5]).tolist() == [2, 5]


def test_a_space_in_memory_takes_no_tags(space):
    shown = site_of([space], live=True).spaces[0]
    assert shown.save == ("table",)
    with pytest.raises(InputError, match="takes no tags"):
        as_tag(shown, np.array([1]), "x")
    with pytest.raises(InputError, match="has no folder"):
        as_space(shown, np.array([1]), "x")
