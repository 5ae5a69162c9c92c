"""where: the rows of a Space for which an SQL condition on their columns holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import column_array, key_array
from nearspace.space import Space
from nearspace.store.dataset import KEY, bad_filter

_KEPT = 16  # masks a Space keeps


def matching(space: Space, where: str) -> NDArray[np.bool_]:
    """(n,) the rows for which `where` holds, as Lance evaluates it; kept for the next question.

    Columns are `key` and the metadata. A comparison with a missing value does not hold.

    Raises:
        SettingError: the condition cannot be understood.
    """
    masks: dict[str, NDArray[np.bool_]] = space.cache.setdefault("filters", {})
    if where not in masks:
        found = _in_memory(space, where) if space.origin is None else space.origin.matching(where)
        found.flags.writeable = False
        while len(masks) >= _KEPT:
            masks.pop(next(iter(masks)))
        masks[where] = found
    return masks[where]


def _in_memory(space: Space, where: str) -> NDArray[np.bool_]:
    """Ask a table in memory: a Space that was never saved."""
    table = space.cache.get("table")
    if table is None:
        table = space.cache["table"] = _memory_table(space)
    try:
        found = table.scanner(columns=[], filter=where, with_row_address=True).to_table()
    except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
        raise bad_filter(where, [KEY, *space.columns], error) from error
    # one fragment after the other holds the rows in order
    starts = np.cumsum([0, *(fragment.physical_rows for fragment in table.get_fragments())])
    addresses = found.column("_rowaddr").to_numpy()
    mask = np.zeros(len(space), dtype=bool)
    mask[starts[addresses >> np.uint64(32)] + (addresses & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
    return mask


def _memory_table(space: Space) -> Any:
    import lance
    import pyarrow as pa

    keys = key_array(space.keys, 0, len(space))
    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    return lance.write_dataset(pa.table({KEY: keys, **columns}), "memory://")
