"""The engine `torch`: transformers' own model, on a CPU, a CUDA device or Apple's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import filled, length_batches
from nearspace.encoders.model_folder import Dense, ModelFolder
from nearspace.errors import InputError, SettingError
from nearspace.optional import require

BUDGETS = {"cpu": 4_096, "cuda": 65_536, "mps": 16_384}  # tokens of a batch
PURPOSE = "the engine 'torch'"


class TorchModel:
    """The parts of a model as torch modules, for encoding and for training.

    Attributes:
        folder: where it was read from.
        body: the transformer.
        dense: the linear layers after pooling.
    """

    def __init__(self, folder: ModelFolder, device: str) -> None:
        self.folder = folder
        self._torch = require("torch", extra="texts", purpose=PURPOSE)
        self.body = _body(folder).to(device)
        self.dense = [self._linear(part).to(device) for part in folder.dense]

    @property
    def device(self) -> Any:
        """The device of the weights."""
        return next(self.body.parameters()).device

    def parameters(self) -> list[Any]:
        """Give all weights that can be trained."""
        return [*self.body.parameters(), *(one for layer in self.dense for one in layer.parameters())]

    def train(self, on: bool = True) -> None:
        """Switch dropout on or off."""
        for part in (self.body, *self.dense):
            part.train(on)

    def state(self) -> dict[str, NDArray[Any]]:
        """Give the weights as `write_model_folder` takes them."""
        named = dict(self.body.state_dict())
        for number, layer in enumerate(self.dense):
            named |= {f"dense.{number}.{name}": value for name, value in layer.state_dict().items()}
        return {name: value.detach().cpu().float().numpy() for name, value in named.items()
                if value.is_floating_point()}  # fmt: skip

    def tokens(self, ids: Any, mask: Any, layers: Sequence[int] = (-1,)) -> Any:
        """Give (n, t, hidden), the mean of the layers; 0 is the input of the first, -1 the last's output."""
        if tuple(layers) == (-1,):
            return self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        states = self.body(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        if not all(-len(states) <= layer < len(states) for layer in layers):
            raise SettingError(
                f"layers {tuple(layers)} of a model with {len(states) - 1}",
                f"Layers are {-len(states)} to {len(states) - 1}.",
            )
        return sum(states[layer] for layer in layers) / len(layers)

    def pooled(self, ids: Any, mask: Any, skip: int = 0) -> Any:
        """Give (n, dim), differentiable; the first `skip` tokens are left out of pooling, where it may be."""
        counted = mask
        if skip and not self.folder.pooling.include_prompt:
            counted = mask.clone()
            counted[:, :skip] = 0
        vectors = self._pool(self.tokens(ids, mask), counted)
        layers = iter(self.dense)
        for part in self.folder.after:
            if isinstance(part, Dense):
                vectors = self._activated(part.activation, next(layers)(vectors))
            else:
                vectors = self._torch.nn.functional.normalize(vectors, dim=1)
        return vectors

    def _pool(self, tokens: Any, mask: Any) -> Any:
        torch = self._torch
        weights = mask.unsqueeze(-1).to(tokens.dtype)
        count = weights.sum(1).clamp(min=1e-9)
        places = torch.arange(mask.shape[1], device=mask.device)
        made = []
        for mode in self.folder.pooling.modes:
            if mode == "cls":
                made.append(tokens[torch.arange(len(tokens)), mask.argmax(1)])
            elif mode == "lasttoken":
                made.append(tokens[torch.arange(len(tokens)), (mask * (places + 1)).argmax(1)])
            elif mode == "max":
                made.append(tokens.masked_fill(weights == 0, torch.finfo(tokens.dtype).min).amax(1))
            elif mode == "weightedmean":
                share = weights * (places + 1).to(tokens.dtype)[None, :, None]
                made.append((tokens * share).sum(1) / share.sum(1).clamp(min=1e-9))
            else:
                root = count.sqrt() if mode == "mean_sqrt_len_tokens" else count
                made.append((tokens * weights).sum(1) / root)
        return made[0] if len(made) == 1 else torch.cat(made, dim=1)

    def _linear(self, part: Dense) -> Any:
        torch = self._torch
        weight, bias = part.read()
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.array(weight)))
            if bias is not None:
                layer.bias.copy_(torch.from_numpy(np.array(bias)))
        return layer

    def _activated(self, name: str, vectors: Any) -> Any:
        if name == "identity":
            return vectors
        functions = self._torch.nn.functional
        return getattr(functions if name == "gelu" else self._torch, name)(vectors)


class TorchEngine:
    """Runs a TorchModel over batches; out of memory, a batch is halved."""

    precision = "f32"

    def __init__(self, folder: ModelFolder, device: str | None = None, budget: int | None = None) -> None:
        self._torch = require("torch", extra="texts", purpose=PURPOSE)
        self.device = _device(self._torch, device)
        self.model = TorchModel(folder, self.device)
        self.model.train(False)
        self.budget = budget or BUDGETS.get(self.device.split(":")[0], BUDGETS["cpu"])
        self._pad = int(folder.config.get("pad_token_id") or 0)

    def pooled(self, ids: Sequence[Sequence[int]], skip: int = 0) -> NDArray[np.float32]:
        """Give (n, dim) float32; zeros for a text without tokens."""
        vectors = np.zeros((len(ids), self.model.folder.dim), dtype=np.float32)
        for rows, made in self._batches(ids, lambda batch, mask: self.model.pooled(batch, mask, skip)):
            vectors[rows] = made
        return vectors

    def tokens(
        self, ids: Sequence[Sequence[int]], layers: Sequence[int] = (-1,)
    ) -> list[NDArray[np.float32]]:
        """Give (t, hidden) float32 of each text, special tokens included."""
        found: list[NDArray[np.float32]] = [np.empty((0, self.model.folder.hidden), np.float32) for _ in ids]
        for rows, made in self._batches(ids, lambda batch, mask: self.model.tokens(batch, mask, layers)):
            for row, vectors in zip(rows, made, strict=True):
                found[row] = vectors[: len(ids[row])].copy()
        return found

    def _batches(
        self, ids: Sequence[Sequence[int]], run: Any
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Give rows and what `run` makes of them, with smaller batches after one that had no room."""
        waiting = length_batches([len(row) for row in ids], self.budget)[::-1]
        while waiting:
            rows = waiting.pop()
            try:
                made = self._run(run, [ids[row] for row in rows])
            except Exception as error:
                if not self._no_room(error):
                    raise
                made = None
            if made is not None:  # outside of `except`, which would keep the failed batch in memory
                yield rows, made
                continue
            self._shrink(len(rows), len(ids[rows[0]]))
            half = len(rows) // 2
            waiting += [rows[half:], rows[:half]]

    def _shrink(self, rows: int, length: int) -> None:
        if rows == 1:
            raise InputError(
                f"{self.device} has no memory for one text of {length:,} tokens",
                "Free memory there, or encode with device='cpu'.",
            )
        self.budget = max(1, rows // 2 * length)
        if self.device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _run(self, run: Any, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        rows, mask = (self._torch.from_numpy(array).to(self.device) for array in filled(ids, self._pad))
        with self._torch.inference_mode():
            made: NDArray[np.float32] = run(rows, mask).float().cpu().numpy()
        return made

    def _no_room(self, error: Exception) -> bool:
        if isinstance(error, self._torch.OutOfMemoryError):
            return True
        return isinstance(error, RuntimeError) and "out of memory" in str(error)


def _device(torch: Any, wanted: str | None) -> str:
    if wanted is None:
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = wanted.split(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, False):
        raise SettingError(
            f"device is {wanted!r}, which this torch does not have here",
            f"Here: {', '.join(name for name, here in there.items() if here)}.",
        )
    return wanted


def _body(folder: ModelFolder) -> Any:
    """Open the transformer: from safetensors only, no code of the folder's, nothing from the network."""
    library = require("transformers", extra="texts", purpose=PURPOSE)
    torch = require("torch", extra="texts", purpose=PURPOSE)
    folder.weights()
    with _quiet(library):
        try:
            model, told = library.AutoModel.from_pretrained(
                str(folder.body),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                dtype=torch.float32,
            )
        except Exception as error:  # a damaged file, an unknown family, code of the folder's: all sorts
            raise InputError(
                f"{str(folder.body)!r} cannot be opened by transformers {library.__version__}: "
                f"{str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}",
                "Download the model again; models that bring code of their own are not run.",
            ) from error
    lacking = sorted(name for name in told["missing_keys"] if not name.startswith("pooler."))
    lacking += sorted(str(name) for name in told.get("mismatched_keys", ()))
    if lacking:
        raise InputError(
            f"{str(folder.body)!r} lacks {len(lacking)} of the weights, for example {lacking[0]!r}",
            "Download the model again; its weights are of another model or incomplete.",
        )
    return model


@contextlib.contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Keep transformers from printing its bars and remarks."""
    logging = library.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
