"""Interactions written and read again, and splits as folders."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.data.splitting import split
from nearspace.errors import OutputError, SettingError

ROWS = [
    {"user": f"u{n % 40}", "item": n * 7 % 60, "w": 1 + n % 3 / 4, "t": 1_700_000_000 + n} for n in range(300)
]


def told(data: Interactions):
    starts, columns, weights = data.by_user
    users = data.users.names(np.repeat(np.arange(len(data.users)), np.diff(starts)))
    times = [None] * len(columns) if data.times is None else data.times.tolist()
    pairs = zip(users, data.items.names(columns), strict=True)
    return dict(zip(pairs, zip(weights.tolist(), times, strict=True), strict=True))


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".tsv", ".jsonl"])
def test_there_and_back(tmp_path, suffix):
    data = ns.read_interactions(ROWS, weight="w", time="t")
    path = tmp_path / f"a{suffix}"
    assert ns.write_interactions(data, path) == len(data)
    again = ns.read_interactions(path, weight="weight", time="time")
    assert told(again) == told(data)
    with pytest.raises(OutputError, match="exists already"):
        ns.write_interactions(data, path)
    bare = ns.read_interactions(ROWS)
    ns.write_interactions(bare, path, overwrite=True)
    assert told(ns.read_interactions(path, weight="weight")) == told(bare)


def test_a_split_as_a_folder(tmp_path):
    folder = tmp_path / "parts"
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    done = ns.split_interactions(tmp_path / "a.parquet", folder, weight="w", time="t", min_user=2)
    parts = split(ns.read_interactions(ROWS, weight="w", time="t", min_user=2))
    for name, part in parts.parts().items():
        again = ns.read_interactions(folder / f"{name}.parquet", weight="weight", time="time")
        assert told(again) == told(part)
        assert done.pairs[name] == len(part)
    assert sorted(path.name for path in folder.iterdir()) == ["test.parquet", "train.parquet"]
    assert pq.read_schema(folder / "test.parquet").names == ["user", "item", "weight", "time"]


def test_a_split_by_users_has_what_is_known_of_them(tmp_path):
    data = ns.read_interactions(ROWS)
    done = ns.split_interactions(data, tmp_path / "parts", how="users", share=0.25, seed=3)
    assert done.users == {"train": 30, "test": 10, "fold_in": 10}
    assert done.to_json()["how"] == "users"
    known, test = (
        ns.read_interactions(tmp_path / "parts" / f"{name}.parquet") for name in ("fold_in", "test")
    )
    assert set(known.users) == set(test.users)


def test_nothing_is_half_written_or_lost(tmp_path):
    data = ns.read_interactions(ROWS, time="t")
    folder = tmp_path / "parts"
    ns.split_interactions(data, folder)
    before = (folder / "test.parquet").read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        ns.split_interactions(data, folder)
    with pytest.raises(SettingError, match="n is 0"):
        ns.split_interactions(data, folder, n=0, overwrite=True)
    with pytest.raises(SettingError, match="user is for reading, and Interactions came"):
        ns.split_interactions(data, folder, user="u", overwrite=True)
    with pytest.raises(ns.NearspaceError, match="needs times"):
        ns.split_interactions(ROWS, folder, overwrite=True)
    assert (folder / "test.parquet").read_bytes() == before
    ns.split_interactions(data, folder, how="users", overwrite=True)
    assert len(list(folder.iterdir())) == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", "utf-8")
    with pytest.raises(OutputError, match="never replaced"):
        ns.split_interactions(data, tmp_path / "mine", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "parts"]
