"""Tables from objects in memory, and what all tables have in common."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data.tables import read_table
from nearspace.errors import DimensionError, InputError, SettingError

ROWS = [{"id": f"k{n}", "n": n, "vector": [n, 0.5]} for n in range(7)]
TABLE = pa.table(
    {
        "id": [f"k{n}" for n in range(7)],
        "n": list(range(7)),
        "vector": pa.array([[n, 0.5] for n in range(7)], pa.list_(pa.float32(), 2)),
    }
)


def rows_of(table):
    return [row for batch in table.batches() for row in batch.to_pylist()]


class Stream:
    """An object of another library that exports an Arrow stream."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


SOURCES = {
    "table": (lambda: TABLE, False),
    "batch": (lambda: TABLE.to_batches()[0], False),
    "batches": (lambda: TABLE.to_batches(max_chunksize=3), False),
    "reader": (lambda: TABLE.to_reader(), True),
    "stream": (lambda: Stream(TABLE), True),
    "rows": (lambda: ROWS, False),
    "iterator": (lambda: iter(ROWS), True),
    "columns": (lambda: {name: [row[name] for row in ROWS] for name in ROWS[0]}, False),
    "arrays": (
        lambda: {
            "id": np.array([row["id"] for row in ROWS]),
            "n": np.arange(7),
            "vector": np.array([row["vector"] for row in ROWS]),
        },
        False,
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_every_source_gives_the_same_batches(kind, size):
    made, once = SOURCES[kind]
    table = read_table(made(), batch=size)
    batches = list(table.batches())
    assert pa.Table.from_batches(batches) == TABLE
    assert {batch.schema for batch in batches} == {table.schema}
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    if once:
        with pytest.raises(InputError, match="can be read only once"):
            table.batches()
    else:
        assert rows_of(table) == TABLE.to_pylist()


@pytest.mark.parametrize("kind", SOURCES)
def test_columns_come_in_the_order_that_was_asked_for(kind):
    table = read_table(SOURCES[kind][0](), columns=["n", "id"])
    assert table.schema.names == ["n", "id"]
    assert rows_of(table) == TABLE.select(["n", "id"]).to_pylist()


@pytest.mark.parametrize("kind", SOURCES)
def test_a_column_that_is_not_there(kind):
    with pytest.raises(
        InputError, match=r"no column 'vectors'\nDid you mean: vector\? It has: id, n, vector"
    ):
        read_table(SOURCES[kind][0](), columns=["vectors"])


@pytest.mark.extras
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({"id": ["a", "b"], "n": [1, 2], "vector": [[1.0, 2.0], [3.0, 4.0]]})
    table = read_table(frame, batch=1)
    assert rows_of(table) == rows_of(table)
    assert rows_of(table)[1] == {"id": "b", "n": 2, "vector": [3.0, 4.0]}
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 2)


@pytest.mark.extras
def test_an_unnamed_index_of_pandas_is_left_out_and_a_named_one_is_a_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": ["a", "b"]}, index=[5, 3])
    assert read_table(frame).schema.names == ["id"]
    assert "word" in read_table(frame.rename_axis("word")).schema.names


PLAIN = {
    "dictionary": (pa.array(["a", None, "a"]).dictionary_encode(), pa.string()),
    "large_string": (pa.array(["a", None, "b"], pa.large_string()), pa.string()),
    "string_view": (pa.array(["a", None, "b"], pa.string_view()), pa.string()),
    "binary_view": (pa.array([b"a", None, b"b"], pa.binary_view()), pa.binary()),
    "large_list": (pa.array([["a"], None, []], pa.large_list(pa.large_string())), pa.list_(pa.string())),
    "list_view": (pa.array([[1], None, []], pa.list_view(pa.int64())), pa.list_(pa.int64())),
    "null": (pa.nulls(3), pa.string()),
    "decimal": (pa.array([1, None, 2], pa.decimal128(5, 2)), pa.decimal128(5, 2)),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_types_become_plain(kind):
    array, expected = PLAIN[kind]
    table = read_table(pa.table({"x": array}))
    assert table.schema.field("x").type == expected
    assert [row["x"] for row in rows_of(table)] == array.to_pylist()


VECTORS = [
    pa.list_(pa.float64()),
    pa.list_(pa.float32(), 2),
    pa.large_list(pa.float16()),
    pa.list_(pa.int32()),
]


@pytest.mark.parametrize("kind", VECTORS, ids=str)
def test_vectors_become_lists_of_fixed_size(kind):
    made = pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.float64())).cast(kind)
    for table in (pa.table({"vector": made}), pa.table({"vector": made}).slice(1)):
        found = read_table(table, batch=2)
        assert found.schema.field("vector").type == pa.list_(pa.float32(), 2)
        assert [row["vector"] for row in rows_of(found)] == table["vector"].to_pylist()


BAD_VECTORS = [
    ([[1.0, 2.0], [1.0]], "row 2: a vector of 1 components, and the first has 2"),
    ([[1.0, 2.0], None], "row 2: the vector is null"),
    ([None, [1.0]], "row 1: the vector is null"),
    ([[], [1.0]], "row 1: the vector is empty"),
    ([[1.0], [None]], "row 2: component 1 of the vector is null"),
    ([[1.0, 2.0], [1.0, float("nan")]], "row 2: component 2 of the vector is nan"),
    ([[1.0, float("-inf")], [1.0, 2.0]], "row 1: component 2 of the vector is -inf"),
    ([[1.0, 1e39]], "row 1: component 2 of the vector is inf"),
]


@pytest.mark.parametrize(("values", "message"), BAD_VECTORS, ids=[message for _, message in BAD_VECTORS])
@pytest.mark.parametrize("size", [1, 10])
def test_bad_vectors(values, message, size):
    for source in (pa.table({"vector": values}), {"vector": values}, [{"vector": one} for one in values]):
        with pytest.raises((InputError, DimensionError), match=message):
            rows_of(read_table(source, batch=size))


def test_vectors_that_are_no_lists_of_numbers():
    with pytest.raises(InputError, match="column 'vector' holds text, expected lists of numbers"):
        read_table({"vector": ["1 2"]})
    with pytest.raises(InputError, match="no rows, so it is not known how long"):
        read_table(pa.table({"vector": pa.array([], pa.list_(pa.float32()))}))
    empty = read_table(pa.table({"vector": pa.array([], pa.list_(pa.float32(), 3))}))
    assert (rows_of(empty), empty.schema.field("vector").type) == ([], pa.list_(pa.float32(), 3))


BAD_ROWS = [
    ([{"a": 1}, {"a": "x"}], "row 2: column 'a' holds whole numbers so far, and here 'x'"),
    ([{"a": 1}, {"a": 1}, {"a": 1.5}], "row 3: column 'a' holds whole numbers so far, and here 1.5"),
    ([{"a": "x"}, {"a": "y"}, {"a": 5}], "row 3: column 'a' holds text so far, and here 5"),
    ([{"a": 1}, {"a": 1}, {"b": 1}], "row 3: a new column 'b'"),
    ([{"a": [1]}, {"a": [1]}, {"a": [1.5]}], "row 3: column 'a' holds list"),
    ([{"a": 1}, 5], "row 2: int, expected a dict"),
    ([], "there are none"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS, ids=[message for _, message in BAD_ROWS])
@pytest.mark.parametrize("kind", [list, iter])
def test_bad_rows(rows, message, kind):
    with pytest.raises(InputError, match=message):
        rows_of(read_table(kind(rows), batch=1 if "far, and here 1.5" in message else 2))


def test_types_are_set_by_the_user():
    rows = [{"a": 1}, {"a": "x"}, {"a": None}, {"a": [1, "ü"]}]
    table = read_table(rows, types={"a": "string"}, batch=1)
    assert [row["a"] for row in rows_of(table)] == ["1", "x", None, '[1, "ü"]']
    widened = read_table([{"a": 1}, {"a": 1.5}], types={"a": "float"}, batch=1)
    assert [row["a"] for row in rows_of(widened)] == [1.0, 1.5]
    assert rows_of(read_table(pa.table({"a": [1]}), types={"a": "string"})) == [{"a": "1"}]
    with pytest.raises(InputError, match="row 2: column 'a' holds 'x', expected whole numbers"):
        rows_of(read_table(pa.table({"a": ["1", "x"]}), types={"a": "int"}))
    with pytest.raises(SettingError, match="type 'text' of column 'a' is not known\nAccepted: string, int"):
        read_table(rows, types={"a": "text"})
    with pytest.raises(InputError, match="no column 'b'"):
        read_table(rows, types={"b": "string", "a": "string"})


def test_rows_may_lack_columns_and_bring_some_in_the_first_batch():
    table = read_table([{"a": 1}, {"b": "x"}, {}])
    assert rows_of(table) == [{"a": 1, "b": None}, {"a": None, "b": "x"}, {"a": None, "b": None}]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3, "cannot be read from int"),
        (b"a,b", "cannot be read from bytes"),
        ({}, "the columns: it is empty"),
        ({"a": [1, 2], "b": [1]}, "column 'b' has 1 values, column 'a' has 2"),
        ({"a": "xy"}, "column 'a' is str, expected a list"),
        ({1: [2]}, "1 is the name of a column, expected text"),
        ({"a": [1, "x"]}, "row 2: column 'a' holds whole numbers so far, and here 'x'"),
        (pa.table([[1], [2]], names=["a", "a"]), "2 columns are called 'a'"),
        (pa.table([[1], [2]], names=["a", ""]), "column 2 has no name"),
        (pa.chunked_array([[1]]), "no table of named columns"),
        (
            [pa.record_batch({"a": [1]}), pa.record_batch({"b": [1]})],
            "batch 1 of the list has another schema",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table(source, message):
    with pytest.raises((InputError, DimensionError), match=message):
        rows_of(read_table(source))


def test_bad_settings():
    with pytest.raises(SettingError, match="batch is 0"):
        read_table(ROWS, batch=0)
    with pytest.raises(SettingError, match="columns is the string 'id'"):
        read_table(ROWS, columns="id")
    with pytest.raises(
        SettingError, match="format 'xlsx' of a table is not known\nAccepted formats: csv, tsv"
    ):
        read_table("a.xlsx", format="xlsx")


def test_an_endless_iterator_is_read_as_far_as_it_is_asked():
    table = read_table(({"n": n} for n in itertools.count()), batch=5)
    assert [batch["n"].to_pylist()[0] for batch in itertools.islice(table.batches(), 3)] == [0, 5, 10]


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 9), max_size=8), size=st.integers(1, 12))
def test_batches_are_full_but_the_last(lengths, size):
    values = iter(range(1000))
    batches = [pa.record_batch({"n": [next(values) for _ in range(length)]}) for length in lengths]
    reader = pa.RecordBatchReader.from_batches(
        pa.schema({"n": pa.int64()}), [b.cast(pa.schema({"n": pa.int64()})) for b in batches]
    )
    found = list(read_table(reader, batch=size).batches())
    assert [n for batch in found for n in batch["n"].to_pylist()] == list(range(sum(lengths)))
    assert all(len(batch) == size for batch in found[:-1])
    assert not found or 1 <= len(found[-1]) <= size
