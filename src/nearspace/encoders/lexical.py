"""Vectors of texts by the words that they share: tf-idf, and latent semantic analysis of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.svd import truncated_svd
from nearspace.encoders.damage import reading
from nearspace.encoders.term_counts import TermCounts, count_terms
from nearspace.encoders.text_words import TextWords
from nearspace.errors import DimensionError, SettingError
from nearspace.kernels.event_rows import turn_around
from nearspace.kernels.lexical import weigh_words
from nearspace.kernels.sparse import sparse_product
from nearspace.keys import Keys
from nearspace.protocols import Progress, Quiet
from nearspace.tensors import Tensors, write_tensors

TFIDF, LSA = "tfidf", "lsa"
_SETTINGS = "lexical.json"
_ARRAYS = "lexical.safetensors"
_BLOCK = 4_096
_ROWS = 65_536
_ITERATIONS = 6
_MAX_WORDS = {TFIDF: 4_096, LSA: 50_000}


@dataclass(frozen=True)
class LexicalSettings:
    """What is learned from the texts.

    Attributes:
        method: "tfidf", one component a word, or "lsa", `dim` components of these.
        dim: components of lsa; fewer if the texts have fewer.
        max_words: the most frequent words that count, by the number of texts that have them; None: 4,096 for
            tfidf, whose rows are as long, and 50,000 for lsa.
        min_texts: texts that a word must come in.
        max_texts: texts that lsa is fitted on; of more, the first of a shuffled order.
        lowercase: words are lowered.
        seed: of the sample and the decomposition.

    Raises:
        SettingError: a number is below 1, or there is no such method.
    """

    method: str = LSA
    dim: int = 256
    max_words: int | None = None
    min_texts: int = 2
    max_texts: int = 200_000
    lowercase: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in _MAX_WORDS:
            raise SettingError(f"method is {self.method!r}", f"Accepted: {', '.join(_MAX_WORDS)}.")
        for name in ("dim", "max_words", "min_texts", "max_texts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(f"{name} is {value}", "It must be 1 or more.")


@dataclass(frozen=True, eq=False)
class LexicalEncoder:
    """Places texts by their words, as counted in texts of the same kind.

    A text without known words gets zeros. The value of a word is (1 + ln times) * (ln((1 + n) / (1 + texts
    that have it)) + 1), and rows have length 1 (Salton and Buckley 1988). For lsa they are multiplied with
    the right singular vectors of the matrix of all texts, and scaled again (Deerwester and others 1990).

    Attributes:
        words: most frequent first.
        weights: (len(words),) float32, the part of a word that does not depend on the text.
        directions: (len(words), d) float32 for lsa, or None.
        settings: see LexicalSettings.
        stored_fingerprint: the fingerprint if already known.
    """

    words: Keys
    weights: NDArray[np.float32]
    directions: NDArray[np.float32] | None = None
    settings: LexicalSettings = LexicalSettings()
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        count = len(self.words)
        if self.weights.shape != (count,) or (self.directions is not None and len(self.directions) != count):
            raise DimensionError(f"{count:,} words came with weights of shape {self.weights.shape}")

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        settings: LexicalSettings | None = None,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> LexicalEncoder:
        """Learn the words and their weights from texts, which are read once.

        The same bytes for any `workers`. Memory: 8 bytes for each word of each text that lsa is fitted on,
        and as much again while it is.

        Raises:
            InputError: no word comes in `min_texts` texts.
        """
        settings = settings or LexicalSettings()
        keep = settings.max_texts if settings.method == LSA else 0
        terms = count_terms(
            texts,
            lowercase=settings.lowercase,
            max_words=settings.max_words or _MAX_WORDS[settings.method],
            min_texts=settings.min_texts,
            keep=keep,
            seed=settings.seed,
            progress=progress or Quiet(),
        )
        weights = np.log((1 + terms.texts) / (1 + terms.counts)) + 1
        made = cls(terms.words, weights.astype(np.float32), None, settings)
        if settings.method == TFIDF:
            return made
        with ThreadPoolExecutor(workers or 2) as pool:
            return dataclasses.replace(made, directions=_directions(made, terms, pool))

    @property
    def kind(self) -> str:
        """Name in the table of encoders."""
        return TFIDF if self.directions is None else LSA

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return len(self.words) if self.directions is None else int(self.directions.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of settings and arrays."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        digest = hashlib.blake2b(json.dumps(dataclasses.asdict(self.settings)).encode(), digest_size=16)
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.shape}".encode())
            for start in range(0, len(array), _ROWS):
                digest.update(np.ascontiguousarray(array[start : start + _ROWS]).data)
        return digest.hexdigest()

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of length 1; for tfidf d is the number of words."""
        vectors = np.zeros((len(items), self.dim), dtype=np.float32)
        for start in range(0, len(items), _BLOCK):
            found = self._table.of_texts(items[start : start + _BLOCK], keep=False)
            pointers, columns, values = weighed(found.ids, found.starts, np.asarray(self.weights))
            into = vectors[start : start + _BLOCK]
            if self.directions is None:
                into[np.repeat(np.arange(len(into)), np.diff(pointers)), columns] = values
            else:
                sparse_product(pointers, columns, values, np.asarray(self.directions), into)
                lengths = np.linalg.norm(into, axis=1, keepdims=True)
                np.divide(into, lengths, out=into, where=lengths > 0)
        return vectors

    @cached_property
    def _table(self) -> TextWords:
        return TextWords(self.words, lowercase=self.settings.lowercase)

    def save(self, folder: Path) -> None:
        """Write lexical.json and lexical.safetensors into `folder`."""
        lookup = {"words.hashes": self.words.hashes, "words.order": self.words.order}
        write_tensors(folder / _ARRAYS, self._arrays() | lookup)
        about = dataclasses.asdict(self.settings) | {"fingerprint": self.fingerprint}
        (folder / _SETTINGS).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LexicalEncoder:
        """Open what `save` wrote; arrays are mapped.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _SETTINGS).read_bytes())
            arrays = Tensors(folder / _ARRAYS)
            parts = ("data", "offsets", "hashes", "order")
            names = [field.name for field in dataclasses.fields(LexicalSettings)]
            return cls(
                Keys.from_buffers(*(arrays[f"words.{part}"] for part in parts)),
                arrays["weights"],
                arrays.get("directions"),
                LexicalSettings(**{name: about[name] for name in names}),
                stored_fingerprint=about["fingerprint"],
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        if self.directions is not None:
            arrays["directions"] = self.directions
        return arrays | {"words.data": self.words.data, "words.offsets": self.words.offsets}


def weighed(
    ids: NDArray[np.int64], starts: NDArray[np.int64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Give the sparse rows of tf-idf of texts: pointers, columns, values; see `kernels.lexical`."""
    pointers = np.empty(len(starts), dtype=np.int64)
    columns, values = np.empty(len(ids), dtype=np.int32), np.empty(len(ids), dtype=np.float32)
    weigh_words(ids, starts, weights, pointers, columns, values)
    return pointers, columns[: pointers[-1]], values[: pointers[-1]]


def _directions(encoder: LexicalEncoder, terms: TermCounts, pool: ThreadPoolExecutor) -> NDArray[np.float32]:
    """The right singular vectors of the matrix of all texts, as many as it has."""
    matrix = weighed(terms.ids, terms.starts, encoder.weights)
    turned = turn_around(*matrix, len(encoder.words))

    def product(of: tuple[Any, ...], dense: NDArray[np.float32]) -> NDArray[np.float32]:
        pointers, columns, values = of
        out = np.empty((len(pointers) - 1, dense.shape[1]), dtype=np.float32)
        dense = np.ascontiguousarray(dense)

        def part(start: int) -> None:
            own = pointers[start : start + _BLOCK + 1]
            sparse_product(own, columns, values, dense, out[start : start + _BLOCK])

        list(pool.map(part, range(0, len(out), _BLOCK)))
        return out

    dim = min(encoder.settings.dim, len(encoder.words), len(terms.starts) - 1)
    factors = truncated_svd(
        lambda dense: product(matrix, dense),
        lambda dense: product(turned, dense),
        len(encoder.words),
        dim,
        iterations=_ITERATIONS,
        seed=encoder.settings.seed,
        pool=pool,
    )
    return np.ascontiguousarray(factors.right)
