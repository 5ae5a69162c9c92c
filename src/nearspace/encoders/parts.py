"""A text as the sum that its vector is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPECIAL = "[special]"  # stands for the tokens that are not of the text


@dataclass(frozen=True, eq=False)
class TextParts:
    """One text, token by token.

    Attributes:
        pieces: names of the tokens.
        spans: (t, 2) int32, first and last + 1 character of each in the text.
        vectors: (t, d) float32, whose sum is the text's vector, or points the same way if that has length 1.
    """

    pieces: tuple[str, ...]
    spans: NDArray[np.int32]
    vectors: NDArray[np.float32]
