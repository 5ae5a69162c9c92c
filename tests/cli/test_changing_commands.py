"""A Space that lives, from the shell: every command that makes, changes, indexes or lists one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli.main import main
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.folder import open_space, save
from nearspace.store.lock import writing

WORDS = ["rain", "storm", "goal", "team", "sea"]
NEWS = """id,day,topic,text
007,2026-03-01,weather,a storm at sea
008,2026-03-02,sport,the team and its goal
009,2026-03-03,weather,rain
"""


def call(*args: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)


def told(*args: str | Path, stdin: str | None = None) -> Any:
    done = call(*args, "--json", stdin=stdin)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(result: Result, *words: str) -> None:
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 2
    for word in words:
        assert word in result.stderr


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.space"
    save(Space(Keys(WORDS), np.eye(5, dtype=np.float32)), path)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "news.csv"
    path.write_text(NEWS, "utf-8")
    return path


@pytest.fixture
def news(words: Path, table: Path, tmp_path: Path) -> Path:
    path = tmp_path / "news.space"
    made = told("encode", table, "-o", path, "--encoder", words, "--key", "id", "--content", "text")
    assert (made["added"], made["encoded"], made["space"]) == (3, 3, str(path))
    return path


def test_encode_again_encodes_nothing(news: Path, words: Path, table: Path) -> None:
    again = told("encode", table, "-o", news, "--encoder", words, "--key", "id", "--content", "text")
    assert (again["unchanged"], again["encoded"]) == (3, 0)
    lent = told("encode", table, "-o", news, "--encoder", news, "--key", "id", "--content", "text")
    assert lent["unchanged"] == 3


def test_encode_keeps_the_columns_that_are_named(words: Path, table: Path, tmp_path: Path) -> None:
    call("encode", table, "-o", tmp_path / "a.space", "--encoder", words, "--key", "id", "--content", "text",
         "--columns", "topic")  # fmt: skip
    assert sorted(open_space(tmp_path / "a.space").columns) == ["text", "topic"]


def test_create_and_upsert_from_stdin(words: Path, tmp_path: Path) -> None:
    path = tmp_path / "live.space"
    made = told("create", path, "--encoder", words, "--content", "text")
    assert made == {"space": str(path), "dim": 5, "metric": "cosine", "encoder": "static", "content": "text"}
    change = told("upsert", path, "-", "--key", "id", "--format", "csv", stdin=NEWS)
    assert (change["added"], change["encoded"]) == (3, 3)
    refused(call("upsert", path, "-", stdin=NEWS), "format", "stdin", "--format")


def test_upsert_encodes_only_what_changed(news: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text(NEWS.replace("weather,rain", "weather,storm").replace("sport", "games"), "utf-8")
    change = told("upsert", news, more, "--key", "id")
    assert (change["replaced"], change["unchanged"], change["encoded"]) == (2, 1, 1)


def test_vectors_of_another_encoder_are_refused(tmp_path: Path) -> None:
    path, rows = tmp_path / "far.space", tmp_path / "rows.jsonl"
    told("create", path, "--dim", "2", "--encoder", "far-model")
    rows.write_text('{"key": "a", "vector": [1, 0]}\n', "utf-8")
    refused(call("upsert", path, rows, "--encoder", "other-model"), "other-model", "far-model")
    assert told("upsert", path, rows, "--encoder", "far-model")["added"] == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["upsert", "SPACE", "missing.csv", "--key", "id"], ["missing.csv"]),
        (["upsert", "SPACE", "TABLE"], ["no column 'key'", "--key"]),
        (["upsert", "nowhere.space", "TABLE"], ["nowhere.space"]),
        (["delete", "SPACE"], ["keys or a condition"]),
        (["delete", "SPACE", "007", "--where", "topic = 'sport'"], ["keys or a condition"]),
        (["delete", "SPACE", "--where", "nothing = 1"], ["nothing", "columns: key, day, topic, text"]),
        (["create", "new.space"], ["--dim", "--encoder"]),
        (["create", "new.space", "--encoder", "nowhere"], ["nowhere", "--dim"]),
        (["stale", "words.space"], ["has no encoder"]),
        (["index", "SPACE", "--kind", "disk", "--quantize", "int8"], ["--quantize", "graph"]),
        (["index", "SPACE", "--text", "text", "--if-stale"], ["--text"]),
        (["nearest", "SPACE", "007", "--version", "99"], ["99"]),
        (["search", "SPACE", "rain", "--text"], ["text index", "nearspace index"]),
        (["search", "SPACE", "rain", "--text", "--hybrid"], ["--hybrid"]),
        (["search", "SPACE", "rain", "--phrase"], ["--phrase"]),
        (["search", "SPACE", "rain", "--fuzzy", "1"], ["--fuzzy"]),
        (["search", "SPACE", "-p", "007", "--hybrid"], ["QUERY"]),
        (["measure", "SPACE", "--queries", "asked.txt"], ["--index"]),
        (["measure", "SPACE", "--index", "exact", "--queries", "asked.txt"], ["asked.txt"]),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_what_is_refused_changes_nothing(
    args: list[str], says: list[str], news: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = call("history", news).stdout
    refused(call(*({"SPACE": news, "TABLE": table}.get(arg, arg) for arg in args)), *says)
    assert call("history", news).stdout == before
    assert not (tmp_path / "new.space").exists()


def test_batches_before_a_bad_row_stay_and_are_told(news: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "1", "text": "sea"}\n{"id": null, "text": "sea"}\n', "utf-8")
    refused(call("upsert", news, bad, "--key", "id", "--batch", "1"), "The batches before it are written")
    assert told("count", news)["count"] == 4


def test_delete_by_key_stdin_and_condition(news: Path) -> None:
    gone = told("delete", news, "-", stdin="007\nno\n")
    assert (gone["deleted"], gone["unknown"]) == (1, 1)
    assert told("delete", news, "--where", "day = date '2026-03-02'")["deleted"] == 1
    assert call("count", news).stdout == "1\n"


def test_history_and_old_versions(news: Path) -> None:
    call("delete", news, "007")
    lines = [line.split("\t") for line in call("history", news).stdout.splitlines()]
    assert [line[3] for line in lines[:2]] == ["delete: 1 rows", "upsert: 3 added, 0 replaced"]
    (answer,) = [told("nearest", news, "009", "--version", lines[1][0])]
    assert {hit["key"] for hit in answer["hits"]} == {"007", "008"}
    assert told("info", news, "--version", lines[1][0])["count"] == 3


def test_filters(news: Path) -> None:
    assert told("count", news, "--where", "topic = 'weather'")["count"] == 2
    hits = told("nearest", news, "009", "--where", "topic = 'weather'")["hits"]
    assert [(hit["key"], hit["day"]) for hit in hits] == [("007", "2026-03-01")]
    hits = told("search", news, "goal", "--where", "day >= date '2026-03-02'", "--index", "exact")["hits"]
    assert [hit["key"] for hit in hits] == ["008", "009"]


def test_words_and_hybrid(news: Path) -> None:
    made = told("index", news, "--text", "text")
    assert (made["column"], made["rows"]) == ("text", 3)
    assert [hit["key"] for hit in told("search", news, "strom", "--text", "--fuzzy", "2")["hits"]] == ["007"]
    found = told("search", news, "storm at", "--text", "--phrase")["hits"]
    assert found[0]["snippet"] == "a «storm at» sea" or "«storm»" in found[0]["snippet"]
    hit = told("search", news, "storm", "--hybrid")["hits"][0]
    assert (hit["key"], hit["ranks"]) == ("007", {"text": 1, "vector": 1})
    assert "«storm»" in call("search", news, "storm", "--hybrid").stdout
    assert told("info", news)["indexes"] == [{"kind": "text", "column": "text", "rows": 3, "share": 1.0}]


def test_stale_and_refresh_of_a_space_that_is_up_to_date(news: Path) -> None:
    assert told("stale", news) == {"space": str(news), "keys": []}
    assert call("stale", news).stdout == ""
    assert told("refresh", news)["encoded"] == 0


def test_compact_leaves_one_version(news: Path) -> None:
    call("delete", news, "007")
    done = told("compact", news)
    assert (done["rows"], len(call("history", news).stdout.splitlines())) == (2, 1)
    kept = told("compact", news, "--keep", "1")
    assert kept["version"] >= done["version"]


def test_the_index_says_what_it_chose(news: Path) -> None:
    assert told("index", news)["kind"] == "exact"
    report = told("measure", news, "--index", "exact", "-k", "1", "--samples", "50")
    assert report["measures"][0]["name"] == "exact.recall@1" and report["measures"][0]["value"] == 1


def test_the_index_is_asked_with_own_queries(news: Path, tmp_path: Path) -> None:
    (tmp_path / "asked.txt").write_text("007\n009\n", "utf-8")
    np.save(tmp_path / "asked.npy", np.eye(5, dtype=np.float32))
    for name, n in (("asked.txt", 2), ("asked.npy", 5)):
        found = told("measure", news, "--index", "exact", "--queries", tmp_path / name, "--samples", "50")
        assert found["measures"][0]["n"] == n


def test_info_of_a_space_that_lives(news: Path) -> None:
    about = told("info", news)
    assert (about["content"], about["encoder"], about["indexes"]) == ("text", "static", [])
    assert about["bytes"] > 1000 and about["version"] >= 2
    lines = dict(line.split("\t") for line in call("info", news).stdout.splitlines())
    assert (lines["content"], lines["indexes"]) == ("text", "none")


def test_a_second_writer_is_refused_or_waits(news: Path) -> None:
    with writing(news):
        refused(call("delete", news, "007"), "is being written by", "--wait")
        refused(call("delete", news, "007", "--wait", "0.1"), "is being written by")
    assert told("delete", news, "007", "--wait", "inf")["deleted"] == 1
