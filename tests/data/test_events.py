"""Events from tables of every layout: the same pairs, ids as text, sums, filters and notes."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data import interaction_layouts
from nearspace.data.events import read_interactions
from nearspace.data.interaction_notes import gini, seems_swapped
from nearspace.data.interactions import Interactions
from nearspace.data.table_writing import write_table_file
from nearspace.keys import Keys
from nearspace.protocols import Quiet

ROWS = [("7", "10", 5.0, 978300760), ("7", "3", 1.0, 978300761), ("12", "10", 3.0, 978300762)]
PAIRS = {("7", "10"): 5.0, ("7", "3"): 1.0, ("12", "10"): 3.0}
EVENTS = [{"user": int(u), "item": int(i), "rating": r, "time": t} for u, i, r, t in ROWS]


class Noting(Quiet):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def told(data: Interactions) -> dict[tuple[str, str], float]:
    starts, columns, weights = data.by_user
    rows = np.repeat(np.arange(len(data.users)), np.diff(starts))
    pairs = zip(data.users.names(rows), data.items.names(columns), strict=True)
    return dict(zip(pairs, weights.tolist(), strict=True))


def times_of(data: Interactions) -> dict[tuple[str, str], int]:
    return dict(zip(told(data), data.times.tolist(), strict=True))


def lines(separator, header=None):
    body = [separator.join((u, i, f"{r:g}", str(t))) for u, i, r, t in ROWS]
    return "\n".join([*([header] if header else []), *body, ""])


FILES = {
    "ratings.dat": lines("::"),
    "u.data": lines("\t"),
    "plain.csv": lines(","),
    "ml.inter": lines("\t", "user_id:token\titem_id:token\trating:float\ttimestamp:float"),
    "a.csv": lines(",", "userId,movieId,rating,timestamp"),
    "b.tsv": lines("\t", "User_ID\tAnime_ID\trating\ttimestamp"),
    "c.dat": lines("\t", "customer\tproduct\tstars\tdate"),
    "d.csv": lines(";", "USER ID;item-id;Rating;ts"),
}


@pytest.mark.parametrize("name", FILES)
def test_layouts_are_told_from_the_first_line(tmp_path, name):
    (tmp_path / name).write_text(FILES[name], "utf-8")
    data = read_interactions(tmp_path / name, rating="rating", time="time")
    assert told(data) == pytest.approx({pair: rating / 3 for pair, rating in PAIRS.items()})
    assert times_of(data) == {(u, i): t for u, i, _, t in ROWS}
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(FILES[name].encode()))
    assert read_interactions(packed, rating="rating", time="time").fingerprint == data.fingerprint


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl", ".csv", ".tsv"])
def test_formats(tmp_path, suffix):
    table = pa.Table.from_pylist(EVENTS)
    path = tmp_path / f"events{suffix}"
    write_table_file(path, table.schema, table.to_batches())
    assert told(read_interactions(path, weight="rating")) == PAIRS
    form = suffix[1:]
    with path.open("rb") as file:
        assert told(read_interactions(file, weight="rating", format=form)) == PAIRS
    assert told(read_interactions([path, path], weight="rating")) == {
        pair: 2 * w for pair, w in PAIRS.items()
    }


@pytest.mark.parametrize(
    "source",
    [
        EVENTS,
        iter(EVENTS),
        pa.Table.from_pylist(EVENTS),
        {"user": [7, 7, 12], "item": ["10", "3", "10"], "rating": [5, 1, 3]},
        {
            "user": np.array([7, 7, 12], np.uint64),
            "item": np.array([10, 3, 10], np.int8),
            "rating": [5.0, 1, 3],
        },
    ],
    ids=["dicts", "iterator", "arrow", "columns", "arrays"],
)
def test_objects(source):
    assert told(read_interactions(source, weight="rating")) == PAIRS


def test_frames():
    pandas = pytest.importorskip("pandas")
    assert told(read_interactions(pandas.DataFrame(EVENTS), weight="rating")) == PAIRS
    gaps = pandas.DataFrame({"user": [7, 7, 12, None], "item": [10, 3, 10, 1], "rating": [5, 1, 3, 2]})
    assert told(read_interactions(gaps, weight="rating", missing="drop")) == PAIRS


def test_layouts_of_open_files():
    assert told(
        read_interactions(io.BytesIO(FILES["ratings.dat"].encode()), layout="movielens", weight="rating")
    ) == (PAIRS)
    assert (
        told(read_interactions(io.BytesIO(FILES["u.data"].encode()), format="tsv", weight="rating")) == PAIRS
    )


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (pa.array([7, 12], pa.int8()), ["7", "12"]),
        (pa.array([-7, 1 << 62], pa.int64()), ["-7", str(1 << 62)]),
        (pa.array([7, (1 << 64) - 1], pa.uint64()), ["7", str((1 << 64) - 1)]),
        (pa.array([7.0, 12.0]), ["7", "12"]),
        (pa.array([7.0, 12.0], pa.float32()), ["7", "12"]),
        (pa.array([7, 12], pa.decimal128(38, 0)), ["7", "12"]),
        (pa.array([decimal.Decimal("7.00"), decimal.Decimal("12.00")]), ["7", "12"]),
        (pa.array(["007", "ä"]), ["007", "ä"]),
        (pa.array(["007", "ä"]).dictionary_encode(), ["007", "ä"]),
        (pa.array(["007", "x"], pa.large_string()), ["007", "x"]),
    ],
    ids=["int8", "int64", "uint64", "float64", "float32", "whole", "decimal", "text", "dictionary", "large"],
)
def test_ids_of_any_type_become_text(ids, names):
    table = pa.table({"user": ids, "item": ["x", "x"]})
    assert sorted(read_interactions(table).users) == sorted(names)


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (["1.0", "2.0", "1"], ["1", "2"]),  # pandas writes a column with gaps so
        (["007", "7", "7"], ["007", "7"]),
        (["12345678901234567890123", "1", "1"], ["1", "12345678901234567890123"]),
        (["a1", "1.5", "nan"], ["1.5", "a1", "nan"]),  # text, as the first one is
    ],
    ids=["gaps", "zeros", "long", "text"],
)
def test_ids_in_csv_stay_as_they_are_written(tmp_path, column, names):
    path = tmp_path / "a.csv"
    path.write_text("user,item\n" + "".join(f"{user},x{n}\n" for n, user in enumerate(column)), "utf-8")
    assert sorted(read_interactions(path).users) == names


def test_the_unnamed_column_that_pandas_writes_is_passed_over(tmp_path):
    (tmp_path / "a.csv").write_text(",user,item\n0,a,x\n1,b,x\n", "utf-8")
    assert told(read_interactions(tmp_path / "a.csv")) == {("a", "x"): 1.0, ("b", "x"): 1.0}


def test_a_number_that_is_missing_in_csv_can_be_dropped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("user,item\n1,a\nNA,b\n2.0,c\n,d\n2,c\n", "utf-8")
    noting = Noting()
    data = read_interactions(path, missing="drop", progress=noting)
    assert told(data) == {("1", "a"): 1.0, ("2", "c"): 2.0}
    assert noting.notes[0] == "2 of 5 rows lack a value and are left out"


@pytest.mark.parametrize(
    "times",
    [
        [1_700_000_000, 1_700_000_060],
        [1_700_000_000.0, 1_700_000_060.9],
        [1_700_000_000_000, 1_700_000_060_999],
        [1_700_000_000_000_000, 1_700_000_060_000_000],
        [1_700_000_000_000_000_000, 1_700_000_060_000_000_000],
        ["1700000000", "1700000060"],
        ["2023-11-14T22:13:20", "2023-11-14 22:14:20"],
        ["2023-11-14T22:13:20Z", "2023-11-14T23:14:20+01:00"],
        ["2023-11-14T22:13:20.5", "2023-11-14T22:14:20Z"],
        pa.array([1_700_000_000_000, 1_700_000_060_000], pa.timestamp("ms")),
        pa.array([1_700_000_000, 1_700_000_060], pa.timestamp("s", "Europe/Paris")),
    ],
    ids=["s", "float", "ms", "us", "ns", "digits", "iso", "zones", "mixed", "timestamp", "zoned"],
)
def test_times_become_seconds(times):
    data = read_interactions({"user": ["a", "b"], "item": ["x", "x"], "when": times}, time="when")
    assert times_of(data) == {("a", "x"): 1_700_000_000, ("b", "x"): 1_700_000_060}


def test_dates_are_midnight_in_utc(tmp_path):
    days = [datetime.date(1970, 1, 2), datetime.date(1969, 12, 31)]
    data = read_interactions({"user": ["a", "b"], "item": ["x", "x"], "date": days}, time="time")
    assert times_of(data) == {("a", "x"): 86_400, ("b", "x"): -86_400}
    (tmp_path / "a.csv").write_text("user,item,date\na,x,1970-01-02\nb,x,1969-12-31\n", "utf-8")
    assert read_interactions(tmp_path / "a.csv", time="date").fingerprint == data.fingerprint


def test_ratings_become_weights_around_one_or_choose_events():
    noting = Noting()
    even = read_interactions(EVENTS, rating="rating")
    assert told(even) == pytest.approx({pair: rating / 3 for pair, rating in PAIRS.items()})
    liked = read_interactions(EVENTS, rating="rating", min_rating=3, progress=noting)
    assert told(liked) == {("7", "10"): 1.0, ("12", "10"): 1.0}
    assert "1 of 3 events are below min_rating and left out" in noting.notes
    rows = [dict(row, plays=2 * row["rating"]) for row in EVENTS]
    assert told(read_interactions(rows, rating="rating", min_rating=4, weight="plays")) == {("7", "10"): 10.0}


def test_the_rare_are_left_out_until_all_have_enough():
    square = [{"user": u, "item": i} for u in "abc" for i in "xyz"]
    tail = [{"user": "d", "item": i} for i in "xp"] + [{"user": "e", "item": i} for i in "pq"]
    noting = Noting()
    data = read_interactions(square + tail, min_user=2, min_item=3, progress=noting)
    assert sorted(told(data)) == [(u, i) for u in "abc" for i in "xyz"]
    assert noting.notes == [
        "min_user 2 and min_item 3 leave out 2 of 5 users, 2 of 5 items and 4 of 13 pairs"
    ]


def test_notes_on_items_seen_once_and_times_to_come():
    noting = Noting()
    rows = [
        {"user": "a", "item": "x", "time": "2999-01-02"},
        {"user": "b", "item": "y", "time": "2020-01-01"},
    ]
    data = read_interactions(rows, time="time", progress=noting)
    assert data.times.max() == 32472230400
    assert noting.notes[0] == "1 events lie in the future, the latest at 2999-01-02 00:00:00; they are kept"
    assert noting.notes[1].startswith("2 of 2 items have one user only")


def test_columns_that_contradict_are_noted():
    noting = Noting()
    rows = [{"user_id": u, "item_id": i} for u in range(2) for i in range(2)]
    assert len(read_interactions(rows, user="item_id", item="user_id", progress=noting)) == 4
    assert noting.notes == [
        "users are read from the column 'item_id', items from 'user_id': these look swapped"
    ]


def popular(users=3000, items=600, rare=0.0, seed=1):
    """Users who choose 20 or more of items that are popular by a power law."""
    rng = np.random.default_rng(seed)
    chance = 1 / np.arange(1, items + 1)
    chance /= chance.sum()
    rows = [(u, i) for u in range(users) for i in set(rng.choice(items, 30 + rng.integers(9), p=chance))]
    rows += [(int(rng.integers(users)), items + number) for number in range(int(rare * items))]
    table = np.array(rows, np.int32)
    return table[:, 0].copy(), table[:, 1].copy()


def made(users, items):
    names = [Keys(map(str, range(int(side.max()) + 1))) for side in (users, items)]
    return Interactions.from_pairs(*names, (users, items), np.ones(len(users), np.float32))


def test_swapped_columns_are_noted_and_only_these():
    users, items = popular()
    noting = Noting()
    assert not seems_swapped(made(users, items), noting)
    assert noting.notes == []
    assert seems_swapped(made(items, users), noting)
    assert noting.notes[0].endswith("are the columns of users and items swapped?")
    few_users = popular(users=200, items=100, rare=30.0)  # many rare items, as where places are visited
    assert not seems_swapped(made(*few_users), noting)


def test_gini():
    assert gini(np.array([3, 3, 3])) == 0
    assert gini(np.array([0, 0, 0, 1])) == pytest.approx(0.75)


events = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9), st.integers(0, 99)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=30)
@given(events, st.integers(1, 7))
def test_the_cut_into_batches_changes_nothing(rows, batch):
    table = pa.table(dict(zip(("user", "item", "rating", "time"), zip(*rows, strict=True), strict=True)))
    whole = read_interactions(table, rating="rating", time="time", min_item=1)
    cut = read_interactions(
        pa.Table.from_batches(table.to_batches(max_chunksize=batch)), rating="rating", time="time"
    )
    before = interaction_layouts.BATCH
    interaction_layouts.BATCH = batch
    try:
        small = read_interactions(table, rating="rating", time="time")
        words = read_interactions(
            table.set_column(0, "user", table["user"].cast(pa.string())), rating="rating", time="time"
        )
    finally:
        interaction_layouts.BATCH = before
    assert whole.fingerprint == cut.fingerprint == small.fingerprint == words.fingerprint
    assert whole.by_user.weights.sum() == pytest.approx(len(rows))


def test_parquet_is_read_in_batches(tmp_path):
    rng = np.random.default_rng(1)
    table = pa.table({"user": rng.integers(0, 5_000, 30_000), "item": rng.integers(0, 300, 30_000)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7_000)
    data = read_interactions(tmp_path / "a.parquet")
    pairs = np.unique(np.stack([table["user"].to_numpy(), table["item"].to_numpy()]), axis=1)
    assert len(data) == pairs.shape[1]
    assert data.by_user.weights.sum() == 30_000
    assert data.user_counts.max() == np.bincount(pairs[0]).max()
