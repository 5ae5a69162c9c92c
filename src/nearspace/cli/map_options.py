"""Options of `nearspace map` beyond the layout: what is told about the points and their regions."""

from __future__ import annotations

import click

stability_option = click.option(
    "--stability",
    type=click.IntRange(min=2),
    metavar="N",
    help="Lay out with N seeds, and tell which neighbours stay.  [default: not]",
)
