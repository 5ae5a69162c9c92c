"""A stand-in for a transformer: the vector of a word is half its own, half that of the words around it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class FakeTokens:
    spans: np.ndarray
    vectors: np.ndarray


class FakeTransformer:
    """Words that share neighbours lie close; it reads the first `longest` words of a text."""

    kind = "transformer"
    fingerprint = "fake"

    def __init__(self, dim: int = 24, longest: int = 64) -> None:
        self.dim, self.longest, self.read = dim, longest, 0

    def _word(self, word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.lower().encode())).normal(size=self.dim)

    def token_vectors(self, texts: Sequence[str], layers: Sequence[int] = (-1,)) -> list[FakeTokens]:
        made = []
        for text in texts:
            self.read += 1
            found = list(re.finditer(r"\w+", text))[: self.longest]
            own = np.array([self._word(one.group()) for one in found]).reshape(-1, self.dim)
            mean = own.mean(axis=0) if len(own) else 0
            spans = np.array([one.span() for one in found], dtype=np.int32).reshape(-1, 2)
            made.append(FakeTokens(spans, (own / 2 + mean * 2).astype(np.float32)))
        return made

    def encode(self, items: Sequence[str]) -> np.ndarray:
        means = [one.vectors.mean(axis=0) if len(one.vectors) else np.zeros(self.dim)
                 for one in self.token_vectors(items)]  # fmt: skip
        vectors = np.array(means, dtype=np.float32).reshape(-1, self.dim)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def save(self, folder: Path) -> None:
        raise NotImplementedError
