"""Times of events: numbers whose size tells their unit, dates, timestamps and ISO text become seconds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interaction_rows import Rows
from nearspace.data.table_parts import short, shown
from nearspace.errors import InputError

# a whole number below this in size counts seconds, and so on; 1e11 seconds are the year 5138
UNITS = (("seconds", 10**11, 1), ("milliseconds", 10**14, 10**3), ("microseconds", 10**17, 10**6))
_NANOSECONDS = ("nanoseconds", 0, 10**9)
_ZONE = re.compile(r".*([zZ]|[+-]\d\d:?\d\d)")
_HINT = "Times are whole numbers since 1970, dates, timestamps or ISO text such as 2026-03-01 12:30:00."


class Times:
    """Reads the times of one table after the other.

    Attributes:
        counted: the times so far are bare numbers, whose unit `unit` tells at the end.
    """

    def __init__(self) -> None:
        self.counted: bool | None = None
        self._largest = 0

    def add(self, rows: Rows) -> NDArray[np.int64]:
        """Give the times of a batch: seconds, or bare numbers where `counted`.

        Raises:
            InputError: one is no time; the message names the place.
        """
        import pyarrow as pa

        column = rows.column("time")
        kind = column.type
        if pa.types.is_string(kind):
            numbers = _whole(column)
            found = self._bare(numbers) if numbers is not None else None
            return self._settled(found is not None, _texts(column, rows) if found is None else found, rows)
        if pa.types.is_integer(kind):
            return self._settled(True, self._bare(column.cast(pa.int64(), safe=False).to_numpy()), rows)
        if pa.types.is_floating(kind):
            return self._settled(True, self._bare(_floats(rows)), rows)
        if pa.types.is_date(kind):
            column = column.cast(pa.timestamp("s"))
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return self._settled(False, _seconds(column), rows)
        raise InputError(f"{rows.name}: the times are {shown(kind)}", _HINT)

    @property
    def unit(self) -> tuple[str, int]:
        """What bare numbers count, and how many of it are a second."""
        if not self.counted:
            return "seconds", 1
        name, _, per_second = next((unit for unit in UNITS if self._largest < unit[1]), _NANOSECONDS)
        return name, per_second

    def _bare(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(numbers):
            self._largest = max(self._largest, abs(int(numbers.max())), abs(int(numbers.min())))
        return numbers

    def _settled(self, counted: bool, times: NDArray[np.int64], rows: Rows) -> NDArray[np.int64]:
        if len(rows) and self.counted is None:
            self.counted = counted
        if len(rows) and self.counted != counted:
            raise InputError(
                f"{rows.place(0)}: the time is {'a number' if counted else 'a date'}, and before they were "
                f"{'dates' if counted else 'numbers'}",
                "Give all times in one form.",
            )
        return times


def _seconds(column: Any) -> NDArray[np.int64]:
    """Seconds of timestamps, rounded down."""
    import pyarrow as pa

    ticks = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.type.unit]
    return np.asarray(ticks // per_second, dtype=np.int64)


def _floats(rows: Rows) -> NDArray[np.int64]:
    values = rows.numbers("time")
    wrong = ~(np.abs(values) < 2.0**63)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise InputError(f"{rows.place(at)}: the time is {values[at]}", _HINT)
    return np.floor(values).astype(np.int64)


def _whole(column: Any) -> NDArray[np.int64] | None:
    """Whole numbers as text; None: at least the first is none."""
    import pyarrow as pa

    if not len(column) or not re.fullmatch(r"-?\d+", column[0].as_py()):
        return None
    try:
        return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return None


def _texts(column: Any, rows: Rows) -> NDArray[np.int64]:
    """Seconds of ISO text; without a zone it is UTC."""
    import pyarrow as pa

    if not len(column):
        return np.empty(0, np.int64)
    zone = "UTC" if _ZONE.fullmatch(column[0].as_py()[10:]) else None
    try:
        return _seconds(column.cast(pa.timestamp("us", zone)))
    except pa.ArrowInvalid:
        pass
    found = np.empty(len(column), np.int64)
    for at, text in enumerate(column):
        zone = "UTC" if _ZONE.fullmatch(text.as_py()[10:]) else None
        try:
            found[at] = _seconds(pa.array([text.as_py()]).cast(pa.timestamp("us", zone)))[0]
        except pa.ArrowInvalid:
            raise InputError(f"{rows.place(at)}: the time is {short(repr(text.as_py()))}", _HINT) from None
    return found
