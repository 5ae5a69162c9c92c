"""RecommenderEncoder: the vector of a user from what the user chose, and who chose what in training."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.damage import reading
from nearspace.encoders.pairwise import draw_rivals, place_pairwise
from nearspace.errors import DimensionError, SettingError
from nearspace.keys import Keys
from nearspace.tensors import Tensors, write_tensors

KIND = "recommender"
USER = "user:"  # what the keys of users begin with in a Space; items keep their own names
METHODS = ("least-squares", "mean", "pairwise")
_SETTINGS = "recommender.json"
_ARRAYS = "recommender.safetensors"
_NAMES = ("data", "offsets", "hashes", "order")


@dataclass(frozen=True)
class FoldIn:
    """How the vector x of a user follows from items y that the user chose with weights w.

    "least-squares": x minimises sum over these of w (1 - x.y)^2 + u * sum over all items of (x.y)^2
    + reg (n + u * items)^power |x|^2, where n is the number of the user's items and u = unobserved *
    (n / typical)^activity (Hu, Koren and Volinsky 2008; Rendle and others: Revisiting the performance of
    iALS, 2022; Pan and others: One-class collaborative filtering, 2008, for activity 1). "mean": the
    weighted mean of the y.
    "pairwise": (x, 1) maximises sum over these of the mean, over items z drawn by their counts to the power
    `power`, of log 1 / (1 + exp((z - y).(x, 1))), less reg n |x|^2 / 2 (Rendle and others: BPR, 2009); the
    weights do not count.

    Attributes:
        method: "least-squares", "mean" or "pairwise".
        unobserved: weight of the items that a user did not choose.
        reg: strength of the regularisation.
        power: 0: the same for all users, 1: in proportion to their items; another thing for "pairwise".
        scale: weights of events are divided by it; their mean in training.
        activity: 0: what users did not choose weighs the same for all, 1: in proportion to their items.
        typical: items of a mean user in training.
    """

    method: str = "least-squares"
    unobserved: float = 0.1
    reg: float = 0.003
    power: float = 1.0
    scale: float = 1.0
    activity: float = 0.0
    typical: float = 1.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SettingError(f"method is {self.method!r}", f"Accepted methods: {', '.join(METHODS)}.")

    def share(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """u of users with so many items."""
        return np.asarray(self.unobserved * (np.asarray(counts, np.float64) / self.typical) ** self.activity)

    def ridge(self, counts: NDArray[Any], unobserved: NDArray[np.float64] | float) -> NDArray[np.float32]:
        """The factor of |x|^2 of rows with so many entries, whose unobserved pairs weigh this in all."""
        return np.asarray(self.reg * (np.asarray(counts, np.float64) + unobserved) ** self.power, np.float32)


@dataclass(frozen=True, eq=False)
class RecommenderEncoder:
    """Places users by the items that they chose, without training.

    Attributes:
        history: the events of the training: row u of its users is the row of "user:NAME" in the Space.
        factors: (I, d) float32 vectors of its items, in their order.
        fold: how users are placed.
    """

    kind: ClassVar[str] = KIND

    history: Interactions
    factors: NDArray[np.float32]
    fold: FoldIn = FoldIn()
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.factors.ndim != 2 or len(self.factors) != len(self.history.items):
            raise DimensionError(
                f"factors of shape {self.factors.shape} came for {len(self.history.items):,} items"
            )

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.factors.shape[1])

    @property
    def items(self) -> Keys:
        """Names of the items that were trained."""
        return self.history.items

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal; other factors, settings or events, other fingerprint."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        digest = hashlib.blake2b(json.dumps(dataclasses.asdict(self.fold)).encode(), digest_size=16)
        digest.update(self.history.fingerprint.encode())
        digest.update(np.ascontiguousarray(self.factors).data)
        return digest.hexdigest()

    @cached_property
    def gram(self) -> NDArray[np.float64]:
        """(d, d) float64: the sum of y yT over all items."""
        total = np.zeros((self.dim, self.dim))
        for start in range(0, len(self.factors), 65_536):
            part = np.asarray(self.factors[start : start + 65_536], np.float64)
            total += part.T @ part
        return total

    def fold_in(self, liked: Sparse) -> NDArray[np.float32]:
        """Place users by their items, (q, d); one without items gets zeros.

        Args:
            liked: (q, I) columns are rows of `items`; weights as in training, each divided by `fold.scale`.
        """
        found = np.zeros((len(liked.starts) - 1, self.dim), np.float32)
        for user in range(len(found)):
            part = slice(int(liked.starts[user]), int(liked.starts[user + 1]))
            if part.stop > part.start:
                found[user] = self._place(liked.columns[part], liked.weights[part])
        return found

    @cached_property
    def rivals(self) -> NDArray[np.int32]:
        """Rows of items that those of a new user are compared with, for the method "pairwise"."""
        return draw_rivals(self.history, self.fold.power)

    def _place(self, columns: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[Any]:
        if self.fold.method == "pairwise":
            return place_pairwise(self.factors, columns, self.rivals, self.fold.reg)
        rows = np.asarray(self.factors[columns], np.float64)
        scaled = weights.astype(np.float64) / self.fold.scale
        if self.fold.method == "mean":
            return np.asarray(scaled @ rows / scaled.sum())
        return np.asarray(np.linalg.solve(self.system(columns, weights), scaled @ rows), np.float64)

    def system(self, columns: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """(d, d) A of the normal equations A x = sum of w y of a user with these items."""
        rows = np.asarray(self.factors[columns], np.float64)
        scaled = weights.astype(np.float64) / self.fold.scale
        share = self.fold.share(np.array(len(columns)))
        ridge = float(self.fold.ridge(np.array(len(columns)), share * len(self.items)))
        return np.asarray((rows.T * scaled) @ rows + share * self.gram + ridge * np.eye(self.dim))

    def liked(self, lists: Sequence[Sequence[str]]) -> Sparse:
        """Give lists of names of items as a matrix, all weights `fold.scale`; unknown ones are left out."""
        rows = [sorted({row for name in one if (row := self.items.find(name)) is not None}) for one in lists]
        starts = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
        columns = np.array([number for row in rows for number in row], dtype=np.int32)
        return Sparse(starts, columns, np.full(len(columns), self.fold.scale, np.float32))

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Place users, each told by the name of one item or by a JSON list of names: (n, d)."""
        return self.fold_in(self.liked([self._names(item) for item in items]))

    def _names(self, item: str) -> list[str]:
        if item.startswith("[") and self.items.find(item) is None:
            try:
                return [str(name) for name in json.loads(item)]
            except (ValueError, TypeError):
                pass
        return [item]

    def save(self, folder: Path) -> None:
        """Write recommender.json and recommender.safetensors into an existing folder."""
        about = {
            "fold": dataclasses.asdict(self.fold), "name": self.history.name, "fingerprint": self.fingerprint
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {"factors": self.factors}
        for side, names in (("users", self.history.users), ("items", self.history.items)):
            arrays |= {f"{side}.{part}": getattr(names, part) for part in _NAMES}
        arrays |= {f"by_user.{part}": getattr(self.history.by_user, part) for part in Sparse._fields}
        if self.history.times is not None:
            arrays["times"] = self.history.times
        write_tensors(folder / _ARRAYS, arrays)
        (folder / _SETTINGS).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> RecommenderEncoder:
        """Open what `save` wrote; arrays are mapped.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _SETTINGS).read_bytes())
            arrays = Tensors(folder / _ARRAYS)
            users, items = (
                Keys.from_buffers(*(arrays[f"{side}.{part}"] for part in _NAMES))
                for side in ("users", "items")
            )
            by_user = Sparse(*(arrays[f"by_user.{part}"] for part in Sparse._fields))
            history = Interactions(users, items, by_user, arrays.get("times"), str(about["name"]))
            fold = FoldIn(**about["fold"])
            return cls(history, arrays["factors"], fold, stored_fingerprint=str(about["fingerprint"]))
