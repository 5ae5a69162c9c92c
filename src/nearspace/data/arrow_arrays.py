"""Between our arrays and Arrow's: keys, vectors and metadata columns, without copies where possible.

pyarrow is imported on use, so that whoever does not touch a table does not wait for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.keys import Keys

_LONGEST = 2**31 - 1


def key_array(keys: Keys, start: int, stop: int) -> Any:
    """Give the keys of rows start..stop-1 as an Arrow string array over the same bytes."""
    import pyarrow as pa

    begin, end = int(keys.offsets[start]), int(keys.offsets[stop])
    if end - begin > _LONGEST:
        raise InputError(f"the keys of rows {start:,} to {stop:,} are longer than 2 GiB together")
    offsets = (keys.offsets[start : stop + 1] - begin).astype(np.int32)
    data = np.ascontiguousarray(keys.data[begin:end])
    return pa.StringArray.from_buffers(stop - start, pa.py_buffer(offsets), pa.py_buffer(data))


def vector_array(vectors: NDArray[np.float32]) -> Any:
    """Give (n, d) float32 as an Arrow array of fixed-size lists."""
    import pyarrow as pa

    flat = np.ascontiguousarray(vectors).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), vectors.shape[1])


def column_array(name: str, values: Any) -> Any:
    """Give a metadata column as one Arrow array.

    Raises:
        InputError: Arrow cannot hold its values.
    """
    import pyarrow as pa

    array = np.asarray(values)
    try:
        if array.ndim != 1:
            raise InputError(f"column {name!r} has shape {array.shape}, expected one value a row")
        if array.dtype.kind in "OUT":  # objects, text, and text of variable width
            return pa.array(array.astype(object), from_pandas=False)
        return pa.array(array)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"column {name!r} cannot be written: {str(error).splitlines()[0]}",
            "Give all its values one type: numbers, text, truth values or dates.",
        ) from error


def column_values(column: Any) -> NDArray[Any]:
    """Give an Arrow column as (n,) numpy: text and nested values as objects, missing numbers as NaN."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if isinstance(column, pa.ChunkedArray):
        values = column.to_numpy()
    else:
        values = column.to_numpy(zero_copy_only=False)
    return np.asarray(values)


def key_buffers(array: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Give the bytes and the offsets (n + 1,) int64 of an Arrow string array without missing values."""
    import pyarrow as pa

    large = array.cast(pa.large_string())
    _, offset_buffer, data_buffer = large.buffers()
    if len(large) == 0:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[large.offset : large.offset + len(large) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]
