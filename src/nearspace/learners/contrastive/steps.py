"""The gradient of a batch, however little of it fits into memory at once.

Texts of about one length go through the model together. Where all of them do not fit, their vectors are
first made without gradients, the loss gives the gradient of each vector, and each part then goes through the
model again, with the same dropout, to pass its share on (GradCache; Gao et al. 2021, arXiv:2101.06983). The
gradient is the same, as every loss sees a batch through its vectors alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nearspace.encoders.batches import length_batches
from nearspace.errors import InputError
from nearspace.learners.contrastive.models import Trained
from nearspace.learners.contrastive.text_file import Ids

_PARTS = 4  # a batch that fits is cut into so many parts of about one length


class Steps:
    """Adds the gradients of batches to a model's weights.

    Attributes:
        tokens: that are in memory at once; halved when memory runs out.
    """

    def __init__(self, torch: Any, model: Trained, tokens: int) -> None:
        self._torch, self._model, self.tokens = torch, model, tokens

    def backward(self, ids: Ids, loss_of: Callable[[Any], Any], seed: int) -> float:
        """Add the gradient of `loss_of` the vectors (n, d) of texts, and give the loss.

        `seed` decides on dropout. Out of memory, the same batch is tried with half as many tokens at once.

        Raises:
            InputError: there is no memory for one text.
        """
        while True:
            lengths = self._model.lengths(ids)
            try:
                return self._backward(ids, lengths, loss_of, seed)
            except Exception as error:
                if not _no_room(self._torch, error):
                    raise
                longest = int(lengths.max())
            for one in self._model.parameters():
                one.grad = None
            self.halve(longest)

    def halve(self, longest: int) -> None:
        """Take half as many tokens at once."""
        if self.tokens <= longest:
            raise InputError(
                f"{self._model.device} has no memory to train on one text of {longest:,} tokens",
                "Free memory there, shorten the texts, or train a head (tune='head').",
            )
        self.tokens = max(longest, self.tokens // 2)
        if self._model.device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _backward(self, ids: Ids, lengths: Any, loss_of: Callable[[Any], Any], seed: int) -> float:
        torch = self._torch
        whole = int(lengths.sum())
        fits = whole <= self.tokens
        parts = length_batches(lengths, max(1, -(-whole // _PARTS)) if fits else self.tokens)
        places = torch.from_numpy(np.argsort(np.concatenate(parts))).to(self._model.device)
        if fits:
            vectors = torch.cat([self._part(ids, rows, seed) for rows in parts])
            loss = loss_of(vectors[places])
            loss.backward()
            return float(loss.detach())
        with torch.no_grad():
            made = torch.cat([self._part(ids, rows, seed) for rows in parts])
        made.requires_grad_(True)
        loss = loss_of(made[places])
        loss.backward()
        begin = 0
        for rows in parts:
            passed = made.grad[begin : begin + len(rows)]
            begin += len(rows)
            (self._part(ids, rows, seed) * passed).sum().backward()
        return float(loss.detach())

    def _part(self, ids: Ids, rows: Ids, seed: int) -> Any:
        self._torch.manual_seed((seed * 1_000_003 + int(rows[0])) % (1 << 63))
        return self._model.vectors(ids[rows])


def _no_room(torch: Any, error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "out of memory" in str(error)
