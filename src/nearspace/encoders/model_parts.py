"""The parts of a model's folder beside the transformer: pooling, linear layers, scaling to length 1."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.finding import CONFIG, MODULES
from nearspace.errors import InputError, MissingInputError
from nearspace.tensors import Tensors

WEIGHTS = "model.safetensors"
POOLINGS = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
_OLD_POOLINGS = {  # in the order in which several are joined
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
ACTIVATIONS = ("identity", "tanh", "relu", "gelu", "sigmoid")


@dataclass(frozen=True)
class Pooling:
    """How token vectors become one: by each of `modes`, joined; without those of a prompt, if so told."""

    modes: tuple[str, ...] = ("mean",)
    include_prompt: bool = True


@dataclass(frozen=True)
class Dense:
    """A linear layer after pooling; its file has `linear.weight` (out, into) and perhaps `linear.bias`."""

    file: Path
    activation: str
    out: int

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Give weight and bias."""
        arrays = Tensors(self.file)
        bias = arrays.get("linear.bias")
        return (
            np.asarray(arrays["linear.weight"], dtype=np.float32),
            None if bias is None else np.asarray(bias, dtype=np.float32),
        )


@dataclass(frozen=True)
class Normalize:
    """Scales a vector to length 1."""


def list_modules(root: Path) -> list[tuple[str, Path]]:
    """Give kind and folder of each part that modules.json lists."""
    listed = read_json(root / MODULES, kind=list)
    try:
        return [
            (str(part["type"]).rsplit(".", 1)[-1], inside(root, part["path"], MODULES)) for part in listed
        ]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{str(root / MODULES)!r} is damaged: a part without type or path", "Download the model again."
        ) from error


def inside(root: Path, name: object, where: str) -> Path:
    """Give the place of a part that a file of the folder names; one outside the folder is refused."""
    path = PurePosixPath(str(name))
    if not isinstance(name, str) or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise InputError(
            f"{str(root / where)!r} names {name!r}, which does not lie within the folder",
            "Do not use this model: a sound one names its own parts only.",
        )
    return root / path


def read_pooling(folder: Path) -> Pooling:
    """Read the settings of a part that pools."""
    values = read_json(folder / CONFIG)
    modes = values.get("pooling_mode")
    if modes is None:
        modes = [mode for name, mode in _OLD_POOLINGS.items() if values.get(name)] or ["mean"]
    chosen = (modes,) if isinstance(modes, str) else tuple(modes)
    unknown = [mode for mode in chosen if mode not in POOLINGS]
    if unknown:
        raise InputError(
            f"{str(folder / CONFIG)!r} pools by {unknown[0]!r}, which is not known",
            f"Known: {', '.join(POOLINGS)}.",
        )
    return Pooling(chosen, bool(values.get("include_prompt", True)))


def read_dense(folder: Path) -> Dense:
    """Read the settings of a linear layer."""
    values = read_json(folder / CONFIG)
    activation = str(values.get("activation_function", "torch.nn.modules.activation.Tanh")).rsplit(".", 1)[-1]
    if activation.lower() not in ACTIVATIONS or values.get("use_residual"):
        raise InputError(
            f"{str(folder / CONFIG)!r} is a layer with activation {activation!r}"
            + (" and a residual path" if values.get("use_residual") else "")
            + ", which is not read here",
            f"Read are, without a residual path: {', '.join(ACTIVATIONS)}.",
        )
    if not (folder / WEIGHTS).is_file():
        raise no_weights(folder)
    try:
        return Dense(folder / WEIGHTS, activation.lower(), int(values["out_features"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{str(folder / CONFIG)!r} has no out_features", "Download the model again."
        ) from error


def no_weights(folder: Path) -> InputError:
    """Say that safetensors are missing, and what to do if there is a pickle instead."""
    unsafe = sorted(
        file.name for file in folder.iterdir() if file.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")
    )
    if unsafe:
        return InputError(
            f"{str(folder)!r} has its weights only as {unsafe[0]!r}, a pickle, which can run any code when "
            "it is opened",
            f"Get {WEIGHTS}, which most models have beside it; or, if you trust the file, convert it where "
            "it may run: AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER).",
        )
    return MissingInputError(
        f"{str(folder)!r} has no weights: {WEIGHTS} is missing", "Download the model again."
    )


def read_json(path: Path, kind: type = dict) -> Any:
    """Read a file of JSON that holds a dict or a list."""
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(path)!r} is missing", "Download the model again.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} is damaged: {error}", "Download the model again.") from error
    if not isinstance(values, kind):
        raise InputError(f"{str(path)!r} is damaged: it is no {kind.__name__}", "Download the model again.")
    return values
