"""Labelled examples: rows of a Space with a label, from one of its columns or from a table."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.tables import Table, read_table
from nearspace.encoders.external import KIND as EXTERNAL
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress
from nearspace.space import Space
from nearspace.store.dataset import KEY

_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Examples:
    """n labelled vectors.

    Attributes:
        items: (n,) their keys or texts.
        vectors: (n, d) float32, none of zeros.
        labels: (n,).
    """

    items: tuple[str, ...]
    vectors: NDArray[np.float32]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, chosen: NDArray[np.bool_]) -> Examples:
        """Give some of them."""
        rows = np.flatnonzero(chosen).tolist()
        return Examples(
            tuple(self.items[row] for row in rows),
            self.vectors[chosen],
            tuple(self.labels[row] for row in rows),
        )


def examples_of(
    space: Space, labels: str, labelled: Any, *, text: str | None, key: str | None, progress: Progress
) -> Examples:
    """Gather the labelled examples of a Space; what has no label or no place is left out, and noted.

    Args:
        space: whose rows or encoder give the vectors.
        labels: column of the labels: of `labelled`, or of the Space; null and empty mean: no label.
        labelled: a table as `read_table` takes it, or None.
        text, key: column of the table that is placed, see `item_column`.
        progress: takes notes.

    Raises:
        InputError: a column is missing, no row has a label, or none can be placed.
    """
    found = _of_column(space, labels) if labelled is None else _of_table(space, labels, labelled, text, key)
    if not len(found):
        raise InputError(
            f"no row has a label in column {labels!r}", "Null and empty labels count as no label: fill some."
        )
    placed = np.asarray(found.vectors.any(axis=1), dtype=bool)
    if not placed.all():
        lost = [item for item, has in zip(found.items, placed.tolist(), strict=True) if not has]
        shown = ", ".join(map(repr, lost[:_SHOWN]))
        if len(lost) == len(found):
            raise InputError(
                f"none of the {len(found):,} labelled rows has a place in {space.name!r}: {shown}",
                "Give keys of the Space (key=), or texts that its encoder can place (text=).",
            )
        progress.note(f"{len(lost):,} labelled rows have no place in the Space and are left out: {shown}")
    return found if placed.all() else found.select(placed)


def place_items(space: Space, items: Sequence[str]) -> NDArray[np.float32]:
    """(n, d) vectors of keys, and of others by the encoder of the Space; zeros where there is no place.

    Raises:
        InputError: one is no key, and the Space cannot place texts.
    """
    vectors = place_column(space, items, False)
    rest = [row for row, item in enumerate(items) if item not in space.keys]
    if rest:
        require_encoder(space, f"{items[rest[0]][:60]!r}, which is no key of it,")
        vectors[rest] = place_column(space, [items[row] for row in rest], True)
    return vectors


def require_encoder(space: Space, what: str) -> None:
    """Refuse a Space that cannot place texts.

    Raises:
        InputError: it has no encoder, or one that runs elsewhere.
    """
    if space.encoder is None or space.encoder.kind == EXTERNAL:
        why = "has no encoder" if space.encoder is None else "has an encoder that runs elsewhere"
        raise InputError(
            f"{space.name!r} {why}, so {what} cannot be placed", "Give keys of the Space, or vectors."
        )


def text_of(value: Any) -> str:
    """Give a label or item as text; "" for a missing one."""
    return "" if value is None or value != value else str(value)


def _of_column(space: Space, labels: str) -> Examples:
    if labels not in space.columns:
        raise missing_column(repr(space.name), labels, list(space.columns))
    values = [text_of(value) for value in space.columns[labels].tolist()]
    rows = np.array([row for row, value in enumerate(values) if value], dtype=np.int64)
    names = tuple(space.keys.names(rows))
    return Examples(names, np.asarray(space.take(rows)), tuple(values[row] for row in rows.tolist()))


def _of_table(space: Space, labels: str, labelled: Any, text: str | None, key: str | None) -> Examples:
    table = labelled if isinstance(labelled, Table) else read_table(labelled)
    items_in, by_text = item_column(space, table, text, key)
    if labels not in table.schema.names:
        raise missing_column(table.name, labels, table.schema.names)
    items: list[str] = []
    kept: list[str] = []
    parts: list[NDArray[np.float32]] = [np.empty((0, space.dim), dtype=np.float32)]
    for batch in table.batches():
        given = [text_of(value) for value in batch.column(labels).to_pylist()]
        names = [text_of(value) for value in batch.column(items_in).to_pylist()]
        mine = [(name, label) for name, label in zip(names, given, strict=True) if label]
        items += [name for name, _ in mine]
        kept += [label for _, label in mine]
        parts.append(place_column(space, [name for name, _ in mine], by_text))
    return Examples(tuple(items), np.concatenate(parts), tuple(kept))


def item_column(space: Space, table: Table, text: str | None, key: str | None) -> tuple[str, bool]:
    """Give the column of a table that is placed, and whether it holds texts.

    That is `text`, or the keys in `key`; with neither, the content of the Space, or else the keys in "key".

    Raises:
        SettingError: both are given.
        InputError: there is no such column, or it has texts and the Space cannot place any.
    """
    if text is not None and key is not None:
        raise SettingError("text and key are both given", "Rows are placed by one of them: leave one out.")
    names = table.schema.names
    content = None if space.content == KEY else space.content
    wanted = [name for name in ((text or key,) if text or key else (content, KEY)) if name]
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InputError(
            f"{table.name} has no column {' or '.join(map(repr, wanted))}",
            "Name the column of the texts (text=, --text) or of the keys (key=, --key); "
            f"it has: {', '.join(names)}.",
        )
    by_text = found in (text, content) and found != key
    if by_text:
        require_encoder(space, f"the texts of column {found!r}")
    return found, by_text


def place_column(space: Space, items: Sequence[str], by_text: bool) -> NDArray[np.float32]:
    """(n, d) vectors of texts by the encoder, or of keys; zeros where there is no place."""
    if by_text and space.encoder is not None:
        return np.asarray(space.encoder.encode(items), dtype=np.float32)
    rows = np.array([-1 if (row := space.keys.find(item)) is None else row for item in items], dtype=np.int64)
    vectors = np.zeros((len(items), space.dim), dtype=np.float32)
    vectors[rows >= 0] = space.take(rows[rows >= 0])
    return vectors


def missing_column(where: str, name: str, names: Sequence[str]) -> InputError:
    """Say that a table or Space has no such column, and which it has."""
    close = list(islice(difflib.get_close_matches(name, names), _SHOWN))
    meant = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    listed = f"It has: {', '.join(names)}." if names else "It has no columns."
    return InputError(f"{where} has no column {name!r}", meant + listed)
