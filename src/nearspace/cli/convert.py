"""`nearspace convert`: from one file format to another."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, overwrite_option
from nearspace.cli.output import print_answer
from nearspace.cli.targets import check
from nearspace.data.formats.table import FORMATS
from nearspace.store.convert import SPACE, convert

READ = [SPACE, *FORMATS]
WRITTEN = [SPACE, *(name for name, form in FORMATS.items() if form.writer)]


@click.command(
    "convert",
    epilog="""\b
Examples:
  nearspace convert wiki.space wiki.txt
  nearspace convert GoogleNews.bin.gz news.space --limit 200000
  nearspace convert wiki.space tensors.projector --limit 10000
  nearspace convert glove.6B.50d.txt glove.space --from glove
""",
)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--limit", type=int, help="Take only the first N rows.")
@click.option("--from", "source_format", type=click.Choice(READ), help="Format of IN.  [default: by content]")
@click.option(
    "--to", "target_format", type=click.Choice(WRITTEN), help="Format of OUT.  [default: by suffix]"
)
@overwrite_option
@json_option
def convert_command(
    source: str,
    target: str,
    limit: int | None,
    source_format: str | None,
    target_format: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert between file formats, by suffix.

    IN and OUT are Spaces or files of vectors. What OUT cannot hold of a Space (columns, encoder, the
    state for continued training) is listed as dropped.
    """
    done = convert(
        source,
        check(target, overwrite=overwrite),
        overwrite=overwrite,
        limit=limit,
        source_format=source_format,
        target_format=target_format,
    )
    print_answer(done.to_json(), as_json=as_json)
