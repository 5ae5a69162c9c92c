"""Why a text is near another: what each pair of their tokens adds to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.parts import TextParts
from nearspace.errors import InputError, SettingError
from nearspace.kernels.contributions import contributions
from nearspace.space import Space

_KEY = "key"
_METRICS = ("cosine", "dot")


@runtime_checkable
class Summed(Protocol):
    """An encoder whose vector of a text is, but for its length, a sum with a part for each token."""

    def parts(self, texts: Sequence[str]) -> list[TextParts]:
        """Give the parts of each text."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two texts.

    Attributes:
        text: as it was encoded.
        pieces: its tokens.
        spans: (t, 2) int32, first and last + 1 character of each.
        shares: (t,) float64, what each adds to the score.
    """

    text: str
    pieces: tuple[str, ...]
    spans: NDArray[np.int32]
    shares: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Give {"text", "tokens": [{"token", "start", "end", "share"}]}."""
        rows = zip(self.pieces, self.spans.tolist(), self.shares.tolist(), strict=True)
        tokens = [
            {"token": piece, "start": start, "end": end, "share": round(share, 6)}
            for piece, (start, end), share in rows
        ]
        return {"text": self.text, "tokens": tokens}


@dataclass(frozen=True, eq=False)
class Why:
    """The parts of the score of two texts.

    Attributes:
        key: of the row.
        query: the text that was asked for.
        hit: the text of the row.
        matrix: (s, t) float64, what each token of the query and each of the hit add together.
        score: their sum, the score of the row: exact but for rounding.
    """

    key: str
    query: Side
    hit: Side
    matrix: NDArray[np.float64]
    score: float

    def to_json(self) -> dict[str, Any]:
        """Give {"key", "score", "query", "hit", "matrix"}."""
        matrix = [[round(part, 6) for part in row] for row in self.matrix.tolist()]
        sides = {"query": self.query.to_json(), "hit": self.hit.to_json()}
        return {"key": self.key, "score": round(self.score, 6), **sides, "matrix": matrix}


def why(space: Space, query: str, key: str, *, content: str | None = None) -> Why:
    """Say what each token of a query and of the text of a row adds to their score.

    Args:
        space: whose encoder is a sum over tokens.
        query: a text.
        key: of the row.
        content: the column with its text; None: what the encoder placed, as far as the Space knows, else
            "text" if there is such a column, else the key itself.

    Raises:
        UnknownKeyError: there is no such row.
        InputError: the Space has no encoder, or no such column.
        SettingError: the encoder is no sum over tokens, or the metric no product.
    """
    encoder = space.encoder
    if encoder is None:
        raise InputError("this Space has no encoder", "Make it with one: nearspace encode.")
    if not isinstance(encoder, Summed):
        raise SettingError(
            f"the vectors of an encoder of kind {encoder.kind!r} are no sums over tokens",
            "Encoders that are: static, tokens, transformer.",
        )
    if space.metric not in _METRICS:
        raise SettingError(f"the metric is {space.metric!r}", f"Accepted: {', '.join(_METRICS)}.")
    text = _text(space, key, content)
    first, second = encoder.parts([query, text])
    matrix = contributions(first.vectors, second.vectors, space.metric)
    return Why(
        key,
        Side(query, first.pieces, first.spans, matrix.sum(axis=1)),
        Side(text, second.pieces, second.spans, matrix.sum(axis=0)),
        matrix,
        float(matrix.sum()),
    )


def _text(space: Space, key: str, content: str | None) -> str:
    row = space.keys.row(key)
    name = content or space.content or ("text" if "text" in space.columns else _KEY)
    if name == _KEY:
        return key
    if name not in space.columns:
        raise InputError(
            f"the Space has no column {name!r}", f"It has: {', '.join(space.columns) or 'none'}."
        )
    return str(space.columns[name][row])
