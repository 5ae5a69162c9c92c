"""ContextEncoder: the vector of a word in its sentence, from the layers of a transformer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.data.occurrences import Finder
from nearspace.encoders.damage import reading
from nearspace.encoders.table import open_encoder
from nearspace.errors import SettingError
from nearspace.protocols import Encoder

_NAME, _MODEL = "contexts.json", "model"
_MARKED = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_BATCH = 256


class Tokens(Protocol):
    """The tokens of a text with their vectors.

    Attributes:
        spans: (t, 2) first character of each token in the text and the one after its last.
        vectors: (t, d) float32.
    """

    spans: NDArray[np.int32]
    vectors: NDArray[np.float32]


class TokenVectors(Encoder, Protocol):
    """An encoder that gives the vectors of the tokens of a text too."""

    def token_vectors(self, texts: Sequence[str], layers: Sequence[int] = (-1,)) -> Sequence[Tokens]:
        """Give the tokens of each text, their vectors the mean of some layers."""


@dataclass(frozen=True, eq=False)
class ContextEncoder:
    """Places a word in its sentence: the mean of its word pieces over some layers, scaled to length 1.

    Attributes:
        model: a transformer.
        words: the words that are looked for in a text without marks.
        layers: whose mean is taken; 0: what goes in, -1: the last.
        forms: word -> its other forms.
    """

    model: TokenVectors
    words: tuple[str, ...] = ()
    layers: tuple[int, ...] = (-1,)
    forms: dict[str, tuple[str, ...]] | None = None
    kind: ClassVar[str] = "contexts"

    def __post_init__(self) -> None:
        if not self.layers or not all(type(layer) is int for layer in self.layers):
            raise SettingError(
                f"layers are {self.layers!r}", "Give whole numbers; -1 is the last layer, 0 what goes in."
            )
        if not hasattr(self.model, "token_vectors"):
            raise SettingError(
                f"an encoder of kind {getattr(self.model, 'kind', type(self.model).__name__)!r} has no"
                " vectors of words in context",
                "Name a transformer, for example a sentence-transformers folder.",
            )

    @property
    def dim(self) -> int:
        """Number of components of a token's vector, which need not be that of a text's."""
        hidden = getattr(getattr(self.model, "model", None), "hidden", None)
        return self.model.dim if hidden is None else int(hidden)

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of the model's fingerprint, the layers, the words and their forms."""
        return hashlib.blake2b(json.dumps(self._about()).encode(), digest_size=16).hexdigest()

    def at(self, sentences: Sequence[str], spans: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
        """(n, d) the vectors of what stands between start and end in each sentence.

        Zeros where no token is there, since the model cuts off longer sentences.
        """
        vectors = np.zeros((len(sentences), self.dim), dtype=np.float32)
        for begin in range(0, len(sentences), _BATCH):
            part = slice(begin, begin + _BATCH)
            found = self.model.token_vectors(sentences[part], layers=self.layers)
            for row, (tokens, (start, end)) in enumerate(zip(found, spans[part], strict=True), begin):
                inside = (tokens.spans[:, 0] < end) & (tokens.spans[:, 1] > start)
                if inside.any():
                    mean = tokens.vectors[inside].mean(axis=0, dtype=np.float64)
                    vectors[row] = mean / (np.linalg.norm(mean) or 1.0)
        return vectors

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32: of each text the word in [[ ]], else the first that is one of `words`.

        Zeros for a text with neither.
        """
        vectors = np.zeros((len(items), self.dim), dtype=np.float32)
        found = [(row, *spot) for row, item in enumerate(items) if (spot := self.find(item)) is not None]
        if found:
            rows, texts, spans = zip(*found, strict=True)
            vectors[list(rows)] = self.at(texts, spans)
        return vectors

    def token_vectors(self, texts: Sequence[str], layers: Sequence[int] | None = None) -> Sequence[Tokens]:
        """Give the tokens of each text as the model does; None: by the layers of this encoder."""
        return self.model.token_vectors(texts, layers=self.layers if layers is None else layers)

    def find(self, text: str) -> tuple[str, tuple[int, int]] | None:
        """Give the text without its marks, and start and end of the word that is meant; None if none is."""
        plain, marked = unmarked(text)
        if marked is not None:
            return plain, marked
        if not self.words:
            return None
        return next(((text, (start, end)) for _, start, end in self._finder.spans(text)), None)

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.words, self.forms)

    def save(self, folder: Path) -> None:
        """Write contexts.json, and the model into model/, of an existing folder."""
        (folder / _MODEL).mkdir()
        self.model.save(folder / _MODEL)
        (folder / _NAME).write_text(json.dumps(self._about(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ContextEncoder:
        """Open what `save` wrote.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _NAME).read_bytes())
            forms = {str(word): tuple(map(str, of)) for word, of in about["forms"].items()} or None
            model: Any = open_encoder(str(about["model"]["kind"]), folder / _MODEL)
            words, layers = tuple(map(str, about["words"])), tuple(map(int, about["layers"]))
            return cls(model, words, layers, forms)

    def _about(self) -> dict[str, Any]:
        return {
            "words": list(self.words),
            "layers": list(self.layers),
            "forms": {word: list(of) for word, of in sorted((self.forms or {}).items())},
            "model": {"kind": self.model.kind, "fingerprint": self.model.fingerprint},
        }


def unmarked(text: str) -> tuple[str, tuple[int, int] | None]:
    """Give a text without its first [[ ]], and start and end of what stood in it; None without marks."""
    found = _MARKED.search(text)
    if found is None:
        return text, None
    start = found.start()
    return text[:start] + found[1] + text[found.end() :], (start, start + len(found[1]))
