"""nearspace measure --ranking: a saved Space of users and items on a table of held-out events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.planted_events import groups

import nearspace as ns
from nearspace.cli.main import main


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with groups.space and held.csv."""
    _, held, space = groups(seed=2)
    ns.save(space, tmp_path / "groups.space")
    items = [held.items[item] for item in held.by_user.columns.tolist()]
    users = [
        user for user, count in zip(held.users, held.user_counts.tolist(), strict=True) for _ in range(count)
    ]
    lines = [f"{user},{item}\n" for user, item in zip(users, items, strict=True)]
    (tmp_path / "held.csv").write_text("reader,book\n" + "".join(lines), "utf-8")
    return tmp_path


def run(saved: Path, *arguments: str) -> tuple[int, str, str]:
    command = ["measure", str(saved / "groups.space"), *arguments, "--samples", "100"]
    result = CliRunner().invoke(main, command)
    return result.exit_code, result.stdout, result.stderr


def test_a_report_is_printed_as_of_every_subject(saved: Path) -> None:
    asked = "--ranking", str(saved / "held.csv"), "--user", "reader", "--item", "book"
    code, out, _ = run(saved, *asked, "--json")
    measures = {one["name"]: one for one in json.loads(out)["measures"]}
    assert code == 0 and measures["held.recall@20"]["value"] == 1
    assert set(measures["held.recall@20"]["baseline"]) == {"popularity", "item-knn"}
    code, out, _ = run(saved, *asked, "-k", "5", "--baseline", "ease", "--baseline", "popularity", "--save")
    assert code == 0 and "held.ndcg@5" in out and "ease" in out and "item-knn" not in out
    assert (saved / "groups.space" / "reports").is_dir()


def test_wrong_columns_and_options_that_do_not_belong_are_refused(saved: Path) -> None:
    code, _, error = run(saved, "--ranking", str(saved / "held.csv"))
    assert code == 2 and "user" in error and "reader" in error
    for option in (["--baseline", "ease"], ["--known", "x.csv"], ["--user", "reader"], ["--item", "book"]):
        code, _, error = run(saved, *option)
        assert code == 2 and "for --ranking" in error
    code, _, error = run(saved, "--ranking", "a.csv", "--pairs", "b.csv")
    assert code == 2 and "stands alone" in error
