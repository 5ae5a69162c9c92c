"""Tables of events that are not what they should be: each error names the place and says what to do."""

from __future__ import annotations

import datetime
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nearspace.data.events import read_interactions
from nearspace.errors import InputError, MissingInputError, NearspaceError, SettingError

CSV = {
    "negative": ("user,item,w\na,x,1\n\nb,x,-2\n", "a.csv, line 4: the weight is -2"),
    "zero": ("user,item,w\na,x,1\nb,x,0\n", "a.csv, line 3: the weight is 0"),
    "tiny": ("user,item,w\na,x,1e-60\n", "a.csv, line 2: the weight is 1e-60"),
    "infinite": ("user,item,w\na,x,1\nb,x,inf\n", "a.csv, line 3: the weight is inf"),
    "huge": ("user,item,w\na,x,1e39\n", "a.csv, line 2: the weight is 1e+39"),
    "nan": ("user,item,w\na,x,1\nb,x,nan\n", "a.csv, line 3: the weight is missing"),
    "text": (
        "user,item,w\na,x,1\nb,x,much\n",
        "a.csv, line 3: column 'w' has the invalid value 'much'",
    ),
    "no weight": ("user,item,w\na,x,\n", "a.csv, line 2: the weight is missing"),
    "no user": ('user,item,w\n"a\nb",x,1\n,x,1\n', "a.csv, line 4: the user is missing"),
    "no item": ("user,item,w\na,x,1\nb,,1\n", "a.csv, line 3: the item is missing"),
    "null number": ("user,item,w\n1,x,1\nNA,x,1\n", "a.csv, line 3: the user is missing"),
    "float": ("user,item,w\n1.0,x,1\n2.5,x,1\n", "a.csv, line 3: the user is 2.5, and ids are text or whole"),
    "truth": ("user,item,w\ntrue,x,1\n", "the users in column 'user' are truth values"),
    "day": ("user,item,w\n2026-01-01,x,1\n", "the users in column 'user' are dates or times"),
    "ragged": ("user,item,w\na,x,1\nb,x\n", "a.csv, line 3: 2 fields, and the header has 3"),
    "header": ("user,item,w\n", "a.csv has no events"),
    "empty": ("\n", "a.csv: it is empty"),
    "twice": ("user,item,w,user\na,x,1,b\n", "a.csv: several columns are called 'user'"),
}


def refused(source, message, kind=InputError, **settings):
    with pytest.raises(kind, match=re.escape(message)) as caught:
        read_interactions(source, **settings)
    assert caught.value.hint
    assert "types=" not in caught.value.hint
    assert "its type" not in caught.value.hint
    return caught.value


@pytest.mark.parametrize("case", CSV)
def test_lines_of_csv(tmp_path, case):
    text, message = CSV[case]
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    refused(path, message, weight="w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1::2::5::9\n1::2::x::9\n", "line 2: column 'rating' has the invalid value 'x'"),
        ("1::2::5::9\n1::2::5\n", "line 2: 5 fields, and the first line has 7"),
        ("1::2::5::9\n\n1::2::-1::9\n", "line 3: the rating is -1"),
        ("1::2::5::9\n1:2:3:4:5:6:7\n", "line 2: column"),
        ("1::2::5::9::7\n", "5 columns, and the layout 'movielens' has 2 to 4"),
    ],
    ids=["text", "short", "negative", "colons", "long"],
)
def test_lines_of_movielens(tmp_path, text, message):
    path = tmp_path / "ratings.dat"
    path.write_text(text, "utf-8")
    refused(path, message, rating="rating")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"user": 1, "item": "x", "w": 1}\n\n{"user": 1, "item": "x", "w": -1}\n',
            "line 3: the weight is -1",
        ),
        (
            '{"user": 1, "item": "x", "w": 1}\n{"user": "b", "item": "x", "w": 1}\n',
            "line 2: column 'user' holds whole",
        ),
        ('{"user": 1, "item": "x", "w": 1}\n{"item": "x", "w": 1}\n', "line 2: the user is missing"),
        ('{"user": 1.5, "item": "x", "w": 1}\n', "line 1: the user is 1.5"),
    ],
    ids=["negative", "mixed", "missing", "float"],
)
def test_lines_of_json(tmp_path, text, message):
    path = tmp_path / "a.jsonl"
    path.write_text(text, "utf-8")
    refused(path, message, weight="w")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"user": 1, "item": 2}, {"user": "b", "item": 2}],
            "the rows, row 2: column 'user' holds whole numbers",
        ),
        ([{"user": 1, "item": 2}, {"user": None, "item": 2}], "the rows, row 2: the user is missing"),
        ([{"user": "", "item": 2}], "the rows, row 1: the user is missing"),
        ([{"user": 1.5, "item": 2}], "the rows, row 1: the user is 1.5, and ids are text or whole numbers"),
        ([{"user": 1e17, "item": 2}], "the user is 1e+17"),
        ([{"user": True, "item": 2}], "the users are truth values"),
        ([{"user": b"a", "item": 2}], "the users are binary"),
        ([{"user": datetime.date(2026, 1, 1), "item": 2}], "the users are date32"),
        ([{"item": datetime.datetime(2026, 1, 1), "user": 2}], "the items are timestamp"),
        ([{"user": [1], "item": 2}], "the users are list"),
        ([], "the rows: there are none"),
    ],
    ids=["mixed", "null", "empty", "float", "large", "truth", "bytes", "date", "time", "list", "none"],
)
def test_ids(rows, message):
    refused(rows, message)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2026-01-01", "soon"], "row 2: the time is 'soon'"),
        (["soon", "2026-01-01"], "row 1: the time is 'soon'"),
        ([1.0, float("inf")], "row 2: the time is inf"),
        ([1.0, None], "row 2: the time is missing"),
        ([True, False], "the times are truth values"),
        ([1.0, float("nan")], "row 2: the time is missing"),
    ],
    ids=["second", "first", "infinite", "null", "truth", "nan"],
)
def test_times(times, message):
    refused({"user": [1, 2], "item": [1, 2], "at": times}, message, time="at")


def test_a_time_that_is_text_in_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("user,item,time\na,x,2026-01-01\nb,x,soon\n", "utf-8")
    refused(path, "line 3: the time is 'soon'", time="time")
    path.write_text("user,item,time\na,x,17\nb,x,2026-01-01\n", "utf-8")
    refused(path, "line 2: the time is '17'", time="time")


@pytest.mark.parametrize(
    ("names", "settings", "message", "hint"),
    [
        (("a", "b"), {}, "no column is called like one of the user", "user=... (--user). It has: a, b."),
        (("user", "b"), {}, "no column is called like one of the item", "It has: user, b."),
        (
            ("user_id", "userId"),
            {},
            "'user_id' and 'userId' could both be the column of the user",
            "--user user_id",
        ),
        (
            ("user", "song", "artist"),
            {},
            "'song' and 'artist' could both be the column of the item",
            "song, artist",
        ),
        (("user", "item"), {"user": "usr"}, "there is no column 'usr'", "Did you mean: user?"),
        (("user", "item"), {"weight": "plays"}, "there is no column 'plays'", "It has: user, item."),
        (("user", "item"), {"time": "time"}, "no column is called like one of the time", "--time"),
    ],
    ids=["none", "no-item", "ambiguous", "two-items", "user", "weight", "time"],
)
def test_columns(names, settings, message, hint):
    error = refused({name: [1] for name in names}, message, **settings)
    assert hint in error.hint


def test_a_spelling_of_the_first_group_goes_before_others():
    rows = [{"session_id": 1, "username": "u", "user_id": 2, "item_id": 3, "song": 4}]
    data = read_interactions(rows)
    assert (list(data.users), list(data.items)) == (["2"], ["3"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_rating": 3}, "min_rating is given without rating"),
        ({"rating": "r", "min_rating": float("nan")}, "min_rating is nan"),
        ({"rating": "r", "weight": "w"}, "weight and rating are both given"),
        ({"min_user": 0}, "min_user is 0"),
        ({"min_item": -1}, "min_item is -1"),
        ({"missing": "keep"}, "missing is 'keep'"),
        ({"layout": "odd"}, "layout 'odd' is not known"),
        ({"layout": "movielens"}, "layout 'movielens' is one of files"),
        ({"format": "xml"}, "format 'xml' of a table is not known"),
        ({"user": "a", "item": "a"}, "column 'a' is named for both item and user"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_settings(settings, message):
    refused([{"user": 1, "item": 2, "a": 3}], message, SettingError, **settings)


def test_files_that_are_not_there_or_no_tables(tmp_path):
    refused(tmp_path / "no.csv", "there is no such file", MissingInputError)
    refused(tmp_path, "this is a folder")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    refused(tmp_path / "a.parquet", "it is damaged, or not of the format 'parquet'")
    (tmp_path / "a.inter").write_bytes(b"\x00\x01\t")
    refused(tmp_path / "a.inter", "NUL byte")
    refused(io.BytesIO(b"user,item\n"), "nothing tells the format of an open file")
    refused(7, "a table cannot be read from int", NearspaceError)


def test_all_files_have_ids_of_one_type(tmp_path):
    pq.write_table(pa.table({"user": [1], "item": ["a"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"user": ["x"], "item": ["a"]}), tmp_path / "b.parquet")
    both = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    refused(both, "b.parquet: the users are text, and were of another type before")


def test_a_bad_row_of_parquet_has_its_number(tmp_path):
    weights = [1.0] * 70_000
    weights[60_001] = -1.0
    table = pa.table({"user": range(70_000), "item": [1] * 70_000, "w": weights})
    pq.write_table(table, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet, row 60,002: the weight is -1", weight="w")


def test_nothing_is_left():
    rows = [{"user": 1, "item": 2, "r": 1}]
    refused(rows, "the rows has no events: none of 1 is left", rating="r", min_rating=3)
    refused(rows, "no user with 2 items of 1 users each is left", min_user=2)
    refused([{"user": None, "item": 1}], "the rows has no events: none of 1 is left", missing="drop")
