"""Learning from bare texts by putting them together again from one vector (TSDAE).

A text that has lost most of its tokens becomes one vector, and a small decoder that sees nothing but this
vector says the whole text, token by token. The decoder's table of tokens is that of the encoder, and stays as
it is. Wang, Reimers, Gurevych: TSDAE, 2021 (arXiv:2104.06979). The paper's decoder is a copy of the encoder;
this one is small, so that a CPU can train it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nearspace.errors import SettingError
from nearspace.learners.contrastive.losses import Batch

_IGNORED = -100  # what torch's cross-entropy passes over


@dataclass(frozen=True)
class TSDAE:
    """Mean over tokens t of -log p(token t | tokens before it, the vector of the text with tokens deleted).

    Attributes:
        deleted: share of the tokens that are deleted.
        layers: of the decoder.
    """

    kinds: ClassVar[tuple[str, ...]] = ("texts",)
    deleted: float = 0.6
    layers: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.deleted < 1:
            raise SettingError(f"deleted is {self.deleted}", "It is a share, above 0 and below 1.")

    def __call__(self, torch: Any, batch: Batch) -> Any:
        """Not without a decoder: see `Decoder`."""
        raise NotImplementedError


def without(ids: Sequence[int], deleted: float, random: np.random.Generator) -> list[int]:
    """Delete a share of the tokens between the first and the last, which are special; one stays at least."""
    inner = np.arange(1, len(ids) - 1)
    if not len(inner):
        return list(ids)
    kept = random.random(len(inner)) >= deleted
    if not kept.any():
        kept[random.integers(len(inner))] = True
    return [ids[0], *(ids[place] for place in inner[kept]), ids[-1]]


class Decoder:
    """Says texts from their vectors.

    Args:
        table: the encoder's table of token vectors, a torch Embedding.
        dim: components of the vectors of texts.
    """

    def __init__(self, torch: Any, table: Any, dim: int, settings: TSDAE, longest: int) -> None:
        self._torch, self._table = torch, table
        device = table.weight.device
        hidden = table.weight.shape[1]
        heads = next(one for one in (8, 4, 2, 1) if hidden % one == 0)
        layer = torch.nn.TransformerDecoderLayer(hidden, heads, 2 * hidden, dropout=0.1, batch_first=True)
        self._body = torch.nn.TransformerDecoder(layer, settings.layers).to(device)
        self._into = torch.nn.Linear(dim, hidden).to(device)
        self._places = torch.nn.Embedding(longest, hidden).to(device)
        with torch.no_grad():
            self._places.weight.mul_(0.02)

    def parameters(self) -> list[Any]:
        """Give what is trained."""
        parts = (self._body, self._into, self._places)
        return [one for part in parts for one in part.parameters()]

    def loss(self, vectors: Any, texts: Sequence[Sequence[int]]) -> Any:
        """Give the mean loss of the tokens of `texts` after the first, said from `vectors` (n, dim)."""
        torch, device = self._torch, vectors.device
        longest = max(2, *(len(row) for row in texts))
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        gold = torch.full((len(texts), longest), _IGNORED, dtype=torch.long)
        for number, row in enumerate(texts):
            ids[number, : len(row)] = torch.tensor(row)
            gold[number, : len(row)] = torch.tensor(row)
        ids, gold = ids[:, :-1].to(device), gold[:, 1:].to(device)
        length = ids.shape[1]
        rows = self._table(ids) + self._places(torch.arange(length, device=device))
        ahead = torch.triu(torch.ones(length, length, dtype=torch.bool, device=device), 1)
        said = self._body(rows, self._into(vectors)[:, None], tgt_mask=ahead)
        counted = gold != _IGNORED
        logits = said[counted] @ self._table.weight.T
        return torch.nn.functional.cross_entropy(logits, gold[counted])
