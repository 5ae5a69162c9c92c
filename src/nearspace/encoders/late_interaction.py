"""LateInteraction: how well a text answers a query, token by token, by the vectors of one encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.contexts import TokenVectors
from nearspace.errors import SettingError


@dataclass(frozen=True, eq=False)
class LateInteraction:
    """Scores a text by the best match of each token of the query (MaxSim).

    score(query, text) = mean over the query's tokens of the largest cosine with a token of the text, in
    context. It is the score of ColBERT (Khattab and Zaharia, SIGIR 2020), by the token vectors of any
    transformer, which ColBERT's training has not shaped for it.

    Attributes:
        encoder: a transformer.
        layers: whose mean the token vectors are.
    """

    encoder: TokenVectors
    layers: tuple[int, ...] = (-1,)

    def __post_init__(self) -> None:
        if not hasattr(self.encoder, "token_vectors"):
            raise SettingError(
                f"an encoder of kind {self.encoder.kind!r} has no vectors of tokens in context",
                "Re-rank with a cross-encoder instead, or take a Space of a transformer.",
            )

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) scores in -1..1; 0 for an empty query or text."""
        found = self.encoder.token_vectors([query, *texts], layers=self.layers)
        asked = _unit(found[0].vectors)
        scores = np.zeros(len(texts), dtype=np.float32)
        for row, tokens in enumerate(found[1:]):
            if len(asked) and len(tokens.vectors):
                scores[row] = (asked @ _unit(tokens.vectors).T).max(axis=1).mean()
        return scores


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
