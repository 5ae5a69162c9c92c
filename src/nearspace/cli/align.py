"""`nearspace align`: one map turned onto another."""

from __future__ import annotations

import click

from nearspace.cli.drawings import check_target, write
from nearspace.cli.options import json_option, overwrite_option, quiet_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.maps.align import MOVED, align
from nearspace.maps.parquet import open_map


@click.command(
    "align",
    epilog="""\b
Examples:
  nearspace align today.parquet yesterday.parquet -o aligned.parquet
  nearspace align today.parquet yesterday.parquet -o moved.png --color displacement
  nearspace align today.parquet yesterday.parquet -o aligned.parquet --chance seed-2.parquet
""",
)
@click.argument("moving", metavar="MOVING")
@click.argument("onto", metavar="ONTO")
@click.option(
    "-o",
    "--output",
    multiple=True,
    required=True,
    metavar="FILE",
    help=".png, .svg, .pdf or .parquet (repeatable).",
)
@click.option(
    "--chance",
    multiple=True,
    metavar="MAP",
    help="Another map of the Space of ONTO, by another seed (repeatable): what moves by chance.",
)
@click.option("--labels", type=click.IntRange(min=0), help="At most so many names; 0: none.")
@click.option("--color", default="trust", show_default=True, metavar="COLUMN", help="What colours show.")
@overwrite_option
@json_option
@quiet_option
def align_command(
    moving: str,
    onto: str,
    output: tuple[str, ...],
    chance: tuple[str, ...],
    labels: int | None,
    color: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Turn a map onto another, to see what has moved.

    MOVING and ONTO are .parquet files with common keys.

    Rotation, reflection, scale and shift are fitted to the points that agree. The column "displacement" is
    what is left, as a share of the extent of ONTO; with --chance, the .parquet file also tells how far
    beyond chance a point has moved.
    """
    targets = [check_target(path, overwrite=overwrite) for path in output]
    aligned = align(open_map(moving), open_map(onto), chance=[open_map(path) for path in chance])
    write(aligned, targets, progress_for(quiet), labels=labels, color=color)
    told = {name: value for name, value in aligned.settings["aligned"].items() if name != "onto"}
    moved = aligned.details.get(MOVED)
    beyond = None if moved is None else round(float((moved > 0.95).mean()), 4)
    print_answer({"outputs": list(output), **told, "beyond_chance": beyond}, as_json=as_json)
