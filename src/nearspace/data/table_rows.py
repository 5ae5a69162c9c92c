"""Rows as Python dicts, and columns as Python sequences, to record batches."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nearspace.data.table_parts import VECTOR, Part, TypeOf, changed_type, empty, short
from nearspace.errors import DimensionError, InputError

_NOT_OF_A_TYPE = (ValueError, TypeError, NotImplementedError, OverflowError)  # what Arrow's errors are


@dataclass(frozen=True)
class Lines:
    """Where rows come from, for messages.

    Attributes:
        name: the file or kind of object.
        first: number of the first row.
        unit: what a row is called.
        numbers: the number of each row, where they are not consecutive (empty lines were passed over).
    """

    name: str
    first: int = 1
    unit: str = "line"
    numbers: list[int] = field(default_factory=list)

    def place(self, row: int) -> str:
        """Say where row `row` of a batch is."""
        number = self.numbers[row] if self.numbers else self.first + row
        return f"{self.name}, {self.unit} {number:,}"


def open_rows(rows: Iterable[Any], types: TypeOf, batch: int, name: str = "the rows") -> Part:
    """Open an iterable of dicts: names and types are told from the first `batch` rows.

    Raises (also on reading):
        InputError: there are no rows, one is no dict, has a new field, or a value that is not of its type.
    """

    chunks = _chunks(rows, batch, name)
    first = next(chunks, None)
    if first is None:
        raise InputError(f"{name}: there are none", "Give at least one row, a dict of name -> value.")
    schema = schema_of(first, types, Lines(name, 1, "row"))

    def batches() -> Generator[Any, None, None]:
        number = 1
        for chunk in itertools.chain([first], chunks):
            yield batch_of(chunk, schema, Lines(name, number, "row"), types)
            number += len(chunk)

    return Part(name, schema, batches())


def open_columns(columns: Mapping[Any, Any], types: TypeOf, name: str = "the columns") -> Part:
    """Open a dict of columns: sequences or arrays of one length; an (n, d) array is a column of vectors.

    Raises:
        InputError: the lengths differ, a name is no text, or values of a column are not of one type.
    """
    import pyarrow as pa

    if not columns:
        raise empty(name)
    lines = Lines(name, 1, "row")
    arrays = {_name(key, name): _column(key, values, types, lines) for key, values in columns.items()}
    lengths = {key: len(array) for key, array in arrays.items()}
    (first, expected), *others = lengths.items()
    for key, length in others:
        if length != expected:
            raise DimensionError(
                f"{name}: column {key!r} has {length:,} values, column {first!r} has {expected:,}",
                "All columns have one length.",
            )
    table = pa.table(arrays)
    return Part(name, table.schema, (one for one in table.to_batches()))


def schema_of(rows: Sequence[Mapping[str, Any]], types: TypeOf, lines: Lines) -> Any:
    """Tell names and types from some rows.

    Raises:
        InputError: the values of a column are of several types.
    """
    import pyarrow as pa

    names = dict.fromkeys(itertools.chain.from_iterable(rows))
    kinds = [_kind(one, [row.get(one) for row in rows], types, lines) for one in names]
    return pa.schema(list(zip(names, kinds, strict=True)))


def settled(column: str, kind: Any, *, times: bool = True) -> Any:
    """Give the type that a column keeps when its first values have the type `kind`.

    What has no value is text, and so is a time unless there are `times`; vectors are lists of floats, even if
    they are whole numbers, or null, so far.
    """
    import pyarrow as pa

    if column == VECTOR:
        inner = kind.value_type if pa.types.is_list(kind) else kind
        if pa.types.is_null(inner) or (pa.types.is_list(kind) and pa.types.is_integer(inner)):
            return pa.list_(pa.float64())
    return _with_text(kind, times)


def batch_of(
    rows: Sequence[Mapping[str, Any]], schema: Any, lines: Lines, types: TypeOf, strict: bool = True
) -> Any:
    """Make one record batch of dicts; a field that a dict lacks is null.

    Anything becomes text in a column that `types` says is text; elsewhere only text is text.

    Raises:
        InputError: a value is not of its column's type, or (if `strict`) a field is not in `schema`.
    """
    import pyarrow as pa

    known = set(schema.names)
    for number, row in enumerate(rows if strict else ()):
        if not row.keys() <= known:
            new = next(key for key in row if key not in known)
            raise InputError(
                f"{lines.place(number)}: a new column {new!r}, which the rows before do not have",
                f"Name the columns to read with columns=; so far: {', '.join(schema.names)}.",
            )
    arrays = [_array([row.get(one.name) for row in rows], one.name, one.type, lines, types) for one in schema]
    return pa.record_batch(arrays, schema=schema)


def _with_text(kind: Any, times: bool) -> Any:
    import pyarrow as pa

    if pa.types.is_null(kind) or (pa.types.is_timestamp(kind) and not times):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_with_text(kind.value_type, times))
    if pa.types.is_struct(kind):
        return pa.struct([one.with_type(_with_text(one.type, times)) for one in kind])
    return kind


def _chunks(rows: Iterable[Any], batch: int, name: str) -> Iterator[list[Any]]:
    numbered = enumerate(rows, 1)
    while chunk := list(itertools.islice(numbered, batch)):
        for number, row in chunk:
            if not isinstance(row, Mapping):
                raise InputError(
                    f"{name}, row {number:,}: {type(row).__name__}, expected a dict of name -> value",
                    "All rows are dicts.",
                )
        yield [row for _, row in chunk]


def _name(key: Any, name: str) -> str:
    if not isinstance(key, str):
        raise InputError(f"{name}: {key!r} is the name of a column, expected text", "Rename the column.")
    return key


def _column(key: str, values: Any, types: TypeOf, lines: Lines) -> Any:
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind == "f":
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), values.shape[1])
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(
            f"{lines.name}: column {key!r} is {type(values).__name__}, expected a list or an array",
            "A dict of columns has a sequence for each name. Rows go in as a list of dicts.",
        )
    held = values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind != "M" else values
    held = held if isinstance(held, np.ndarray) else list(held)
    return _array(held, key, _kind(key, held, types, lines), lines, types)


def _kind(column: str, values: Any, types: TypeOf, lines: Lines) -> Any:
    """The type that Arrow gives to values, text where there are none.

    Raises:
        InputError: they are of several types; the message has the first one that does not fit.
    """
    import pyarrow as pa

    if column in types:
        return types[column]
    try:
        found = pa.array(values).type
    except _NOT_OF_A_TYPE:
        low, high = 0, len(values) - 1  # the first row without which all would be well
        while low < high:
            middle = (low + high) // 2
            try:
                pa.array(values[: middle + 1])
                low = middle + 1
            except _NOT_OF_A_TYPE:
                high = middle
        if not low or pa.types.is_null(pa.array(values[:low]).type):
            raise InputError(
                f"{lines.place(low)}: column {column!r} has a value of no one type "
                f"({short(repr(values[low]))})",
                "Give lists whose items are of one type.",
            ) from None
        raise changed_type(lines.place(low), column, pa.array(values[:low]).type, repr(values[low])) from None
    return settled(column, found)


def _array(values: Any, column: str, kind: Any, lines: Lines, types: TypeOf) -> Any:
    import pyarrow as pa

    held = values
    if column in types and pa.types.is_string(kind):
        held = [one if one is None or isinstance(one, str) else _text(one) for one in values]
    found = _converted(held, kind, column in types)
    if found is not None:
        return found
    for row, value in enumerate(held):
        if _converted([value], kind, column in types) is None:
            raise changed_type(lines.place(row), column, kind, repr(value))
    raise InputError(f"{lines.name}: column {column!r} has no one type", "Give all its values one type.")


def _converted(values: Any, kind: Any, cast: bool) -> Any:
    """Values as an array of `kind`; None: they are of another type, and `cast` does not allow to convert."""
    import pyarrow as pa

    try:
        found = pa.array(values)
        if _fits(found.type, kind):
            return found if found.type == kind else pa.array(values, kind)
        return found.cast(kind) if cast else None
    except _NOT_OF_A_TYPE:
        return None


def _fits(found: Any, kind: Any) -> bool:
    """Whether values of type `found` are also of type `kind`, without loss."""
    import pyarrow as pa

    if found == kind or pa.types.is_null(found):
        return True
    if pa.types.is_integer(found):
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
    if pa.types.is_list(found) and hasattr(kind, "value_type"):
        return _fits(found.value_type, kind.value_type)
    if pa.types.is_struct(found) and pa.types.is_struct(kind):
        names = [one.name for one in kind]
        return all(one.name in names and _fits(one.type, kind.field(one.name).type) for one in found)
    return bool(pa.types.is_floating(found) and pa.types.is_floating(kind))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
