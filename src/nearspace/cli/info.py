"""`nearspace info`: what a Space is and how it was made."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, space_argument
from nearspace.cli.output import print_info
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
@json_option
def info_command(space: str, as_json: bool) -> None:
    """Show what a Space is and how it was made."""
    print_info(space, open_space(space), as_json=as_json)
