"""The engine `packed`: a model as one graph that OpenVINO runs on all cores of a CPU, without torch.

Each text is filled up to a length that depends on itself alone, and a row of a matrix product in f32 or bf16
does not depend on the others: a text has the same bytes in every batch and with any number of threads. This
does not hold for int8, whose kernels are chosen by the size of a batch.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import EXACT, Tokens, bucket_batches, row_bucket, token_shares
from nearspace.encoders.graph import HIDDEN, LAYER, build_graph
from nearspace.encoders.model_folder import ModelFolder
from nearspace.encoders.runtime import openvino, precisions
from nearspace.errors import InputError, SettingError

BUDGET = 1_024  # tokens of a batch: enough for fast products, and what a core's cache holds
_KERNELS = 64  # compiled for shapes that came up, kept for each stream; each has a megabyte or two of code
GRAPH = "graph.xml"
PRECISIONS = ("f32", "bf16", "int8")


@dataclass(frozen=True, eq=False)
class _Compiled:
    """A graph that is ready to run, and its queue; `biased`: it takes what hides places without a token."""

    model: Any
    queue: Any
    biased: bool


class PackedEngine:
    """Runs a graph.

    Args:
        model: what the folder says of it.
        precision: one of PRECISIONS.
        graph: folder of a packed form; None: the graph is built from the model's weights.
        threads: cores that are used; None: all that this process may use.

    Raises:
        InputError: the graph is damaged, or the model's family cannot be packed.
        MissingExtraError: OpenVINO is not installed.
    """

    def __init__(
        self, model: ModelFolder, precision: str, graph: Path | None = None, threads: int | None = None
    ) -> None:
        if precision not in PRECISIONS:
            raise SettingError(f"precision is {precision!r}", f"Accepted: {', '.join(PRECISIONS)}.")
        self.model, self.precision = model, precision
        self._threads = threads or _cores()
        self._core = openvino().Core()
        self._graph = build_graph(model, precision) if graph is None else _read(self._core, graph / GRAPH)
        self._lock = threading.Lock()
        self._pad = int(model.config.get("pad_token_id") or 0)

    def write(self, folder: Path) -> None:
        """Write graph.xml and graph.bin into a folder."""
        openvino().save_model(self._graph, str(folder / GRAPH), compress_to_fp16=False)

    def pooled(self, ids: Sequence[Sequence[int]], skip: int = 0) -> NDArray[np.float32]:
        """Give (n, dim) float32; zeros for a text without tokens."""
        vectors = np.zeros((len(ids), self.model.dim), dtype=np.float32)

        def take(rows: NDArray[np.int64], made: NDArray[np.float32]) -> None:
            vectors[rows] = made

        skipped = 0 if self.model.pooling.include_prompt else skip
        self._run(ids, skipped, take)
        if self.model.normalized:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors

    def tokens(
        self, ids: Sequence[Sequence[int]], layers: Sequence[int] = (-1,)
    ) -> list[NDArray[np.float32]]:
        """Give (t, hidden) float32 of each text, special tokens included."""
        found: list[NDArray[np.float32]] = [np.empty((0, self.model.hidden), np.float32) for _ in ids]

        def take(rows: NDArray[np.int64], made: NDArray[np.float32]) -> None:
            for row, vectors in zip(rows, made, strict=True):
                found[row] = vectors[: len(ids[row])].copy()

        self._run(ids, 0, take, self._of_layers(tuple(layers)))
        return found

    @cached_property
    def _long(self) -> _Compiled:
        return self._compile(self._graph.clone(), short=False)

    @cached_property
    def _short(self) -> _Compiled:
        """For texts that are not filled up: nothing is hidden, and attention is cheaper as plain products."""
        graph = self._graph.clone()
        ids, bias, shares = graph.get_parameters()
        for use in bias.output(0).get_target_inputs():
            total = use.get_node()
            other = total.input(1 - use.get_index()).get_source_output()
            total.output(0).replace(other)
        return self._compile(openvino().Model(graph.get_results(), [ids, shares]), short=True)

    def _of_layers(self, layers: tuple[int, ...]) -> _Compiled:
        """Compile the graph up to the mean of some layers; that of the last call is kept."""
        known = getattr(self, "_layers", None)
        if known is None or known[0] != layers:
            op: Any = openvino().opset15
            graph = self._graph.clone()
            named = {node.get_friendly_name(): node for node in graph.get_ordered_ops()}
            last = sum(LAYER.format(number) in named for number in range(len(named))) - 1
            outputs = []
            for layer in layers:
                number = layer if layer >= 0 else last + 1 + layer
                if not 0 <= number <= last:
                    raise SettingError(
                        f"layers {layers} of a model with {last}", f"Layers are {-last - 1} to {last}."
                    )
                outputs.append(named[LAYER.format(number)].output(0))
            total = outputs[0]
            for output in outputs[1:]:
                total = op.add(total, output)
            mean = op.multiply(total, op.constant(np.float32(1 / len(outputs))))
            known = self._layers = (
                layers,
                self._compile(openvino().Model([op.result(mean)], graph.get_parameters()), short=False),
            )
        return known[1]

    def _compile(self, graph: Any, *, short: bool) -> _Compiled:
        settings = {
            "NUM_STREAMS": str(self._threads),
            "INFERENCE_NUM_THREADS": str(self._threads),
            "CPU_RUNTIME_CACHE_CAPACITY": str(_KERNELS),
            "INFERENCE_PRECISION_HINT": "f32" if self.precision == "f32" else self._best,
        }
        if (
            short
        ):  # leaves attention as products by AMX; a private setting, see docs/decisions/packed-engine.md
            with contextlib.suppress(RuntimeError):
                return self._compiled(graph, settings | {"SNIPPETS_MODE": "DISABLE"}, biased=False)
        return self._compiled(graph, settings, biased=not short)

    def _compiled(self, graph: Any, settings: dict[str, str], *, biased: bool) -> _Compiled:
        compiled = self._core.compile_model(graph, "CPU", settings)
        return _Compiled(compiled, openvino().AsyncInferQueue(compiled, self._threads), biased)

    @property
    def _best(self) -> str:
        return "bf16" if "bf16" in precisions(self._core) else "f32"

    def _run(
        self,
        ids: Sequence[Sequence[int]],
        skip: int,
        take: Callable[[NDArray[np.int64], NDArray[np.float32]], None],
        compiled: _Compiled | None = None,
    ) -> None:
        """Run all texts and give each batch to `take`; None: by the graph that suits the length of a text."""
        failed: list[BaseException] = []

        def done(request: Any, rows: NDArray[np.int64]) -> None:
            try:
                take(rows, request.get_output_tensor(0).data[: len(rows)])
            except BaseException as error:  # the queue would end the process with it
                failed.append(error)

        tokens = Tokens.of(ids)
        with self._lock:
            used = {}
            for width, rows in bucket_batches(tokens.lengths, BUDGET):
                chosen = compiled or (self._short if width <= EXACT else self._long)
                if id(chosen) not in used:
                    used[id(chosen)] = chosen
                    chosen.queue.set_callback(done)
                chosen.queue.start_async(self._inputs(tokens, rows, width, skip, chosen.biased), rows)
            for chosen in used.values():
                chosen.queue.wait_all()
        if failed:
            raise failed[0]

    def _inputs(
        self, tokens: Tokens, rows: NDArray[np.int64], width: int, skip: int, biased: bool
    ) -> list[NDArray[Any]]:
        rows = np.pad(rows, (0, row_bucket(len(rows)) - len(rows)), mode="edge")
        lengths = tokens.lengths[rows]
        given: list[NDArray[Any]] = [tokens.rows(rows, width, self._pad)]
        if biased:
            hidden = np.arange(width) >= lengths[:, None]
            given.append(np.where(hidden, np.float32(HIDDEN), np.float32(0))[:, None, None, :])
        return [*given, token_shares(self.model.pooling.modes, lengths, width, skip)]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(str(path))
    except RuntimeError as error:
        raise InputError(
            f"{str(path)!r} is damaged: {str(error).strip().splitlines()[-1]}", "Pack the model again."
        ) from error
