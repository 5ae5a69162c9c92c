"""Lists: rows that are no hits, a list of its own length for each query."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Lists(NamedTuple):
    """A list of rows for each of q queries, one after the other in one array.

    Attributes:
        starts: (q + 1,) int64; the list of query i is rows[starts[i] : starts[i + 1]].
        rows: (n,) int64, ascending in each list; -1 is no row.
    """

    starts: Rows
    rows: Rows

    @classmethod
    def padded(cls, table: Rows) -> Lists:
        """Take lists of equal length, (q, e) in any order, -1 fills up."""
        count, width = table.shape
        return cls(np.arange(count + 1, dtype=np.int64) * width, np.sort(table, axis=1).reshape(-1))

    @property
    def queries(self) -> Rows:
        """(n,) the query of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def part(self, first: int, last: int) -> Lists:
        """Give the lists of queries first..last - 1."""
        starts = self.starts[first : last + 1]
        return Lists(starts - starts[0], self.rows[starts[0] : starts[-1]])

    def take(self, queries: Rows) -> Lists:
        """Give the lists of some queries, in their order."""
        lengths = np.diff(self.starts)[queries]
        starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        at = np.arange(starts[-1]) + np.repeat(self.starts[queries] - starts[:-1], lengths)
        return Lists(starts, self.rows[at])

    def placed(self, chosen: Rows) -> Lists:
        """Give places in `chosen`, (m,) ascending rows, for rows; rows that are not there are left out."""
        at = np.searchsorted(chosen, self.rows)
        kept = (self.rows >= 0) & (np.append(chosen, -1)[at] == self.rows)
        before = np.concatenate(([0], np.cumsum(kept)))
        return Lists(before[self.starts].astype(np.int64), at[kept].astype(np.int64))

    def holds(self, queries: Rows, rows: Rows) -> NDArray[np.bool_]:
        """(m,) whether each of `rows`, none of them negative, is in the list of the query beside it."""
        if not len(self.rows):
            return np.zeros(len(rows), bool)
        width = max(int(self.rows.max()), int(rows.max(initial=0))) + 2
        # lists ascend and follow each other, so these numbers ascend; -1 comes before the row 0 of its query
        listed = self.queries * width + self.rows + 1
        asked = queries * width + rows + 1
        at = np.searchsorted(listed, asked)
        found: NDArray[np.bool_] = np.append(listed, -1)[at] == asked
        return found
