"""pack: make the fast form of a model once, and measure what it cost."""

from __future__ import annotations

import lzma
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.batches import blocks
from nearspace.encoders.finding import PACKED, find_model
from nearspace.encoders.model_folder import ModelFolder, prompt_text, read_model_folder
from nearspace.encoders.packed_engine import PackedEngine
from nearspace.encoders.packed_folder import write_description
from nearspace.encoders.runtime import openvino, precisions
from nearspace.encoders.tokenizing import TextTokenizer
from nearspace.encoders.transformer import model_fingerprint
from nearspace.errors import InputError, SettingError
from nearspace.files import new_folder
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet
from nearspace.results import Measure, Report

CHOICES = ("auto", "f32", "bf16", "int8")
LOSS = {"cosine": 0.995, "spearman": 0.995, "neighbors": 0.95}  # what "auto" must keep
_SAMPLE = Path(__file__).with_name("data") / "sample.txt.xz"
_MOST = 1_000  # texts of a sample
_NEAREST = 10
_RUNS = 3
_BOOTSTRAP = 1_000


def pack(
    model: str | Path,
    output: str | Path,
    *,
    precision: str = "auto",
    texts: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Write the packed form of a model, and tell what it cost beside float32.

    Args:
        model: as `find_model` takes it, of a family that can be packed.
        output: new folder.
        precision: of the arithmetic, one of CHOICES; "auto": the fastest on this machine that keeps LOSS.
        texts: to measure with, your own if possible, at least 20; the first 1,000 are used.
            None: packaged ones, in English.
        overwrite: replace a packed form that is there.
        progress: where the work is shown.

    Returns:
        cosine: between the vectors of a text; spearman: between the similarities of a text to all others;
        neighbors: share of the 10 nearest that stay; speed: texts a second. Means over texts, with 95 %
        bootstrap intervals; of speed the slowest and the fastest of 3 runs, beside float32's.

    Raises:
        InputError: the model cannot be packed, or there are too few texts.
        OutputError: the folder exists, or cannot be written.
    """
    if precision not in CHOICES:
        raise SettingError(f"precision is {precision!r}", f"Accepted: {', '.join(CHOICES)}.")
    folder = find_model(model)
    if (folder / PACKED).is_file():
        raise InputError(f"{str(folder)!r} is packed already", "Name the model that it was made of.")
    read = read_model_folder(folder)
    sample = _Sample(read, _texts(texts))
    with new_folder(output, overwrite=overwrite, replaceable=_is_packed) as draft:
        with progress.task("measuring", unit="precisions") as task:
            exact = sample.run(PackedEngine(read, "f32"))
            task.advance(1)
            wanted = precisions(openvino().Core()) if precision == "auto" else (precision,)
            tried = {}
            for name in dict.fromkeys(wanted):
                ran = exact if name == "f32" else sample.run(PackedEngine(read, name))
                tried[name] = _report(str(output), name, exact, ran)
                task.advance(1)
        chosen = _choose(tried) if precision == "auto" else precision
        PackedEngine(read, chosen).write(draft)
        sample.tokenizer.save(draft / "tokenizer.json")
        made_with = versions("openvino", "tokenizers", "numpy")
        write_description(draft, read, chosen, model_fingerprint(read), tried[chosen], made_with)
    for note in read.notes:
        progress.note(note)
    return tried[chosen]


class _Sample:
    """Texts, split into tokens once."""

    def __init__(self, model: ModelFolder, texts: Sequence[str]) -> None:
        prompt = prompt_text(model, None)
        self.tokenizer = TextTokenizer(model.body, model.max_length, lowercase=model.lowercase, prompt=prompt)
        parts = blocks(texts, 1 << 21, 8 * model.max_length)
        self._ids = [row for part in parts for row in self.tokenizer.ids(texts[part])]

    def run(self, engine: PackedEngine) -> tuple[NDArray[np.float32], list[float]]:
        """Give vectors of length 1, and the texts a second of each run."""
        vectors = engine.pooled(self._ids, self.tokenizer.prompt_tokens)  # the first run compiles
        speeds = []
        for _ in range(_RUNS):
            begin = time.perf_counter()
            engine.pooled(self._ids, self.tokenizer.prompt_tokens)
            speeds.append(len(self._ids) / (time.perf_counter() - begin))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), speeds


def _report(
    name: str,
    precision: str,
    exact: tuple[NDArray[np.float32], list[float]],
    packed: tuple[NDArray[np.float32], list[float]],
) -> Report:
    (one, slow), (other, fast) = exact, packed
    count = len(one)
    near, far = (vectors @ vectors.T for vectors in (one, other))
    others = ~np.eye(count, dtype=bool)
    near, far = (scores[others].reshape(count, count - 1) for scores in (near, far))
    k = min(_NEAREST, count - 1)
    kept = [
        len(set(np.argpartition(-a, k - 1)[:k].tolist()) & set(np.argpartition(-b, k - 1)[:k].tolist())) / k
        for a, b in zip(near, far, strict=True)
    ]
    shuffled = one[np.random.default_rng(0).permutation(count)]
    measures = (
        _mean("cosine", (one * other).sum(1), {"other text": float((one * shuffled).sum(1).mean())}),
        _mean("spearman", _correlations(_ranks(near), _ranks(far)), {"chance": 0.0}),
        _mean("neighbors", np.array(kept), {"chance": k / (count - 1)}),
        Measure(
            f"texts/s {precision}",
            float(np.median(fast)),
            min(fast),
            max(fast),
            {"f32": float(np.median(slow))},
            count,
        ),
    )
    return Report(name, measures)


def _mean(name: str, values: NDArray[np.floating], baseline: dict[str, float]) -> Measure:
    rows = np.random.default_rng(0).integers(len(values), size=(_BOOTSTRAP, len(values)))
    low, high = np.quantile(values[rows].mean(axis=1), (0.025, 0.975))
    value = float(values.mean())
    return Measure(name, value, min(float(low), value), max(float(high), value), baseline, len(values))


def _ranks(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(scores, axis=1, kind="stable"), axis=1, kind="stable").astype(np.float64)


def _correlations(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    one, other = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (one, other))
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    found: NDArray[np.float64] = (one * other).sum(axis=1) / np.maximum(norms, 1e-12)
    return found


def _choose(tried: dict[str, Report]) -> str:
    """Give the fastest precision that keeps LOSS; float32 keeps it by definition."""
    fit = [
        name
        for name, report in tried.items()
        if name == "f32" or all(report[measure].value >= least for measure, least in LOSS.items())
    ]
    return max(fit, key=lambda name: tried[name][f"texts/s {name}"].value)


def _texts(texts: Sequence[str] | None) -> list[str]:
    if texts is None:
        return lzma.decompress(_SAMPLE.read_bytes()).decode("utf-8").splitlines()
    found = [text for text in texts if text.strip()][:_MOST]
    if len(found) < 20:
        raise InputError(
            f"{len(found)} texts are too few to measure what packing costs", "Give at least 20, one a line."
        )
    return found


def _is_packed(folder: Path) -> bool:
    return (folder / PACKED).is_file()
