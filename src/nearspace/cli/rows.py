"""The table of rows that a command reads: a file, or stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nearspace.data.tables import BATCH, Table, read_table
from nearspace.errors import InputError, Interrupted, NearspaceError, SettingError
from nearspace.store.changes import Version, history
from nearspace.store.dataset import KEY
from nearspace.store.description import is_space
from nearspace.store.table import table_version

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")


def read_rows(
    source: str, key: str, *, columns: Sequence[str] = (), form: str | None = None, batch: int = BATCH
) -> Table:
    """Open the table at a path, or on stdin for "-"; its keys are text, so that 007 stays 007.

    Raises:
        SettingError: it comes from stdin, and nothing tells its format.
        MissingInputError, InputError: as `read_table`.
    """
    if source == "-" and form is None:
        raise SettingError(
            "nothing tells the format of the table on stdin", f"Give --format {', '.join(FORMATS)}."
        )
    try:
        return read_table(
            sys.stdin.buffer if source == "-" else source,
            columns=list(dict.fromkeys([key, *columns])) if columns else None,
            format=form,
            types={key: "string"},
            batch=batch,
        )
    except InputError as error:
        if error.message.endswith(f"no column {key!r}"):
            error.hint = f"Name the column of the keys with --key. {error.hint}"
        raise


def read_items(source: str, column: str | None, form: str | None) -> Table:
    """Open a table of texts or keys; what is in `column`, or else in "key", is text, so that 007 stays 007.

    Raises:
        SettingError, MissingInputError, InputError: as `read_rows`.
    """
    try:
        return read_rows(source, column or KEY, form=form)
    except InputError as error:
        if column is not None or source == "-" or not error.message.endswith(f"no column {KEY!r}"):
            raise
    return read_table(source, format=form)


@contextmanager
def batch_by_batch(space: str) -> Iterator[None]:
    """Say, when the work ends early, that the batches which are written stay.

    Raises:
        Interrupted: it was stopped with Ctrl-C.
        NearspaceError: as it came; the hint tells what is written.
    """
    before = table_version(Path(space)).number if is_space(Path(space)) else 0
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; the batches that are written stay in {space!r}",
            "The same command goes on where it was.",
        ) from None
    except NearspaceError as error:
        if any(one.change.startswith("upsert") for one in _history(space) if one.version > before):
            stays = "The batches before it are written; the same command goes on there."
            error.hint = f"{error.hint} {stays}".strip()
        raise


def _history(space: str) -> list[Version]:
    return history(space) if is_space(Path(space)) else []
