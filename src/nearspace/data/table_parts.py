"""What the readers of tables share: one opened source, and the errors that all of them raise."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from nearspace.errors import InputError

TypeOf = Mapping[str, Any]
VECTOR = "vector"
NAMED_TYPES = {"string": "string", "int": "int64", "float": "float64", "bool": "bool"}


@dataclass(frozen=True)
class Part:
    """One source of rows that was opened: a file of several, or an object in memory.

    Attributes:
        name: the file or the kind of object, for messages.
        schema: the pyarrow schema of its batches, as the source has it.
        batches: pyarrow record batches of any length, to be read once.
    """

    name: str
    schema: Any
    batches: Generator[Any, None, None]


def empty(name: str) -> InputError:
    """Say that there is nothing to read, not even names of columns."""
    return InputError(f"{name}: it is empty", "A table has at least the names of its columns.")


def changed_type(place: str, column: str, kind: Any, value: str) -> InputError:
    """Say that a value does not fit the type that its column had before."""
    return InputError(
        f"{place}: column {column!r} holds {shown(kind)} so far, and here {short(value)}",
        f"Mend the value, or set the column's type: types={{{column!r}: 'string'}} "
        f"(accepted: {', '.join(NAMED_TYPES)}).",
    )


def shown(kind: Any) -> str:
    """Name an Arrow type in plain words, where there are such."""
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return "whole numbers"
    if pa.types.is_floating(kind):
        return "numbers"
    if pa.types.is_string(kind):
        return "text"
    return "truth values" if pa.types.is_boolean(kind) else str(kind)


def short(value: str) -> str:
    """Cut a value to what a message can hold."""
    return value if len(value) <= 60 else value[:57] + "..."
