"""The example of docs/contexts.md runs, on a saved Space, with a transformer; and so do its commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.learners.test_contexts import texts
from tests.tiny_model import write_tiny_model

import nearspace as ns
from nearspace.cli.main import main

pytestmark = pytest.mark.extras
pytest.importorskip("torch")
pytest.importorskip("transformers")

COUNT = len({text for text in texts(60) if "bank" in text})
PAGE = Path(__file__).resolve().parents[2] / "docs" / "contexts.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tiny_model(tmp_path / "model")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "all.txt").write_text("\n".join(texts(60)), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*args: str) -> str:
    done = CliRunner().invoke(main, list(args))
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_the_example_of_the_page_runs_and_opens_again(folder: Path) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(compile(code[1], "contexts.md", "exec"), names)
    made, opened = names["space"], ns.open("bank.space")
    assert isinstance(made, ns.Space) and len(opened) == COUNT
    assert opened.encoder is not None and made.encoder is not None
    assert opened.encoder.fingerprint == made.encoder.fingerprint
    sentence = str(opened.columns["sentence"][4])
    assert opened.encoder.encode([sentence])[0] == pytest.approx(opened["bank#5"], abs=1e-5)
    assert [one.to_json() for one in ns.senses(opened)] == [one.to_json() for one in ns.senses(made)]
    assert ns.sense_of(opened, sentence)[0].sense == ns.sense_of(made, sentence)[0].sense


@pytest.mark.slow
def test_the_commands_run(folder: Path) -> None:
    made = json.loads(
        call(
            "learn",
            "contexts",
            "texts",
            "--word",
            "bank",
            "--encoder",
            "model",
            "-o",
            "bank.space",
            "--json",
            "-q",
        )
    )
    assert made["count"] == COUNT and made["dim"] == 32
    listed = [json.loads(line) for line in call("senses", "bank.space", "--json").splitlines()]
    assert sum(one["count"] for one in listed) == COUNT
    key = listed[0]["sense"]
    near = json.loads(call("senses", "bank.space", "--near", key, "-k", "2", "--json"))
    assert near["query"] == key and len(near["hits"]) == 2 and near["hits"][0]["sense"] == key
    assert "bank/" in call("senses", "bank.space", "--of", "The river boat bank water fish.")
    assert "bank#" in call("nearest", "bank.space", "bank#3")
    report = json.loads(call("measure", "bank.space", "--word-in-context", "contexts60", "--json", "-q"))
    assert [one["n"] for one in report["measures"]] == [60, 60]
    found = json.loads(
        call("search", "bank.space", "the river bank", "--rerank", "tokens", "--read", "sentence",
             "--depth", "20", "-k", "3", "--json")
    )  # fmt: skip
    assert [hit["ranks"]["rerank"] for hit in found["hits"]] == [1, 2, 3]
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True) and np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            ["learn", "contexts", "texts", "--word", "bank", "--encoder", "model", "--layers", "last"],
            "layers are",
        ),
        (
            ["learn", "contexts", "texts", "--word", "bank", "--encoder", "model", "--form", "banks"],
            "WORD=FORM",
        ),
        (["learn", "contexts", "texts", "--word", "zebra", "--encoder", "model"], "none of the words"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(args: list[str], says: str, folder: Path) -> None:
    done = CliRunner().invoke(main, [*args, "-o", "out.space", "-q"])
    assert done.exit_code == 2 and not (folder / "out.space").exists()
    assert says in done.stderr
