"""Spaces of which the right figures are known by construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from nearspace.keys import Keys
from nearspace.space import Space


@pytest.fixture
def space_of() -> Callable[..., Space]:
    """Make a Space from word -> vector."""

    def make(vectors: Mapping[str, object], **settings: object) -> Space:
        matrix = np.array(list(vectors.values()), dtype=np.float32)
        return Space(Keys(vectors), matrix, **settings)

    return make


@pytest.fixture
def random_space() -> Callable[..., Space]:
    """Make a Space of given words with seeded random vectors."""

    def make(words: list[str], dim: int = 20, seed: int = 0, **settings: object) -> Space:
        drawn = np.random.default_rng(seed).standard_normal((len(words), dim), dtype=np.float32)
        return Space(Keys(words), drawn, **settings)

    return make
