"""Vectors of texts as means of the vectors of their tokens: one table, no network to run."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.damage import reading
from nearspace.encoders.parts import TextParts
from nearspace.encoders.token_files import read_token_files
from nearspace.encoders.wordpiece import NO_LIMIT, Pieces, WordPiece
from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.kernels.token_means import token_means
from nearspace.optional import require
from nearspace.tensors import Tensors, write_tensors

_SETTINGS = "tokens.json"
_ARRAYS = "tokens.safetensors"
_TOKENIZER = "tokenizer.json"
_BLOCK = 2_048
_ROWS = 65_536

Tokenize = Callable[[Sequence[str]], Pieces]


@dataclass(frozen=True)
class TokenSettings:
    """How texts become tokens, and vectors those of their length.

    Attributes:
        unit: vectors are scaled to length 1.
        leave_out_unknown: the unknown token does not count (model2vec); else it is one like others.
        max_tokens: the most tokens of a text that count; None: all.
        max_characters: the most characters of a text that are read; None: all.

    Raises:
        SettingError: a limit is below 1.
    """

    unit: bool = True
    leave_out_unknown: bool = False
    max_tokens: int | None = None
    max_characters: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_tokens", "max_characters"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(f"{name} is {value}", "Give a number from 1 on, or None for no limit.")


@dataclass(frozen=True, eq=False)
class TokenEncoder:
    """Places texts by their tokens: the mean of the tokens' rows, weighted if there are weights.

    A text without tokens gets zeros. It reads what model2vec and the StaticEmbedding of sentence-transformers
    write, and gives the same vectors (Tulkens and van Dongen: Model2Vec, 2024).

    Attributes:
        tokenizer: the content of tokenizer.json.
        rows: (r, d) float32, float16 or int8.
        weights: (t,) float32, one a token; empty: all 1.
        places: (t,) int64, the row of each token; empty: row t is that of token t.
        settings: see TokenSettings.
        stored_fingerprint: the fingerprint if already known.

    Raises:
        DimensionError: the arrays do not fit each other.
    """

    kind: ClassVar[str] = "tokens"

    tokenizer: Mapping[str, Any] = field(repr=False)
    rows: NDArray[Any]
    weights: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    settings: TokenSettings = TokenSettings()
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.weights.ndim != 1 or self.places.ndim != 1:
            raise DimensionError(f"token vectors came with rows of shape {self.rows.shape}")
        count = len(self.places) or len(self.rows)
        if len(self.weights) not in (0, count):
            raise DimensionError(f"{len(self.weights):,} weights came for {count:,} tokens")
        if len(self.places) and not 0 <= self.places.min() <= self.places.max() < len(self.rows):
            raise DimensionError(f"tokens point to rows up to {self.places.max():,} of {len(self.rows):,}")
        highest = max(_numbers(self.tokenizer), default=-1)
        if highest >= count:
            raise DimensionError(
                f"the tokenizer has tokens up to number {highest:,}, the table has {count:,}"
            )

    @classmethod
    def open(cls, folder: Path, *, dim: int | None = None) -> TokenEncoder:
        """Open a folder of model2vec or of sentence-transformers' StaticEmbedding.

        `dim`: only the first so many components, for models that were made for it.

        Raises:
            InputError: a file is missing or damaged.
            SettingError: the vectors have fewer components than `dim`.
        """
        files = read_token_files(folder)
        settings = TokenSettings(files.unit, files.leave_out_unknown, files.max_tokens, files.max_characters)
        made = cls(files.tokenizer, files.rows, files.weights, files.places, settings)
        return made if dim is None else made.shortened(dim)

    def shortened(self, dim: int) -> TokenEncoder:
        """Give this encoder with the first `dim` components only.

        Raises:
            SettingError: there are fewer.
        """
        if not 1 <= dim <= self.dim:
            raise SettingError(f"dim is {dim}, the vectors have {self.dim}", f"Accepted: 1 to {self.dim}.")
        rows = np.ascontiguousarray(self.rows[:, :dim])
        return dataclasses.replace(self, rows=rows, stored_fingerprint="")

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self.rows.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of settings, tokenizer and arrays."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        about = [dataclasses.asdict(self.settings), self.tokenizer]
        digest = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16)
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.shape}{array.dtype}".encode())
            for start in range(0, len(array), _ROWS):
                digest.update(np.ascontiguousarray(array[start : start + _ROWS]).data)
        return digest.hexdigest()

    def encode(self, items: Sequence[str], *, workers: int = 2) -> NDArray[np.float32]:
        """Return (n, d) float32; zeros for a text without tokens. The same bytes for any `workers`."""
        vectors = np.empty((len(items), self.dim), dtype=np.float32)
        starts = range(0, len(items), _BLOCK)

        def encode_block(start: int) -> None:
            found = self.pieces(items[start : start + _BLOCK])
            into = vectors[start : start + _BLOCK]
            rows, weights, places = self._table
            token_means(found.ids, found.starts, rows, places, weights, self.settings.unit, into)

        if len(starts) < 2 or workers < 2:
            for start in starts:
                encode_block(start)
            return vectors
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(encode_block, starts))
        return vectors

    def pieces(self, texts: Sequence[str], *, spans: bool = False) -> Pieces:
        """Give the tokens of texts that count; with `spans` also where they stand in the texts."""
        most = self.settings.max_characters
        read = texts if most is None else [text[:most] if len(text) > most else text for text in texts]
        wordpiece = self._wordpiece
        return self._by_package(read) if wordpiece is None else wordpiece.ids(read, spans=spans)

    def parts(self, texts: Sequence[str]) -> list[TextParts]:
        """Give each text as the sum of its tokens' rows."""
        found = self.pieces(texts, spans=True)
        spans = np.empty((0, 2), np.int32) if found.spans is None else found.spans
        made = []
        for begin, end in itertools.pairwise(found.starts.tolist()):
            own = found.ids[begin:end]
            pieces = tuple(self._names[number] for number in own.tolist())
            made.append(
                TextParts(pieces, spans[begin:end], self.rows_of(own) / np.float32(max(1, end - begin)))
            )
        return made

    def rows_of(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """(t, d) the weighted rows of tokens, whose mean is the vector of a text before it is scaled."""
        rows, weights, places = self._table
        found = rows[places[ids] if len(places) else ids].astype(np.float32)
        return found * weights[ids][:, None] if len(weights) else found

    @cached_property
    def _names(self) -> dict[int, str]:
        vocabulary = self.tokenizer["model"]["vocab"]
        if not isinstance(vocabulary, Mapping):  # of pieces and their scores
            vocabulary = {piece: number for number, (piece, _) in enumerate(vocabulary)}
        added = {
            str(piece["content"]): int(piece["id"]) for piece in self.tokenizer.get("added_tokens") or ()
        }
        return {number: piece for piece, number in {**vocabulary, **added}.items()}

    @cached_property
    def _table(self) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.int64]]:
        rows = self.rows if self.rows.dtype == np.int8 else np.asarray(self.rows, dtype=np.float32)
        return np.ascontiguousarray(rows), np.asarray(self.weights), np.asarray(self.places)

    @cached_property
    def _wordpiece(self) -> WordPiece | None:
        """The tokenizer as a kernel, or None where it is of another kind."""
        limit = NO_LIMIT if self.settings.max_tokens is None else self.settings.max_tokens
        try:
            return WordPiece.from_json(
                self.tokenizer, limit=limit, leave_out_unknown=self.settings.leave_out_unknown
            )
        except InputError:
            return None

    @cached_property
    def _package(self) -> tuple[Any, int | None]:
        """The tokenizer of the package tokenizers, and the unknown token if it is left out."""
        tokenizers = require("tokenizers", extra="packed", purpose="this model's tokenizer")
        plain = {**self.tokenizer, "padding": None, "truncation": None}
        made = tokenizers.Tokenizer.from_str(json.dumps(plain))
        model = self.tokenizer.get("model", {})
        unknown = model.get("unk_id", made.token_to_id(model.get("unk_token") or ""))
        return made, unknown if self.settings.leave_out_unknown else None

    def _by_package(self, texts: Sequence[str]) -> Pieces:
        tokenizer, left_out = self._package
        ids, spans = [], []
        for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
            kept = [
                at for at, number in enumerate(encoding.ids[: self.settings.max_tokens]) if number != left_out
            ]
            ids.append([encoding.ids[at] for at in kept])
            spans += [encoding.offsets[at] for at in kept]
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(own) for own in ids], out=starts[1:])
        flat = np.array([number for own in ids for number in own], dtype=np.int32)
        return Pieces(flat, starts, np.array(spans, dtype=np.int32).reshape(-1, 2))

    def save(self, folder: Path) -> None:
        """Write tokens.json, tokens.safetensors and tokenizer.json into `folder`."""
        write_tensors(folder / _ARRAYS, self._arrays())
        tokenizer = json.dumps(self.tokenizer, ensure_ascii=False)
        (folder / _TOKENIZER).write_text(tokenizer, encoding="utf-8")
        about = dataclasses.asdict(self.settings) | {"fingerprint": self.fingerprint}
        (folder / _SETTINGS).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TokenEncoder:
        """Open what `save` wrote; arrays are mapped.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _SETTINGS).read_bytes())
            tokenizer = json.loads((folder / _TOKENIZER).read_bytes())
            arrays = Tensors(folder / _ARRAYS)
            names = [field.name for field in dataclasses.fields(TokenSettings)]
            settings = TokenSettings(**{name: about[name] for name in names})
            parts = (arrays["rows"], arrays["weights"], arrays["places"])
            return cls(tokenizer, *parts, settings, stored_fingerprint=about["fingerprint"])

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"rows": self.rows, "weights": self.weights, "places": self.places}


def _numbers(tokenizer: Mapping[str, Any]) -> list[int]:
    """The numbers of all tokens, as far as their place in tokenizer.json is known."""
    try:
        vocabulary = tokenizer["model"]["vocab"]
        own = vocabulary.values() if isinstance(vocabulary, Mapping) else range(len(vocabulary))
        return [*map(int, own), *(int(piece["id"]) for piece in tokenizer.get("added_tokens") or ())]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"tokenizer.json is damaged: {error!r}", "Get the model again.") from error
