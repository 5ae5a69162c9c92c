"""The options of commands that read a table of interactions, and the reading."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from nearspace.cli.options import format_option
from nearspace.data.events import MISSING, read_interactions
from nearspace.data.interaction_layouts import LAYOUTS
from nearspace.data.interactions import Interactions
from nearspace.protocols import Progress

_OPTIONS = (
    click.option("--user", default="user", show_default=True, metavar="COLUMN", help="Column of the users."),
    click.option("--item", default="item", show_default=True, metavar="COLUMN", help="Column of the items."),
    click.option("--weight", metavar="COLUMN", help="How much an event counts, above 0.  [default: 1]"),
    click.option("--rating", metavar="COLUMN", help="Ratings; they become weights, or choose events."),
    click.option("--time", metavar="COLUMN", help="Times of the events.  [default: not read]"),
    click.option("--min-rating", type=float, metavar="R", help="Leave out events with a lower rating."),
    click.option(
        "--min-user",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Leave out users with fewer items.",
    ),
    click.option(
        "--min-item",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Leave out items with fewer users.",
    ),
    click.option(
        "--missing",
        type=click.Choice(MISSING),
        default=MISSING[0],
        show_default=True,
        help="Refuse, or drop, rows without a user, an item or another value.",
    ),
    click.option("--layout", type=click.Choice(LAYOUTS), help="Of TABLE.  [default: by its first line]"),
    format_option,
)
_NAMES = (
    "user",
    "item",
    "weight",
    "rating",
    "time",
    "min_rating",
    "min_user",
    "min_item",
    "missing",
    "layout",
)


def interaction_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a table of interactions; their values are what `interactions_of` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def interactions_of(table: str, settings: dict[str, Any], progress: Progress) -> Interactions:
    """Read the table at a path, or on stdin for "-", by the options; they are taken out of `settings`.

    Raises:
        MissingInputError, InputError, SettingError: as `read_interactions`.
    """
    chosen = {name: settings.pop(name) for name in _NAMES}
    source = sys.stdin.buffer if table == "-" else table
    return read_interactions(source, format=settings.pop("form"), progress=progress, **chosen)
