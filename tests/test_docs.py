"""The docs follow the code: commands, options, public names and settings are there, and the examples run."""

from __future__ import annotations

import importlib
import inspect
import lzma
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.tiny_model import write_tiny_model

import nearspace
from nearspace import errors
from nearspace.cli.group import LazyGroup
from nearspace.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEXT = ROOT / "examples" / "data" / "encyclopedia.txt.xz"


def commands(group: LazyGroup = main, path: str = "nearspace") -> Iterator[tuple[str, click.Command]]:
    for name, row in group.table.items():
        command = getattr(importlib.import_module(row.module), row.attribute)
        if isinstance(command, LazyGroup):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands())


def section(page: str, heading: str) -> str:
    """The text under one heading, up to the next of its level or above."""
    match = re.search(rf"^(#+) `?{re.escape(heading)}`?$", page, re.MULTILINE)
    assert match, f"docs/cli.md has no section {heading!r}"
    level = len(match[1])
    rest = page[match.end() :]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


@pytest.mark.parametrize("path", COMMANDS)
def test_the_page_of_the_command_line_has_every_command_and_option(path: str) -> None:
    text = section((ROOT / "docs" / "cli.md").read_text("utf-8"), path)
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            for name in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{name}`" in text, f"{path}: {name} is missing in docs/cli.md"
        else:
            name = (parameter.metavar or str(parameter.name).upper()).rstrip(".")
            assert re.search(rf"`[^`]*(?<!\w){re.escape(name)}(?!\w)[^`]*`", text), (
                f"{path}: {name} is missing in docs/cli.md"
            )


@pytest.mark.parametrize("path", COMMANDS)
def test_the_page_of_the_command_line_invents_no_option(path: str) -> None:
    text = section((ROOT / "docs" / "cli.md").read_text("utf-8"), path)
    table = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    known = {
        name for parameter in COMMANDS[path].params for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"`(--[a-z-]+)", table)) <= known


def test_the_readme_names_every_public_function() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    for name in nearspace.__all__:
        value = getattr(nearspace, name)
        if inspect.isfunction(value):
            assert f"ns.{name}" in page, f"README.md does not mention ns.{name}"


def test_the_errors_are_listed() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for value in vars(errors).values():
        if inspect.isclass(value) and issubclass(value, errors.NearspaceError):
            assert f"`{value.kind}`" in page, value.kind


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for named in re.findall(r"`((?:src|docs|tests|examples|benchmarks)/[\w./-]+)`", text):
        found = [ROOT / named, *ROOT.glob(f"{named}.*")]
        assert any(path.exists() for path in found), f"{page.name} names {named}"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder_with_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with lzma.open(TEXT, "rt", encoding="utf-8") as text:
        (tmp_path / "wiki.txt").write_text(text.read(1_500_000), "utf-8")
    rows = "id,day,topic,source,text\nr{0},2026-03-0{0},sport,agency,a storm\nr9,2026-03-09,sea,desk,a ship\n"
    for day in (1, 2):
        (tmp_path / f"day-0{day}.csv").write_text(rows.format(day), "utf-8")
    (tmp_path / "photos.jsonl").write_text('{"key": "sea.jpg", "vector": [1, 2, 3]}\n', "utf-8")
    (tmp_path / "questions.tsv").write_text("query\tkey\nwhere is a storm\tr1\n", "utf-8")
    goods = ["tea", "green tea", "milk", "sugar", "rum", "gin", "beer", "wine"]
    about = "".join(f"{name},{2000 + number % 4}\n" for number, name in enumerate(goods))
    (tmp_path / "goods.csv").write_text(f"id,year\n{about}", "utf-8")
    tags = ["hot leaf", "hot leaf", "cold", "sweet", "strong", "strong", "cold", "strong"]
    all_goods = [*zip(goods, tags, strict=True), ("mate", "hot leaf"), ("vodka", "strong")]
    told = "".join(f"{name},{tag}\n" for name, tag in all_goods)
    (tmp_path / "all-goods.csv").write_text(f"id,tags\n{told}", "utf-8")
    chosen = [
        (4700 + user, goods[(user % 2 * 4 + step) % 8]) for user in range(30) for step in range(1 + user % 4)
    ]
    lines = "".join(f"{user},{item},2026-03-0{1 + user % 9}\n" for user, item in chosen)
    (tmp_path / "events.csv").write_text(f"user,item,time\n{lines}", "utf-8")
    plays = "".join(f"u{n % 9},i{n * 7 % 8},2026-03-{1 + n % 28:02}\n" for n in range(60))
    (tmp_path / "plays.csv").write_text(f"user,item,when\n{plays}", "utf-8")
    write_tiny_model(tmp_path / "my-model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.extras
@pytest.mark.slow
def test_the_example_of_the_readme_runs(folder_with_text: Path) -> None:
    pytest.importorskip("matplotlib")
    (code,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in code.splitlines() if line]) <= 10
    exec(compile(code, "README.md", "exec"), {})
    assert (folder_with_text / "map.png").stat().st_size > 10_000
    assert len(nearspace.open("wiki.space")) > 100


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "cli.md"], ids=lambda page: page.name)
def test_the_commands_of_a_page_run(
    page: Path, folder_with_text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("openvino")
    uvicorn = pytest.importorskip("uvicorn")
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: None)  # serve ends at once
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    commands = [line for line in lines if line.startswith("nearspace ")]
    assert commands
    for line in commands:
        arguments = shlex.split(line, comments=True)
        result = CliRunner().invoke(main, arguments[1:])
        assert result.exit_code == 0, f"{line}: {result.stderr}"
