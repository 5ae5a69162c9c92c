import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nearspace.server.fields import field_of


def test_numbers_come_as_float32_with_their_range():
    found = field_of("year", np.array([1901, 2020, 1950]))
    assert (found.kind, found.data.dtype, found.data.tolist()) == ("number", np.float32, [1901, 2020, 1950])
    assert found.to_json(3) == {
        "name": "year",
        "kind": "number",
        "file": "columns/3.bin",
        "low": 1901.0,
        "high": 2020.0,
    }


def test_numbers_that_are_not_finite_are_empty():
    found = field_of("x", np.array([1.0, np.nan, np.inf, -np.inf, 1e300]))
    assert np.isnan(found.data[1:]).all()
    described = field_of("x", np.array([np.nan, np.nan])).to_json(0)
    assert (described["low"], described["high"]) == (None, None)


def test_repeated_texts_are_categories_most_frequent_first():
    found = field_of("group", np.array(["b", "a", "b", "c", "b", "a", None, "c"], dtype=object))
    assert (found.kind, found.values, found.data.dtype) == ("category", ("b", "a", "c"), np.uint8)
    assert found.data.tolist() == [0, 1, 0, 2, 0, 1, 255, 2]


def test_many_categories_have_wider_codes():
    found = field_of("group", np.array([f"g{row % 300}" for row in range(900)], dtype=object))
    assert (found.data.dtype, len(found.values)) == (np.uint16, 300)
    assert found.values[found.data[299]] == "g299"


def test_truth_values_are_categories():
    found = field_of("good", np.array([True, False, True]))
    assert found.values == ("yes", "no")


def test_texts_that_hardly_repeat_or_are_long_are_texts():
    assert field_of("t", np.array([f"text {row}" for row in range(50)], dtype=object)).kind == "text"
    assert field_of("t", np.array(["x" * 81] * 50, dtype=object)).kind == "text"
    assert field_of("t", np.array([None] * 4, dtype=object)).kind == "text"
    assert field_of("t", np.array([f"g{row % 1001}" for row in range(4004)], dtype=object)).kind == "text"
    assert field_of("t", np.array([], dtype=object)).to_json(0)["file"] is None


def test_dates_are_years():
    days = np.array(["1970-01-01", "2000-01-01", "NaT"], dtype="datetime64[D]")
    found = field_of("day", days)
    assert found.kind == "number"
    assert np.allclose(found.data[:2], [1970, 2000], atol=0.01)
    assert np.isnan(found.data[2])


@given(st.lists(st.sampled_from(["a", "b", "<i>", None, "", "é"]), min_size=12, max_size=40))
def test_codes_give_the_values_back(values):
    found = field_of("x", np.array(values, dtype=object))
    if found.kind == "category":
        missing = np.iinfo(found.data.dtype).max
        assert [None if code == missing else found.values[code] for code in found.data.tolist()] == values
    else:
        assert len({value for value in values if value is not None}) * 2 > sum(
            v is not None for v in values
        ) or set(values) == {None}
