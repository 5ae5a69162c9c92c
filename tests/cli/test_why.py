"""`nearspace why` prints what tokens add: JSON, lines."""

import json

import pytest
from click.testing import CliRunner
from tests.search.test_why import space

import nearspace as ns
from nearspace.cli.main import main


@pytest.fixture
def folder(tmp_path):
    ns.save(space(), tmp_path / "s.space")
    return str(tmp_path / "s.space")


def test_lines_and_json_add_up(folder):
    done = CliRunner().invoke(main, ["why", folder, "my bank", "b"])
    assert done.exit_code == 0, done.output
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    said = json.loads(CliRunner().invoke(main, ["why", folder, "my bank", "b", "--json"]).stdout)
    query = [float(line[4]) for line in lines if line[0] == "query"]
    assert sum(query) == pytest.approx(said["score"], abs=1e-3)
    assert [line[1] for line in lines if line[0] == "hit"] == ["money", "in", "the", "bank", "!"]


def test_a_key_that_is_not_there(folder):
    done = CliRunner().invoke(main, ["why", folder, "my bank", "zebra"])
    assert done.exit_code != 0
    assert "zebra" in done.output + str(done.exception)
