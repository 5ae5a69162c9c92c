"""`recommend`, `similar` and `because` print what Python gives, and refuse what makes no sense."""

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.tastes import USERS, tastes

import nearspace as ns
from nearspace.cli.main import main

SPACE = tastes()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommend") / "tastes.space"
    ns.save(SPACE, folder)
    return str(folder)


def run(*words, **options):
    return CliRunner().invoke(main, words, **options)


def objects(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_recommend_prints_what_python_gives(path):
    right = ns.recommend(SPACE, ["101", "104"], k=3, diversity=0.4).to_json()
    assert objects(run("recommend", path, "101", "104", "-k", "3", "--diversity", "0.4", "--json")) == right
    assert objects(run("recommend", path, "-", "-k", "3", "--json", input="101\n")) == [
        ns.recommend(SPACE, "101", k=3).to_json()[0]
    ]
    told = run("recommend", path, "101", "--seen", "--where", "key = 'item 3'")
    assert told.stdout.split("\t")[:2] == ["101", "item 3"]


def test_new_users_by_what_they_like(path):
    liked = ["recommend", path, "--like", "item 3", "--like", "item 5", "-k", "2", "--json"]
    assert objects(run(*liked)) == ns.recommend(SPACE, liked=["item 3", "item 5"], k=2).to_json()
    assert objects(run(*liked, "--like", "x", "--skip-unknown"))[0]["hits"]
    failed = run(*liked, "--like", "itm 5")
    assert failed.exit_code == 2 and "Did you mean: item 5" in failed.stderr


def test_all_users_into_a_table(path, tmp_path):
    out = str(tmp_path / "all.parquet")
    done = objects(run("recommend", path, "--all", "-o", out, "-k", "4", "--json"))[0]
    assert (done["output"], done["users"], done["rows"]) == (out, USERS, 4 * USERS)
    assert pq.read_metadata(out).num_rows == 4 * USERS
    again = run("recommend", path, "--all", "-o", out, "--json")
    assert again.exit_code == 2 and json.loads(again.stderr)["error"]["kind"] == "output"
    assert objects(run("recommend", path, "101", "-o", out, "--overwrite", "--json"))[0]["users"] == 1


@pytest.mark.parametrize(
    "words",
    [[], ["101", "--like", "item 3"], ["--all"], ["101", "--all"], ["--like", "item 3", "-o", "x.parquet"]],
)
def test_recommend_refuses_what_makes_no_sense(path, words):
    assert run("recommend", path, *words).exit_code == 2


def test_similar_and_because(path):
    right = ns.similar(SPACE, ["item 3", "user:101"], k=3).to_json()
    assert objects(run("similar", path, "item 3", "user:101", "-k", "3", "--json")) == right
    assert (
        objects(run("because", path, "101", "item 5", "--json"))[0]
        == ns.because(SPACE, 101, "item 5").to_json()
    )
    new = ["because", path, "--like", "item 3", "item 5"]
    assert objects(run(*new, "--json"))[0] == ns.because(SPACE, item="item 5", liked=["item 3"]).to_json()
    cells = run(*new).stdout.rstrip("\n").split("\t")
    assert cells[0] == "item 3" and cells[3] == "1.000000"
    assert run("because", path, "item 5").exit_code == 2
    assert run("because", path, "--like", "item 3", "101", "item 5").exit_code == 2
