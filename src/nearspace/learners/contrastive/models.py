"""What is trained: the weights of a transformer, or a linear map of its vectors; both with one surface."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import filled, length_batches
from nearspace.encoders.transformer import TransformerEncoder
from nearspace.errors import InputError
from nearspace.learners.contrastive.denoising import TSDAE, Decoder, without
from nearspace.learners.contrastive.lora import add_lora, merge_lora
from nearspace.learners.contrastive.settings import Head, LoRA, Machine
from nearspace.learners.contrastive.text_file import Ids
from nearspace.optional import require

Floats = NDArray[np.float32]
Weights = Mapping[str, Any]
_BLOCK = 1_024  # texts that are split into tokens at once


class Trained(Protocol):
    """Gives vectors of texts, differentiable in its weights.

    Attributes:
        device: of torch, where it computes.
        encoder: the model as it was.
    """

    device: str
    encoder: TransformerEncoder

    def begin(self, texts: Sequence[str]) -> None:
        """Take these for the texts that `lengths` and `vectors` are asked about by number."""

    def lengths(self, ids: Ids) -> NDArray[np.int64]:
        """(n,) tokens of these texts."""

    def vectors(self, ids: Ids) -> Any:
        """(n,) -> (n, d) a tensor of float32."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, d) vectors of texts, without dropout."""

    def parameters(self) -> list[Any]:
        """Give what is trained."""

    def train(self, on: bool) -> None:
        """Switch dropout on or off."""

    def finish(self) -> None:
        """Merge what was trained beside the weights into them; training ends."""

    def weights(self) -> dict[str, Any]:
        """Copy the weights that training changes."""

    def set_weights(self, weights: Weights) -> None:
        """Replace them."""


class TrainedTransformer:
    """A transformer, all of whose weights but the table of tokens are trained, or additions to them (LoRA).

    Attributes:
        deleted: share of the tokens that texts lose in training (TSDAE).
    """

    deleted: float = 0.0

    def __init__(self, encoder: TransformerEncoder, lora: LoRA | None, machine: Machine, seed: int) -> None:
        self._torch = require("torch", extra="texts", purpose="training an encoder")
        self.device = device_of(self._torch, machine.device)
        self.module = encoder.module()
        self.module.body.to(self.device)
        for layer in self.module.dense:
            layer.to(self.device)
        self.encoder = encoder
        self._tokenizer = encoder.tokenizer
        self._pad = int(encoder.model.config.get("pad_token_id") or 0)
        self._narrow = machine.precision == "bf16" or (
            machine.precision == "auto" and self.device.startswith("cuda")
        )
        self._budget = machine.tokens
        self._texts: Sequence[str] = ()
        self._split: dict[int, list[int]] = {}
        self.module.body.get_input_embeddings().requires_grad_(False)
        for unused in (getattr(self.module.body, "pooler", None), *(self.module.dense if lora else ())):
            if unused is not None:
                unused.requires_grad_(False)
        self._changed = self._names(lora)
        self._lora = [] if lora is None else add_lora(self._torch, self.module.body, lora, seed)
        self.module.train(False)

    def _names(self, lora: LoRA | None) -> list[str]:
        torch, names = self._torch, []
        for number, part in enumerate((self.module.body, *self.module.dense)):
            for name, layer in part.named_modules():
                linear = isinstance(layer, torch.nn.Linear) and number == 0
                if lora is not None and not linear:
                    continue
                kept = ("weight",) if lora is not None else dict(layer.named_parameters(recurse=False))
                for one in kept:
                    if getattr(layer, one).requires_grad:
                        names.append(f"{number}:{name}{'.' if name else ''}{one}")
        return names

    def begin(self, texts: Sequence[str]) -> None:
        """Take these for the texts that are asked about by number."""
        self._texts, self._split = texts, {}

    def lengths(self, ids: Ids) -> NDArray[np.int64]:
        """(n,) tokens of these texts; they are kept for the call of `vectors` that follows."""
        wanted = list(dict.fromkeys(ids.tolist()))
        split = self._tokenizer.ids([self._texts[one] for one in wanted])
        self._split = {one: row or [self._pad] for one, row in zip(wanted, split, strict=True)}
        return np.array([len(self._split[one]) for one in ids.tolist()], dtype=np.int64)

    def vectors(self, ids: Ids) -> Any:
        """(n,) -> (n, d) a tensor of float32."""
        split = self.whole(ids)
        if self.deleted:
            drawn = int(self._torch.randint(1 << 62, (1,)))  # so that the seed of dropout decides on it too
            random = np.random.default_rng(drawn)
            split = [without(row, self.deleted, random) for row in split]
        return self._pooled(split)

    def whole(self, ids: Ids) -> list[list[int]]:
        """Give all tokens of texts whose `lengths` were asked for last."""
        return [self._split[one] for one in ids.tolist()]

    def decoder(self, settings: TSDAE) -> Decoder:
        """Give a decoder of texts for these vectors."""
        model, table = self.encoder.model, self.module.body.get_input_embeddings()
        return Decoder(self._torch, table, model.dim, settings, model.max_length)

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, d) vectors of texts, without dropout; zeros for a text without tokens."""
        made = np.zeros((len(texts), self.encoder.model.dim), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK):
            split = self._tokenizer.ids(texts[start : start + _BLOCK])
            for rows in length_batches([len(row) for row in split], self._budget):
                with self._torch.inference_mode():
                    made[start + rows] = self._pooled([split[row] for row in rows]).cpu().numpy()
        return made

    def _pooled(self, split: list[list[int]]) -> Any:
        torch = self._torch
        ids, mask = (torch.from_numpy(one).to(self.device) for one in filled(split, self._pad))
        narrow: Any = contextlib.nullcontext()
        if self._narrow:
            narrow = torch.autocast(self.device.split(":")[0], dtype=torch.bfloat16)
        with narrow:
            return self.module.pooled(ids, mask, self._tokenizer.prompt_tokens).float()

    def parameters(self) -> list[Any]:
        """Give what is trained."""
        return [one for one in self.module.parameters() if one.requires_grad]

    def train(self, on: bool) -> None:
        """Switch dropout on or off."""
        self.module.train(on)

    def finish(self) -> None:
        """Merge the additions into the weights."""
        merge_lora(self._torch, self.module.body, self._lora)
        self._lora = []
        self.module.train(False)

    def weights(self) -> dict[str, Any]:
        """Copy the weights that training changes; before `finish` those of LoRA are as they were."""
        return {name: self._weight(name).detach().clone() for name in self._changed}

    def set_weights(self, weights: Weights) -> None:
        """Replace them."""
        with self._torch.no_grad():
            for name, value in weights.items():
                self._weight(name).copy_(value)

    def _weight(self, name: str) -> Any:
        number, _, path = name.partition(":")
        part = (self.module.body, *self.module.dense)[int(number)]
        owner, _, last = path.rpartition(".")
        layer = part.get_submodule(owner) if owner else part
        return getattr(getattr(layer, "layer", layer), last)


class TrainedHead:
    """A linear map of the vectors of an encoder, W v + b, at first the identity; vectors are made once."""

    def __init__(self, encoder: TransformerEncoder, machine: Machine, folder: Path) -> None:
        self._torch = require("torch", extra="texts", purpose="training an encoder")
        self.device = device_of(self._torch, machine.device)
        self.encoder = encoder
        self._folder = folder
        self._made: dict[int, tuple[Sequence[str], Floats]] = {}
        self._own: Floats = np.empty((0, encoder.model.dim), dtype=np.float32)
        weight = self._torch.eye(encoder.model.dim, device=self.device)
        self.weight = self._torch.nn.Parameter(weight)
        self.bias = self._torch.nn.Parameter(self._torch.zeros(encoder.model.dim, device=self.device))

    def begin(self, texts: Sequence[str]) -> None:
        """Encode the texts, into a file that is mapped."""
        self._own = self._vectors(texts)

    def lengths(self, ids: Ids) -> NDArray[np.int64]:
        """(n,) ones: a text is one vector."""
        return np.ones(len(ids), dtype=np.int64)

    def vectors(self, ids: Ids) -> Any:
        """(n,) -> (n, d) a tensor of float32."""
        return self._mapped(self._torch.from_numpy(self._own[ids]).to(self.device))

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, d) vectors of texts."""
        known = self._vectors(texts)
        with self._torch.inference_mode():
            parts = [
                self._mapped(self._torch.from_numpy(np.array(known[start : start + _BLOCK])).to(self.device))
                for start in range(0, len(known), _BLOCK)
            ]
            made: Floats = self._torch.cat(parts).cpu().numpy()
        return made

    def _vectors(self, texts: Sequence[str]) -> Floats:
        if id(texts) not in self._made:
            path = self._folder / f"vectors-{len(self._made)}.npy"
            shape = (len(texts), self.encoder.model.dim)
            kept = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)  # type: ignore[no-untyped-call]
            for start in range(0, len(texts), _BLOCK):
                kept[start : start + _BLOCK] = self.encoder.encode(texts[start : start + _BLOCK])
            self._made[id(texts)] = (texts, kept)  # the texts are held, so that their id is not used again
        return self._made[id(texts)][1]

    def _mapped(self, vectors: Any) -> Any:
        made = self._torch.nn.functional.linear(vectors, self.weight, self.bias)
        return self._torch.nn.functional.normalize(made, dim=1)

    def parameters(self) -> list[Any]:
        """Give what is trained."""
        return [self.weight, self.bias]

    def train(self, on: bool) -> None:
        """Nothing changes: it has no dropout."""

    def finish(self) -> None:
        """Nothing is to be merged."""

    def weights(self) -> dict[str, Any]:
        """Copy the map."""
        return {"weight": self.weight.detach().clone(), "bias": self.bias.detach().clone()}

    def set_weights(self, weights: Weights) -> None:
        """Replace it."""
        with self._torch.no_grad():
            self.weight.copy_(weights["weight"])
            self.bias.copy_(weights["bias"])


def trained_of(
    encoder: TransformerEncoder, tune: Any, machine: Machine, folder: Path, seed: int
) -> TrainedTransformer | TrainedHead:
    """Give what `tune`, a record of the settings, trains."""
    if isinstance(tune, Head):
        return TrainedHead(encoder, machine, folder)
    return TrainedTransformer(encoder, tune if isinstance(tune, LoRA) else None, machine, seed)


def device_of(torch: Any, wanted: str | None) -> str:
    """Give the device to compute on.

    Raises:
        InputError: torch has it not.
    """
    if wanted is None:
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {wanted!r} cannot be used: {error}", "Use 'cpu'.") from error
    return wanted
