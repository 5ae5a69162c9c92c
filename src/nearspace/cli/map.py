"""`nearspace map`: a Space in two or three dimensions."""

from __future__ import annotations

import click

from nearspace.cli.drawings import check_target, summary, write
from nearspace.cli.maps import read
from nearspace.cli.options import (
    is_given,
    json_option,
    overwrite_option,
    quiet_option,
    read_terms,
    refuse_given,
    seed_option,
    space_argument,
    workers_option,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.maps.continuing import continue_map
from nearspace.maps.verb import LIMIT, METHODS, map_space
from nearspace.store.folder import open_space


@click.command(
    "map",
    epilog="""\b
Examples:
  nearspace map wiki.space -o map.png
  nearspace map wiki.space -o map.svg -o map.parquet --limit 2000 --seed 7
  nearspace map wiki.space -o map.png --method umap --neighbors 30
  nearspace map wiki.space -o map.png --dim 3 --method pca
  nearspace map wiki.space -o animals.png --keys - < animals.txt
  nearspace map wiki.space -o today.parquet --continue yesterday.parquet
""",
)
@space_argument
@click.option(
    "-o",
    "--output",
    multiple=True,
    required=True,
    metavar="FILE",
    help=".png, .svg or .parquet (repeatable).",
)
@click.option(
    "--method", type=click.Choice(list(METHODS)), default="tsne", show_default=True, help="Projector."
)
@click.option("--dim", type=click.Choice(["2", "3"]), default="2", show_default=True, help="Dimensions.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=LIMIT, show_default=True, help="First N rows; 0: all."
)
@click.option("--keys", multiple=True, metavar="KEY", help='Only these keys (repeatable); "-": from stdin.')
@click.option("--perplexity", type=float, default=30.0, show_default=True, help="Of t-SNE.")
@click.option("--neighbors", type=int, default=15, show_default=True, help="Of UMAP.")
@click.option(
    "--continue", "old", metavar="MAP", help="Start from this map (.parquet, or its name in SPACE)."
)
@click.option("--labels", type=click.IntRange(min=0), help="At most so many names; 0: none.")
@click.option("--color", default="trust", show_default=True, metavar="COLUMN", help="What colours show.")
@seed_option
@workers_option
@overwrite_option
@json_option
@quiet_option
def map_command(
    space: str,
    output: tuple[str, ...],
    method: str,
    dim: str,
    limit: int,
    keys: tuple[str, ...],
    perplexity: float,
    neighbors: int,
    old: str | None,
    labels: int | None,
    color: str,
    seed: int,
    workers: int | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw a Space in two or three dimensions.

    Pictures show trust: the share of a point's nearest neighbours on the map that are its nearest
    neighbours in the Space. A .parquet file keeps key, coordinates and trust of every point. With --continue
    the map starts from an older one, whose points stay near where they were; then all rows are taken
    unless --limit or --keys says otherwise.
    """
    targets = [check_target(path, overwrite=overwrite) for path in output]
    chosen, progress = list(read_terms(keys)) or None, progress_for(quiet)
    if old is not None:
        most = (limit or None) if is_given("limit") else None
        refuse_given("method", "dim", "perplexity", "neighbors", because="with --continue")
        laid_out = continue_map(
            read(old, space),
            open_space(space),
            limit=most,
            keys=chosen,
            seed=seed if is_given("seed") else None,
            workers=workers,
            progress=progress,
        )
    else:
        laid_out = map_space(
            open_space(space),
            method=method,
            dim=int(dim),
            limit=limit or None,
            keys=chosen,
            perplexity=perplexity,
            neighbors=neighbors,
            seed=seed,
            workers=workers,
            progress=progress,
        )
    write(laid_out, targets, labels=labels, color=color)
    print_answer(summary(space, laid_out, output), as_json=as_json)
