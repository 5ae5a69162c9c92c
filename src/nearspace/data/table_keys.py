"""Keys and content hashes of table rows."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nearspace.data.table_columns import missing_column
from nearspace.data.table_parts import shown
from nearspace.errors import InputError

HASH_BYTES = 16


def key_column(batch: Any, name: str, table_name: str, first_row: int = 1) -> Any:
    """Give the keys of a record batch as a pyarrow string array: text as it is, whole numbers in decimal.

    `first_row` is the number of the batch's first row, for messages.

    Raises:
        InputError: there is no such column, it holds neither text nor whole numbers, or a key is null or
            empty.
    """
    import pyarrow as pa

    if name not in batch.schema.names:
        raise missing_column(name, batch.schema.names, table_name)
    column = batch.column(name)
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        raise InputError(
            f"{table_name}: column {name!r} holds {shown(column.type)}, and keys are text or whole numbers",
            f"Choose another column, or read this one as text: types={{{name!r}: 'string'}}.",
        )
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise _bad_key(table_name, first_row + row, name, "null")
    keys = column.cast(pa.string())
    lengths = np.diff(np.frombuffer(keys.buffers()[1], np.int32)[keys.offset :][: len(keys) + 1])
    if len(keys) and not lengths.all():
        raise _bad_key(table_name, first_row + int(np.flatnonzero(lengths == 0)[0]), name, "empty")
    return keys


def _bad_key(table: str, row: int, name: str, what: str) -> InputError:
    return InputError(
        f"{table}, row {row:,}: the key in column {name!r} is {what}",
        "Each row needs a key of its own: fill it in or leave the row out.",
    )


def content_hashes(values: Any) -> Any:
    """Give the BLAKE2b of each value as a pyarrow array of 16 bytes each; null stays.

    `values` is an Arrow array of text or bytes, or a sequence of str, bytes or None; text is hashed as UTF-8,
    so text and its bytes have the same hash.

    Raises:
        InputError: a value is neither text nor bytes.
    """
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        pieces, missing = _arrow_bytes(values)
    else:
        pieces = [_bytes(value, row) for row, value in enumerate(values)]
        missing = np.array([value is None for value in values], dtype=bool)
    blake = hashlib.blake2b
    data = b"".join([blake(piece, digest_size=HASH_BYTES).digest() for piece in pieces])
    valid = None if not missing.any() else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(HASH_BYTES), len(pieces), [valid, pa.py_buffer(data)])


def _arrow_bytes(values: Any) -> tuple[Sequence[Any], Any]:
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    try:
        array = values.cast(pa.large_string() if pa.types.is_dictionary(values.type) else pa.large_binary())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"content is {shown(values.type)}, expected text or bytes") from error
    _, offset_buffer, data_buffer = array.buffers()
    if not len(array):
        return [], np.empty(0, dtype=bool)
    offsets = np.frombuffer(offset_buffer, np.int64)[array.offset : array.offset + len(array) + 1].tolist()
    data = b"" if data_buffer is None else data_buffer.to_pybytes()
    pieces = [data[begin:end] for begin, end in itertools.pairwise(offsets)]
    return pieces, array.is_null().to_numpy(zero_copy_only=False)


def _bytes(value: Any, row: int) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if value is None or isinstance(value, bytes):
        return value or b""
    raise InputError(
        f"content {row:,} is {type(value).__name__}, expected text or bytes", "Give text, bytes or None."
    )
