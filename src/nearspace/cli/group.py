"""A group of commands that are listed in a table and imported on use, so that `--help` stays fast."""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import click
from click.shell_completion import CompletionItem

from nearspace.cli.failures import report


class Row(NamedTuple):
    """One command: where it is, and the line that `--help` shows (the first of its docstring)."""

    module: str
    attribute: str
    summary: str


class LazyGroup(click.Group):
    """Commands by name from a table of `Row`s."""

    def __init__(self, *args: Any, table: Mapping[str, Row], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        row = self.table.get(cmd_name)
        if row is None:
            return None
        command: click.Command = getattr(importlib.import_module(row.module), row.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with, or name the one that was meant."""
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.table, n=1)
            meant = f"Did you mean {near[0]!r}?" if near else f"Commands: {', '.join(self.table)}."
            raise click.UsageError(f"there is no command {name!r}. {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and summaries, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in self.table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command name, importing nothing."""
        found = [
            CompletionItem(name, help=row.summary)
            for name, row in self.table.items()
            if name.startswith(incomplete)
        ]
        return found if found else super(click.Group, self).shell_complete(ctx, incomplete)


class Reporting(click.Command):
    """A command that turns every way to fail into a line or two on stderr and an exit code."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = "nearspace", **settings: Any
    ) -> NoReturn:
        """Run what `args` say and exit: 0, 2 for a user's error, 130 when interrupted."""
        arguments = list(sys.argv[1:] if args is None else args)
        settings["standalone_mode"] = False
        os.environ.setdefault("LANCE_LOG", "error")  # its warnings are not for our users
        _speak_utf8()
        try:
            code = super().main(arguments, prog_name or "nearspace", **settings)
            sys.stdout.flush()
        except Exception as error:
            code = report(error, as_json="--json" in arguments)
        sys.exit(code if isinstance(code, int) else 0)


def _speak_utf8() -> None:
    """Write UTF-8 into pipes and files, whatever the locale, and never fail over a sign on a terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


class Program(Reporting, LazyGroup):
    """The root group."""
