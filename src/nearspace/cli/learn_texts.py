"""`nearspace learn texts`: a Space of texts from a table, a folder or a file."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.encoders import encoder_of
from nearspace.cli.options import (
    json_option,
    overwrite_option,
    quiet_option,
    seed_option,
    wait_option,
    workers_option,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import FORMATS, batch_by_batch
from nearspace.cli.targets import check_space
from nearspace.data.documents import ERRORS, LINES
from nearspace.data.passages import Passages
from nearspace.learners.text_encoders import LEARNED
from nearspace.learners.text_rows import DUPLICATES, EMPTY
from nearspace.learners.texts import BATCH, write_texts


@click.command(
    "texts",
    epilog="""\b
Examples:
  nearspace learn texts news.csv -o news.space --text body --key id
  nearspace learn texts news.parquet -o news.space --text body --key id --meta title --encoder words.space
  nearspace learn texts notes/ -o notes.space --encoder words.space --words 100 --overlap 20
  nearspace learn texts wiki.txt -o lines.space --whole
  zcat news.jsonl.gz | nearspace learn texts - -o news.space --format jsonl --encoder words.space
""",
)
@click.argument("table")
@click.option("-o", "--output", required=True, metavar="OUT.space", help="Folder of the Space, new or begun.")
@click.option("--text", default="text", show_default=True, metavar="COLUMN", help="Column of the texts.")
@click.option("--key", metavar="COLUMN", help='Column of the keys.  [default: "key", else the row number]')
@click.option("--meta", multiple=True, metavar="COLUMN", help="Keep this too (repeatable).  [default: all]")
@click.option(
    "--encoder",
    metavar="NAME",
    help=f"A Space with words or an encoder, a model, or {', '.join(LEARNED)}: learned from the texts.",
)
@click.option("--words", type=int, default=200, show_default=True, help="Most words of a passage.")
@click.option(
    "--overlap", type=int, default=40, show_default=True, help="Most words it shares with the one before."
)
@click.option("--whole", is_flag=True, help="Split no text; keys are those of the documents.")
@click.option(
    "--empty", type=click.Choice(EMPTY), default="skip", show_default=True, help="Texts without a word."
)
@click.option(
    "--duplicates",
    type=click.Choice(DUPLICATES),
    default="keep",
    show_default=True,
    help="Rows with the text of another; it is encoded once.",
)
@click.option(
    "--errors", type=click.Choice(ERRORS), default="strict", show_default=True, help="Invalid UTF-8."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, LINES]),
    help="Of TABLE; text: a document a line.  [default: by suffix or content]",
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=BATCH, show_default=True, help="Rows written at once."
)
@seed_option
@workers_option
@overwrite_option
@wait_option
@json_option
@quiet_option
def texts_command(
    table: str,
    output: str,
    encoder: str | None,
    words: int,
    overlap: int,
    whole: bool,
    form: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    meta: tuple[str, ...],
    **settings: Any,
) -> None:
    """Learn a Space of texts.

    TABLE is a file (.csv, .tsv, .jsonl, .parquet, .arrow), a folder of .txt and .md files, a text file of
    which each line or <doc> is a document, or "-" for stdin. Long texts are split into passages, whose keys
    are DOCUMENT#NUMBER. The same command goes on where an earlier one was cut off, and brings a Space up to
    date with a changed TABLE.
    """
    check_space(output, overwrite=True)  # one that is there goes on, or is replaced
    with batch_by_batch(output):
        done = write_texts(
            table,
            output,
            encoder=encoder if encoder is None or encoder in LEARNED else encoder_of(encoder),
            passages=None if whole else Passages(words, overlap),
            meta=meta or None,
            format=form,
            overwrite=overwrite,
            progress=progress_for(quiet),
            **settings,
        )
    print_answer({"space": output, **done.to_json()}, as_json=as_json)
