"""Columns of items, put in the order of the items."""

from __future__ import annotations

import pytest

from nearspace.data.item_columns import item_columns
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.keys import Keys

NAMES = Keys(["7", "3", "9"])


def test_columns_come_in_the_order_of_the_names():
    table = {"id": [3, 9, 4], "title": ["tea", None, "rum"], "year": [1990, 2000, 2010]}
    found = item_columns(table, NAMES, key="id")
    assert found["title"].tolist() == [None, "tea", None]
    assert found["year"].tolist() == [None, 1990, 2000]
    assert list(item_columns(table, NAMES, key="id", columns=["year"])) == ["year"]


def test_an_item_with_two_rows(tmp_path):
    with pytest.raises(DuplicateKeyError, match="the item '3' has more than one row"):
        item_columns({"id": ["3", "3"], "title": ["a", "b"]}, NAMES, key="id")
    rows = [{"id": "3", "title": "a"}] + [{"id": f"x{n}", "title": "b"} for n in range(10_000)]
    with pytest.raises(DuplicateKeyError, match="the item '3' has more than one row"):
        item_columns([*rows, rows[0]], NAMES, key="id")


def test_a_table_of_other_items_and_a_missing_column():
    with pytest.raises(InputError, match=r"has none of the 3 items; an item is called '7', a row .* 'tea'"):
        item_columns({"title": ["tea"], "year": [1]}, NAMES, key="title")
    with pytest.raises(InputError, match="'id'"):
        item_columns({"title": ["tea"]}, NAMES, key="id")
