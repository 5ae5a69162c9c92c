"""Columns as a Lance table takes them: plain types, and vectors as fixed-size lists of float32."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearspace.data.table_parts import NAMED_TYPES, VECTOR, Part, TypeOf, shown
from nearspace.errors import DimensionError, InputError, SettingError


@dataclass(frozen=True)
class Shape:
    """What every batch of a table is brought to.

    Attributes:
        schema: the pyarrow schema: chosen columns, plain types, the dimension of the vectors.
        found: the schema of the first part as its source has it, or None.
        strict: all columns are read, so that a part with others is an error.
    """

    schema: Any
    found: Any = None
    strict: bool = True

    def check(self, part: Part) -> None:
        """Refuse a part with other columns than the first part.

        Raises:
            InputError: it lacks some, or has others.
        """
        for name in self.schema.names:
            if name not in part.schema.names:
                raise missing_column(name, part.schema.names, part.name)
        others = [name for name in part.schema.names if name not in self.schema.names]
        if self.strict and others:
            raise InputError(
                f"{part.name}: it has the column {others[0]!r}, which the first file does not have",
                f"Name the columns to read with columns=; so far: {', '.join(self.schema.names)}.",
            )

    def convert(self, batch: Any, part: Part, first: int) -> Any:
        """Give `batch` of `part` in this shape; its first row has the number `first` there.

        Raises:
            InputError: a column is missing or its values do not fit; the message has the first such row.
            DimensionError: a vector has another length.
        """
        import pyarrow as pa

        arrays = []
        for field in self.schema:
            column = batch.column(field.name)
            if field.name == VECTOR and pa.types.is_fixed_size_list(field.type):
                arrays.append(_vectors(column, field.type.list_size, part, first))
            else:
                arrays.append(_cast(column, field, part, first))
        return pa.record_batch(arrays, schema=self.schema)


def shape_of(part: Part, first: Any, columns: Sequence[str] | None, types: TypeOf) -> Shape:
    """Tell the shape of a table from its schema and its first batch with rows (None: it has none).

    Raises:
        InputError: two columns have one name, one has none, or one that was asked for is not there.
    """
    import pyarrow as pa

    names = part.schema.names
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"{part.name}: {names.count(twice[0])} columns are called {twice[0]!r}", "Rename all but one."
        )
    if "" in names:
        raise InputError(
            f"{part.name}: column {names.index('') + 1} has no name",
            "Name it in the header; pandas writes such a column unless it is told index=False.",
        )
    for name in (*(columns or ()), *types):
        if name not in names:
            raise missing_column(name, names, part.name)
    fields = []
    for name in dict.fromkeys(columns if columns is not None else names):
        kind = types.get(name) or plain(part.schema.field(name).type)
        if name == VECTOR:
            kind = _vector_type(kind, first, part)
        fields.append(pa.field(name, kind))
    return Shape(pa.schema(fields), strict=columns is None)


def named_types(types: TypeOf | None) -> TypeOf:
    """Turn the names of types into Arrow's types.

    Raises:
        SettingError: there is no such name.
    """
    import pyarrow as pa

    for column, kind in (types or {}).items():
        if kind not in NAMED_TYPES:
            raise SettingError(
                f"type {kind!r} of column {column!r} is not known", f"Accepted: {', '.join(NAMED_TYPES)}."
            )
    return {column: pa.type_for_alias(NAMED_TYPES[kind]) for column, kind in (types or {}).items()}


def plain(kind: Any) -> Any:
    """Give the type that stands for `kind`: no dictionaries, views or large types; null is text."""
    import pyarrow as pa

    is_ = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    if is_.is_dictionary(kind) or is_.is_run_end_encoded(kind):
        return plain(kind.value_type)
    if is_.is_null(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return pa.string()
    if is_.is_large_binary(kind) or is_.is_binary_view(kind):
        return pa.binary()
    if is_.is_fixed_size_list(kind):
        return pa.list_(plain(kind.value_type), kind.list_size)
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_list_view(kind) or is_.is_large_list_view(kind):
        return pa.list_(plain(kind.value_type))
    if is_.is_struct(kind):
        return pa.struct([field.with_type(plain(field.type)) for field in kind])
    return kind


def missing_column(name: str, names: Sequence[str], table: str) -> InputError:
    """Say that a table has no such column, and which it has."""
    close = difflib.get_close_matches(name, names, n=3)
    meant = f"Did you mean: {', '.join(close)}? " if close else ""
    return InputError(f"{table}: there is no column {name!r}", f"{meant}It has: {', '.join(names)}.")


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def _vector_type(kind: Any, first: Any, part: Part) -> Any:
    import pyarrow as pa

    number = _is_list(kind) and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )
    if not number and not (first is None and _is_list(kind)):
        raise InputError(
            f"{part.name}: column {VECTOR!r} holds {shown(kind)}, expected lists of numbers",
            "Give vectors as lists in JSON lines, Parquet or Arrow, or rename the column.",
        )
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(pa.float32(), kind.list_size)
    if first is None:
        raise InputError(f"{part.name}: no rows, so it is not known how long its vectors are", "Add rows.")
    value = first.column(VECTOR)[0].as_py()
    if not value:
        raise InputError(
            f"{part.name}, row 1: the vector is {'null' if value is None else 'empty'}",
            "Leave the row out, or give it a vector.",
        )
    return pa.list_(pa.float32(), len(value))


def _cast(column: Any, field: Any, part: Part, first: int) -> Any:
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if column.type == field.type:
        return column
    if pa.types.is_list_view(column.type) or pa.types.is_large_list_view(column.type):
        return pa.array(
            column.to_pylist(), field.type
        )  # Arrow's own cast forgets an offset where one is null
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        for row, value in enumerate(column):
            try:
                value.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
                raise InputError(
                    f"{part.name}, row {first + row:,}: column {field.name!r} holds "
                    f"{str(value)[:60]!r}, expected {shown(field.type)}",
                    "Mend the value, or give the column one type in all of the table.",
                ) from None
        raise InputError(
            f"{part.name}: column {field.name!r} holds {shown(column.type)}, expected {shown(field.type)} "
            f"({error})",
            "Give the column one type in all of the table.",
        ) from None


def _vectors(column: Any, dim: int, part: Part, first: int) -> Any:
    """Fixed-size lists of float32 of lists of any numbers.

    Raises:
        DimensionError: a list has another length than `dim`.
        InputError: a list is null, or a component is null, NaN or infinite.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def place(row: int) -> str:
        return f"{part.name}, row {first + row:,}"

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise InputError(f"{place(row)}: the vector is null", "Leave the row out, or give it a vector.")
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    if (lengths != dim).any():
        row = int(np.flatnonzero(lengths != dim)[0])
        raise DimensionError(
            f"{place(row)}: a vector of {lengths[row]:,} components, and the first has {dim:,}",
            "All vectors of a table have one length.",
        )
    flat = column.flatten().cast(pa.float32(), safe=False)
    values = flat.to_numpy(zero_copy_only=False)  # null becomes NaN
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        found = flat[at].as_py()
        raise InputError(
            f"{place(at // dim)}: component {at % dim + 1} of the vector is "
            f"{'null' if found is None else found}, and vectors must be finite",
            "Leave the row out, or make its vector again.",
        )
    return pa.FixedSizeListArray.from_arrays(flat, dim)
