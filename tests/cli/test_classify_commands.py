"""fit-head and classify from the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import nearspace as ns
from nearspace.cli.main import main
from nearspace.data.tables import read_table
from nearspace.encoders.static import StaticEncoder

WORDS = ["rain", "storm", "wind", "goal", "team", "match", "piano"]
PLACES = [[9, 1, 0], [8, 2, 0], [9, 0, 1], [0, 9, 1], [1, 8, 0], [0, 9, 0], [0, 0, 9]]
TEXTS = {
    "a": ("rain storm", "weather"), "b": ("wind rain", "weather"), "c": ("storm wind", "weather"),
    "d": ("goal team", "sport"), "e": ("match goal", "sport"), "f": ("team match", "sport"),
    "g": ("storm", ""), "007": ("goal", ""),
}  # fmt: skip


def call(*args: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)


def told(*args: str | Path, stdin: str | None = None) -> list[Any]:
    done = call(*args, "--json", stdin=stdin)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(result: Result, *words: str) -> None:
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 2
    for word in words:
        assert word in result.stderr


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    words = ns.Space(ns.Keys(WORDS), np.array(PLACES, dtype=np.float32))
    rows = [{"key": key, "text": text, "topic": topic} for key, (text, topic) in TEXTS.items()]
    ns.encode(rows, "news.space", encoder=StaticEncoder.from_space(words, a=1e9), content="text")
    return "news.space"


def test_a_head_is_fitted_saved_and_applied(space: str) -> None:
    (fitted,) = told("fit-head", space, "--labels", "topic")
    assert fitted["classes"] == ["sport", "weather"]
    assert (fitted["head"], fitted["examples"]) == ("topic", 6)
    assert set(fitted["held_out"]["accuracy"]) == {"value", "low", "high", "n"}
    made = told("classify", space, "rain and wind", "team", "g", "--head", "topic", "-k", "1")
    assert [one["best"][0]["label"] for one in made] == ["weather", "sport", "weather"]
    lines = call("classify", space, "-", "--head", "topic", stdin="rain\nxyzzy\n").stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["rain", "weather"], ["xyzzy", "unknown"]]
    shown = call("fit-head", space, "--labels", "topic", "--overwrite").stdout
    assert "held-out accuracy\t" in shown


def test_labelled_texts_and_keys_come_from_tables(space: str, tmp_path: Path) -> None:
    Path("few.csv").write_text("said,kind\nrain,wet\nstorm,wet\ngoal,dry\nteam,dry\npiano,none\n", "utf-8")
    (fitted,) = told(
        "fit-head", space, "--labels", "kind", "--labelled", "few.csv", "--text", "said", "--outside", "none",
        "--name", "wetness",
    )  # fmt: skip
    assert fitted["classes"] == ["dry", "wet"]
    assert fitted["held_out"]["refused"]["n"] == 1
    (one,) = told("classify", space, "piano", "--head", "wetness")
    assert one["label"] is None
    Path("keys.csv").write_text("id,kind\n007,x\na,y\n", "utf-8")
    (fitted,) = told("fit-head", space, "--labels", "kind", "--labelled", "keys.csv", "--key", "id")
    assert (fitted["classes"], fitted["examples"]) == (["x", "y"], 2)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "arrow"])
def test_a_table_is_labelled_into_a_file(space: str, suffix: str) -> None:
    told("fit-head", space, "--labels", "topic", "--reject", "0")
    Path("new.csv").write_text("number,text\n1,rain and storm\n2,a match\n3,\n", "utf-8")
    (done,) = told("classify", space, "--head", "topic", "--table", "new.csv", "-o", f"out.{suffix}")
    assert done == {"output": f"out.{suffix}", "rows": 3}
    rows = [row for batch in read_table(f"out.{suffix}").batches() for row in batch.to_pylist()]
    assert [row["label"] or None for row in rows] == ["weather", "sport", None]
    assert [row["number"] for row in rows] == [1, 2, 3]
    refused(call("classify", space, "--head", "topic", "--table", "new.csv", "-o", f"out.{suffix}"), "exists")
    assert [row["label"] for row in told("classify", space, "--head", "topic", "--table", "new.csv")] == [
        "weather", "sport", None,
    ]  # fmt: skip


def test_labels_are_kept_in_the_space(space: str) -> None:
    told("fit-head", space, "--labels", "topic", "--reject", "0")
    (done,) = told("classify", space, "--head", "topic", "--into", "found")
    assert (done["replaced"], done["encoded"]) == (8, 0)
    opened = ns.open(space)
    assert opened.columns["found"][opened.keys.row("007")] == "sport"
    refused(call("classify", space, "--head", "topic", "--into", "found"), "has a column 'found' already")


def test_bad_input_is_told(space: str) -> None:
    refused(call("fit-head", space, "--labels", "topics"), "no column 'topics'", "Did you mean 'topic'")
    refused(call("fit-head", space, "--labels", "topic", "--name", "../x"), "the name of a head")
    refused(call("classify", space, "rain", "--head", "topic"), "has no head 'topic'", "fit-head")
    told("fit-head", space, "--labels", "topic")
    refused(call("fit-head", space, "--labels", "topic"), "has a head 'topic' already", "--overwrite")
    refused(call("classify", space, "--head", "topic"), "give ITEMS, --table")
    refused(call("classify", space, "x", "--head", "topic", "--table", "y.csv"), "give ITEMS, --table")
    Path("new.csv").write_text("number,said\n1,rain\n", "utf-8")
    refused(call("classify", space, "--head", "topic", "--table", "new.csv"), "no column", "--text")
    refused(
        call("classify", space, "--head", "topic", "--table", "new.csv", "--text", "said", "-o", "x.txt"),
        ".parquet",
    )
    refused(call("fit-head", space, "--labels", "kind", "--labelled", "gone.csv"), "gone.csv")
