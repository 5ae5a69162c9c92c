"""The program itself: its table of commands, ways to fail, and start-up."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nearspace.cli import failures
from nearspace.cli.group import LazyGroup
from nearspace.cli.main import COMMANDS, main
from nearspace.errors import Interrupted, UnknownKeyError


def commands(group: LazyGroup = main, path: str = "nearspace") -> Iterator[tuple[str, click.Command]]:
    for name, row in group.table.items():
        command = getattr(importlib.import_module(row.module), row.attribute)
        yield f"{path} {name}", command
        if isinstance(command, LazyGroup):
            yield from commands(command, f"{path} {name}")


ALL = dict(commands())


def run(*args: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nearspace.cli", *args],
        capture_output=True,
        text=True,
        timeout=120,
        **settings,
    )


def test_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"nearspace {importlib.metadata.version('nearspace')}\n"


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys; from nearspace.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'pyarrow', 'lance', 'matplotlib', 'sklearn', 'rich', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "ours = {name for name in sys.modules if name.startswith('nearspace.cli.')}\n"
        "assert ours == {'nearspace.cli.main', 'nearspace.cli.group', 'nearspace.cli.failures'}, ours\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for name, row in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert row.summary in done.stdout


def test_version_starts_fast() -> None:
    def once(*command: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=60)
        return time.perf_counter() - start

    bare = min(once("-c", "import numpy, click") for _ in range(3))
    ours = min(once("-m", "nearspace.cli", "--version") for _ in range(3))
    assert ours < bare + 0.5


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help_with_an_example(path: str) -> None:
    result = CliRunner().invoke(main, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"  {path} " in result.output or path in result.output.split("Examples:")[1]


def test_the_table_repeats_the_first_line_of_each_help() -> None:
    def check(group: LazyGroup) -> None:
        for name, row in group.table.items():
            command = getattr(importlib.import_module(row.module), row.attribute)
            assert command.name == name
            assert (command.help or "").splitlines()[0] == row.summary
            if isinstance(command, LazyGroup):
                check(command)

    check(main)


@pytest.mark.parametrize(
    "path", [path for path, command in ALL.items() if not isinstance(command, LazyGroup)]
)
def test_adapters_only_parse_call_and_print(path: str) -> None:
    function = inspect.unwrap(ALL[path].callback)  # type: ignore[arg-type]
    (tree,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    body = tree.body[1:]  # without the docstring
    assert body[-1].end_lineno - body[0].lineno + 1 <= 15, path  # type: ignore[operator]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["neares"], "there is no command 'neares'. Did you mean 'nearest'?"),
        (["xyzzy"], "there is no command 'xyzzy'. Commands: learn, "),
        (["nearest"], "Missing argument 'SPACE'"),
        (["nearest", "x.space", "king", "--colour"], "No such option '--colour'"),
        (["nearest", "x.space", "king", "-k", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_call_is_two_lines_and_exit_code_2(args: list[str], message: str) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert message in lines[0]
    assert lines[1].startswith("See 'nearspace")
    assert lines[1].endswith("--help'.")


def test_a_wrong_call_with_json_is_one_object_on_stderr() -> None:
    result = CliRunner().invoke(main, ["nearest", "--json"])
    assert result.exit_code == 2
    assert result.stdout == ""
    error = json.loads(result.stderr)["error"]
    assert error.keys() == {"kind", "message", "hint"}
    assert error["kind"] == "usage"


def test_no_command_shows_the_help_and_fails() -> None:
    done = run()
    assert done.returncode == 2
    assert "Commands:" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (UnknownKeyError("kimg", ("king",)), "unknown_key", 2),
        (Interrupted("stopped after epoch 2", "Add --resume to go on."), "interrupted", 130),
        (KeyboardInterrupt(), "interrupted", 130),
        (click.Abort(), "interrupted", 130),
        (MemoryError("unable to allocate 8 TiB"), "memory", 2),
        (PermissionError(13, "Permission denied", "/x"), "system", 2),
        (click.FileError("x", "gone"), "usage", 2),
    ],
)
def test_failures_have_a_kind_and_a_code(error: BaseException, kind: str, code: int) -> None:
    failure = failures.describe(error)
    assert failure is not None
    assert (failure.kind, failure.exit_code) == (kind, code)
    assert failure.message


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert failures.describe(ZeroDivisionError()) is None
    with pytest.raises(ZeroDivisionError):
        failures.report(ZeroDivisionError(), as_json=True)


def test_a_message_of_many_lines_is_told_on_one(capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(UnknownKeyError("a", ("b",)), as_json=False)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "error: 'a' is not a key of this Space\nDid you mean: b?\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_NEARSPACE_COMPLETE" in result.stdout
    assert "nearspace" in result.stdout


@pytest.mark.parametrize(
    ("words", "number", "expected"),
    [
        ("nearspace similarit", "1", ["plain,similarity"]),
        ("nearspace completion f", "2", ["plain,fish"]),
        ("nearspace learn w", "2", ["plain,words"]),
    ],
)
def test_completion_completes(words: str, number: str, expected: list[str]) -> None:
    environment = {"_NEARSPACE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": number}
    result = CliRunner().invoke(main, [], env=environment)
    assert result.stdout.split() == expected


def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m nearspace.cli --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout in {"0\n", "1\n"}


def test_the_script_is_installed() -> None:
    script = Path(sys.executable).with_name("nearspace")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("nearspace ")
