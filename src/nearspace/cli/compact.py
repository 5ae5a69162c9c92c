"""`nearspace compact`: the room of deleted rows and old versions is given back."""

from __future__ import annotations

from datetime import timedelta

import click

from nearspace.cli.options import json_option, quiet_option, space_argument, wait_option
from nearspace.cli.output import print_done
from nearspace.cli.progress import progress_for
from nearspace.store.compacting import compact

_MOST_HOURS = 24 * 365 * 1000


@click.command(
    "compact",
    epilog="""\b
Examples:
  nearspace compact news.space
  nearspace compact news.space --keep 48
""",
)
@space_argument
@click.option(
    "--keep",
    type=click.FloatRange(0, _MOST_HOURS),
    metavar="HOURS",
    default=0.0,
    help="Keep the versions of the last hours.  [default: the newest only]",
)
@wait_option
@json_option
@quiet_option
def compact_command(space: str, keep: float, wait: float, as_json: bool, quiet: bool) -> None:
    """Give back the room of deleted rows and old versions.

    The table is rewritten without gaps, and what crashed writers left is removed. Needs as much free
    room as the SPACE takes.
    """
    done = compact(space, keep=timedelta(hours=keep), wait=wait, progress=progress_for(quiet))
    print_done(space, done, as_json=as_json)
