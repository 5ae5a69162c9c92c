"""Vectors of words as means of their own row and those of their n-grams, hashed as fastText hashes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.damage import reading
from nearspace.errors import DimensionError, SettingError
from nearspace.kernels.ngrams import mean_rows, ngram_rows
from nearspace.keys import Keys
from nearspace.tensors import Tensors, write_tensors

END_OF_SENTENCE = "</s>"
_SETTINGS = "subwords.json"
_ARRAYS = "subwords.safetensors"
_BLOCK = 65_536


@dataclass(frozen=True, eq=False)
class SubwordEncoder:
    """Places any word in the Space of a subword model.

    The vector of a word is the mean of its own row, if it has one, and of the rows of its n-grams that have
    one (repeated n-grams count repeatedly). fastText's end-of-sentence word "</s>" has no n-grams.
    Bojanowski, Grave, Joulin, Mikolov: Enriching Word Vectors with Subword Information (TACL 2017).

    Attributes:
        rows: (r, d) float32, the vectors of n-gram buckets.
        min_n: characters of the shortest n-gram, "<" and ">" included.
        max_n: characters of the longest n-gram; 0: no n-grams.
        buckets: number of buckets that n-grams are hashed into.
        bucket_rows: (r,) int32, the bucket of each of `rows`, ascending; None: r == buckets, one row each.
        words: the words that have a row of their own.
        word_rows: (len(words), d) float32, these rows (inputs of the mean, not the words' vectors).
        stored_fingerprint: the fingerprint if already known.

    Raises:
        SettingError: min_n, max_n or buckets is out of range.
        DimensionError: the arrays do not fit each other.
    """

    kind: ClassVar[str] = "subwords"

    rows: NDArray[np.float32]
    min_n: int = 3
    max_n: int = 6
    buckets: int = 2_000_000
    bucket_rows: NDArray[np.int32] | None = None
    words: Keys = field(default_factory=Keys)
    word_rows: NDArray[np.float32] | None = None
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.max_n and not 1 <= self.min_n <= self.max_n:
            raise SettingError(
                f"n-grams of {self.min_n} to {self.max_n}", "Set 1 <= min_n <= max_n, or max_n=0."
            )
        if not 1 <= self.buckets < 2**31:
            raise SettingError(f"buckets is {self.buckets}", "Accepted: 1 to 2,147,483,647.")
        expected = self.buckets if self.bucket_rows is None else len(self.bucket_rows)
        if self.rows.ndim != 2 or len(self.rows) != (expected if self.max_n else len(self.rows)):
            raise DimensionError(f"n-gram rows of shape {self.rows.shape} came for {expected:,} buckets")
        if self.own_rows.shape != (len(self.words), self.dim):
            raise DimensionError(
                f"{len(self.words):,} words came with rows of shape {self.own_rows.shape}, "
                f"n-grams with {self.dim} components"
            )

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.rows.shape[1])

    @property
    def own_rows(self) -> NDArray[np.float32]:
        """(len(words), d) the words' own rows, empty without words."""
        return np.empty((0, self.dim), np.float32) if self.word_rows is None else self.word_rows

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of settings and arrays: equal exactly when the same words get the same vectors."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        digest = hashlib.blake2b(json.dumps(self._settings()).encode(), digest_size=16)
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.shape}".encode())
            for start in range(0, len(array), _BLOCK):
                digest.update(np.ascontiguousarray(array[start : start + _BLOCK]).data)
        return digest.hexdigest()

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32; zeros for a word that has neither a row nor an n-gram with one."""
        vectors = np.empty((len(items), self.dim), dtype=np.float32)
        for start in range(0, len(items), _BLOCK):
            encoded = [item.encode("utf-8", "surrogatepass") for item in items[start : start + _BLOCK]]
            offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
            np.cumsum([len(item) for item in encoded], out=offsets[1:])
            own = [self.words.find(item) for item in items[start : start + _BLOCK]] if len(self.words) else []
            own_ids = np.array([-1 if row is None else row for row in own] or [-1] * len(encoded), np.int64)
            block = self._encode(np.frombuffer(b"".join(encoded), np.uint8), offsets, own_ids)
            vectors[start : start + _BLOCK] = block
        return vectors

    def encode_words(self) -> Iterator[NDArray[np.float32]]:
        """Give the vectors of `words` in their order, a block at a time."""
        for start in range(0, len(self.words), _BLOCK):
            offsets = self.words.offsets[start : start + _BLOCK + 1]
            data = self.words.data[offsets[0] : offsets[-1]]
            yield self._encode(data, offsets - offsets[0], np.arange(start, start + len(offsets) - 1))

    def _encode(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], own_ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        ids, starts = ngram_rows(data, offsets, self.min_n, self.max_n, self.buckets)
        if self.bucket_rows is not None:
            ids = _positions(self.bucket_rows, ids)
        mark = END_OF_SENTENCE.encode()
        for word in np.flatnonzero(np.diff(offsets) == len(mark)):
            if data[offsets[word] : offsets[word + 1]].tobytes() == mark:
                ids[starts[word] : starts[word + 1]] = -1
        means: NDArray[np.float32] = mean_rows(self.rows, ids, starts, self.own_rows, own_ids)
        return means

    def save(self, folder: Path) -> None:
        """Write subwords.json and subwords.safetensors into `folder`."""
        write_tensors(folder / _ARRAYS, self._arrays() | self._lookup())
        text = json.dumps({**self._settings(), "fingerprint": self.fingerprint}, indent=2)
        (folder / _SETTINGS).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SubwordEncoder:
        """Open what `save` wrote; arrays are mapped.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            settings = json.loads((folder / _SETTINGS).read_bytes())
            arrays = Tensors(folder / _ARRAYS)
            words = (
                arrays["words.data"],
                arrays["words.offsets"],
                arrays["words.hashes"],
                arrays["words.order"],
            )
            return cls(
                rows=arrays["rows"],
                min_n=settings["min_n"],
                max_n=settings["max_n"],
                buckets=settings["buckets"],
                bucket_rows=arrays.get("bucket_rows"),
                words=Keys.from_buffers(*words),
                word_rows=arrays["word_rows"],
                stored_fingerprint=settings["fingerprint"],
            )

    def _settings(self) -> dict[str, Any]:
        return {"min_n": self.min_n, "max_n": self.max_n, "buckets": self.buckets}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"rows": self.rows}
        if self.bucket_rows is not None:
            arrays["bucket_rows"] = self.bucket_rows
        arrays["word_rows"] = self.own_rows
        arrays["words.data"], arrays["words.offsets"] = self.words.data, self.words.offsets
        return arrays

    def _lookup(self) -> dict[str, NDArray[Any]]:
        return {"words.hashes": self.words.hashes, "words.order": self.words.order}


def _positions(bucket_rows: NDArray[np.int32], ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Row of each bucket, -1 for those without one."""
    if not len(bucket_rows):
        return np.full_like(ids, -1)
    places = np.minimum(np.searchsorted(bucket_rows, ids), len(bucket_rows) - 1)
    return np.where(bucket_rows[places] == ids, places, -1).astype(np.int32)
