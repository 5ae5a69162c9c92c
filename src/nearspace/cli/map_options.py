"""Options of `nearspace map` beyond the layout: what is told about the points and their regions."""

from __future__ import annotations

import click

stability_option = click.option(
    "--stability",
    type=click.IntRange(min=2),
    metavar="N",
    help="Lay out with N seeds, and tell which neighbours stay.  [default: not]",
)
regions_option = click.option(
    "--regions/--no-regions", default=False, help="Find and name where points lie dense, at three levels."
)
names_option = click.option(
    "--names", metavar="COLUMN", help="Texts, categories or tags that name the regions; implies --regions."
)
