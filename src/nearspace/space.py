"""Space: keys, vectors, metric, columns, encoder and recipe. Everything else reads or makes one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.protocols import Encoder

METRICS = ("cosine", "dot", "euclidean")


@dataclass(frozen=True)
class Recipe:
    """How a Space was made, complete enough to make it again.

    Attributes:
        learner: name of the learner or importer, for example "skipgram" or "import:word2vec".
        settings: every setting by name, JSON values only.
        seed: the seed, or None where nothing is random.
        data: fingerprint of what was read (hexadecimal), or "" if unknown.
        versions: name -> version of the packages that took part.
        seconds: wall time.
        history: recipes of the steps before this one, oldest first (training that was continued).
    """

    learner: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    data: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    history: tuple[Recipe, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict, history included."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """Read what `to_json` gave; unknown names are ignored, so newer minor versions can be read."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        known["history"] = tuple(cls.from_json(past) for past in known.get("history", ()))
        return cls(**known)


@dataclass(frozen=True, eq=False)
class Space:
    """A set of named vectors in which similar things lie close.

    Attributes:
        keys: the n names, in row order (learned words: most frequent first).
        vectors: (n, d) float32; read-only; may be a memory map.
        metric: one of `METRICS`.
        columns: name -> (n,) array of metadata; learned words have "count".
        encoder: places things that are not keys, or None.
        recipe: how the Space was made.
        state: what its learner needs to continue training, name -> array (for example "context").
        name: what reports and messages call it.
        stored_norms: (n,) float32 norms of the vectors if already known.

    Raises:
        SettingError: the metric is not one of `METRICS`.
        DimensionError: shapes do not fit each other.
        InputError: the vectors are not float32.
    """

    keys: Keys
    vectors: NDArray[np.float32]
    metric: str = "cosine"
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    encoder: Encoder | None = None
    recipe: Recipe = field(default_factory=lambda: Recipe("unknown"))
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict, repr=False)
    name: str = "space"
    stored_norms: NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise SettingError(f"metric is {self.metric!r}", f"Accepted metrics: {', '.join(METRICS)}.")
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.keys):
            raise DimensionError(f"{len(self.keys):,} keys came with vectors of shape {self.vectors.shape}")
        if self.vectors.dtype != np.float32:
            raise InputError(
                f"vectors are {self.vectors.dtype}, expected float32", "Convert with .astype('float32')."
            )

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    def __getitem__(self, key: str) -> NDArray[np.float32]:
        """Give the vector of a key, (d,).

        Raises:
            UnknownKeyError: the key is not there (unseen words: use the encoder).
        """
        return np.asarray(self.vectors[self.keys.row(key)])

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {len(self):,} x {self.dim}, {self.metric}, {self.recipe.learner})"

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """(n,) Euclidean norms of the vectors; computed by blocks at first use, or read from the store."""
        if self.stored_norms is not None:
            return self.stored_norms
        return norms_of(self.vectors)


def norms_of(vectors: NDArray[np.float32], block: int = 65_536) -> NDArray[np.float32]:
    """(n,) float32 Euclidean norms, `block` rows at a time."""
    norms = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), block):
        part = np.asarray(vectors[start : start + block])
        norms[start : start + block] = np.sqrt(np.einsum("nd,nd->n", part, part))
    return norms
