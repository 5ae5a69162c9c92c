"""`nearspace split`: interactions into training and test."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.interaction_options import interaction_options, interactions_of
from nearspace.cli.options import json_option, overwrite_option, quiet_option, seed_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.targets import check
from nearspace.data.interaction_files import is_split, split_interactions
from nearspace.data.splitting import WAYS


@click.command(
    "split",
    epilog="""\b
Examples:
  nearspace split plays.csv -o parts --time timestamp
  nearspace split ratings.dat -o parts --how time --time time --share 0.1
  nearspace split plays.parquet -o parts --how random --user listener --item song
  nearspace split plays.parquet -o parts --how users --min-item 5
""",
)
@click.argument("table")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Folder of the parts, as Parquet.")
@click.option(
    "--how", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="What is held out as test."
)
@click.option("--n", type=click.IntRange(min=1), help="last, random: items of each user.  [default: 1]")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="time: of the pairs, users: of the users.  [default: 0.2, 0.1]",
)
@click.option("--after", metavar="TIME", help="time: from this moment on, for example 2026-03-01.")
@click.option(
    "--fold-in",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="users: share of a held-out user's items that stays known.  [default: 0.8]",
)
@seed_option
@interaction_options
@overwrite_option
@json_option
@quiet_option
def split_command(
    table: str, output: str, overwrite: bool, as_json: bool, quiet: bool, **settings: Any
) -> None:
    """Split interactions into training and test.

    TABLE has one event a row: CSV, TSV, JSON lines, Parquet, Arrow, MovieLens or RecBole; "-" reads stdin.
    """
    folder, progress = check(output, overwrite=overwrite, replaceable=is_split), progress_for(quiet)
    events = interactions_of(table, settings, progress)
    done = split_interactions(events, folder, overwrite=overwrite, progress=progress, **settings)
    print_answer(_shown(done.to_json(), as_json), as_json=as_json)


def _shown(values: dict[str, Any], as_json: bool) -> dict[str, Any]:
    """Give figures of parts as one line each, for people."""
    if as_json:
        return values
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= (
            {f"{name} {part}": count for part, count in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat
