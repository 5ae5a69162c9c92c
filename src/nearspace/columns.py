"""Columns: the metadata of rows, name -> array, read as a whole or some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Columns(Mapping[str, NDArray[Any]]):
    """Metadata: name -> (n,) array."""

    def __init__(self, values: Mapping[str, NDArray[Any]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Columns({', '.join(self)})"

    def records(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Give name -> Python value of some rows."""
        return [{name: _plain(values[row]) for name, values in self._values.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
