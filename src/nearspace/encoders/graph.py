"""A transformer and its pooling as one graph of OpenVINO, built from the weights: no torch, no converter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.families import Weights, read_weights
from nearspace.encoders.model_folder import Dense, ModelFolder
from nearspace.encoders.runtime import openvino
from nearspace.optional import require

LAYER = "layer.{}"  # name of the operation that gives the tokens after layer N; 0: before the first
HIDDEN = -1e4  # added to the attention to places without a token; exp of it is 0 in every precision
_OPSET = "openvino.opset15"


def build_graph(model: ModelFolder, precision: str) -> Any:
    """Build the graph of a model.

    Inputs: `ids` (n, t) int32; `bias` (n, 1, 1, t) float32, 0 for a token and HIDDEN for none; `shares`
    (n, m, t) float32, the share of each token in the vector by pooling m, for "max" anything positive.
    Output: (n, dim), not scaled to length 1 if that is the last part.

    Args:
        model: of a family that is known.
        precision: "f32" or "bf16", which are the same graph, or "int8": linear layers with weights of 8 bits.

    Raises:
        InputError: the family is another, or weights are missing.
    """
    openvino()
    return _Builder(model, read_weights(model), precision == "int8").model()


@dataclass(frozen=True)
class _Parts:
    ids: Any
    bias: Any
    shares: Any


class _Builder:
    def __init__(self, model: ModelFolder, weights: Weights, small: bool) -> None:
        self._model, self._weights, self._small = model, weights, small
        self._op: Any = require(_OPSET, extra="packed", purpose="the packed engine")

    def model(self) -> Any:
        op = self._op
        modes = len(self._model.pooling.modes)
        given = _Parts(
            op.parameter([-1, -1], np.int32, "ids"),
            op.parameter([-1, 1, 1, -1], np.float32, "bias"),
            op.parameter([-1, modes, -1], np.float32, "shares"),
        )
        tokens = self._embedded(given.ids)
        tokens.set_friendly_name(LAYER.format(0))
        bias = self._with_distances(given)
        for layer in range(self._weights.layers):
            tokens = self._layer(tokens, bias, layer)
            tokens.set_friendly_name(LAYER.format(layer + 1))
        vectors = self._after(self._pooled(tokens, given.shares))
        result = op.result(vectors)
        return openvino().Model([result], [given.ids, given.bias, given.shares], "nearspace")

    def _embedded(self, ids: Any) -> Any:
        op, weights = self._op, self._weights
        words = op.gather(self._constant(weights.words), ids, self._whole(0, scalar=True))
        places = op.slice(
            self._constant(weights.places), self._whole(0), self._length(ids), self._whole(1), self._whole(0)
        )
        return self._scaled(op.add(words, places), "embeddings.LayerNorm")

    def _length(self, ids: Any) -> Any:
        op = self._op
        return op.gather(op.shape_of(ids, "i64"), self._whole(1), self._whole(0, scalar=True))

    def _with_distances(self, given: _Parts) -> Any:
        """Add to the bias what MPNet has for the distance of two tokens."""
        if self._weights.relative is None:
            return given.bias
        op = self._op
        length = self._length(given.ids)
        both = op.concat([length, length], 0)
        table = self._constant(self._weights.relative[None])
        cut = op.slice(table, self._whole(0, 0), both, self._whole(1, 1), self._whole(2, 3))
        return op.add(cut, given.bias)

    def _layer(self, tokens: Any, bias: Any, layer: int) -> Any:
        op = self._op
        stem = self._weights.family.layer
        mixed = self._linear(self._attended(tokens, bias, layer), *self._weights.linear("mixed", layer))
        tokens = self._scaled(op.add(mixed, tokens), stem.mixed_norm.format(layer))
        wide = self._linear(tokens, *self._weights.linear("wide", layer))
        kind = self._weights.activation
        wide = op.relu(wide) if kind == "relu" else op.gelu(wide, kind)
        narrow = self._linear(wide, *self._weights.linear("narrow", layer))
        return self._scaled(op.add(narrow, tokens), stem.narrow_norm.format(layer))

    def _attended(self, tokens: Any, bias: Any, layer: int) -> Any:
        op, heads = self._op, self._weights.heads
        size = self._model.hidden // heads
        parts = []
        for name in ("query", "key", "value"):
            weight, more = self._weights.linear(name, layer)
            if name == "query":
                scale = np.float32(1 / np.sqrt(size))
                weight, more = weight * scale, more * scale
            flat = self._linear(tokens, weight, more)
            split = op.reshape(flat, self._whole(0, 0, heads, size), True)
            order = (0, 2, 3, 1) if name == "key" else (0, 2, 1, 3)
            parts.append(op.transpose(split, self._whole(*order)))
        scores = op.softmax(op.add(op.matmul(parts[0], parts[1], False, False), bias), -1)
        mixed = op.transpose(op.matmul(scores, parts[2], False, False), self._whole(0, 2, 1, 3))
        return op.reshape(mixed, self._whole(0, 0, heads * size), True)

    def _pooled(self, tokens: Any, shares: Any) -> Any:
        op = self._op
        modes = self._model.pooling.modes
        if "max" not in modes:
            made = op.matmul(shares, tokens, False, False)
            return op.reshape(made, self._whole(0, len(modes) * self._model.hidden), True)
        vectors = []
        for number, mode in enumerate(modes):
            own = op.slice(
                shares, self._whole(number), self._whole(number + 1), self._whole(1), self._whole(1)
            )
            if mode == "max":
                column = op.transpose(own, self._whole(0, 2, 1))
                there = op.greater(column, self._constant(np.zeros((1, 1, 1), np.float32)))
                lowest = self._constant(np.full((1, 1, 1), -3e38, np.float32))
                vectors.append(op.reduce_max(op.select(there, tokens, lowest), self._whole(1)))
            else:
                vectors.append(op.squeeze(op.matmul(own, tokens, False, False), self._whole(1)))
        return vectors[0] if len(vectors) == 1 else op.concat(vectors, 1)

    def _after(self, vectors: Any) -> Any:
        op = self._op
        for part in self._model.after:
            if isinstance(part, Dense):
                weight, bias = part.read()
                vectors = op.matmul(vectors, self._constant(weight), False, True)
                if bias is not None:
                    vectors = op.add(vectors, self._constant(bias))
                if part.activation != "identity":
                    kind = ("erf",) if part.activation == "gelu" else ()
                    vectors = getattr(op, part.activation)(vectors, *kind)
            elif (
                part is not self._model.after[-1]
            ):  # the last one is done in float32, by whoever runs the graph
                vectors = op.normalize_l2(vectors, self._whole(1), 1e-24, "max")
        return vectors

    def _scaled(self, tokens: Any, name: str) -> Any:
        op, weights = self._op, self._weights
        centred = op.mvn(tokens, self._whole(-1), True, weights.eps, "inside_sqrt")
        scaled = op.multiply(centred, self._constant(weights[f"{name}.weight"]))
        return op.add(scaled, self._constant(weights[f"{name}.bias"]))

    def _linear(self, tokens: Any, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
        op = self._op
        matrix = self._constant(weight)
        if self._small:
            scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-12) / np.float32(127)
            codes = np.rint(weight / scale).astype(np.int8)
            matrix = op.multiply(op.convert(self._constant(codes), "f32"), self._constant(scale))
        return op.add(op.matmul(tokens, matrix, False, True), self._constant(bias))

    def _constant(self, array: NDArray[Any]) -> Any:
        return self._op.constant(np.ascontiguousarray(array))

    def _whole(self, *numbers: int, scalar: bool = False) -> Any:
        return self._op.constant(np.array(numbers[0] if scalar else numbers, dtype=np.int64))
