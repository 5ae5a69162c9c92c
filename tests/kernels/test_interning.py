"""Interning: names get the rows that a dict would give them, however they are cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.interned import TextNames, WholeNames
from nearspace.kernels.interning import intern_python
from nearspace.keys import Keys

whole = st.lists(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 9))
texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["a", "b", "1", "01"]))


@settings(deadline=None)
@given(whole, st.integers(0, 9))
def test_whole_numbers(values, cut):
    names, known = WholeNames(), {}
    parts = values[:cut], values[cut:]
    rows = [row for part in parts for row in names.add(np.array(part, dtype=np.int64)).tolist()]
    assert rows == intern_python(values, known).tolist()
    assert list(names.keys()) == [str(value) for value in known]


@settings(deadline=None)
@given(texts, st.integers(0, 9))
def test_texts(values, cut):
    names, known = TextNames(), {}
    column = pa.array(values, pa.string())
    rows = [row for part in (column[:cut], column[cut:]) for row in names.add(part).tolist()]
    assert rows == intern_python([value.encode() for value in values], known).tolist()
    assert names.names() == [name.decode() for name in known]
    keys = names.keys()
    assert keys == Keys(names.names())
    assert all(keys.find(name) == row for row, name in enumerate(names.names()))


def test_tables_grow():
    values = np.random.default_rng(1).integers(0, 30_000, 100_000)
    numbers, words = WholeNames(), TextNames()
    rows = numbers.add(values)
    assert np.array_equal(rows, intern_python(values.tolist(), {}))
    assert np.array_equal(words.add(pa.array(values).cast(pa.string())), rows)
    assert numbers.keys() == words.keys()
    long = "x" * 300_000
    assert words.add(pa.array(["a", long, "a", long])).tolist() == [
        len(numbers.keys()) + add for add in (0, 1, 0, 1)
    ]
    assert words.names()[-1] == long


def test_unsigned_numbers_keep_their_size():
    names = WholeNames(unsigned=True)
    names.add(np.array([(1 << 64) - 1, 5], np.uint64).view(np.int64))
    assert list(names.keys()) == ["18446744073709551615", "5"]


def test_names_are_given_anew():
    names = TextNames()
    names.add(pa.array(["1.0", "2", "1"]))
    again, moved = names.renamed({0: "1"})
    assert again.names() == ["1", "2"]
    assert moved.tolist() == [0, 1, 0]
