"""recommend_all: the table holds what recommend gives, in blocks, whole or not at all."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.tastes import USERS, tastes

import nearspace as ns
from nearspace.errors import OutputError, SettingError, UnknownKeyError
from nearspace.search import recommend_all as module

SPACE = tastes()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)


def lists(path):
    table = pq.read_table(path).to_pydict()
    found = {}
    for user, rank, item, score in zip(*table.values(), strict=True):
        found.setdefault(user, []).append((item, score))
        assert rank == len(found[user])
    return found


@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_the_table_holds_what_recommend_gives(tmp_path, diversity):
    done = ns.recommend_all(SPACE, tmp_path / "all.parquet", k=6, diversity=diversity)
    assert (done.users, done.rows) == (USERS, 6 * USERS)
    found = lists(tmp_path / "all.parquet")
    assert list(found) == list(SPACE.encoder.history.users)
    right = ns.recommend(SPACE, list(found), k=6, diversity=diversity)
    for user, keys, scores in zip(found, right.keys, right.scores, strict=True):
        assert [item for item, _ in found[user]] == keys
        np.testing.assert_array_equal(np.float32([score for _, score in found[user]]), scores)


def test_some_users_a_filter_and_fewer_hits_than_asked(tmp_path):
    done = ns.recommend_all(
        SPACE, tmp_path / "some.parquet", users=["101", 104], k=9, seen=True,
        where="key IN ('item 3', 'item 4')",
    )  # fmt: skip
    assert (done.users, done.rows) == (2, 4)
    assert {user: {item for item, _ in rows} for user, rows in lists(tmp_path / "some.parquet").items()} == {
        "101": {"item 3", "item 4"},
        "104": {"item 3", "item 4"},
    }
    assert ns.recommend_all(SPACE, tmp_path / "none.parquet", where="key = 'x'").rows == 0
    assert pq.read_table(tmp_path / "none.parquet").column_names == ["user", "rank", "item", "score"]


def test_other_formats_and_the_record(tmp_path):
    done = ns.recommend_all(SPACE, tmp_path / "all.csv", k=2).to_json()
    assert list(done) == ["output", "users", "rows", "seconds", "users_per_second"]
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0] == '"user","rank","item","score"' and len(lines) == 1 + 2 * USERS


def test_nothing_is_written_if_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "all.parquet"
    for asked, kind in (
        ({"users": ["101", "nobody"]}, UnknownKeyError),
        ({"where": "size > 3"}, SettingError),
        ({"k": 0}, SettingError),
    ):
        with pytest.raises(kind):
            ns.recommend_all(SPACE, path, **asked)
    with pytest.raises(SettingError, match="known suffix"):
        ns.recommend_all(SPACE, tmp_path / "all.xls")
    calls = []

    def fails(space, rows):
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return right(space, rows)

    right = module.users_at
    monkeypatch.setattr(module, "users_at", fails)
    with pytest.raises(KeyboardInterrupt):
        ns.recommend_all(SPACE, path)
    assert calls == [7, 7, 7] and not list(tmp_path.iterdir())


def test_a_file_that_exists_is_kept(tmp_path):
    path = tmp_path / "all.parquet"
    ns.recommend_all(SPACE, path, k=1)
    with pytest.raises(OutputError, match="exists"):
        ns.recommend_all(SPACE, path, k=2)
    assert ns.recommend_all(SPACE, path, k=2, overwrite=True).rows == 2 * USERS
