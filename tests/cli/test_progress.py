"""Progress: shown on a terminal, silent elsewhere."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from nearspace.cli.progress import TerminalProgress, progress_for
from nearspace.protocols import Progress, Quiet

WORK = """
import time
from nearspace.cli.progress import progress_for
progress = progress_for({quiet})
progress.note("four shards")
with progress.task("train", total=4000, unit="words") as task:
    for _ in range(4):
        task.advance(1000, loss=2.5)
        time.sleep(0.05)
print("result")
"""


def console() -> tuple[TerminalProgress, io.StringIO]:
    screen = io.StringIO()
    return TerminalProgress(Console(file=screen, force_terminal=True, width=120, color_system=None)), screen


def last_lines(screen: io.StringIO) -> list[str]:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n")
    return [line for line in text.split("\n") if line.strip()]


def test_a_finished_task_shows_its_figures() -> None:
    progress, screen = console()
    with progress.task("train", total=2000, unit="words") as task:
        task.advance(1000, loss=3.25)
        task.advance(1000, loss=2.125)
    line = last_lines(screen)[-1]
    assert "train" in line
    assert "100%" in line
    assert "loss 2.125" in line
    assert "words/s" in line


def test_a_task_of_unknown_length_ends_full() -> None:
    progress, screen = console()
    with progress.task("count", unit="words") as task:
        task.advance(5)
    assert "100%" in last_lines(screen)[-1]


def test_a_broken_task_does_not_claim_to_be_finished() -> None:
    progress, screen = console()
    with pytest.raises(KeyboardInterrupt), progress.task("train", total=100, unit="words") as task:
        task.advance(25)
        raise KeyboardInterrupt
    assert " 25%" in last_lines(screen)[-1]


def test_tasks_within_tasks_and_one_after_the_other() -> None:
    progress, screen = console()
    with progress.task("outer", total=1) as outer:
        with progress.task("inner", total=1) as inner:
            inner.advance(1)
        outer.advance(1)
    with progress.task("later", total=1) as later:
        later.advance(1)
    lines = last_lines(screen)
    assert "later" in lines[-1]
    assert not any("outer" in line for line in lines[-1:])
    assert any("inner" in line for line in lines)


def test_many_threads_may_advance_one_task() -> None:
    progress, screen = console()
    with progress.task("train", total=400, unit="words") as task:
        threads = [
            threading.Thread(target=lambda: [task.advance(1, loss=1.0) for _ in range(100)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "100%" in last_lines(screen)[-1]


def test_brackets_in_words_are_no_markup() -> None:
    progress, screen = console()
    progress.note("[bold]not bold[/bold]")
    with progress.task("[red]x", total=1) as task:
        task.advance(1)
    assert "[bold]not bold[/bold]" in screen.getvalue()
    assert "[red]x" in last_lines(screen)[-1]


def test_no_terminal_means_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(progress_for(quiet=False), Quiet)


def test_both_are_a_progress() -> None:
    accepted: list[Progress] = [Quiet(), console()[0]]
    assert len(accepted) == 2


def test_a_pipe_gets_no_progress() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK.format(quiet=False)], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("result\n", "")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_gets_progress_on_stderr_only(quiet: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WORK.format(quiet=quiet)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.stdout is not None
    assert process.stdout.read() == b"result\n"
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    if quiet:
        assert shown == b""
    else:
        assert b"four shards" in shown
        assert b"loss 2.5" in shown
        assert b"words/s" in shown
