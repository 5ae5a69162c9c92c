"""Vectors of texts as weighted means of the vectors of their words."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.damage import reading
from nearspace.encoders.parts import TextParts
from nearspace.encoders.table import open_encoder
from nearspace.encoders.text_words import Found, TextWords
from nearspace.encoders.word_spans import word_spans
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.kernels.text_vectors import weighted_means
from nearspace.keys import Keys
from nearspace.protocols import Encoder
from nearspace.space import Space
from nearspace.tensors import Tensors, write_tensors

Tokenizer = Callable[[str], Iterable[str]]

_SETTINGS = "static.json"
_ARRAYS = "static.safetensors"
_WORDS = "words"
_BLOCK = 8_192
_ROWS = 65_536


@dataclass(frozen=True)
class StaticSettings:
    """How texts are split and their words weighted.

    Attributes:
        a: the weight of a word whose share of all words is p is a / (a + p); smaller: frequent words count
            less. The paper finds 1e-3 to 1e-4 good.
        lowercase: the words are lowered, as they were when the vectors were learned.
        unseen_weight: weight of words that have no row.
        tokenizer: name of the user's own tokenizer, or "" for the default.

    Raises:
        SettingError: a is not positive.
    """

    a: float = 1e-3
    lowercase: bool = True
    unseen_weight: float = 1.0
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if not self.a > 0:
            raise SettingError(f"a is {self.a}", "It must be above 0; 0.001 is usual.")


@dataclass(frozen=True, eq=False)
class StaticEncoder:
    """Places texts by their words: the weighted mean of the words' rows, scaled to length 1.

    Frequent words count little (SIF, smooth inverse frequency), and what all texts have in common can be
    taken out, see `fit_common`. Words without a row go to `unseen`, or are left out; a text without any word
    that can be placed gets zeros. Arora, Liang, Ma: A Simple but Tough-to-Beat Baseline for Sentence
    Embeddings (ICLR 2017).

    Attributes:
        words: the words that have a row.
        rows: (len(words), d) float32.
        weights: (len(words),) float32.
        unseen: encoder of words without a row, or None.
        common: (d,) float32 of length 1, the direction that is taken out, or None.
        settings: see StaticSettings.
        tokenizer: text -> words; None: that of a corpus, see `text_characters`.
        stored_fingerprint: the fingerprint if already known.

    Raises:
        DimensionError: the arrays do not fit each other.
    """

    kind: ClassVar[str] = "static"

    words: Keys
    rows: NDArray[np.float32]
    weights: NDArray[np.float32]
    unseen: Encoder | None = None
    common: NDArray[np.float32] | None = None
    settings: StaticSettings = StaticSettings()
    tokenizer: Tokenizer | None = field(default=None, repr=False)
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        count = len(self.words)
        if self.rows.ndim != 2 or len(self.rows) != count or self.weights.shape != (count,):
            raise DimensionError(
                f"{count:,} words came with rows of shape {self.rows.shape} "
                f"and weights of shape {self.weights.shape}"
            )
        if self.unseen is not None and self.unseen.dim != self.dim:
            raise DimensionError(
                f"the encoder of unseen words makes vectors of {self.unseen.dim}, the rows have {self.dim}"
            )
        if self.common is not None and self.common.shape != (self.dim,):
            raise DimensionError(
                f"the common direction has shape {self.common.shape}, expected ({self.dim},)"
            )

    @classmethod
    def from_space(
        cls, space: Space, *, a: float = 1e-3, tokenizer: Tokenizer | None = None
    ) -> StaticEncoder:
        """Make an encoder of texts of a Space of words.

        The share of a word is its part of the sum of `space.columns["count"]`; without that column, words are
        taken to be in order of their frequency, and by Zipf's law the share of word r is in proportion to
        1 / r. Unseen words go to `space.encoder`, with the weight of the rarest word.
        """
        if "count" in space.columns:
            counts = np.asarray(space.columns["count"], dtype=np.float64)
        else:
            counts = 1.0 / np.arange(1, len(space) + 1)
        total = counts.sum() or 1.0
        weights = (a / (a + counts / total)).astype(np.float32)
        text = space.recipe.settings.get("text")
        lowercase = bool(text.get("lowercase", True)) if isinstance(text, dict) else True
        rarest = float(weights.max()) if len(weights) else 1.0
        settings = StaticSettings(a, lowercase, rarest, _name(tokenizer))
        vectors = np.asarray(space.vectors)
        return cls(space.keys, vectors, weights, space.encoder, settings=settings, tokenizer=tokenizer)

    @classmethod
    def open(cls, folder: Path) -> StaticEncoder:
        """Open a folder that `save` or a distillation wrote, as `load`."""
        return cls.load(folder)

    def fit_common(self, texts: Iterable[str]) -> StaticEncoder:
        """Give this encoder with the direction taken out that the vectors of `texts` have in common.

        It is the first right singular vector of the matrix of their means, which is not centred. A thousand
        texts of the kind to be encoded are enough for most dimensions.

        Raises:
            InputError: fewer than two texts have a word that can be placed.
        """
        plain = dataclasses.replace(self, common=None, stored_fingerprint="")
        squares, placed = np.zeros((self.dim, self.dim)), 0
        rest = iter(texts)
        while block := list(itertools.islice(rest, _BLOCK)):
            means = plain._means(block, unit=False).astype(np.float64)
            squares += means.T @ means
            placed += int(means.any(axis=1).sum())
        if placed < 2:
            raise InputError(
                f"{placed} of the texts has a word with a vector, at least 2 are needed",
                "Give texts in the language of the word vectors, a thousand or more.",
            )
        common = np.linalg.eigh(squares)[1][:, -1]
        common = (common / np.linalg.norm(common)).astype(np.float32)
        return dataclasses.replace(plain, common=common)

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.rows.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of settings, arrays and the encoder of unseen words.

        Of a tokenizer of the user's own it knows the name only.
        """
        if self.stored_fingerprint:
            return self.stored_fingerprint
        settings = dataclasses.asdict(self.settings)
        unseen = "" if self.unseen is None else self.unseen.fingerprint
        digest = hashlib.blake2b(json.dumps([settings, unseen]).encode(), digest_size=16)
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.shape}".encode())
            for start in range(0, len(array), _ROWS):
                digest.update(np.ascontiguousarray(array[start : start + _ROWS]).data)
        return digest.hexdigest()

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of length 1; zeros for a text without any word that can be placed.

        Raises:
            SettingError: the encoder was made with a tokenizer of the user's own, and opened without it.
        """
        vectors = np.empty((len(items), self.dim), dtype=np.float32)
        for start in range(0, len(items), _BLOCK):
            vectors[start : start + _BLOCK] = self._means(items[start : start + _BLOCK], unit=True)
        return vectors

    def parts(self, texts: Sequence[str]) -> list[TextParts]:
        """Give each text as the sum of its words' weighted rows, without the common direction."""
        found = self._find(texts)
        unseen = self.unseen if self.unseen is not None and found.unknown else None
        others = None if unseen is None else unseen.encode(found.unknown)
        made = []
        for text, (begin, end) in zip(texts, itertools.pairwise(found.starts.tolist()), strict=True):
            ids = found.ids[begin:end]
            ids = ids[ids != -1]
            vectors = np.empty((len(ids), self.dim), dtype=np.float32)
            known = ids >= 0
            vectors[known] = self.rows[ids[known]] * self.weights[ids[known]][:, None]
            if others is not None:
                vectors[~known] = others[-2 - ids[~known]] * np.float32(self.settings.unseen_weight)
            if self.common is not None:
                vectors -= np.outer(vectors @ self.common, self.common)
            names = tuple(self.words[row] if row >= 0 else found.unknown[-2 - row] for row in ids.tolist())
            spans = word_spans(text, names, lowercase=self.settings.lowercase)
            made.append(TextParts(names, spans, vectors / np.float32(max(1, len(ids)))))
        return made

    def _means(self, texts: Sequence[str], *, unit: bool) -> NDArray[np.float32]:
        found = self._find(texts)
        others = np.empty((0, self.dim), dtype=np.float32)
        if self.unseen is not None and found.unknown:
            others = np.ascontiguousarray(self.unseen.encode(found.unknown), dtype=np.float32)
        common = np.empty(0, dtype=np.float32) if self.common is None else np.asarray(self.common)
        means = np.empty((len(texts), self.dim), dtype=np.float32)
        weight = np.float32(self.settings.unseen_weight)
        rows, weights = np.asarray(self.rows), np.asarray(self.weights)
        weighted_means(found.ids, found.starts, rows, weights, others, weight, common, unit, means)
        return means

    @cached_property
    def _table(self) -> TextWords:
        return TextWords(self.words, lowercase=self.settings.lowercase)

    def _find(self, texts: Sequence[str]) -> Found:
        keep = self.unseen is not None
        if self.tokenizer is not None:
            return self._table.of_tokens([list(self.tokenizer(text)) for text in texts], keep=keep)
        if self.settings.tokenizer:
            raise SettingError(
                f"this encoder was made with the tokenizer {self.settings.tokenizer!r}, which is not saved",
                "Set it: dataclasses.replace(encoder, tokenizer=...).",
            )
        return self._table.of_texts(texts, keep=keep)

    def save(self, folder: Path) -> None:
        """Write static.json and static.safetensors into `folder`; the one of unseen words into words/."""
        lookup = {"words.hashes": self.words.hashes, "words.order": self.words.order}
        write_tensors(folder / _ARRAYS, self._arrays() | lookup)
        unseen = None
        if self.unseen is not None:
            (folder / _WORDS).mkdir()
            self.unseen.save(folder / _WORDS)
            unseen = {"kind": self.unseen.kind, "fingerprint": self.unseen.fingerprint}
        about = dataclasses.asdict(self.settings) | {"unseen": unseen, "fingerprint": self.fingerprint}
        (folder / _SETTINGS).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """Open what `save` wrote; arrays are mapped.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _SETTINGS).read_bytes())
            arrays = Tensors(folder / _ARRAYS)
            parts = ("data", "offsets", "hashes", "order")
            names = [field.name for field in dataclasses.fields(StaticSettings)]
            unseen = about["unseen"] and open_encoder(about["unseen"]["kind"], folder / _WORDS)
            return cls(
                words=Keys.from_buffers(*(arrays[f"words.{part}"] for part in parts)),
                rows=arrays["rows"],
                weights=arrays["weights"],
                unseen=unseen,
                common=arrays.get("common"),
                settings=StaticSettings(**{name: about[name] for name in names}),
                stored_fingerprint=about["fingerprint"],
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"rows": self.rows, "weights": self.weights}
        if self.common is not None:
            arrays["common"] = self.common
        arrays["words.data"], arrays["words.offsets"] = self.words.data, self.words.offsets
        return arrays


def _name(tokenizer: Tokenizer | None) -> str:
    if tokenizer is None:
        return ""
    kind = tokenizer if hasattr(tokenizer, "__qualname__") else type(tokenizer)
    return f"{kind.__module__}.{kind.__qualname__}"
