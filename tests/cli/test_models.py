"""pack, encode and search by a model of texts, on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.tiny_model import write_tiny_model

from nearspace.cli.main import main

pytest.importorskip("openvino")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.extras
TABLE = (
    "key,text\nr1,The boat lies by the river bank\nr2,The bank pays money on the account\nr3,\n"
    "r4,A dog runs in the garden\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_tiny_model(tmp_path / "model")
    (tmp_path / "t.csv").write_text(TABLE, "utf-8")
    return tmp_path


def call(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_from_a_model_to_found_texts(folder: Path) -> None:
    done = call("pack", "model", "-o", "fast", "--precision", "f32", "--json")
    assert done.exit_code == 0, done.stderr
    names = [measure["name"] for measure in json.loads(done.stdout)["measures"]]
    assert names == ["cosine", "spearman", "neighbors", "texts/s f32"]
    done = call("encode", "t.csv", "-o", "s.space", "--encoder", "fast", "--content", "text", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["encoded"] == 4
    for query, key in (("The boat lies by the river bank", "r1"), ("A dog runs in the garden", "r4")):
        found = call("search", "s.space", query, "-k", "1", "--json")
        assert found.exit_code == 0, found.stderr
        assert json.loads(found.stdout)["hits"][0]["key"] == key
    again = call("encode", "t.csv", "-o", "s.space", "--encoder", "fast", "--content", "text", "--json")
    assert json.loads(again.stdout)["encoded"] == 0
    assert call("info", "s.space", "--json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pack", "nowhere", "-o", "x"), "no folder and no installed package 'nowhere'"),
        (("pack", "t.csv", "-o", "x"), "'t.csv' is a file, expected the folder of a model"),
        (("pack", "model", "-o", "model"), "exists"),
        (("pack", "model", "-o", "x", "--texts", "t.csv"), "5 texts are too few"),
        (("pack", "model", "-o", "x", "--texts", "no.txt"), "there is no file 'no.txt'"),
        (("encode", "t.csv", "-o", "x", "--encoder", "empty", "--content", "text"), "'empty' holds no model"),
    ],
)
def test_what_is_refused_leaves_nothing(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    (folder / "empty").mkdir()
    done = call(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert not (folder / "x").exists()


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model" / "model.safetensors").rename(folder / "model" / "pytorch_model.bin")
    done = call("encode", "t.csv", "-o", "x", "--encoder", "model", "--content", "text")
    assert done.exit_code == 2
    assert "a pickle, which can run any code" in done.stderr
    assert not (folder / "x").exists()
