"""A Space encoded anew by a model that was tuned towards labels, with a head on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import column_array, key_array
from nearspace.data.tables import Table, read_table
from nearspace.encoders.model_folder import write_model_folder
from nearspace.errors import InputError
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.space import Space
from nearspace.store.creating import encode
from nearspace.store.dataset import KEY
from nearspace.transfer.examples import item_column, missing_column, require_encoder, text_of
from nearspace.transfer.fitting import USUAL, calibrated, fit_one, fold_numbers, held_back
from nearspace.transfer.head import Head, HeadSettings
from nearspace.transfer.stored import save_head
from nearspace.transfer.tuning import Tuning, tune

_BATCH = 10_000


@dataclass(frozen=True, eq=False)
class Texts:
    """Labelled texts: those of n labels, and those of none."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    outside: tuple[str, ...]


def tune_head(
    space: Space,
    labels: str,
    labelled: Any = None,
    *,
    output: str | Path,
    name: str | None = None,
    text: str | None = None,
    outside: str | None = None,
    reject: float | None = None,
    tuning: Tuning = Tuning(),  # noqa: B008
    progress: Progress = Quiet(),  # noqa: B008
) -> Head:
    """Tune the transformer of a Space towards labels, encode its rows anew, and fit a head on them.

    The model is tuned twice: once without a fifth of the examples, which say how good the tuned head is, how
    hot its probabilities are, and where unknown begins; then with all. `held_out["untuned_accuracy"]` is the
    accuracy of a head on the vectors as they were, on the same examples.

    Args:
        space: whose encoder is a transformer, and whose rows have their content.
        labels: column of the labels, as in `fit_head`.
        labelled: a table of texts; None: the rows of the Space.
        output: folder of the new Space; its encoder/model is the tuned model.
        name: of the head there; None: that of the column.
        text: column of the table with the texts; None: the content of the Space.
        outside: the label of texts that are of no class.
        reject: as in `fit_head`.
        tuning: how long and how fast.
        progress: where it is shown.

    Raises:
        InputError: the encoder is no transformer, a column is missing, or there is one label only.
        OutputError: the output exists and is another Space.
        MissingExtraError: torch is not installed.
    """
    encoder = getattr(space.encoder, "opened", space.encoder)
    require_encoder(space, "texts")
    found = _texts(space, labels, labelled, text, outside)
    with tempfile.TemporaryDirectory(prefix="nearspace-") as place:
        settings = HeadSettings(
            space.name, space.metric, "", labels, strength=USUAL, seed=tuning.seed, outside=outside
        )
        final = _tuned(encoder, found.texts, found.labels, tuning, Path(place) / "final", progress)
        settings = replace(settings, encoder=final.fingerprint)
        head = _head(encoder, final, found, settings, tuning, Path(place) / "trial", reject, progress)
        _encode_anew(space, final, output, progress)
    save_head(output, name or labels, head, overwrite=True)
    return head


def _head(
    before: Any,
    final: Encoder,
    found: Texts,
    settings: HeadSettings,
    tuning: Tuning,
    place: Path,
    reject: float | None,
    progress: Progress,
) -> Head:
    """Fit a head on the final vectors, and calibrate it by a model that has not seen a fifth of the texts."""
    names, codes = np.unique(np.array(found.labels, dtype=object).astype(str), return_inverse=True)
    codes, texts = codes.astype(np.int64), list(found.texts)
    counts = np.bincount(codes, minlength=len(names))
    head = fit_one(final.encode(texts), codes, tuple(map(str, names)), counts, settings)
    beyond = final.encode(list(found.outside)) if found.outside else None
    back: NDArray[np.bool_] = fold_numbers(codes, settings.seed) == 0
    if not back.any():
        progress.note("one example a label: nothing can be held back, so no probability is calibrated")
        return calibrated(head, None, beyond, reject)
    rest = np.flatnonzero(~back).tolist()
    kept = [found.labels[row] for row in rest]
    trial = _tuned(before, [texts[row] for row in rest], kept, tuning, place, progress)
    after = held_back(trial.encode(texts), codes, back, len(names), settings)
    untuned = held_back(before.encode(texts), codes, back, len(names), settings)
    head, plain = calibrated(head, after, beyond, reject), calibrated(head, untuned, None, reject)
    figures = {**head.held_out, "untuned_accuracy": plain.held_out["accuracy"]}
    if figures["accuracy"]["value"] <= figures["untuned_accuracy"]["value"]:
        progress.note("tuning has not raised the accuracy on held-back examples: a plain head will do")
    return replace(head, held_out=figures)


def _tuned(encoder: Any, texts: Any, labels: Any, tuning: Tuning, folder: Path, progress: Progress) -> Any:
    state = tune(encoder, texts, labels, tuning, progress=progress)
    folder.mkdir()
    write_model_folder(folder, encoder.model, state)
    return type(encoder).open(folder, engine="torch", dim=encoder.cut, prompt=encoder.prompt)


def _texts(space: Space, labels: str, labelled: Any, text: str | None, outside: str | None) -> Texts:
    if labelled is None:
        if labels not in space.columns:
            raise missing_column(repr(space.name), labels, list(space.columns))
        texts = space.keys.names() if space.content in (None, KEY) else space.columns[space.content].tolist()
        pairs = list(zip(texts, space.columns[labels].tolist(), strict=True))
    else:
        table = labelled if isinstance(labelled, Table) else read_table(labelled)
        column, by_text = item_column(space, table, text, None)
        if not by_text:
            raise InputError(
                f"{table.name} has no texts to tune on", "Name their column with text= (--text)."
            )
        if labels not in table.schema.names:
            raise missing_column(table.name, labels, table.schema.names)
        pairs = [
            pair
            for batch in table.batches()
            for pair in zip(batch.column(column).to_pylist(), batch.column(labels).to_pylist(), strict=True)
        ]
    named = [(text_of(item), text_of(label)) for item, label in pairs]
    inside = [(item, label) for item, label in named if item.strip() and label and label != outside]
    beyond = tuple(item for item, label in named if item.strip() and label and label == outside)
    if not inside:
        raise InputError(f"no text has a label in column {labels!r}", "Fill some.")
    return Texts(tuple(item for item, _ in inside), tuple(label for _, label in inside), beyond)


def _encode_anew(space: Space, encoder: Encoder, output: str | Path, progress: Progress) -> None:
    import pyarrow as pa

    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    schema = pa.schema([(KEY, pa.string()), *((name, array.type) for name, array in columns.items())])

    def batches() -> Iterator[Any]:
        for start in range(0, len(space), _BATCH):
            stop = min(start + _BATCH, len(space))
            parts = [array.slice(start, stop - start) for array in columns.values()]
            yield pa.record_batch([key_array(space.keys, start, stop), *parts], schema=schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    content = space.content or KEY
    encode(reader, output, encoder=encoder, content=content, metric=space.metric, progress=progress)
