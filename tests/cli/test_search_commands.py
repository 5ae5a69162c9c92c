"""nearest, search, analogy, similarity, doesnt-match and info on a Space whose answers are known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli import output
from nearspace.cli.main import main
from nearspace.keys import Keys
from nearspace.space import Recipe, Space
from nearspace.store.folder import save

# Angles in degrees on a circle, so that every cosine is known; counts fall with the row.
ANGLES = {"the": 200, "cat": 0, "kitten": 10, "dog": 30, "ocean": 90, "sea": 95, "été": 180, "-": 270}


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> str:
    turn = np.radians(list(ANGLES.values()))
    space = Space(
        Keys(ANGLES),
        np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32),
        columns={"count": np.arange(len(ANGLES), 0, -1)},
        recipe=Recipe("skipgram", {"dim": 2, "epochs": 5}, seed=7, data="abc", seconds=1.25),
    )
    path = tmp_path_factory.mktemp("circle") / "circle.space"
    save(space, path)
    return str(path)


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Space in which analogies are exact: a parallelogram of royalty, and a word off its plane."""
    rows = {
        "man": (-1, -1, 1),
        "king": (-1, 1, 1),
        "woman": (1, -1, 1),
        "queen": (1, 1, 1),
        "off": (0, 0, -1),
    }
    space = Space(Keys(rows), np.array(list(rows.values()), dtype=np.float32))
    path = tmp_path_factory.mktemp("square") / "square.space"
    save(space, path)
    return str(path)


def call(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(args), input=stdin)


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def cosine(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def test_nearest_prints_query_key_score_and_columns(circle: str) -> None:
    result = call("nearest", circle, "cat", "-k", "2")
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[:2] for row in rows] == [["cat", "kitten"], ["cat", "dog"]]
    assert [float(row[2]) for row in rows] == pytest.approx([cosine(10), cosine(30)], abs=1e-5)
    assert [row[3] for row in rows] == ["6", "5"]


def test_nearest_as_json_is_one_object_a_query(circle: str) -> None:
    cat, ocean = objects(call("nearest", circle, "cat", "ocean", "-k", "1", "--json"))
    assert cat == {
        "query": "cat",
        "hits": [{"key": "kitten", "score": pytest.approx(cosine(10), abs=1e-5), "count": 6}],
    }
    assert ocean["query"] == "ocean"
    assert [hit["key"] for hit in ocean["hits"]] == ["sea"]


def test_one_key_and_many_have_one_shape(circle: str) -> None:
    one = call("nearest", circle, "cat", "-k", "3").stdout
    two = call("nearest", circle, "cat", "dog", "-k", "3").stdout
    assert two.startswith(one)


def test_nearest_reads_keys_from_stdin(circle: str) -> None:
    found = objects(call("nearest", circle, "dog", "-", "sea", "-k", "1", "--json", stdin="cat\r\n\nété\n"))
    assert [answer["query"] for answer in found] == ["dog", "cat", "été", "sea"]


def test_a_dash_in_stdin_is_a_key(circle: str) -> None:
    (found,) = objects(call("nearest", circle, "-", "-k", "1", "--json", stdin="-\n"))
    assert found["query"] == "-"


def test_many_keys_from_stdin_are_all_answered(circle: str) -> None:
    found = objects(call("nearest", circle, "-", "-k", "1", "--json", stdin="cat\ndog\n" * 500))
    assert [answer["query"] for answer in found] == ["cat", "dog"] * 500


def test_stdin_that_is_not_text_is_refused(circle: str) -> None:
    result = call("nearest", circle, "-", stdin=b"cat\ncaf\xe9\n")
    assert result.exit_code == 2
    assert "line 2 of stdin is not UTF-8" in result.stderr


def test_restrict_leaves_rarer_rows_out(circle: str) -> None:
    (found,) = objects(call("nearest", circle, "ocean", "-k", "9", "--restrict", "3", "--json"))
    assert {hit["key"] for hit in found["hits"]} == {"the", "cat", "kitten"}


def test_an_unknown_key_is_two_lines_with_what_was_meant(circle: str) -> None:
    result = call("nearest", circle, "kiten")
    assert result.exit_code == 2
    assert result.stdout == ""
    message, hint = result.stderr.splitlines()
    assert message == "error: 'kiten' is not a key of this Space"
    assert "kitten" in hint


def test_an_error_with_json_is_an_object_on_stderr(circle: str) -> None:
    result = call("nearest", circle, "kiten", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    error = json.loads(result.stderr)["error"]
    assert error["kind"] == "unknown_key"
    assert "'kiten'" in error["message"]
    assert "kitten" in error["hint"]


def test_search_takes_positive_and_negative_terms(square: str) -> None:
    (found,) = objects(
        call(*f"search {square} --positive king --positive woman --negative man -k 1 --json".split())
    )
    assert [hit["key"] for hit in found["hits"]] == ["queen"]
    assert found["hits"][0]["score"] == pytest.approx(1, abs=1e-5)
    (same,) = objects(call(*f"search {square} king -p woman -n man -k 1 --json".split()))
    assert same["hits"] == found["hits"]


def test_search_reads_queries_from_stdin(square: str) -> None:
    found = objects(call("search", square, "-", "--negative", "man", "--json", stdin="king\nqueen\n"))
    assert len(found) == 2
    assert all("man" not in {hit["key"] for hit in answer["hits"]} for answer in found)


def test_search_without_any_term_is_refused(square: str) -> None:
    result = call("search", square)
    assert result.exit_code == 2
    assert "the query is empty" in result.stderr


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_analogy_answers(square: str, method: str) -> None:
    (found,) = objects(call("analogy", square, "man", "king", "woman", "--method", method, "--json"))
    assert found["hits"][0]["key"] == "queen"
    assert not {"man", "king", "woman"} & {hit["key"] for hit in found["hits"]}


def test_similarity(circle: str) -> None:
    (found,) = objects(call("similarity", circle, "cat", "dog", "--json"))
    assert found == {"query": ["cat", "dog"], "score": pytest.approx(cosine(30), abs=1e-5)}
    a, b, score = call("similarity", circle, "cat", "ocean").stdout.rstrip("\n").split("\t")
    assert (a, b) == ("cat", "ocean")
    assert float(score) == pytest.approx(0, abs=1e-5)


def test_doesnt_match_comes_first(circle: str) -> None:
    (found,) = objects(call("doesnt-match", circle, "cat", "kitten", "dog", "été", "--json"))
    assert found["query"] == ["cat", "kitten", "dog", "été"]
    assert found["key"] == "été"
    assert min(found["scores"], key=found["scores"].get) == "été"
    assert call("doesnt-match", circle, "-", stdin="cat\nkitten\ndog\nété\n").stdout.startswith("été\t")


def test_info_as_json(circle: str) -> None:
    (found,) = objects(call("info", circle, "--json"))
    parts = {
        "space",
        "count",
        "dim",
        "metric",
        "columns",
        "encoder",
        "content",
        "version",
        "indexes",
        "bytes",
    }
    assert found.keys() == parts | {"recipe"}
    assert (found["space"], found["count"], found["dim"]) == (circle, len(ANGLES), 2)
    assert found["columns"] == ["count"]
    assert found["recipe"]["learner"] == "skipgram"
    assert found["recipe"]["settings"] == {"dim": 2, "epochs": 5}
    assert found["recipe"]["seed"] == 7


def test_info_as_lines(circle: str) -> None:
    lines = dict(line.split("\t", 1) for line in call("info", circle).stdout.splitlines())
    assert lines["count"] == str(len(ANGLES))
    assert lines["encoder"] == "none"
    assert lines["settings"] == "dim=2 epochs=5"


@pytest.mark.parametrize("command", ["info {}", "nearest {} cat", "analogy {} a b c", "measure {}"])
def test_what_is_not_a_space_is_refused(command: str, tmp_path: Path) -> None:
    result = call(*command.format(tmp_path).split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(tmp_path) in result.stderr
    assert len(result.stderr.splitlines()) == 2
    result = call(*command.format(tmp_path / "gone.space").split(), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stderr)["error"]["kind"] == "missing_input"


def test_a_space_of_a_newer_format_is_refused(circle: str, tmp_path: Path) -> None:
    folder = tmp_path / "newer.space"
    folder.mkdir()
    described = json.loads((Path(circle) / "space.json").read_text("utf-8"))
    (folder / "space.json").write_text(json.dumps({**described, "format_version": 99}), "utf-8")
    result = call("info", str(folder), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stderr)["error"]["kind"] == "format_version"


def test_a_reader_that_leaves_early_is_no_error(circle: str) -> None:
    command = (
        f"yes cat | head -5000 | {sys.executable} -m nearspace.cli nearest {circle} - | head -2; "
        "echo ${PIPESTATUS[2]}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    *lines, code = done.stdout.splitlines()
    assert len(lines) == 2
    assert code == "1"


def test_output_is_utf8_in_any_locale(circle: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nearspace.cli", "nearest", circle, "été", "-k", "1"],
        capture_output=True,
        timeout=60,
        env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").startswith("été\t")


def test_no_tab_or_line_end_of_a_key_breaks_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("", ["key", "score"], [["a\tb\nc\rd", 0.5]])
    assert capsys.readouterr().out == "a\\tb\\nc\\rd\t0.500000\n"


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"hits": [{"year": float("nan"), "score": 0.5}], "tuple": (1, float("inf"))})
    assert json.loads(capsys.readouterr().out) == {
        "hits": [{"year": None, "score": 0.5}],
        "tuple": [1, None],
    }


def test_a_terminal_gets_a_table_that_no_key_can_steer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    output.print_table("king", ["key", "score", "count"], [["\x1b[31mred", 0.12345, 12000], ["[b]", 1.0, 1]])
    shown = capsys.readouterr().out
    assert "\\x1b[31mred" in shown
    assert "0.123" in shown
    assert "12,000" in shown
    assert "[b]" in shown
    assert "king" in shown.splitlines()[0]
