"""What the page saves: a selection as a table, as a tag, or as a new Space."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.server.records import plain
from nearspace.server.shown import ShownSpace
from nearspace.space import Recipe
from nearspace.store.changes import upsert
from nearspace.store.folder import save

KINDS = ("table", "tag", "space")
TAG = "tag"  # the column of tags
BLOCK = 1024
WAIT = 10.0  # seconds for another writer


def selected(shown: ShownSpace, rows: Any) -> NDArray[np.int64]:
    """Give the rows of a selection, ascending, each once.

    Raises:
        InputError: they are no row numbers, or none.
    """
    listed = isinstance(rows, list) and all(type(row) is int for row in rows)
    found = np.unique(np.array(rows, dtype=np.int64)) if listed and rows else np.empty(0, np.int64)
    if not len(found) or found[0] < 0 or found[-1] >= shown.count:
        raise InputError("the selection has no rows of this Space", "Select some points first.")
    return found


def as_table(shown: ShownSpace, rows: NDArray[np.int64]) -> bytes:
    """Give the rows as CSV: key and metadata, UTF-8."""
    names = list(shown.space.columns)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["key", *(f"columns.{name}" if name == "key" else name for name in names)])
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK].tolist()
        found = [plain(record) for record in shown.space.columns.records(part)]
        for key, record in zip(shown.space.keys.names(part), found, strict=True):
            table.writerow([_cell(value) for value in (key, *(record[name] for name in names))])
    return text.getvalue().encode("utf-8")


def as_tag(shown: ShownSpace, rows: NDArray[np.int64], name: Any) -> dict[str, Any]:
    """Write `name` into the column "tag" of the rows of a saved Space; the rows of others keep theirs.

    Raises:
        InputError: the Space is not saved, or the name is empty or too long.
        BusyError: another process is writing.
    """
    tag = _name(name)
    if shown.folder is None:
        raise InputError("a Space in memory takes no tags", "Save it, and serve the saved one.")
    keys = shown.space.keys.names(rows)
    upsert(shown.folder, {"key": keys, TAG: [tag] * len(keys)}, new_columns=True, wait=WAIT)
    return {"saved": tag, "count": len(keys)}


def as_space(shown: ShownSpace, rows: NDArray[np.int64], name: Any) -> dict[str, Any]:
    """Save the rows as a new Space beside the folder of this one.

    Raises:
        InputError: the Space is not saved, or the name is no plain one.
        OutputError: there is one of this name already, or it cannot be written.
    """
    plain_name = _name(name).removesuffix(".space")
    if not re.fullmatch(r"\w[\w -]*", plain_name):
        raise SettingError(f"the name of the Space is {name!r}", "Use letters, digits, spaces, - and _.")
    if shown.folder is None:
        raise InputError("a Space in memory has no folder", "Save it, and serve the saved one.")
    space = shown.space
    taken = replace(
        space,
        keys=Keys(space.keys.names(rows)),
        vectors=space.take(rows),
        columns={column: np.asarray(space.columns[column])[rows] for column in space.columns},
        recipe=Recipe(
            "selection",
            {"space": space.name, "rows": len(rows), "of": len(space)},
            history=(*space.recipe.history, replace(space.recipe, history=())),
        ),
        state={},
        name=plain_name,
        stored_norms=None,
    )
    folder = shown.folder.parent / f"{plain_name}.space"
    save(taken, folder)
    return {"saved": folder.name, "count": len(rows)}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        raise SettingError(f"the name is {name!r}", "Give a name of up to 100 characters.")
    return name.strip()


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from running a text as a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
