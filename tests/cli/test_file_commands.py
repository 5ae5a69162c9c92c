"""convert and measure from end to end, and imported files that are not what they should be."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli.main import main
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.folder import open_space, save
from nearspace.store.reports import kept_reports

WORDS = ["king", "queen", "man", "woman", "cat", "dog", "sea", "ocean"]


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """Four pairs of words; the words of a pair lie 18 degrees apart, the pairs at right angles."""
    vectors = np.zeros((8, 4), dtype=np.float32)
    for pair in range(4):
        vectors[2 * pair, pair] = 1
        vectors[2 * pair + 1, pair], vectors[2 * pair + 1, (pair + 1) % 4] = 3, 1
    path = tmp_path / "pairs.space"
    save(Space(Keys(WORDS), vectors, columns={"count": np.arange(80, 0, -10)}), path)
    return path


def refused(result: Result, *words: str) -> None:
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 2
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("v.txt", "word2vec"),
        ("v.txt.gz", "word2vec"),
        ("v.glove", "glove"),
        ("v.vec", "fasttext-vec"),
        ("v.bin", "word2vec-binary"),
        ("v.npy", "npy"),
        ("v.parquet", "parquet"),
        ("v.arrow", "arrow"),
        ("v.safetensors", "safetensors"),
        ("v.projector", "projector"),
    ],
)
def test_there_and_back(space: Path, tmp_path: Path, name: str, form: str) -> None:
    there = call("convert", space, tmp_path / name, "--json")
    assert there.exit_code == 0, there.stderr
    told = json.loads(there.stdout)
    assert (told["source_format"], told["target_format"]) == ("space", form)
    assert (told["count"], told["dim"]) == (8, 4)
    back = call("convert", tmp_path / name, tmp_path / "back.space", "--from", form)
    assert back.exit_code == 0, back.stderr
    one, other = open_space(space), open_space(tmp_path / "back.space")
    assert one.keys == other.keys
    np.testing.assert_allclose(one.vectors, other.vectors, rtol=1e-6)


def test_limit_takes_the_first_rows(space: Path, tmp_path: Path) -> None:
    assert call("convert", space, tmp_path / "v.txt", "--limit", "3").exit_code == 0
    assert (tmp_path / "v.txt").read_text("utf-8").startswith("3 4\nking 1")


def test_a_format_may_be_named(space: Path, tmp_path: Path) -> None:
    assert call("convert", space, tmp_path / "v.dat", "--to", "glove").exit_code == 0
    refused(call("convert", space, tmp_path / "v.dat2"), "no suffix that names a format", ".parquet")


def test_an_existing_file_is_kept_unless_overwritten(space: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("mine", "utf-8")
    refused(call("convert", space, tmp_path / "v.txt"), "exists already", "--overwrite")
    assert (tmp_path / "v.txt").read_text("utf-8") == "mine"
    assert call("convert", space, tmp_path / "v.txt", "--overwrite").exit_code == 0
    assert (tmp_path / "v.txt").read_text("utf-8").startswith("8 4\n")


BAD_FILES = {
    "nan": (b"2 2\na 1 2\nb nan 2\n", "bad.txt", ["line 3", "finite"]),
    "duplicate": (b"3 2\na 1 2\nb 1 2\na 3 4\n", "bad.txt", ["'a'"]),
    "too few rows": (b"3 2\na 1 2\nb 1 2\n", "bad.txt", ["3"]),
    "a row of another length": (b"2 3\na 1 2 3\nb 1 2\n", "bad.txt", ["3"]),
    "truncated": (b"2 2\na " + struct.pack("2f", 1, 2) + b"b " + b"\0\0", "bad.bin", ["byte 18", "record 2"]),
    "a header that lies": (b"9999999999 300\na " + struct.pack("2f", 1, 2), "bad.bin", ["9"]),
    "no number": (b"2 2\na 1 2\nb 1 x\n", "bad.txt", ["line 3"]),
    "nothing": (b"", "bad.txt", ["empty"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_reason_and_remedy(name: str, tmp_path: Path) -> None:
    data, file, words = BAD_FILES[name]
    (tmp_path / file).write_bytes(data)
    result = call("convert", tmp_path / file, tmp_path / "x.space")
    refused(result, file, *words)
    assert len(result.stderr.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    refused(call("convert", tmp_path / "gone.txt", tmp_path / "x.space"), "gone.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Judged as the Space sees them: the words of a pair alike, others not."""
    lines = [f"{WORDS[i]}\t{WORDS[i + 1]}\t{9 if i % 2 == 0 else 1 + i / 10}" for i in range(7)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "pairs.tsv"


def test_a_report_is_kept_with_the_space(space: Path, pairs: Path) -> None:
    told = json.loads(call("measure", space, "--words", pairs, "--save", "--json").stdout)
    assert kept_reports(space)["words"].to_json() == told


def test_measure_as_json(space: Path, pairs: Path) -> None:
    result = call("measure", space, "--words", pairs, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert list(report) == ["space", "measures"]
    for measure in report["measures"]:
        assert list(measure) == ["name", "value", "low", "high", "baseline", "n", "coverage"]
        assert measure["low"] <= measure["value"] <= measure["high"]
        assert measure["baseline"]
        assert measure["n"] == 7
        assert measure["coverage"] == 1
    (spearman,) = [measure for measure in report["measures"] if measure["name"] == "pairs.spearman"]
    assert spearman["value"] > 0.8


def test_measure_as_lines(space: Path, pairs: Path) -> None:
    result = call("measure", space, "--words", pairs)
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert all(len(row) == 7 for row in rows)
    assert rows[0][0] == "pairs.spearman"


def test_the_same_seed_gives_the_same_interval(space: Path, pairs: Path) -> None:
    one = call("measure", space, "--words", pairs, "--seed", "3").stdout
    assert one == call("measure", space, "--words", pairs, "--seed", "3").stdout


def test_a_set_that_cannot_be_used_is_refused(space: Path, tmp_path: Path) -> None:
    refused(call("measure", space, "--words", "nosuchset"), "nosuchset", "wordsim353")
    refused(call("measure", space, "--analogies", tmp_path / "gone.txt"), "gone.txt")
    (tmp_path / "other.tsv").write_text("xylophone\tzebra\t3\nyak\tzoo\t4\n", "utf-8")
    refused(call("measure", space, "--words", tmp_path / "other.tsv"), "other")
