"""`nearspace count`, `history` and `stale`: what is in a saved Space, and since when."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, space_argument, where_option
from nearspace.cli.output import Cell, print_json, print_table
from nearspace.store.changes import count, history, stale


@click.command(
    "count",
    epilog="""\b
Examples:
  nearspace count news.space
  nearspace count news.space --where "topic = 'sport'"
""",
)
@space_argument
@where_option
@json_option
def count_command(space: str, where: str | None, as_json: bool) -> None:
    """Count the rows, or some of them."""
    found = count(space, where)
    if as_json:
        print_json({"space": space, "where": where, "count": found})
    else:
        click.echo(found)


@click.command(
    "history",
    epilog="""\b
Examples:
  nearspace history news.space
  nearspace search news.space "storm at sea" --version 3
""",
)
@space_argument
@json_option
def history_command(space: str, as_json: bool) -> None:
    """List the versions that can be opened, newest first."""
    versions = history(space)
    if as_json:
        for one in versions:
            print_json(one.to_json())
    else:
        rows: list[list[Cell]] = [[one.version, one.time, one.rows, one.change] for one in versions]
        print_table("", ["version", "time", "rows", "change"], rows)


@click.command(
    "stale",
    epilog="""\b
Examples:
  nearspace stale news.space
  nearspace refresh news.space
""",
)
@space_argument
@json_option
def stale_command(space: str, as_json: bool) -> None:
    """List keys whose vectors are out of date.

    Their content, or the encoder of the Space, is another than when the vectors were made; refresh
    encodes them anew.
    """
    keys = stale(space)
    if as_json:
        print_json({"space": space, "keys": keys})
    else:
        print_table("", ["key"], [[key] for key in keys])
