"""`nearspace classify`: labels by a head of a Space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from nearspace.cli.fit_head import table_key_option, text_option
from nearspace.cli.options import (
    format_option,
    json_option,
    overwrite_option,
    quiet_option,
    read_terms,
    space_argument,
    wait_option,
)
from nearspace.cli.output import print_answer, print_done, print_json, print_table
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import read_items
from nearspace.data.table_writing import write_table_file, writer_of
from nearspace.protocols import Progress
from nearspace.results import Labels
from nearspace.space import Space
from nearspace.store.folder import open_space
from nearspace.transfer.applying import label_rows, label_table
from nearspace.transfer.classify import head_of, labels_of_items
from nearspace.transfer.head import Head

UNKNOWN = "unknown"


@click.command(
    "classify",
    epilog="""\b
Examples:
  nearspace classify news.space "a storm at sea" --head topic
  nearspace classify news.space --head topic --table new.csv --text text -o labelled.parquet
  nearspace classify news.space --head topic --into topic_found
  cut -f2 new.tsv | nearspace classify news.space - --head topic --json
""",
)
@space_argument
@click.argument("items", nargs=-1)
@click.option("--head", "name", required=True, metavar="NAME", help="Head of the SPACE (see fit-head).")
@click.option("--table", metavar="TABLE", help="Label the rows of this table instead.")
@text_option
@table_key_option
@click.option("-o", "--output", metavar="FILE", help="Write the rows of TABLE with their labels here.")
@click.option("--into", metavar="COLUMN", help="Label the rows of the SPACE, and keep the labels here.")
@click.option(
    "-k", "best", type=click.IntRange(min=1), default=3, show_default=True, help="Labels with --json."
)
@format_option
@wait_option
@overwrite_option
@json_option
@quiet_option
def classify_command(
    space: str,
    items: tuple[str, ...],
    name: str,
    table: str | None,
    into: str | None,
    output: str | None,
    best: int,
    wait: float,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **columns: Any,
) -> None:
    """Label texts, keys or rows by a head of a Space.

    ITEMS are keys or texts; "-" reads them from stdin, one a line. Lines: item, label, its probability, and
    how well it fits; an item that fits no label is unknown.
    """
    if (bool(items), table is not None, into is not None).count(True) != 1 or (output and not table):
        raise click.UsageError("give ITEMS, --table (with or without -o) or --into.")
    progress = progress_for(quiet)
    if into is not None:
        change = label_rows(space, name, into, overwrite=overwrite, wait=wait, progress=progress)
        print_done(space, change, as_json=as_json)
        return
    opened = open_space(space)
    head = head_of(opened, name)
    if table is not None:
        _label_table(opened, head, table, output, progress, overwrite, as_json, **columns)
    else:
        _print_labels(labels_of_items(opened, read_terms(items), head), best, as_json)


def _print_labels(parts: Iterator[Labels], best: int, as_json: bool) -> None:
    for part in parts:
        if as_json:
            for record in part.to_json(best):
                print_json(record)
            continue
        cells = part.to_json(1)
        rows = [[one["item"], one["label"] or UNKNOWN, one["probability"], one["fit"]] for one in cells]
        print_table("", ["item", "label", "probability", "fit"], rows)


def _label_table(
    space: Space,
    head: Head,
    table: str,
    output: str | None,
    progress: Progress,
    overwrite: bool,
    as_json: bool,
    *,
    text: str | None,
    key: str | None,
    form: str | None,
) -> None:
    if output is not None:
        writer_of(output)
    rows = read_items(table, text or key, form)
    schema, batches = label_table(space, rows, head=head, text=text, key=key, progress=progress)
    if output is not None:
        count = write_table_file(output, schema, batches, overwrite=overwrite)
        print_answer({"output": output, "rows": count}, as_json=as_json)
        return
    for batch in batches:
        for row in batch.to_pylist():
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
