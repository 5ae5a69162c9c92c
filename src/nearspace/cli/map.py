"""`nearspace map`: a Space in two or three dimensions."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.drawings import check_targets, keep, read, summary, write
from nearspace.cli.map_options import names_option, regions_option, stability_option
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
from nearspace.maps.themes import THEMES
from nearspace.maps.verb import METHODS, map_space
from nearspace.results import Map
from nearspace.store.folder import open_space


@click.command(
    "map",
    epilog="""\b
Examples:
  nearspace map wiki.space
  nearspace map wiki.space -o map.png
  nearspace map wiki.space -o map.svg -o map.parquet --limit 2000 --seed 7
  nearspace map wiki.space -o map.png --method umap --neighbors 30
  nearspace map wiki.space -o map.parquet --method umap --stability 3
  nearspace map news.space -o map.parquet --method umap --names text --limit 0
  nearspace map wiki.space -o map.png --dim 3 --method pca
  nearspace map wiki.space -o animals.png --keys - < animals.txt
  nearspace map news.space -o news.pdf --color day --theme dark --fade
  nearspace map wiki.space -o today.parquet --continue yesterday.parquet
  nearspace map photos.space -o photos.png --thumbnails path --images photos/
""",
)
@space_argument
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FILE",
    help=".png, .svg, .pdf or .parquet (repeatable).",
)
@click.option(
    "--name", help="Keep it with the Space, for the page.  [default: the method, if no FILE is given]"
)
@click.option(
    "--method", type=click.Choice(list(METHODS)), default="umap", show_default=True, help="Projector."
)
@click.option("--dim", type=click.Choice(["2", "3"]), default="2", show_default=True, help="Dimensions.")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help="First N rows only.  [default: all; 0: all]"
)
@click.option("--keys", multiple=True, metavar="KEY", help='Only these keys (repeatable); "-": from stdin.')
@click.option("--perplexity", type=float, default=30.0, show_default=True, help="Of t-SNE.")
@click.option("--neighbors", type=int, default=15, show_default=True, help="Of UMAP.")
@click.option("--continue", "old", metavar="MAP", help="Start from this map (a file, or its name in SPACE).")
@click.option("--labels", type=click.IntRange(min=0), help="At most so many names; 0: none.")
@click.option("--color", default="trust", show_default=True, metavar="COLUMN", help="What colours show.")
@stability_option
@click.option("--theme", type=click.Choice(list(THEMES)), default="light", show_default=True, help="Paper.")
@click.option("--fade", is_flag=True, help="Let points fade as far as they cannot be trusted.")
@click.option("--thumbnails", metavar="COLUMN", help="Paths of pictures to draw in place of points.")
@click.option("--images", metavar="FOLDER", help="What these paths are relative to.")
@regions_option
@names_option
@seed_option
@workers_option
@overwrite_option
@json_option
@quiet_option
def map_command(
    space: str,
    output: tuple[str, ...],
    name: str | None,
    method: str,
    dim: str,
    limit: int | None,
    keys: tuple[str, ...],
    perplexity: float,
    neighbors: int,
    old: str | None,
    labels: int | None,
    color: str,
    stability: int | None,
    theme: str,
    fade: bool,
    thumbnails: str | None,
    images: str | None,
    regions: bool,
    names: str | None,
    seed: int,
    workers: int | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw a Space in two or three dimensions.

    Pictures show trust: the share of a point's nearest neighbours on the map that are its nearest
    neighbours in the Space. A .parquet file keeps key, coordinates and trust of every point, and how far
    it was torn from its neighbours, how false those on the map are, and whether other seeds agree. With no
    FILE, the map is kept with the SPACE, where nearspace serve finds it. With --continue it starts from an
    older map, by whose method and settings it is made and whose points stay near where they were.
    """
    targets = check_targets(output, name, overwrite=overwrite)
    shared: dict[str, Any] = {
        "limit": limit or None,
        "keys": list(read_terms(keys)) or None,
        "regions": regions or names is not None,
        "names": names,
        "workers": workers,
        "progress": progress_for(quiet),
    }
    own = {"method": method, "dim": int(dim), "perplexity": perplexity, "neighbors": neighbors}
    laid_out = _laid_out(space, old, seed, shared, {**own, "stability": stability})
    look = {"labels": labels, "color": color, "theme": theme, "fade": fade}
    write(laid_out, targets, shared["progress"], **look, thumbnails=thumbnails, images=images)
    kept = keep(space, laid_out, name, needed=not targets)
    print_answer(summary(space, laid_out, [*output, *kept]), as_json=as_json)


def _laid_out(space: str, old: str | None, seed: int, shared: dict[str, Any], own: dict[str, Any]) -> Map:
    """Make the map, or continue an old one, which has settings of its own."""
    if old is None:
        return map_space(open_space(space), seed=seed, **own, **shared)
    refuse_given(*own, because="with --continue")
    other = seed if is_given("seed") else None
    return continue_map(read(space, old), open_space(space), seed=other, **shared)
