"""What is known of items: the columns of a table, put in the order of names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.table_keys import key_column
from nearspace.data.tables import read_table
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.keys import Keys


def item_columns(
    table: Any,
    names: Keys,
    *,
    key: str,
    columns: Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002
) -> dict[str, NDArray[Any]]:
    """Read columns of a table for the items `names`: name -> (n,) objects, None where the table lacks one.

    Args:
        table: anything that `read_table` reads.
        key: the column with the names of the items; rows of other items are passed over.
        columns: those to read; None: all others.
        format: of the table, see `read_table`.

    Raises:
        MissingInputError, InputError: the table cannot be read, a column is not there, or no item is in it.
        DuplicateKeyError: an item has two rows.
    """
    wanted = None if columns is None else [key, *(name for name in columns if name != key)]
    read = read_table(table, columns=wanted, format=format)
    found: dict[str, NDArray[Any]] = {
        name: np.full(len(names), None, dtype=object) for name in read.schema.names if name != key
    }
    seen = np.zeros(len(names), dtype=bool)
    first, example = 1, ""
    for batch in read.batches():
        keys = key_column(batch, key, read.name, first)
        listed = keys.to_pylist()
        example = example or listed[0]
        rows = np.array([-1 if (row := names.find(name)) is None else row for name in listed], dtype=np.int64)
        here = np.flatnonzero(rows >= 0)
        _check_once(rows[here], seen, names, read.name)
        for name, values in found.items():
            values[rows[here]] = np.array(batch.column(name).to_pylist(), dtype=object)[here]
        first += len(batch)
    if not seen.any():
        raise InputError(
            f"{read.name}: column {key!r} has none of the {len(names):,} items; "
            f"an item is called {names[0]!r}, a row of the table {example!r}",
            "Name the column that holds the same ids as the interactions.",
        )
    return found


def _check_once(rows: NDArray[np.int64], seen: NDArray[np.bool_], names: Keys, table: str) -> None:
    order = np.sort(rows)
    twice = np.concatenate((rows[seen[rows]], order[1:][order[1:] == order[:-1]]))
    if len(twice):
        raise DuplicateKeyError(
            f"{table}: the item {names[int(twice[0])]!r} has more than one row", "Keep one row an item."
        )
    seen[rows] = True
