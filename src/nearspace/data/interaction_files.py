"""Interactions as files: written as tables, and split into a folder of training and test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.events import read_interactions
from nearspace.data.interactions import Interactions
from nearspace.data.splitting import Splitting
from nearspace.data.table_writing import write_table_file
from nearspace.errors import SettingError
from nearspace.files import new_folder
from nearspace.keys import Keys
from nearspace.protocols import Progress, Quiet

PARTS = ("train.parquet", "test.parquet", "fold_in.parquet")
_BATCH = 1 << 17
_SETTINGS = ("n", "share", "after", "fold_in", "seed")


@dataclass(frozen=True)
class WrittenSplit:
    """What `split_interactions` wrote.

    Attributes:
        folder: where.
        how: the way of splitting.
        pairs: name of a part -> how many pairs it has.
        users, items: the same of its users and items.
    """

    folder: str
    how: str
    pairs: dict[str, int]
    users: dict[str, int]
    items: dict[str, int]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""
        return asdict(self)


def write_interactions(interactions: Interactions, path: str | Path, *, overwrite: bool = False) -> int:
    """Write the columns user, item, weight and (if there are times) time; return how many rows.

    The suffix tells the format: .parquet, .arrow, .csv, .tsv or .jsonl. `read_interactions` reads it again.

    Raises:
        SettingError: the suffix is none of those.
        OutputError: the file exists and `overwrite` is off, or cannot be written.
    """
    return write_table_file(path, _schema(interactions), _batches(interactions), overwrite=overwrite)


def split_interactions(
    source: Any,
    output: str | Path,
    *,
    how: str = "last",
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> WrittenSplit:
    """Split interactions and write a folder of train.parquet and test.parquet, by users also fold_in.parquet.

    Args:
        source: Interactions, or what `read_interactions` takes.
        output: the folder, which appears whole or not at all.
        how: see `Splitting`.
        settings: those of `Splitting` (n, share, after, fold_in, seed), and those of `read_interactions`.

    Raises:
        SettingError, InputError: as for reading and splitting.
        OutputError: the folder exists and `overwrite` is off, is no split, or cannot be written.
    """
    began, progress = time.perf_counter(), progress or Quiet()
    chosen = {name: settings.pop(name) for name in _SETTINGS if name in settings}
    splitting = Splitting(how, **chosen)
    if isinstance(source, Interactions) and settings:
        raise SettingError(f"{next(iter(settings))} is for reading, and Interactions came", "Leave it out.")
    with new_folder(output, overwrite=overwrite, replaceable=is_split) as draft:
        if not isinstance(source, Interactions):
            source = read_interactions(source, progress=progress, **settings)
        parts = splitting.split(source, progress).parts()
        for name, part in parts.items():
            write_interactions(part, draft / f"{name}.parquet")
    return WrittenSplit(
        str(output),
        how,
        {name: len(part) for name, part in parts.items()},
        {name: len(part.users) for name, part in parts.items()},
        {name: len(part.items) for name, part in parts.items()},
        round(time.perf_counter() - began, 3),
    )


def is_split(folder: Path) -> bool:
    """Tell whether a folder holds what `split_interactions` writes, and nothing else."""
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    return {"train.parquet", "test.parquet"} <= names <= set(PARTS)


def _schema(interactions: Interactions) -> Any:
    import pyarrow as pa

    fields = [("user", pa.string()), ("item", pa.string()), ("weight", pa.float32())]
    if interactions.times is not None:
        fields.append(("time", pa.timestamp("s", "UTC")))
    return pa.schema(fields)


def _batches(interactions: Interactions) -> Iterator[Any]:
    import pyarrow as pa

    schema, (starts, columns, weights) = _schema(interactions), interactions.by_user
    users, items = _names(interactions.users), _names(interactions.items)
    for begin in range(0, len(columns), _BATCH):
        end = min(begin + _BATCH, len(columns))
        rows = np.searchsorted(starts, np.arange(begin, end), side="right") - 1
        arrays = [
            users.take(pa.array(rows)).cast(pa.string()),
            items.take(pa.array(columns[begin:end])).cast(pa.string()),
            pa.array(weights[begin:end]),
        ]
        if interactions.times is not None:
            arrays.append(pa.array(interactions.times[begin:end]).cast(schema.field("time").type))
        yield pa.record_batch(arrays, schema=schema)


def _names(keys: Keys) -> Any:
    import pyarrow as pa

    buffers = [
        None,
        pa.py_buffer(np.ascontiguousarray(keys.offsets)),
        pa.py_buffer(np.ascontiguousarray(keys.data)),
    ]
    return pa.Array.from_buffers(pa.large_string(), len(keys), buffers)
