"""recommend_all: what every user may like next, streamed into a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.arrow_arrays import key_array
from nearspace.data.table_writing import write_table_file, writer_of
from nearspace.protocols import Progress, Quiet, Task
from nearspace.search.askers import Askers, known_users, names_of, users_at
from nearspace.search.catalogue import ITEM, USER, catalogue_of
from nearspace.search.recommend import Question
from nearspace.space import Space

BLOCK = 8192  # users that are answered at once


@dataclass(frozen=True)
class Recommended:
    """What `recommend_all` wrote.

    Attributes:
        output: the file.
        users: how many were answered.
        rows: how many rows it has.
        seconds: that it took.
    """

    output: str
    users: int
    rows: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give {"output", "users", "rows", "seconds", "users_per_second"}."""
        return {**asdict(self), "users_per_second": round(self.users / max(self.seconds, 1e-9), 1)}


def recommend_all(
    space: Space,
    output: str | Path,
    *,
    users: Any = None,
    k: int = 20,
    where: str | None = None,
    seen: bool = False,
    diversity: float = 0.0,
    workers: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Recommended:
    """Write the best items of every user into a table of user, rank (from 1), item and score.

    Users are answered in blocks, so memory does not grow with their number. The file appears when it is
    complete, or not at all.

    Args:
        space, k, where, seen, diversity, workers: as for `recommend`.
        output: .parquet, .csv, .tsv, .jsonl or .arrow.
        users: None: all of the Space, in row order; or some by name.
        overwrite: replace a file that exists.
        progress: shows users.

    Raises:
        OutputError: the file exists, or cannot be written.
        UnknownKeyError, InputError, SettingError: as for `recommend`.
    """
    began = time.monotonic()
    writer_of(output)
    question = Question.checked(space, k, where, seen, diversity, workers)
    rows = catalogue_of(space, USER).rows if users is None else None
    names = [] if users is None else names_of(users, "user")
    count = len(names) if rows is None else len(rows)
    if rows is None:
        known_users(space, names)  # an unknown one is told before anything is written

    def blocks() -> Iterator[Askers]:
        for start in range(0, count, BLOCK):
            part = slice(start, start + BLOCK)
            yield known_users(space, names[part]) if rows is None else users_at(space, rows[part])

    with (progress or Quiet()).task("recommending", total=count, unit="users") as task:
        batches = _batches(question, blocks(), task)
        written = write_table_file(output, _schema(), batches, overwrite=overwrite)
    return Recommended(str(output), count, written, time.monotonic() - began)


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [("user", pa.string()), ("rank", pa.int32()), ("item", pa.string()), ("score", pa.float32())]
    )


def _batches(question: Question, blocks: Iterator[Askers], task: Task) -> Iterator[Any]:
    import pyarrow as pa

    items = catalogue_of(question.space, ITEM)
    keys = question.space.keys.select(items.rows)
    names = key_array(keys, 0, len(keys))
    for askers in blocks:
        rows, scores = question.answer(askers)
        user, rank = np.nonzero(rows >= 0)
        places = items.place_of[rows[user, rank]]
        users = pa.array(askers.labels, pa.string()).take(pa.array(user))
        ranks = pa.array((rank + 1).astype(np.int32))
        columns = [users, ranks, names.take(pa.array(places)), pa.array(scores[user, rank])]
        yield pa.record_batch(columns, schema=_schema())
        task.advance(len(askers.labels))
