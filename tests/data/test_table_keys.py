"""Keys and content hashes of table rows."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.table_keys import content_hashes, key_column
from nearspace.errors import InputError


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "ü", " "], ["a", "ü", " "]),
        ([5, -3, 2**60], ["5", "-3", str(2**60)]),
        (pa.array([1, 2], pa.uint8()), ["1", "2"]),
        (pa.array(["x", "yy", "z"])[1:], ["yy", "z"]),
        (pa.array(["x", "", "z"])[2:], ["z"]),
        (pa.array([], pa.string()), []),
    ],
)
def test_keys_are_text(values, expected):
    found = key_column(pa.record_batch({"k": values}), "k", "t")
    assert found.type == pa.string()
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None], "t.csv, row 102: the key in column 'k' is null\nEach row needs a key"),
        (["a", "b", ""], "t.csv, row 103: the key in column 'k' is empty"),
        ([1, None], "row 102: the key in column 'k' is null"),
        ([1.5], "column 'k' holds numbers, and keys are text or whole numbers\n.*types={'k': 'string'}"),
        ([True], "column 'k' holds truth values"),
    ],
)
def test_what_is_no_key(values, message):
    with pytest.raises(InputError, match=message):
        key_column(pa.record_batch({"k": values}), "k", "t.csv", 101)


def test_no_such_column():
    with pytest.raises(InputError, match=r"t: there is no column 'key'\nDid you mean: keys\? It has: keys"):
        key_column(pa.record_batch({"keys": ["a"]}), "key", "t")


def reference(value):
    raw = value.encode() if isinstance(value, str) else value
    return None if value is None else hashlib.blake2b(raw, digest_size=16).digest()


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.none() | st.text(max_size=20), max_size=20), begin=st.integers(0, 20))
def test_hashes_are_blake2b_of_the_utf8(values, begin):
    expected = [reference(value) for value in values][begin:]
    array = pa.array(values, pa.string())
    for given_values in (values[begin:], array[begin:], array.cast(pa.large_string())[begin:]):
        found = content_hashes(given_values)
        assert found.type == pa.binary(16)
        assert found.to_pylist() == expected
    raw = [None if value is None else value.encode() for value in values]
    assert content_hashes(raw).to_pylist()[begin:] == expected


def test_other_arrays_of_text():
    array = pa.array(["a", None, "a"])
    expected = [reference("a"), None, reference("a")]
    for made in (
        array.dictionary_encode(),
        array.cast(pa.string_view()),
        pa.chunked_array([array[:1], array[1:]]),
    ):
        assert content_hashes(made).to_pylist() == expected
    assert content_hashes(np.array(["a", "b"])).to_pylist() == [reference("a"), reference("b")]


def test_content_that_is_no_text():
    with pytest.raises(InputError, match="content 1 is int, expected text or bytes"):
        content_hashes(["a", 5])
    with pytest.raises(InputError, match="content is numbers, expected text or bytes"):
        content_hashes(pa.array([1.5]))
