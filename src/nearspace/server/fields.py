"""The metadata columns of a Space as the page reads them: numbers, categories and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.space import Space

CATEGORIES = 1000  # a column of more values is text
REPEATED = 2  # values of a category come so often on average, at least
LONGEST = 80  # characters of a category


@dataclass(frozen=True, eq=False)
class Field:
    """One column.

    Attributes:
        name: of the column.
        kind: "number", "category" or "text".
        data: (n,) float32, or codes uint8 or uint16 whose largest value is "missing"; None for texts.
        values: of a category: what the codes stand for, the most frequent first.
    """

    name: str
    kind: str
    data: NDArray[Any] | None = None
    values: tuple[str, ...] = ()

    def to_json(self, number: int) -> dict[str, Any]:
        """Give what space.json says of column `number`."""
        described: dict[str, Any] = {"name": self.name, "kind": self.kind, "file": None}
        if self.data is None:
            return described
        described["file"] = f"columns/{number}.bin"
        if self.kind == "category":
            return {**described, "type": self.data.dtype.name, "values": list(self.values)}
        finite = self.data[np.isfinite(self.data)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (None, None)
        return {**described, "low": low, "high": high}


def fields_of(space: Space) -> tuple[Field, ...]:
    """Give the columns of a Space, in its order."""
    return tuple(field_of(name, np.asarray(space.columns[name])) for name in space.columns)


def field_of(name: str, values: NDArray[Any]) -> Field:
    """Tell what kind of column this is, and give its data for the page."""
    if values.dtype.kind in "iuf":
        with np.errstate(over="ignore"):
            numbers = values.astype(np.float32)
        return Field(name, "number", np.where(np.isfinite(numbers), numbers, np.float32(np.nan)))
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.int64) / 86_400
        years = np.where(np.isnat(values), np.nan, 1970 + days / 365.2425)
        return Field(name, "number", years.astype(np.float32))
    return _categories(name, values) or Field(name, "text")


def _categories(name: str, values: NDArray[Any]) -> Field | None:
    """Give a category, or None if the values are too many, too long, or no single words or numbers."""
    counts: dict[str, int] = {}
    texts: list[str | None] = []
    for value in values.tolist():
        text = _text(value)
        if text is not None:
            if len(text) > LONGEST:
                return None
            counts[text] = counts.get(text, 0) + 1
            if len(counts) > CATEGORIES:
                return None
        texts.append(text)
    known = sum(text is not None for text in texts)
    few = values.dtype.kind != "b" and known < REPEATED * len(counts)
    if not counts or (len(counts) > 1 and few):
        return None
    ordered = sorted(counts, key=lambda text: (-counts[text], text))
    kind = np.uint8 if len(ordered) < 255 else np.uint16
    code = {text: number for number, text in enumerate(ordered)}
    missing = int(np.iinfo(kind).max)
    codes = np.array([missing if text is None else code[text] for text in texts], dtype=kind)
    return Field(name, "category", codes, tuple(ordered))


def _text(value: Any) -> str | None:
    """Give a value as the page shows it; None where there is none."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
