"""`nearspace place`: new rows on a map that is there."""

from __future__ import annotations

import click

from nearspace.cli.drawings import check_target, read, summary, write
from nearspace.cli.options import (
    json_option,
    overwrite_option,
    quiet_option,
    read_terms,
    space_argument,
    workers_option,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.maps.place import place, together
from nearspace.store.folder import open_space


@click.command(
    "place",
    epilog="""\b
Examples:
  nearspace place wiki.parquet wiki.space -o rest.parquet
  nearspace place wiki.parquet wiki.space today.space -o placed.parquet
  nearspace place umap news.space today.space -o both.png --together --color placed
  nearspace place wiki.parquet wiki.space -o animals.png --keys - < animals.txt
""",
)
@click.argument("map_", metavar="MAP")
@space_argument
@click.argument("new", required=False, type=click.Path())
@click.option(
    "-o",
    "--output",
    multiple=True,
    required=True,
    metavar="FILE",
    help=".png, .svg, .pdf or .parquet (repeatable).",
)
@click.option(
    "--keys", multiple=True, metavar="KEY", help='Only these rows of SPACE (repeatable); "-": from stdin.'
)
@click.option("--together", "both", is_flag=True, help="Write the points of the map too.")
@click.option("--labels", type=click.IntRange(min=0), help="At most so many names; 0: none.")
@click.option("--color", default="trust", show_default=True, metavar="COLUMN", help="What colours show.")
@workers_option
@overwrite_option
@json_option
@quiet_option
def place_command(
    map_: str,
    space: str,
    new: str | None,
    output: tuple[str, ...],
    keys: tuple[str, ...],
    both: bool,
    labels: int | None,
    color: str,
    workers: int | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Place new rows on a map, whose points do not move.

    MAP is a .parquet file, or the name of a map in the folder of SPACE, of which it was made. NEW is a Space
    with the same kind of vectors; without it, the rows of SPACE that are not on the map are placed.
    """
    if new is not None and keys:
        raise click.UsageError("--keys are rows of SPACE: give them, or NEW.")
    targets = [check_target(path, overwrite=overwrite) for path in output]
    rows = open_space(new) if new is not None else list(read_terms(keys)) or None
    laid_out, progress = read(space, map_), progress_for(quiet)
    placed = place(laid_out, open_space(space), rows, workers=workers, progress=progress)
    write(together(laid_out, placed) if both else placed, targets, progress, labels=labels, color=color)
    print_answer(summary(new or space, placed, output), as_json=as_json)
