"""What is told when a command fails: one or two lines, or one JSON object, on stderr; and the exit code."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import NamedTuple

import click

from nearspace.errors import NearspaceError

USER_ERROR = 2
INTERRUPTED = 130
CLOSED_PIPE = 1  # as click does


class Failure(NamedTuple):
    """One failure in the words of the user."""

    kind: str
    message: str
    hint: str
    exit_code: int

    def to_json(self) -> dict[str, dict[str, str]]:
        """Give {"error": {"kind", "message", "hint"}}."""
        return {"error": {"kind": self.kind, "message": self.message, "hint": self.hint}}


def describe(error: BaseException) -> Failure | None:
    """Give what the user is told, or None where the error is a fault of ours."""
    match error:
        case NearspaceError():
            return Failure(error.kind, error.message, error.hint, error.exit_code)
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "nearspace"
            return Failure("usage", error.format_message(), f"See '{command} --help'.", USER_ERROR)
        case click.ClickException():
            return Failure("usage", error.format_message(), "", USER_ERROR)
        case click.Abort() | KeyboardInterrupt():
            return Failure("interrupted", "interrupted; nothing was written", "", INTERRUPTED)
        case MemoryError():
            hint = "Take fewer rows (--limit, --max-vocab, --restrict) or a smaller --dim."
            return Failure("memory", f"not enough memory: {error}".rstrip(": "), hint, USER_ERROR)
        case OSError(strerror=str(reason)):
            place = f"{error.filename}: " if error.filename else ""
            return Failure("system", f"{place}{reason}", "", USER_ERROR)
        case _:
            return None


def report(error: Exception, *, as_json: bool) -> int:
    """Tell the user about `error` on stderr and give the exit code; a fault of ours is raised again."""
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        _drop_output()
        return CLOSED_PIPE
    failure = describe(error)
    if failure is None:
        raise error
    if as_json:
        click.echo(json.dumps(failure.to_json(), ensure_ascii=False), err=True)
    else:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {_line(failure.message)}", err=True)
        if failure.hint:
            click.echo(_line(failure.hint), err=True)
    return failure.exit_code


def _line(text: str) -> str:
    return " ".join(text.split())


def _drop_output() -> None:
    """Send what is still buffered for the closed pipe nowhere, so that the exit is quiet."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
