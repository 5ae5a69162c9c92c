"""`learn encoder`: what is printed, and with which code it ends."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.learners.contrastive.planted import scored_pairs, synonym_pairs
from tests.tiny_model import write_tiny_model

from nearspace.cli.main import main
from nearspace.learners.contrastive import probes

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.extras


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(probes, "packaged", lambda: [probes._words()])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    write_tiny_model(Path("base"))
    table("pairs.csv", synonym_pairs(220))
    yield tmp_path
    torch.set_num_threads(before)


def table(name, rows):
    with open(name, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run(*arguments, stdin=None):
    command = ["learn", "encoder", "--base", "base", "-o", "ours", "--device", "cpu", *arguments]
    return CliRunner().invoke(main, command, input=stdin)


HEAD = ("--tune", "head", "--lr", "3e-3", "--batch", "32", "--held-out", "0.3")


def test_json_has_every_figure(folder):
    result = run("pairs.csv", *HEAD, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["model"] == "ours" and found["verdict"] in ("better", "no difference shown")
    assert {"name", "before", "after", "change", "low", "high", "n", "groups"} == set(found["measures"][0])
    assert found["settings"]["tune"] == {"name": "head"} and found["settings"]["loss"] == "InfoNCE"
    written = json.loads(Path("ours/training.json").read_text())
    assert written == found


def test_lines_have_the_measures_then_the_verdict(folder):
    result = run("pairs.csv", *HEAD)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[0] for line in lines[:2]] == ["held_out.ndcg@10", "probe.wordsim353.spearman"]
    assert all(len(line) == 8 for line in lines[:2])
    assert [line[0] for line in lines[2:]] == ["model", "verdict", "alpha", "seconds"]


def test_harm_has_a_code_of_its_own(folder):
    harm = (
        "pairs.csv",
        "--tune",
        "full",
        "--lr",
        "0.5",
        "--epochs",
        "1",
        "--batch",
        "32",
        "--held-out",
        "0.3",
        "--json",
    )
    result = run(*harm)
    assert result.exit_code == 3
    error = json.loads(result.stderr)["error"]
    assert error["kind"] == "worse" and "no better than its base" in error["message"]
    assert json.loads(result.stdout)["model"] is None and not Path("ours").exists()
    result = run(*harm, "--keep-worse")
    assert result.exit_code == 3 and "--keep-worse" in json.loads(result.stderr)["error"]["hint"]
    assert Path("ours/model.safetensors").is_file()


def test_own_held_out_file_probe_and_sizes(folder):
    table("held.csv", synonym_pairs(60, seed=8))
    table("probe.csv", scored_pairs(40))
    own = ("--held-out", "held.csv", "--probe", "probe.csv")
    result = run("pairs.csv", *HEAD[:-2], *own, "--dims", "16", "--negatives", "1", "--json")
    assert result.exit_code in (0, 3), result.stderr
    found = json.loads(result.stdout)
    assert found["measures"][-1]["name"] == "probe.probe.spearman"
    assert found["settings"]["dims"] == [16] and found["settings"]["mining"]["negatives"] == 1


def test_stdin(folder):
    text = Path("pairs.csv").read_text()
    assert run("-", *HEAD, "--format", "csv", stdin=text).exit_code == 0
    result = run("-", *HEAD, stdin=text)
    assert result.exit_code == 2 and "format of the table on stdin" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--columns", "a,c"), "there is no column 'c'"),
        (("--columns", "a"), "pairs need two texts that belong together, and there is 1 column: a"),
        (("--dims", "8,x"), "--dims has 'x'"),
        (("--dims", "64"), "a size of dims is 64"),
        (("--loss", "cosent"), "CoSENT takes scored, not pairs"),
        (("--held-out", "0.001"), "too few to hold 0% of them out"),
        (("--held-out", "none.csv"), "none.csv"),
        (("--batch", "1"), "batch is 1"),
        (("--device", "cud"), "cud"),
    ],
)
def test_what_the_user_can_mend(folder, arguments, message):
    result = run("pairs.csv", "--tune", "head", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr and not Path("ours").exists()
