"""How families of transformers call their weights, and what else tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.model_folder import ModelFolder
from nearspace.errors import InputError
from nearspace.tensors import Tensors, widened

ACTIVATIONS = {"gelu": "erf", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "relu": "relu"}


@dataclass(frozen=True)
class Layer:
    """Names of the weights of one layer, "{}" for its number."""

    query: str
    key: str
    value: str
    mixed: str
    mixed_norm: str
    wide: str
    narrow: str
    narrow_norm: str


@dataclass(frozen=True)
class Family:
    """Names of weights; `positions_after_pad`: the first token has the position pad + 1."""

    layer: Layer
    prefix: str
    token_types: bool = True
    positions_after_pad: bool = False
    relative: str = ""


_BERT = Layer(
    "encoder.layer.{}.attention.self.query",
    "encoder.layer.{}.attention.self.key",
    "encoder.layer.{}.attention.self.value",
    "encoder.layer.{}.attention.output.dense",
    "encoder.layer.{}.attention.output.LayerNorm",
    "encoder.layer.{}.intermediate.dense",
    "encoder.layer.{}.output.dense",
    "encoder.layer.{}.output.LayerNorm",
)
_DISTILBERT = Layer(
    "transformer.layer.{}.attention.q_lin",
    "transformer.layer.{}.attention.k_lin",
    "transformer.layer.{}.attention.v_lin",
    "transformer.layer.{}.attention.out_lin",
    "transformer.layer.{}.sa_layer_norm",
    "transformer.layer.{}.ffn.lin1",
    "transformer.layer.{}.ffn.lin2",
    "transformer.layer.{}.output_layer_norm",
)
_MPNET = Layer(
    "encoder.layer.{}.attention.attn.q",
    "encoder.layer.{}.attention.attn.k",
    "encoder.layer.{}.attention.attn.v",
    "encoder.layer.{}.attention.attn.o",
    "encoder.layer.{}.attention.LayerNorm",
    "encoder.layer.{}.intermediate.dense",
    "encoder.layer.{}.output.dense",
    "encoder.layer.{}.output.LayerNorm",
)
FAMILIES = {
    "bert": Family(_BERT, "bert."),
    "roberta": Family(_BERT, "roberta.", positions_after_pad=True),
    "xlm-roberta": Family(_BERT, "roberta.", positions_after_pad=True),
    "camembert": Family(_BERT, "roberta.", positions_after_pad=True),
    "distilbert": Family(_DISTILBERT, "distilbert.", token_types=False),
    "mpnet": Family(
        _MPNET,
        "mpnet.",
        token_types=False,
        positions_after_pad=True,
        relative="encoder.relative_attention_bias.weight",
    ),
}


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a transformer by the roles that they play.

    Attributes:
        words: (vocabulary, h) float32.
        places: (most tokens, h), positions and the type of a first text together.
        heads, layers: how many.
        eps: of the scaling of a token.
        activation: "erf", "tanh" or "relu".
        relative: (heads, most tokens, most tokens) added to the attention, or None.
    """

    family: Family
    arrays: Mapping[str, NDArray[np.float32]]
    words: NDArray[np.float32]
    places: NDArray[np.float32]
    heads: int
    layers: int
    eps: float
    activation: str
    relative: NDArray[np.float32] | None

    def linear(self, name: str, layer: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give weight (out, into) and bias (out,) of a part of a layer."""
        stem = getattr(self.family.layer, name).format(layer)
        return self[f"{stem}.weight"], self[f"{stem}.bias"]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        if name not in self.arrays:
            raise InputError(f"the weights of the model lack {name!r}", "Download the model again.")
        return self.arrays[name]


def read_weights(model: ModelFolder) -> Weights:
    """Read the weights of a model whose family is in FAMILIES.

    Raises:
        InputError: the family is another, a setting is not known, or weights are missing or damaged.
    """
    config = model.config
    family = FAMILIES.get(model.family)
    if family is None:
        raise InputError(
            f"{str(model.path)!r} is a model of type {model.family!r}, which cannot be packed",
            f"Packed can be: {', '.join(FAMILIES)}; the engine 'torch' runs others.",
        )
    activation = str(config.get("hidden_act") or config.get("activation") or "gelu")
    kind = config.get("position_embedding_type", "absolute")
    if activation not in ACTIVATIONS or kind != "absolute" or config.get("is_decoder"):
        raise InputError(
            f"{str(model.path)!r} has the activation {activation!r} and {kind} positions, "
            "or is a decoder, which cannot be packed",
            f"Packed can be absolute positions with {', '.join(ACTIVATIONS)}; 'torch' runs others.",
        )
    arrays = _arrays(model, family)
    norm, first = "embeddings.LayerNorm.weight", 0
    if norm not in arrays or "embeddings.word_embeddings.weight" not in arrays:
        raise InputError(
            f"{str(model.body)!r} has no embeddings among its weights", "Download the model again."
        )
    if family.positions_after_pad:
        first = _number(model, "pad_token_id") + 1
    places = arrays["embeddings.position_embeddings.weight"][first : first + model.max_length]
    if family.token_types and "embeddings.token_type_embeddings.weight" in arrays:
        places = places + arrays["embeddings.token_type_embeddings.weight"][0]
    heads = _number(model, "num_attention_heads", "n_heads")
    relative = None
    if family.relative:
        relative = _relative(
            arrays[family.relative], len(places), int(config["relative_attention_num_buckets"])
        )
    return Weights(
        family,
        arrays,
        arrays["embeddings.word_embeddings.weight"],
        np.ascontiguousarray(places),
        heads,
        _number(model, "num_hidden_layers", "n_layers"),
        float(config.get("layer_norm_eps", 1e-12)),
        ACTIVATIONS[activation],
        relative,
    )


def _number(model: ModelFolder, *names: str) -> int:
    for name in names:
        if isinstance(model.config.get(name), int):
            return int(model.config[name])
    raise InputError(
        f"config.json in {str(model.body)!r} has no number {names[0]!r}", "Download the model again."
    )


def _arrays(model: ModelFolder, family: Family) -> dict[str, NDArray[np.float32]]:
    found: dict[str, Any] = {}
    for path in model.weights():
        tensors = Tensors(path)
        for name in tensors:
            if not tensors.code(name).startswith(("F", "BF")):
                continue
            short = name.removeprefix(family.prefix)
            short = short.removesuffix(".gamma") + ".weight" if short.endswith(".gamma") else short
            short = short.removesuffix(".beta") + ".bias" if short.endswith(".beta") else short
            found[short] = widened(tensors[name], tensors.code(name))
    return found


def _relative(table: NDArray[np.float32], length: int, buckets: int) -> NDArray[np.float32]:
    """Give what is added to the attention by the distance of two tokens (T5's buckets, as MPNet has them)."""
    away = np.arange(length)[None, :] - np.arange(length)[:, None]
    half = buckets // 2
    exact = half // 2
    apart = np.abs(away)
    far = exact + np.log(np.maximum(apart, 1) / exact) / np.log(128 / exact) * (half - exact)
    bucket = np.where(apart < exact, apart, np.minimum(far.astype(np.int64), half - 1))
    bucket = np.where(away > 0, bucket + half, bucket)
    return np.ascontiguousarray(table[bucket].transpose(2, 0, 1))
