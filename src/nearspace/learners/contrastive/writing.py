"""A trained model as a folder that sentence-transformers reads too, with how it was made and what it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nearspace.encoders.model_folder import ModelFolder, write_model_folder
from nearspace.files import new_folder
from nearspace.learners.contrastive.models import TrainedHead, TrainedTransformer
from nearspace.learners.contrastive.outcome import Training, card
from nearspace.tensors import write_tensors

REPORT = "training.json"
_MODULES = "modules.json"
_KIND = "sentence_transformers.models."


def is_training(folder: Path) -> bool:
    """Tell whether a folder is a model that was trained here, or is empty."""
    return folder.is_dir() and ((folder / REPORT).is_file() or not any(folder.iterdir()))


def write_trained(
    path: Path, model: TrainedTransformer | TrainedHead, training: Training, *, overwrite: bool
) -> None:
    """Write the model, training.json and README.md.

    Raises:
        OutputError: the folder exists and may not be replaced, or cannot be written.
    """
    with new_folder(path, overwrite=overwrite, replaceable=is_training) as folder:
        if isinstance(model, TrainedHead):
            _write_head(folder, model)
        else:
            write_model_folder(folder, model.encoder.model, model.module.state())
        _write(folder / REPORT, training.to_json())
        (folder / "README.md").write_text(card(training), encoding="utf-8")


def _write_head(folder: Path, model: TrainedHead) -> None:
    source = model.encoder.model
    write_model_folder(folder, source)
    listed = _modules(folder, source)
    place = f"{len(listed)}_Dense"
    (folder / place).mkdir()
    weight, bias = (one.detach().cpu().numpy() for one in (model.weight, model.bias))
    write_tensors(
        folder / place / "model.safetensors",
        {"linear.weight": weight, "linear.bias": bias},
        {"format": "pt"},
    )
    settings = {
        "in_features": weight.shape[1],
        "out_features": weight.shape[0],
        "bias": True,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    _write(folder / place / "config.json", settings)
    for kind, part in (("Dense", place), ("Normalize", f"{len(listed) + 1}_Normalize")):
        number = len(listed)
        listed.append({"idx": number, "name": str(number), "path": part, "type": _KIND + kind})
    (folder / listed[-1]["path"]).mkdir()
    _write(folder / _MODULES, listed)


def _modules(folder: Path, source: ModelFolder) -> list[dict[str, Any]]:
    """Give the parts of the source; a bare transformer gets a list of its own first."""
    if (folder / _MODULES).is_file():
        listed: list[dict[str, Any]] = json.loads((folder / _MODULES).read_bytes())
        return listed
    (folder / "1_Pooling").mkdir()
    pooled = {"word_embedding_dimension": source.hidden, "pooling_mode_mean_tokens": True}
    _write(folder / "1_Pooling" / "config.json", pooled)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": source.max_length})
    return [
        {"idx": 0, "name": "0", "path": "", "type": _KIND + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": _KIND + "Pooling"},
    ]


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
