"""split from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nearspace as ns
from nearspace.cli.main import main

PLAYS = "listener,song,plays,when,mood\n" + "".join(
    f"l{n % 20},s{n * 7 % 30},{1 + n % 4},2026-01-{1 + n // 10:02},calm\n" for n in range(200)
)
NAMES = ("--user", "listener", "--item", "song")


def call(*args: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=text)


@pytest.fixture
def plays(tmp_path: Path) -> Path:
    (tmp_path / "plays.csv").write_text(PLAYS, "utf-8")
    return tmp_path / "plays.csv"


@pytest.mark.parametrize("how", ["last", "random", "time", "users"])
def test_every_way(plays: Path, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "parts"
    done = call(
        "split", plays, "-o", folder, *NAMES, "--how", how, "--time", "when", "--weight", "plays", "--json"
    )
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    whole = ns.read_interactions(plays, user="listener", item="song")
    assert sum(told["pairs"].values()) == len(whole)
    for name, count in told["pairs"].items():
        part = ns.read_interactions(folder / f"{name}.parquet", weight="weight", time="time")
        assert len(part) == count


def test_stdin_and_plain_output(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    done = call(
        "split", "-", "--format", "csv", "-o", folder, *NAMES, "--how", "random", "--n", "2", text=PLAYS
    )
    assert done.exit_code == 0, done.stderr
    assert f"folder\t{folder}" in done.stdout
    assert "users test\t20" in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--user", "who"], ["there is no column 'who'", "listener, song, plays, when, mood"]),
        ([*NAMES], ["needs times", "--time"]),
        ([*NAMES, "--how", "time", "--time", "mood"], ["the time is 'calm'", "line 2"]),
        ([*NAMES, "--how", "random", "--share", "0.5"], ["share has no effect"]),
        ([*NAMES, "--how", "random", "--min-user", "99"], ["--min-user"]),
        ([*NAMES, "--weight", "mood", "--how", "random"], ["line 2", "column 'mood'"]),
    ],
    ids=["column", "times", "no-time", "share", "min-user", "weight"],
)
def test_what_is_refused_leaves_nothing(
    plays: Path, tmp_path: Path, options: list[str], words: list[str]
) -> None:
    done = call("split", plays, "-o", tmp_path / "parts", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert 1 <= len(done.stderr.splitlines()) <= 2
    for word in words:
        assert word in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["plays.csv"]


def test_a_folder_that_exists_is_refused_before_reading(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    done = call("split", tmp_path / "missing.csv", "-o", tmp_path / "parts")
    assert done.exit_code == 2
    assert "exists already" in done.stderr
