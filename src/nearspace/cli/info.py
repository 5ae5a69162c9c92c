"""`nearspace info`: what a Space is and how it was made."""

from __future__ import annotations

from pathlib import Path

import click

from nearspace.cli.options import json_option, space_argument, version_option
from nearspace.cli.output import print_info
from nearspace.search.inventory import held_indexes
from nearspace.store.compacting import size_of
from nearspace.store.folder import open_space


@click.command(
    "info",
    epilog="""\b
Examples:
  nearspace info wiki.space
  nearspace info wiki.space --json | jq .recipe.settings
""",
)
@space_argument
@version_option
@json_option
def info_command(space: str, version: int | None, as_json: bool) -> None:
    """Show what a Space is and how it was made.

    Content is the column that the encoder places; indexes are shown with how many rows each of them
    holds; bytes are those of the whole folder.
    """
    opened = open_space(space, version=version)
    print_info(space, opened, held_indexes(opened), size_of(Path(space)), as_json=as_json)
