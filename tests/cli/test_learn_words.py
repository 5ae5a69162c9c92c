"""learn words from end to end: a Space comes out, or two lines on stderr and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli.main import main
from nearspace.space import Space
from nearspace.store.folder import open_space

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "wiki-excerpt.txt"
SMALL = ["--dim", "8", "--epochs", "2", "--min-count", "2"]
PROGRAM = [sys.executable, "-m", "nearspace.cli", "learn", "words"]


def learn(*args: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["learn", "words", *map(str, args)], input=stdin)


def refused(result: Result, folder: Path, *words: str) -> None:
    """Exit code 2, one or two lines on stderr with these words, nothing on stdout, nothing in the folder."""
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 2
    for word in words:
        assert word in result.stderr
    assert not any(".space" in path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("learned") / "wiki.space"
    result = learn(SAMPLE, "-o", path, *SMALL)
    assert result.exit_code == 0, result.stderr
    return path


def same(one: Space, other: Space) -> bool:
    return one.keys == other.keys and np.array_equal(one.vectors, other.vectors)


def test_it_ends_with_one_object(tmp_path: Path) -> None:
    result = learn(SAMPLE, "-o", tmp_path / "x.space", *SMALL, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert list(found) == ["space", "count", "dim", "seconds", "items_per_second"]
    space = open_space(tmp_path / "x.space")
    assert (found["space"], found["count"], found["dim"]) == (str(tmp_path / "x.space"), len(space), 8)
    words = 2 * int(space.columns["count"].sum())
    # seconds are rounded to milliseconds: a short run leaves the rate that much room
    least, most = words / (found["seconds"] + 0.0005), words / max(1e-9, found["seconds"] - 0.0005)
    assert least - 1 <= found["items_per_second"] <= most + 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.space"]


def test_the_settings_reach_the_learner(tmp_path: Path) -> None:
    given = "--window 3 --negative 4 --sample 1e-4 --lr 0.03 --seed 9 --max-vocab 50 --no-lowercase"
    learn(SAMPLE, "-o", tmp_path / "x.space", *SMALL, *given.split())
    space = open_space(tmp_path / "x.space")
    settings = space.recipe.settings
    shown = {name: settings[name] for name in ("dim", "epochs", "window", "negative", "sample", "lr")}
    assert shown == {"dim": 8, "epochs": 2, "window": 3, "negative": 4, "sample": 1e-4, "lr": 0.03}
    assert (space.recipe.learner, space.recipe.seed, len(space)) == ("skipgram", 9, 50)
    assert any(key[0].isupper() for key in space.keys)


def test_workers_and_files_change_no_byte(learned: Path, tmp_path: Path) -> None:
    text = SAMPLE.read_bytes()
    half = text.index(b"\n", len(text) // 2) + 1
    (tmp_path / "1.txt").write_bytes(text[:half])
    (tmp_path / "2.txt").write_bytes(text[half:])
    files = [tmp_path / "1.txt", tmp_path / "2.txt"]
    learn(*files, "-o", tmp_path / "two.space", *SMALL, "--workers", "1")
    learn("-", "-o", tmp_path / "stdin.space", *SMALL, "--workers", "8", stdin=text)
    for name in ("two.space", "stdin.space"):
        assert same(open_space(learned), open_space(tmp_path / name))


@pytest.mark.parametrize("method", ["cbow", "glove", "ppmi"])
def test_every_method_learns(method: str, tmp_path: Path) -> None:
    result = learn(SAMPLE, "-o", tmp_path / "x.space", "--dim", "8", "--method", method)
    assert result.exit_code == 0, result.stderr
    assert open_space(tmp_path / "x.space").recipe.learner == method


def test_a_setting_that_the_method_lacks_is_refused(tmp_path: Path) -> None:
    result = learn(SAMPLE, "-o", tmp_path / "x.space", "--method", "ppmi", "--negative", "5")
    refused(result, tmp_path, "method 'ppmi' has no setting 'negative'", "Its settings: ")


def test_subwords_place_misspelt_words(tmp_path: Path) -> None:
    result = learn(SAMPLE, "-o", tmp_path / "x.space", *SMALL, "--min-n", "3", "--max-n", "4")
    assert result.exit_code == 0, result.stderr
    space = open_space(tmp_path / "x.space")
    assert space.encoder is not None
    assert space.recipe.settings["subwords"]["max_n"] == 4
    found = CliRunner().invoke(main, ["nearest", str(tmp_path / "x.space"), "scotlandd", "-k", "1", "--json"])
    assert json.loads(found.stdout)["query"] == "scotlandd"


def test_phrases_join_words(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("we saw new york today\nnew york is big\nso is the sea\n" * 200, "utf-8")
    result = learn(tmp_path / "in.txt", "-o", tmp_path / "x.space", *SMALL, "--phrases")
    assert result.exit_code == 0, result.stderr
    assert "phrases" in open_space(tmp_path / "x.space").recipe.settings["text"]


def test_continue_from_keeps_rows_and_history(learned: Path, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("quasar blazar magnetar of the sky\n" * 50, "utf-8")
    result = learn(
        tmp_path / "new.txt",
        "-o",
        tmp_path / "x.space",
        "--epochs",
        "2",
        "--continue-from",
        learned,
        "--json",
    )
    assert result.exit_code == 0, result.stderr
    old, new = open_space(learned), open_space(tmp_path / "x.space")
    assert new.keys.names(range(len(old))) == old.keys.names()
    assert {"quasar", "blazar", "magnetar"} <= set(new.keys.names(range(len(old), len(new))))
    assert [step.data for step in new.recipe.history] == [old.recipe.data]
    found = json.loads(result.stdout)
    assert found["seconds"] * found["items_per_second"] == pytest.approx(2 * 6 * 50, rel=0.02)
    assert "step 2 learner\tskipgram" in CliRunner().invoke(main, ["info", str(tmp_path / "x.space")]).stdout


def test_an_output_that_exists_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "x.space").mkdir()
    result = learn(tmp_path / "no-such-text", "-o", tmp_path / "x.space")
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert "--overwrite" in result.stderr


def test_overwrite_replaces_a_space_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.space"
    assert learn(SAMPLE, "-o", target, *SMALL).exit_code == 0
    assert learn(SAMPLE, "-o", target, *SMALL, "--seed", "2", "--overwrite").exit_code == 0
    assert open_space(target).recipe.seed == 2
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").touch()
    result = learn(SAMPLE, "-o", tmp_path / "photos", *SMALL, "--overwrite")
    assert result.exit_code == 2
    assert (tmp_path / "photos" / "one.jpg").exists()


def test_an_output_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(learn(SAMPLE, "-o", tmp_path / "file" / "x"), tmp_path, "Not a directory")
    refused(learn(SAMPLE, "-o", tmp_path / "gone" / "x"), tmp_path, "Create the folder")
    refused(learn(SAMPLE, "-o", tmp_path / "x.txt"), tmp_path, "a Space is a folder", "nearspace convert")


BAD_TEXTS = {
    "empty": (b"", "empty"),
    "binary": (b"\x7fELF\x00\x00\x01" * 100, "bin"),
    "not utf-8": (b"one two\n" * 10 + b"caf\xe9 three\n", "83"),
    "rare words": (b"each word comes once\n", "min_count"),
    "one-word lines": (b"a\nb\n" * 50, "line"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_a_bad_text_is_refused_with_reason_and_remedy(name: str, tmp_path: Path) -> None:
    text, word = BAD_TEXTS[name]
    (tmp_path / "in.txt").write_bytes(text)
    result = learn(tmp_path / "in.txt", "-o", tmp_path / "x.space")
    refused(result, tmp_path, word)
    assert len(result.stderr.splitlines()) == 2
    told = json.loads(learn(tmp_path / "in.txt", "-o", tmp_path / "x.space", "--json").stderr)["error"]
    assert told["message"]
    assert told["hint"]


def test_invalid_utf8_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"one two caf\xe9 three\n" * 20)
    result = learn(tmp_path / "in.txt", "-o", tmp_path / "x.space", *SMALL, "--errors=replace")
    assert result.exit_code == 0, result.stderr
    assert {"one", "two", "three"} <= set(open_space(tmp_path / "x.space").keys)


def test_a_text_that_is_missing_is_refused(tmp_path: Path) -> None:
    refused(learn(tmp_path / "gone.txt", "-o", tmp_path / "x.space"), tmp_path, "gone.txt")


def test_resuming_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    result = learn(SAMPLE, "-o", tmp_path / "x.space", "--resume")
    refused(result, tmp_path, "there is no checkpoint")


@pytest.mark.skipif(os.name == "nt", reason="needs signals and a pseudo-terminal")
@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_and_resume_ends_as_if_unbroken(tmp_path: Path) -> None:
    import pty

    settings = ["--dim", "16", "--epochs", "300", "--workers", "1"]
    command = [*PROGRAM, str(SAMPLE), "-o", str(tmp_path / "x.space"), *settings]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "150"}
    )
    os.close(theirs)
    shown, sent = b"", False
    while part := _read(ours):
        shown += part
        if not sent and b"loss" in shown:
            process.send_signal(signal.SIGINT)
            sent = True
    os.close(ours)
    assert process.stdout is not None
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait(timeout=60) == 130
    told = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()))
    assert f"its state is in {tmp_path / 'x.space.checkpoint'}" in told
    assert "--resume" in told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["x.space.checkpoint"]

    resumed = learn(SAMPLE, "-o", tmp_path / "x.space", *settings, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x.space"]
    assert learn(SAMPLE, "-o", tmp_path / "whole.space", *settings).exit_code == 0
    assert same(open_space(tmp_path / "x.space"), open_space(tmp_path / "whole.space"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_while_reading_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "-", "-o", str(tmp_path / "x.space"), "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"some words of a line\n" * 100_000)  # more than a pipe holds: it is reading
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    told = json.loads(err.strip().splitlines()[-1])["error"]
    assert told["kind"] == "interrupted"
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []
