"""Tables that are open already go into a Space; a table that does not fit leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nearspace.data.tables import read_table
from nearspace.encoders.external import ExternalEncoder
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import InputError
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.changes import count, history, upsert
from nearspace.store.compacting import compact
from nearspace.store.creating import encode
from nearspace.store.text_index import index_text

ENCODER = StaticEncoder.from_space(Space(Keys(["rain", "sun"]), np.eye(2, dtype=np.float32)))


@pytest.fixture
def news(tmp_path: Path) -> Path:
    table = tmp_path / "news.csv"
    table.write_text("id,text,day\n007,rain,2026-03-01\n008,sun,2026-03-02\n", "utf-8")
    return table


def test_an_open_table_keeps_its_columns_and_batches(news: Path, tmp_path: Path) -> None:
    rows = read_table(news, columns=["id", "text"], types={"id": "string"}, batch=1)
    change = encode(rows, tmp_path / "a.space", encoder=ENCODER, content="text", key="id")
    assert (change.added, change.encoded) == (2, 2)
    again = upsert(
        tmp_path / "a.space", read_table(news, columns=["id", "text"], types={"id": "string"}), key="id"
    )
    assert (again.unchanged, again.encoded) == (2, 0)
    assert count(tmp_path / "a.space", "key = '007'") == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"content": "txt", "key": "id"}, "no column 'txt'"),
        ({"content": "text", "key": "ID"}, "no column 'ID'"),
        ({"content": "text", "key": "id", "encoder": ExternalEncoder("far", 2)}, "'far' runs elsewhere"),
    ],
)
def test_what_cannot_be_encoded_leaves_no_space(
    news: Path, tmp_path: Path, settings: dict, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        encode(news, tmp_path / "a.space", **{"encoder": ENCODER, **settings})
    assert not (tmp_path / "a.space").exists()


def test_history_says_what_made_a_version_also_after_an_index_was_moved(news: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.space"
    encode(news, path, encoder=ENCODER, content="text", key="id")
    index_text(path, "text")
    upsert(path, [{"id": "009", "text": "rain", "day": None}], key="id")
    assert [one.change for one in history(path)] == [
        "upsert: 1 added, 0 replaced",
        "index built",
        "upsert: 2 added, 0 replaced",
        "columns added",
        "saved",
    ]
    compact(path)
    assert {one.change for one in history(path)} <= {"compacted", "index built"}
