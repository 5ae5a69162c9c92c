"""What layouts take of a Space: vectors made ready, and the fingerprint that a Map keeps of them."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.keys import Keys
from nearspace.space import norms_of


def prepared(
    vectors: NDArray[np.float32], metric: str, names: Keys, space: str, *, first: int = 0
) -> NDArray[np.float32]:
    """(n, d) -> (n, d) float32 in one piece, of length 1 under cosine (zero rows stay zero).

    Args:
        vectors: of some rows.
        metric: of their Space.
        names: of its rows, for messages.
        space: its name, for messages.
        first: place of the first vector among `names`.

    Raises:
        InputError: a vector holds NaN or infinity.
    """
    norms = norms_of(vectors)
    bad = np.flatnonzero(~np.isfinite(norms))
    if len(bad):
        key = names[first + int(bad[0])]
        raise InputError(
            f"the vector of {key!r} in Space {space!r} is not finite (NaN or infinity)",
            "Leave this row out, or learn the Space again.",
        )
    if metric == "cosine":
        vectors = (vectors / np.where(norms > 0, norms, 1.0)[:, None]).astype(np.float32)
    return np.ascontiguousarray(vectors, dtype=np.float32)


class Fingerprint:
    """A digest of keys and of vectors, which may come block by block.

    Args:
        names: the keys of the rows.
    """

    def __init__(self, names: Keys) -> None:
        self._digest = blake2b(digest_size=16)
        for part in (names.offsets, names.data):
            self._digest.update(np.ascontiguousarray(part).tobytes())

    def add(self, vectors: NDArray[np.float32]) -> Fingerprint:
        """Take in the vectors of the next rows, as they are in the Space."""
        self._digest.update(np.ascontiguousarray(vectors).data)
        return self

    def __str__(self) -> str:
        return self._digest.hexdigest()
