"""`nearspace upsert`, `delete` and `refresh`: a saved Space under changes."""

from __future__ import annotations

from pathlib import Path

import click

from nearspace.cli.encoders import name_of
from nearspace.cli.options import (
    batch_option,
    format_option,
    json_option,
    key_option,
    quiet_option,
    read_terms,
    space_argument,
    wait_option,
    where_option,
)
from nearspace.cli.output import print_answer, print_done
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import batch_by_batch, read_rows
from nearspace.store.changes import delete, refresh, upsert
from nearspace.store.description import read_description


@click.command(
    "upsert",
    epilog="""\b
Examples:
  nearspace upsert news.space monday.csv --key id
  nearspace upsert photos.space vectors.parquet --new-columns
  nearspace upsert docs.space vectors.parquet --encoder text-embedding-3-small
  zcat monday.jsonl.gz | nearspace upsert news.space - --format jsonl --key id --wait 60
""",
)
@space_argument
@click.argument("table")
@key_option
@click.option(
    "--columns", multiple=True, metavar="COLUMN", help="Take this too (repeatable).  [default: all]"
)
@click.option("--encoder", metavar="NAME", help="What made the vectors in TABLE, or a Space that has it.")
@click.option("--new-columns", is_flag=True, help="Add columns that the Space does not have.")
@batch_option
@format_option
@wait_option
@json_option
@quiet_option
def upsert_command(
    space: str,
    table: str,
    key: str,
    columns: tuple[str, ...],
    encoder: str | None,
    new_columns: bool,
    batch: int,
    form: str | None,
    wait: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add rows to a Space, and replace those that are there.

    TABLE is a file (.csv, .tsv, .jsonl, .parquet, .arrow) or "-" for stdin. Rows without a column "vector"
    are placed by the encoder of the SPACE, if they are new or their content has changed. Each batch is
    written as it is done; the same command goes on where an earlier one was cut off.
    """
    read_description(Path(space))
    rows = read_rows(table, key, columns=columns, form=form, batch=batch)
    made_by = None if encoder is None else name_of(encoder)
    with batch_by_batch(space):
        change = upsert(
            space,
            rows,
            key=key,
            encoder=made_by,
            new_columns=new_columns,
            wait=wait,
            progress=progress_for(quiet),
        )
    print_done(space, change, as_json=as_json)


@click.command(
    "delete",
    epilog="""\b
Examples:
  nearspace delete news.space 4711 4712
  nearspace delete news.space --where "day < date '2026-01-01' AND source = 'wire'"
  cut -f1 withdrawn.tsv | nearspace delete news.space -
""",
)
@space_argument
@click.argument("keys", nargs=-1)
@where_option
@wait_option
@json_option
def delete_command(space: str, keys: tuple[str, ...], where: str | None, wait: float, as_json: bool) -> None:
    """Delete rows, by key or condition.

    KEYS that are not there are passed over and counted as unknown; "-" reads keys from stdin, one a line.
    All rows go in one version.
    """
    listed = list(dict.fromkeys(read_terms(keys)))
    change = delete(space, listed, where=where, wait=wait)
    answer = {
        "space": space,
        "version": change.version,
        "deleted": change.deleted,
        "unknown": max(0, len(listed) - change.deleted),
        "seconds": round(change.seconds, 3),
    }
    print_answer(answer, as_json=as_json)


@click.command(
    "refresh",
    epilog="""\b
Examples:
  nearspace refresh news.space
""",
)
@space_argument
@batch_option
@wait_option
@json_option
@quiet_option
def refresh_command(space: str, batch: int, wait: float, as_json: bool, quiet: bool) -> None:
    """Encode stale rows anew.

    They are those that stale lists.
    """
    with batch_by_batch(space):
        change = refresh(space, batch=batch, wait=wait, progress=progress_for(quiet))
    print_done(space, change, as_json=as_json)
