"""Vectors of texts by a transformer, whichever engine runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import blocks, token_shares
from nearspace.encoders.damage import reading
from nearspace.encoders.families import FAMILIES
from nearspace.encoders.finding import PACKED, find_model
from nearspace.encoders.model_folder import (
    ModelFolder,
    Normalize,
    prompt_text,
    read_model_folder,
    write_model_folder,
)
from nearspace.encoders.packed_engine import PackedEngine
from nearspace.encoders.packed_folder import read_packed
from nearspace.encoders.parts import SPECIAL, TextParts
from nearspace.encoders.tokenizing import TextTokenizer
from nearspace.encoders.torch_engine import TorchEngine, TorchModel
from nearspace.errors import InputError, SettingError
from nearspace.optional import installed

ENGINES = ("auto", "torch", "packed")
_SETTINGS = "transformer.json"
_MODEL = "model"
_BLOCK = 1 << 21  # characters that are split into tokens at once
_READ = 1 << 22


class TextEngine(Protocol):
    """Runs a model over the tokens of texts."""

    @property
    def precision(self) -> str:
        """Of its arithmetic: "f32", "bf16" or "int8"."""

    def pooled(self, ids: Sequence[Sequence[int]], skip: int = 0) -> NDArray[np.float32]:
        """Give (n, dim); zeros for a text without tokens; the first `skip` tokens are those of a prompt."""

    def tokens(
        self, ids: Sequence[Sequence[int]], layers: Sequence[int] = (-1,)
    ) -> list[NDArray[np.float32]]:
        """Give (t, hidden) of each text: the mean of the layers' outputs."""


@dataclass(frozen=True, eq=False)
class TokenVectors:
    """One text, token by token; special tokens and those of a prompt are left out.

    Attributes:
        pieces: names of the tokens in the vocabulary.
        spans: (t, 2) int32, the characters of the text that they stand for: begin, end.
        vectors: (t, hidden) float32, the mean over the layers that were asked for.
        weights: (t,) float32, the share of each in the text's pooled vector; they do not add up to 1 where
            special tokens are pooled too.
    """

    pieces: tuple[str, ...]
    spans: NDArray[np.int32]
    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TransformerEncoder:
    """Places texts by a BERT-like or sentence-transformers model.

    Attributes:
        model: what its folder says.
        engine: runs it.
        prompt: name of the prompt that is put before each text, or None: the model's default.
        cut: first components of the vectors that are kept, or None: all.
        stored_fingerprint: the fingerprint if already known.
    """

    kind: ClassVar[str] = "transformer"

    model: ModelFolder
    engine: TextEngine
    prompt: str | None = None
    cut: int | None = None
    stored_fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        prompt_text(self.model, self.prompt)
        if self.cut is not None and not 1 <= self.cut <= self.model.dim:
            raise SettingError(
                f"dim is {self.cut}, and the model has {self.model.dim} components",
                "Choose no more than these.",
            )

    @classmethod
    def open(
        cls,
        model: str | Path,
        *,
        engine: str = "auto",
        device: str | None = None,
        dim: int | None = None,
        prompt: str | None = None,
    ) -> TransformerEncoder:
        """Open a model.

        Args:
            model: a folder, an installed package that carries one, or a name of the hub (`find_model`).
            engine: one of ENGINES; "auto": packed if the folder is a packed form or torch is not
                installed, else torch. What is not a packed form yet runs packed in float32.
            device: of torch, for example "cpu", "cuda:1", "mps"; None: a GPU if there is one.
            dim: first components that are kept; only models trained for it (Matryoshka) lose little.
            prompt: name of a prompt; None: the model's default.

        Raises:
            InputError: the model is missing, damaged, unsafe or of an unknown kind.
            SettingError: an argument is outside its range.
            MissingExtraError: the engine's packages are not installed.
        """
        if engine not in ENGINES:
            raise SettingError(f"engine is {engine!r}", f"Accepted: {', '.join(ENGINES)}.")
        folder = find_model(model)
        if (folder / PACKED).is_file():
            if engine == "torch":
                raise SettingError(
                    f"{str(folder)!r} is a packed form, which torch cannot run",
                    "Name the model that it was made of, or leave the engine away.",
                )
            read, precision = read_packed(folder)
            return cls(read, PackedEngine(read, precision, folder), prompt, dim)
        read = read_model_folder(folder)
        if engine == "packed" or (engine == "auto" and read.family in FAMILIES and not installed("torch")):
            return cls(read, PackedEngine(read, "f32"), prompt, dim)
        return cls(read, TorchEngine(read, device), prompt, dim)

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return self.model.dim if self.cut is None else self.cut

    @property
    def max_length(self) -> int:
        """Most tokens of a text, special ones included; the rest is cut off."""
        return self.model.max_length

    @property
    def prompts(self) -> dict[str, str]:
        """The model's prompts by name."""
        return dict(self.model.prompts)

    def with_prompt(self, name: str | None) -> TransformerEncoder:
        """Give this encoder with another prompt; "" is none at all."""
        return dataclasses.replace(self, prompt=name, stored_fingerprint="")

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of weights, tokenizer, settings and the precision of the arithmetic.

        Engines of the same precision count as equal: their vectors differ in the last digits of float32.
        """
        if self.stored_fingerprint:
            return self.stored_fingerprint
        settings = [self.engine.precision, prompt_text(self.model, self.prompt), self.cut]
        return _digest(json.dumps(settings), model_fingerprint(self.model))

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dim) float32; zeros for a text without any token."""
        vectors = np.empty((len(items), self.dim), dtype=np.float32)
        tokenizer = self._tokenizer
        for part in blocks(items, _BLOCK, 8 * self.max_length):
            made = self.engine.pooled(tokenizer.ids(items[part]), tokenizer.prompt_tokens)[:, : self.dim]
            if self.cut is not None and self.model.normalized:
                made = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
            vectors[part] = made
        return vectors

    def token_vectors(self, texts: Sequence[str], layers: Sequence[int] = (-1,)) -> list[TokenVectors]:
        """Give each text token by token, as the mean of `layers` (-1: the last, 0: before the first)."""
        found: list[TokenVectors] = []
        for part in blocks(texts, _BLOCK, 8 * self.max_length):
            split = self._tokenizer.spans(texts[part])
            vectors = self.engine.tokens([ids for ids, _ in split], layers)
            for (ids, spans), made in zip(split, vectors, strict=True):
                weights = self._shares(len(ids))[spans.places]
                found.append(TokenVectors(spans.pieces, spans.spans, made[spans.places], weights))
        return found

    def parts(self, texts: Sequence[str]) -> list[TextParts]:
        """Give each text as the sum of its tokens' shares; special and prompt tokens are one last part.

        Raises:
            SettingError: the model takes maxima, or more is done to the sum than scaling it.
        """
        after = [part for part in self.model.after if not isinstance(part, Normalize)]
        if len(self.model.pooling.modes) != 1 or "max" in self.model.pooling.modes or after:
            raise SettingError(
                "the vectors of this model are no sums over tokens",
                "Models are that average their tokens, with nothing but Normalize behind.",
            )
        found: list[TextParts] = []
        for part in blocks(texts, _BLOCK, 8 * self.max_length):
            split = self._tokenizer.spans(texts[part])
            vectors = self.engine.tokens([ids for ids, _ in split])
            for text, (ids, spans), made in zip(texts[part], split, vectors, strict=True):
                shares = made[:, : self.dim] * self._shares(len(ids))[:, None]
                own = shares[spans.places] if text.strip() else shares[:0]
                rest = shares.sum(axis=0, keepdims=True) - own.sum(axis=0, keepdims=True)
                where = np.concatenate([spans.spans[: len(own)], np.zeros((1, 2), np.int32)])
                whole = np.concatenate([own, rest if len(own) else np.zeros_like(rest)])
                found.append(TextParts((*spans.pieces[: len(own)], SPECIAL), where, whole))
        return found

    def module(self) -> TorchModel:
        """Give the model as torch modules of its own, on the CPU, for training.

        Raises:
            InputError: it is a packed form.
        """
        if self.model.packed:
            raise InputError(
                f"{str(self.model.path)!r} is a packed form, which cannot be trained",
                "Name the model that it was made of.",
            )
        return TorchModel(self.model, "cpu")

    @property
    def tokenizer(self) -> TextTokenizer:
        """Splits texts as this encoder does, its prompt included."""
        return self._tokenizer

    def save(self, folder: Path) -> None:
        """Write transformer.json and the model's files, in model/, into an existing folder."""
        (folder / _MODEL).mkdir()
        write_model_folder(folder / _MODEL, self.model)
        about = {
            "engine": "packed" if isinstance(self.engine, PackedEngine) else "torch",
            "precision": self.engine.precision,
            "prompt": self.prompt,
            "dim": self.cut,
            "fingerprint": self.fingerprint,
        }
        (folder / _SETTINGS).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TransformerEncoder:
        """Open what `save` wrote.

        Raises:
            InputError: a file is missing or damaged.
        """
        with reading(folder):
            about = json.loads((folder / _SETTINGS).read_bytes())
            opened = cls.open(
                folder / _MODEL, engine=about["engine"], dim=about["dim"], prompt=about["prompt"]
            )
            return dataclasses.replace(opened, stored_fingerprint=str(about["fingerprint"]))

    def _shares(self, length: int) -> NDArray[np.float32]:
        skip = 0 if self.model.pooling.include_prompt else self._tokenizer.prompt_tokens
        shares = token_shares(self.model.pooling.modes, np.array([length]), length, skip)
        means: NDArray[np.float32] = shares[0].mean(axis=0)
        return means

    @cached_property
    def _tokenizer(self) -> TextTokenizer:
        model = self.model
        prompt = prompt_text(model, self.prompt)
        return TextTokenizer(model.body, model.max_length, lowercase=model.lowercase, prompt=prompt)


def model_fingerprint(model: ModelFolder) -> str:
    """BLAKE2b of all files of a model that its vectors depend on."""
    if model.stored_fingerprint:
        return model.stored_fingerprint
    digest = hashlib.blake2b(digest_size=16)
    for name, file in sorted(model.files()):
        if file.suffix in (".txt", ".json", ".safetensors", ".model"):
            digest.update(f"{name}\0".encode())
            with file.open("rb") as opened:
                while block := opened.read(_READ):
                    digest.update(block)
    return digest.hexdigest()


def _digest(*parts: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()
