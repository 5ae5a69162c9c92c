"""Rows of one batch of events with where they come from, thinned out without forgetting it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Rows:
    """A record batch and its place in its table.

    Attributes:
        name: of the table, for messages.
        batch: pyarrow record batch, with the columns under the names of their roles.
        first: number of the first row in the table, from 1.
        place_of: number of a row -> where it is.
        picked: (n,) which rows of the batch as it came these are; None: all.
    """

    name: str
    batch: Any
    first: int
    place_of: Callable[[int], str]
    picked: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.batch)

    def place(self, row: int) -> str:
        """Say where row `row` of these is."""
        return self.place_of(self.first + (row if self.picked is None else int(self.picked[row])))

    def where(self, kept: NDArray[np.bool_]) -> Rows:
        """Give some of them."""
        import pyarrow as pa

        if kept.all():
            return self
        picked = np.flatnonzero(kept)
        before = picked if self.picked is None else self.picked[picked]
        return replace(self, batch=self.batch.filter(pa.array(kept)), picked=before)

    def column(self, role: str) -> Any:
        """Give a column as a pyarrow array."""
        return self.batch.column(role)

    def numbers(self, role: str) -> NDArray[np.float64]:
        """Give a column of numbers; NaN where there is none."""
        values: NDArray[np.float64] = self.column(role).to_numpy(zero_copy_only=False)
        return values.astype(np.float64, copy=False)
