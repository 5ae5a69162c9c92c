"""A tiny cross-encoder: the tiny BERT with a head of one output, written without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from tests.tiny_model import write_tiny_model


def write_tiny_cross_encoder(folder: Path, *, seed: int = 1, outputs: int = 1, dim: int = 32) -> Path:
    """Write it into `folder`; the weights are random, so train it before asking anything of it."""
    write_tiny_model(folder, seed=seed, dim=dim, sentence=False)
    random = np.random.default_rng(seed + 1)
    body = {f"bert.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    body["classifier.weight"] = random.normal(0, 0.2, (outputs, dim)).astype(np.float32)
    body["classifier.bias"] = np.zeros(outputs, dtype=np.float32)
    body["bert.pooler.dense.weight"] = random.normal(0, 0.2, (dim, dim)).astype(np.float32)
    body["bert.pooler.dense.bias"] = np.zeros(dim, dtype=np.float32)
    save_file(body, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["architectures"] = ["BertForSequenceClassification"]
    config["id2label"] = {str(number): f"LABEL_{number}" for number in range(outputs)}
    config["label2id"] = {f"LABEL_{number}": number for number in range(outputs)}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder
