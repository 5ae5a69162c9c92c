"""Events read from tables of any layout into Interactions, in little memory."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interaction_columns import contradicts, find_columns
from nearspace.data.interaction_filters import drop_rare
from nearspace.data.interaction_ids import Ids
from nearspace.data.interaction_layouts import Source, open_sources
from nearspace.data.interaction_notes import seems_swapped, told_of_counts, told_of_times
from nearspace.data.interaction_rows import Rows
from nearspace.data.interaction_times import Times
from nearspace.data.interaction_weights import Weights
from nearspace.data.interactions import Interactions, Piece
from nearspace.data.ordered import read_ahead
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet

ROLES = ("user", "item", "weight", "rating", "time")
MISSING = ("error", "drop")


def read_interactions(
    source: Any,
    *,
    user: str = "user",
    item: str = "item",
    weight: str | None = None,
    rating: str | None = None,
    time: str | None = None,
    min_rating: float | None = None,
    min_user: int = 1,
    min_item: int = 1,
    missing: str = "error",
    format: str | None = None,  # noqa: A002
    layout: str | None = None,
    progress: Progress | None = None,
) -> Interactions:
    """Read events, one a row, into the matrix of who chose what.

    Args:
        source: what `tables.read_table` takes (files, frames, lists of dicts, open files), MovieLens'
            `ratings.dat` and `u.data`, and RecBole's `.inter`.
        user, item, weight, rating, time: columns. The words "user", "item", "weight", "rating" and "time"
            also stand for the usual spellings ("user_id", "timestamp"), see `interaction_columns.SPELLINGS`.
        weight: how much an event counts, above 0.  [None: 1]
        rating: without `min_rating` an event weighs its rating, above 0, divided by the mean rating;
            with it an event weighs 1 (or its `weight`).
        time: numbers since 1970 (seconds to nanoseconds, told by their size), dates, timestamps, ISO text.
        min_rating: events with a lower rating are left out.
        min_user, min_item: users with fewer items and items with fewer users are left out, again and again
            until all that are left have enough.
        missing: "error", or "drop" the rows without a user, an item or another value that is read.
        format: as `read_table` takes it.
        layout: "table", "movielens", "recbole" or "headerless"; None: told from the first line.

    Raises:
        MissingInputError: a file does not exist.
        InputError: a column or value is not what it should be, with file and line where the reader knows
            them; or no event is left.
        SettingError: settings that do not go together.
    """
    _check(weight, rating, min_rating, (min_user, min_item), missing)
    asked = dict(zip(ROLES, (user, item, weight, rating, time), strict=True))
    gathered = _Gathered(Weights(weight is not None, rating is not None, min_rating), missing == "drop")
    progress = progress or Quiet()
    names = []
    with (
        progress.task("reading events", unit="events") as task,
        _in_our_words(),
        closing(open_sources(source, kind=format, layout=layout)) as sources,
    ):
        for one in sources:
            names.append(one.name)
            for count in gathered.read(one, find_columns(one.names, asked, one.name), progress):
                task.advance(count)
    name = names[0] if len(names) == 1 else f"{len(names):,} files"
    whole = gathered.interactions(name, progress)
    found = drop_rare(whole, min_user, min_item, progress)
    told_of_counts(found, progress)
    return found


def _check(
    weight: str | None, rating: str | None, min_rating: float | None, least: tuple[int, int], missing: str
) -> None:
    if min_rating is not None and rating is None:
        raise SettingError("min_rating is given without rating", "Name the column: rating=... (--rating).")
    if min_rating is not None and not np.isfinite(min_rating):
        raise SettingError(f"min_rating is {min_rating}", "It is a number.")
    if weight is not None and rating is not None and min_rating is None:
        raise SettingError(
            "weight and rating are both given, and an event has one weight",
            "Leave one out, or choose events by rating with min_rating (--min-rating).",
        )
    for name, value in zip(("min_user", "min_item"), least, strict=True):
        if value < 1:
            raise SettingError(f"{name} is {value}", "It is at least 1.")
    if missing not in MISSING:
        raise SettingError(f"missing is {missing!r}", f"Accepted: {', '.join(MISSING)}.")


@dataclass
class _Gathered:
    """Events so far.

    Attributes:
        drop: rows that lack a value are dropped, and counted in `dropped`.
        total: rows that were read.
    """

    weights: Weights
    drop: bool
    users: Ids = field(default_factory=lambda: Ids("user"))
    items: Ids = field(default_factory=lambda: Ids("item"))
    pieces: list[Piece] = field(default_factory=list)
    total: int = 0
    dropped: int = 0

    def read(self, source: Source, columns: Mapping[str, str], progress: Progress) -> Iterator[int]:
        """Take in one table; give how many rows each batch had."""
        if contradicts(columns):
            progress.note(
                f"users are read from the column {columns['user']!r}, items from {columns['item']!r}: "
                "these look swapped"
            )
        types = _types(source, columns)
        self.users.numeric = self.items.numeric = False
        for side, role in ((self.users, "user"), (self.items, "item")):
            side.numeric = source.text and _refused_or_number(source, columns[role], role)
        times, begun = Times(), len(self.pieces)
        for rows in _batches(source, columns, types):
            self.total += len(rows)
            self._take(rows, times if "time" in columns else None)
            yield len(rows)
        unit, per_second = times.unit
        if per_second > 1:
            progress.note(f"{source.name}: times are read as {unit} since 1970")
            for piece in self.pieces[begun:]:
                np.floor_divide(piece.times, per_second, out=piece.times)

    def interactions(self, name: str, progress: Progress) -> Interactions:
        """Give the matrix; to be called once."""
        if self.dropped:
            progress.note(f"{self.dropped:,} of {self.total:,} rows lack a value and are left out")
        if self.weights.below:
            progress.note(
                f"{self.weights.below:,} of {self.total:,} events are below min_rating and left out"
            )
        if not self.pieces:
            left = f": none of {self.total:,} is left" if self.total else ""
            raise InputError(f"{name} has no events{left}", "Give at least one row with a user and an item.")
        (users, moved_users), (items, moved_items) = self.users.keys(), self.items.keys()
        for piece in self.pieces:
            for rows, moved in ((piece.users, moved_users), (piece.items, moved_items)):
                if moved is not None:
                    np.take(moved, rows, out=rows)
        told_of_times(self.pieces, clock.time(), progress)
        found = Interactions.from_pieces(users, items, self.pieces, scale=self.weights.scale, name=name)
        seems_swapped(found, progress)
        return found

    def _take(self, rows: Rows, times: Times | None) -> None:
        rows = self._complete(rows)
        kept = self.weights.kept(rows)
        rows = rows if kept is None else rows.where(kept)
        users, items = (side.add(rows.column(side.role), rows) for side in (self.users, self.items))
        weights = self.weights.of(rows)
        stamps = np.array(times.add(rows)) if times is not None else np.empty(0, np.int64)
        spelt = (users < 0) | (items < 0)
        if spelt.any():
            self._missing(rows, spelt, "user" if (users < 0).any() else "item")
            kept = ~spelt
            users, items = users[kept], items[kept]
            weights = weights[kept] if len(weights) else weights
            stamps = stamps[kept] if len(stamps) else stamps
        if len(users):
            self.pieces.append(Piece(users, items, weights, stamps))

    def _complete(self, rows: Rows) -> Rows:
        """Leave out rows that lack a value, or refuse them."""
        kept = np.ones(len(rows), dtype=bool)
        for role in rows.batch.schema.names:
            lacks = _lacking(rows.column(role))
            if lacks is not None:
                self._missing(rows, lacks & kept, role)
                kept &= ~lacks
        return rows.where(kept)

    def _missing(self, rows: Rows, lacks: NDArray[np.bool_], role: str) -> None:
        """Count rows that lack a value.

        Raises:
            InputError: that is not asked for.
        """
        if not lacks.any():
            return
        if not self.drop:
            raise InputError(
                f"{rows.place(int(np.flatnonzero(lacks)[0]))}: the {role} is missing",
                "Fill it in, or leave such rows out with missing='drop' (--missing drop).",
            )
        self.dropped += int(np.count_nonzero(lacks))


def _batches(source: Source, columns: Mapping[str, str], types: Mapping[str, str]) -> Iterator[Rows]:
    """Give the batches with columns under the names of their roles."""
    import pyarrow as pa

    first = 1
    wanted = list(dict.fromkeys(columns.values()))
    batches = source.batches(wanted, types)
    for batch in read_ahead(batches) if source.file else batches:
        named = pa.record_batch([batch.column(one) for one in columns.values()], names=list(columns))
        yield Rows(source.name, named, first, source.place)
        first += len(batch)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Give other hints where a reader of tables hints at a setting that it has and we have not."""
    try:
        yield
    except InputError as error:
        if "types=" in error.hint or "its type" in error.hint:
            error.hint = "Give the column one type, or leave the row out."
        raise


def _types(source: Source, columns: Mapping[str, str]) -> dict[str, str]:
    """Give the types that must not be told from the first values: 007 stays 007, weights are 1 or 2.5."""
    types = {columns[role]: "float" for role in ("weight", "rating") if role in columns}
    if source.text:
        types |= {columns[role]: "string" for role in ("user", "item")}
    return types


def _refused_or_number(source: Source, column: str, role: str) -> bool:
    """Tell whether a column of text looks like numbers.

    Raises:
        InputError: it looks like truth values or times.
    """
    import pyarrow as pa

    kind = source.schema.field(column).type
    if pa.types.is_string(kind):
        return False
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return True
    what = "truth values" if pa.types.is_boolean(kind) else "dates or times"
    raise InputError(
        f"{source.name}: the {role}s in column {column!r} are {what}, and ids are text or whole numbers",
        f"Choose another column with {role}= (--{role}).",
    )


def _lacking(column: Any) -> NDArray[np.bool_] | None:
    """(n,) which values are null, empty or NaN; None: none is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lacks = None
    if column.null_count:
        lacks = column.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(column.type):
        nan = pc.fill_null(pc.is_nan(column), False).to_numpy(zero_copy_only=False)
        lacks = nan if lacks is None else lacks | nan
    if pa.types.is_string(column.type):
        empty = pc.fill_null(pc.equal(pc.binary_length(column), 0), False).to_numpy(zero_copy_only=False)
        lacks = empty if lacks is None else lacks | empty
    return lacks
