"""A head applied to many rows: those of a table, as a stream, and those of a saved Space, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.tables import Table, read_table
from nearspace.errors import InputError, OutputError, SettingError
from nearspace.protocols import Progress, Quiet
from nearspace.results import Labels
from nearspace.space import Space
from nearspace.store.changes import upsert
from nearspace.store.dataset import KEY, RESERVED
from nearspace.store.editor import Change
from nearspace.store.folder import open_space
from nearspace.transfer.classify import BATCH, head_of
from nearspace.transfer.examples import item_column, place_column, text_of
from nearspace.transfer.head import Head

LABEL, PROBABILITY, FIT = "label", "probability", "fit"


def label_table(
    space: Space,
    rows: Any,
    *,
    head: Head | str,
    text: str | None = None,
    key: str | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> tuple[Any, Iterator[Any]]:
    """Label the rows of a table that may be larger than memory.

    Args:
        space: that the head was fitted on.
        rows: a table as `read_table` takes it.
        head: a head, or the name of one that is saved with the Space.
        text, key: column that is placed, as in `fit_head`.
        progress: where it is shown.

    Returns:
        An Arrow schema, and record batches of it: the columns of the table, then `label` (null: unknown),
        `probability` and `fit`.

    Raises (also on reading):
        InputError: a column is missing, or the table has one of these three already.
    """
    import pyarrow as pa

    head = head_of(space, head)
    table = rows if isinstance(rows, Table) else read_table(rows)
    items_in, by_text = item_column(space, table, text, key)
    added = pa.schema([(LABEL, pa.string()), (PROBABILITY, pa.float32()), (FIT, pa.float32())])
    taken = [name for name in added.names if name in table.schema.names]
    if taken:
        raise InputError(f"{table.name} has a column {taken[0]!r} already", "Rename it, or leave it out.")
    schema = pa.schema([*table.schema, *added])

    def batches() -> Iterator[Any]:
        with progress.task(f"labelling {table.name}", unit="rows") as task:
            for batch in table.batches():
                items = [text_of(value) for value in batch.column(items_in).to_pylist()]
                for start in range(0, len(items), BATCH):
                    part = items[start : start + BATCH]
                    made = head.classify(place_column(space, part, by_text), part)
                    yield _with_labels(batch.slice(start, len(part)), made, schema)
                    task.advance(len(part))

    return schema, batches()


def label_rows(
    path: str | Path,
    head: Head | str,
    into: str,
    *,
    overwrite: bool = False,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> Change:
    """Label all rows of a saved Space, and keep the labels as its columns `into` and `into`_probability.

    Unknown rows have no label.

    Raises:
        SettingError: the name of the column is reserved.
        OutputError: the Space has such a column and `overwrite` is off.
        BusyError: another process is writing the Space.
    """
    import pyarrow as pa

    space = open_space(path)
    found = head_of(space, head)
    names = (into, f"{into}_probability")
    if into in RESERVED or not into:
        raise SettingError(f"a column cannot be called {into!r}", "Choose another name.")
    there = [name for name in names if name in space.columns]
    if there and not overwrite:
        raise OutputError(
            f"{str(path)!r} has a column {there[0]!r} already",
            "Give overwrite=True (--overwrite) to replace its values, or another name.",
        )
    schema = pa.schema([(KEY, pa.string()), (names[0], pa.string()), (names[1], pa.float32())])

    def batches() -> Iterator[Any]:
        for start in range(0, len(space), BATCH):
            rows = np.arange(start, min(start + BATCH, len(space)))
            keys = space.keys.names(rows)
            made = found.classify(space.take(rows), keys)
            yield pa.record_batch([keys, made.labels, made.probabilities.max(axis=1)], schema=schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    return upsert(path, reader, new_columns=True, wait=wait, progress=progress)


def _with_labels(batch: Any, made: Labels, schema: Any) -> Any:
    import pyarrow as pa

    own = [batch.column(name) for name in batch.schema.names]
    added = [
        pa.array(made.labels, pa.string()),
        pa.array(made.probabilities.max(axis=1)),
        pa.array(made.fits),
    ]
    return pa.record_batch([*own, *added], schema=schema)
