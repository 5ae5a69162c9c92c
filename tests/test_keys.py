"""Keys: names of rows, in bulk and one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearspace.errors import DuplicateKeyError, UnknownKeyError
from nearspace.keys import Keys

NAMES = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), unique=True, max_size=40)


@given(names=NAMES, draw=st.randoms())
def test_names_come_back_in_any_order(names, draw):
    """Also empty ones, ones of many bytes a character, and ones with a 0 inside."""
    keys = Keys(names)
    assert keys.names() == list(keys) == names
    rows = [draw.randrange(len(names)) for _ in range(30)] if names else []
    for asked in (rows, np.array(rows, dtype=np.int64), iter(rows)):
        assert keys.names(asked) == [names[row] for row in rows]
    for row, name in enumerate(names):
        assert (keys[row], keys.find(name), keys.row(name)) == (name, row, row)


def test_many_names_are_given_in_blocks(monkeypatch):
    monkeypatch.setattr("nearspace.keys._BLOCK", 7)
    names = [f"é{row}" for row in range(50)]
    assert Keys(names).names(range(49, -1, -1)) == names[::-1]


@pytest.mark.parametrize("rows", [[-1], [0, 3], np.array([2, 99])])
def test_rows_that_are_not_there(rows):
    with pytest.raises(IndexError, match="of 3"):
        Keys(["a", "b", "c"]).names(rows)


def test_a_name_twice_and_one_unknown():
    with pytest.raises(DuplicateKeyError, match="'b' of row 2 is already the key of row 0"):
        Keys(["b", "a", "b"])
    assert "z" not in Keys(["a"])
    with pytest.raises(UnknownKeyError):
        Keys(["a"]).row("z")
