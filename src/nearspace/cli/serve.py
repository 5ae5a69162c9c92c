"""`nearspace serve` and `nearspace export`: Spaces as a page."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, overwrite_option, quiet_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.server.shown import NEIGHBORS
from nearspace.server.thumbnails import Pictures
from nearspace.server.verb import HOST, export, serve

spaces_argument = click.argument("spaces", nargs=-1, required=True, type=click.Path(), metavar="SPACE...")
neighbors_option = click.option(
    "--neighbors",
    type=click.IntRange(0, 100),
    default=NEIGHBORS,
    show_default=True,
    help="True neighbours that are shown for a point; 0: none.",
)
thumbnails_option = click.option(
    "--thumbnails", metavar="COLUMN", help="Paths of pictures of the first SPACE's rows."
)
images_option = click.option("--images", metavar="FOLDER", help="What these paths are relative to.")
title_option = click.option("--title", help="Of the page.  [default: the names of the Spaces]")


@click.command(
    "serve",
    epilog="""\b
Examples:
  nearspace serve wiki.space
  nearspace serve before.space after.space --port 9000 --open
  nearspace serve wiki.space --host 0.0.0.0
  nearspace serve photos.space --thumbnails path --images photos/
""",
)
@spaces_argument
@click.option("--host", default=HOST, show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="To listen at; 0: any.  [default: 8080, or the next free]"
)
@click.option("--token", help="That every request must show.  [default: made, if others can reach HOST]")
@neighbors_option
@thumbnails_option
@images_option
@title_option
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@quiet_option
def serve_command(
    spaces: tuple[str, ...],
    host: str,
    port: int | None,
    token: str | None,
    neighbors: int,
    thumbnails: str | None,
    images: str | None,
    title: str | None,
    open_browser: bool,
    quiet: bool,
) -> None:
    """Show Spaces in the browser, with search.

    It runs until Ctrl-C. The page has the maps that are kept with each SPACE (nearspace map SPACE); one
    without gets one. It is for this machine only, unless --host says otherwise: then its address carries a
    token.
    """
    serve(
        *spaces,
        host=host,
        port=port,
        token=token,
        neighbors=neighbors,
        pictures=_pictures(thumbnails, images),
        title=title,
        open_browser=open_browser,
        announce=click.echo,
        progress=progress_for(quiet),
    )


@click.command(
    "export",
    epilog="""\b
Examples:
  nearspace export wiki.space -o wiki-page
  nearspace export before.space after.space -o compare.zip --title "Before and after"
""",
)
@spaces_argument
@click.option("-o", "--output", required=True, metavar="PATH", help="Folder, or a name that ends in .zip.")
@neighbors_option
@thumbnails_option
@images_option
@title_option
@overwrite_option
@json_option
@quiet_option
def export_command(
    spaces: tuple[str, ...],
    output: str,
    neighbors: int,
    thumbnails: str | None,
    images: str | None,
    title: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the page of Spaces as a folder or zip.

    It works from any web server. Nothing runs there: searches by key and by arithmetic go on in the page
    itself. A page that is opened as a file is refused by browsers; try it with: python -m http.server -d PATH
    """
    done = export(
        *spaces,
        to=output,
        neighbors=neighbors,
        pictures=_pictures(thumbnails, images),
        title=title,
        overwrite=overwrite,
        progress=progress_for(quiet),
    )
    print_answer(done.to_json(), as_json=as_json)


def _pictures(column: str | None, folder: str | None) -> Pictures | None:
    if (column is None) != (folder is None):
        raise click.UsageError("--thumbnails and --images go together.")
    return None if column is None or folder is None else Pictures(column, folder)
