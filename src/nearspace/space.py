"""Space: keys, vectors, metric, columns, encoder and recipe. Everything else reads or makes one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.columns import Columns
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.protocols import Encoder, Origin

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


class Rows(Protocol):
    """Vectors that lie in several places, (n, d) float32; put together only if somebody wants them all."""

    shape: tuple[int, int]
    dtype: np.dtype[np.float32]
    ndim: int

    def take(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """(m,) -> (m, d)."""

    def whole(self) -> NDArray[np.float32]:
        """(n, d) in one piece."""

    def __len__(self) -> int: ...


class _Vectors:
    """The field `Space.vectors`: given as an array or as `Rows`, always read as an array."""

    def __get__(self, space: Any, kind: Any = None) -> NDArray[np.float32]:
        if space is None:
            raise AttributeError("vectors")  # a dataclass reads this as: no default
        held: NDArray[np.float32] | Rows = space.__dict__["held"]
        if not isinstance(held, np.ndarray):
            held = space.__dict__["held"] = held.whole()
        vectors: NDArray[np.float32] = held
        return vectors

    def __set__(self, space: Any, held: NDArray[np.float32] | Rows) -> None:
        space.__dict__["held"] = held


class _Metadata:
    """The field `Space.columns`: given as a mapping, always read as `Columns`."""

    def __get__(self, space: Any, kind: Any = None) -> Columns:
        if space is None:
            return ()  # type: ignore[return-value]  # the default, as a dataclass reads it
        columns: Columns = space.__dict__["_columns"]
        return columns

    def __set__(self, space: Any, columns: Mapping[str, NDArray[Any]]) -> None:
        space.__dict__["_columns"] = columns if isinstance(columns, Columns) else Columns(dict(columns))


@dataclass(frozen=True, eq=False)
class Space:
    """A set of named vectors in which similar things lie close.

    Attributes:
        keys: the n names, in row order (learned words: most frequent first).
        vectors: (n, d) float32; read-only; may be a memory map. `take` reads some of them only.
        metric: one of `METRICS`.
        columns: name -> (n,) array of metadata; learned words have "count".
        encoder: places things that are not keys, or None.
        recipe: how the Space was made.
        state: what its learner needs to continue training, name -> array (for example "context").
        name: what reports and messages call it.
        stored_norms: (n,) float32 norms of the vectors if already known.
        content: name of what the encoder places: a column, or "key"; None if unknown.
        origin: where a saved Space lies and which version of it this is, set by the store; None for one in
            memory or changed with `dataclasses.replace`.

    Raises:
        SettingError: the metric is not one of `METRICS`.
        DimensionError: shapes do not fit each other.
        InputError: the vectors are not float32.
    """

    keys: Keys
    vectors: _Vectors = _Vectors()
    metric: str = "cosine"
    columns: _Metadata = _Metadata()
    encoder: Encoder | None = None
    recipe: Recipe = field(default_factory=lambda: Recipe("unknown"))
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict, repr=False)
    name: str = "space"
    stored_norms: NDArray[np.float32] | None = field(default=None, repr=False)
    content: str | None = None
    origin: Origin | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        held = self.held
        if self.metric not in METRICS:
            raise SettingError(f"metric is {self.metric!r}", f"Accepted metrics: {', '.join(METRICS)}.")
        if held.ndim != 2 or len(held) != len(self.keys):
            raise DimensionError(f"{len(self.keys):,} keys came with vectors of shape {held.shape}")
        if held.dtype != np.float32:
            raise InputError(
                f"vectors are {held.dtype}, expected float32", "Convert with .astype('float32')."
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
        vector: NDArray[np.float32] = self.take(np.array([self.keys.row(key)]))[0]
        return vector

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {len(self):,} x {self.dim}, {self.metric}, {self.recipe.learner})"

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.held.shape[1])

    @property
    def held(self) -> NDArray[np.float32] | Rows:
        """The vectors as they are held: an array, or `Rows` that nobody has wanted whole yet."""
        held: NDArray[np.float32] | Rows = self.__dict__["held"]
        return held

    def take(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Give the vectors of some rows: (m,) -> (m, d)."""
        held = self.held
        return np.asarray(held[rows]) if isinstance(held, np.ndarray) else held.take(rows)

    @cached_property
    def cache(self) -> dict[Any, Any]:
        """What verbs keep about this Space while it lives: opened indexes, masks of filters."""
        return {}

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
