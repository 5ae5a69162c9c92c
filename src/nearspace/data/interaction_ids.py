"""Ids of users and items as they come in tables: text and whole numbers become rows, all else an error."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interaction_rows import Rows
from nearspace.data.interned import TextNames, WholeNames
from nearspace.data.table_parts import short, shown
from nearspace.errors import InputError
from nearspace.keys import Keys

_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
NULLS = frozenset(("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "<NA>", "None"))
_EXACT = float(1 << 53)  # floats hold all whole numbers up to here


class Ids:
    """The names of one side, users or items, while tables are read.

    Attributes:
        role: "user" or "item".
        numeric: the values come from a text table, in whose first rows all were numbers: 4.0 is 4 then.
    """

    def __init__(self, role: str) -> None:
        self.role, self.numeric = role, False
        self._names: WholeNames | TextNames | None = None
        self._renamed: dict[int, str] = {}
        self._missing: list[int] = []

    def add(self, column: Any, rows: Rows) -> NDArray[np.int32]:
        """Give the row of each value of an Arrow array without nulls; -1 where it is one spelt out.

        Raises:
            InputError: they are no ids, or of another type than before; the message names the place.
        """
        import pyarrow as pa

        kind = column.type
        if pa.types.is_string(kind):
            return self._texts(column, rows)
        unsigned = bool(pa.types.is_uint64(kind))
        if unsigned:
            values = column.to_numpy(zero_copy_only=False).view(np.int64)
        elif pa.types.is_integer(kind):
            values = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
        elif pa.types.is_floating(kind):
            values = self._floats(column, rows)
        elif pa.types.is_decimal(kind):
            values = self._decimals(column, rows)
        else:
            raise InputError(
                f"{rows.name}: the {self.role}s are {shown(kind)}, and ids are text or whole numbers",
                f"Choose another column with {self.role}= (--{self.role}), or make its values text.",
            )
        names: WholeNames = self._known(WholeNames, rows, kind, unsigned)
        return names.add(values)

    def keys(self) -> tuple[Keys, NDArray[np.int32] | None]:
        """Give the names, and the new row of each row that was given so far if they differ."""
        if self._names is None:
            return Keys(), None
        if isinstance(self._names, TextNames) and self._renamed:
            names, rows = self._names.renamed(self._renamed)
            return names.keys(), rows
        return self._names.keys(), None

    def _known(self, kind: Any, rows: Rows, column: Any, unsigned: bool = False) -> Any:
        """Give the names so far.

        Raises:
            InputError: they are of another type.
        """
        if self._names is None:
            self._names = WholeNames(unsigned=unsigned) if kind is WholeNames else TextNames()
        if type(self._names) is not kind or getattr(self._names, "unsigned", False) != unsigned:
            raise InputError(
                f"{rows.name}: the {self.role}s are {shown(column)}, and were of another type before",
                "Give the column one type in all files.",
            )
        return self._names

    def _texts(self, column: Any, rows: Rows) -> NDArray[np.int32]:
        names: TextNames = self._known(TextNames, rows, column.type)
        before = names.count
        found = names.add(column)
        if self.numeric and not names.plain_from(before):
            for row, name in enumerate(names.names(before), start=before):
                self._settle(row, name, found, rows)
        if self._missing:
            found[np.isin(found, self._missing)] = -1
        return found

    def _settle(self, row: int, name: str, found: NDArray[np.int32], rows: Rows) -> None:
        """Decide what a new name means in a column of numbers."""
        whole = _WHOLE.fullmatch(name)
        if whole:
            self._renamed[row] = whole[1]
        elif name in NULLS:
            self._missing.append(row)
        elif _FLOAT.fullmatch(name) and not re.fullmatch(r"[+-]?\d+", name):
            raise self._no_id(rows.place(int(np.flatnonzero(found == row)[0])), name)

    def _floats(self, column: Any, rows: Rows) -> NDArray[np.int64]:
        values: NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = ~(np.abs(values) <= _EXACT) | (values != np.floor(values))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise self._no_id(rows.place(at), str(values[at]))
        return values.astype(np.int64)

    def _decimals(self, column: Any, rows: Rows) -> NDArray[np.int64]:
        import pyarrow as pa

        try:
            whole: NDArray[np.int64] = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            for at, value in enumerate(column.to_pylist()):
                if value != int(value) or abs(value) >= 1 << 63:
                    raise self._no_id(rows.place(at), str(value)) from None
            raise
        return whole

    def _no_id(self, place: str, value: str) -> InputError:
        return InputError(
            f"{place}: the {self.role} is {short(value)}, and ids are text or whole numbers",
            f"Choose another column with {self.role}= (--{self.role}), or mend the value.",
        )
