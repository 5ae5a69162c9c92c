"""Rows of a Space as JSON: their key and metadata, with values that any reader understands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nearspace.results import Neighbors
from nearspace.space import Space

LONGEST = 2000  # characters of a text


def records(space: Space, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Give {"key", "<column>": value} of some rows; texts are cut."""
    found = space.columns.records(rows)
    names = space.keys.names(rows)
    return [{**plain(record), "key": name} for name, record in zip(names, found, strict=True)]


def hits(found: Neighbors, query: int = 0) -> list[dict[str, Any]]:
    """Give {"row", "key", "score", "<column>": value} of the hits of one query, best first."""
    rows = found.rows[query]
    rows = rows[rows >= 0].tolist()
    listed = []
    for row, hit in zip(rows, found.hits(query), strict=True):
        matched = {} if hit.match is None else {"snippet": hit.match.snippet}
        listed.append(
            {**plain(hit.columns), **matched, "row": row, "key": hit.key, "score": _number(hit.score)}
        )
    return listed


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give values that JSON knows: nothing for what is not finite, text for all else."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value[:100]]
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _number(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None
