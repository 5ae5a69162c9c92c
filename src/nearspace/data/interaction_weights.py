"""Weights of events: a column, ratings in units of the mean rating, or 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interaction_rows import Rows
from nearspace.errors import InputError
from nearspace.kernels.event_rows import added

_NONE = np.empty(0, np.float32)


class Weights:
    """Reads the weights of one table after the other.

    Attributes:
        below: events that were left out, as their rating is below `min_rating`.
    """

    def __init__(self, weighted: bool, rated: bool, min_rating: float | None) -> None:
        self.min_rating, self.below = min_rating, 0
        self._column = "weight" if weighted else "rating" if rated and min_rating is None else None
        self._sum, self._count = 0.0, 0

    @property
    def scale(self) -> float:
        """What the weights are to be multiplied with: ratings with 1 / their mean."""
        return self._count / self._sum if self._column == "rating" and self._sum else 1.0

    def kept(self, rows: Rows) -> NDArray[np.bool_] | None:
        """(n,) which events have a rating that is high enough; None: all.

        Raises:
            InputError: a rating is infinite.
        """
        if self.min_rating is None:
            return None
        ratings = rows.numbers("rating")
        self._refuse(~np.isfinite(ratings), ratings, rows, "rating", "Ratings are finite numbers.")
        kept: NDArray[np.bool_] = ratings >= self.min_rating
        self.below += len(kept) - int(np.count_nonzero(kept))
        return kept

    def of(self, rows: Rows) -> NDArray[np.float32]:
        """(n,) the weights of a batch; empty if each event weighs 1.

        Raises:
            InputError: one is not above 0, or not finite as a float32; the message names the place.
        """
        if self._column is None:
            return _NONE
        values = rows.numbers(self._column)
        with np.errstate(over="ignore", under="ignore"):
            weights = values.astype(np.float32)
        hint = "Weights are numbers above 0: leave out events that did not happen."
        if self._column == "rating":
            hint = "Choose liked events with min_rating= (--min-rating), or shift the ratings above 0."
        self._refuse(~((weights > 0) & np.isfinite(weights)), values, rows, self._column, hint)
        self._sum, self._count = added(self._sum, values), self._count + len(values)
        return weights

    def _refuse(
        self, wrong: NDArray[np.bool_], values: NDArray[np.float64], rows: Rows, what: str, hint: str
    ) -> None:
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InputError(f"{rows.place(at)}: the {what} is {values[at]:g}", hint)
