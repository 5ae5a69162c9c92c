"""Open any named model of texts, whatever its layout."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from nearspace.encoders.finding import CONFIG, MODULES, STATIC, find_model
from nearspace.protocols import Encoder

# layout of a folder -> module and class whose `open` takes it; imported on use
READERS = {
    "static": ("nearspace.encoders.static", "StaticEncoder"),
    "tokens": ("nearspace.encoders.token_table", "TokenEncoder"),
    "transformer": ("nearspace.encoders.transformer", "TransformerEncoder"),
}


def open_model(name: str | Path, **options: Any) -> Encoder:
    """Open a model of texts: a folder, an installed package that carries one, or a name of the hub.

    Args:
        name: as `find_model` takes it.
        options: of the class that opens it, for example engine="packed".

    Raises:
        InputError: nothing of this name can be found, or it is damaged.
    """
    folder = find_model(name)
    module, reader = READERS[layout_of(folder)]
    encoder: Encoder = getattr(importlib.import_module(module), reader).open(folder, **options)
    return encoder


def layout_of(folder: Path) -> str:
    """Give the layout of a model's folder, a key of READERS where it is known."""
    if (folder / STATIC).is_file():
        return "static"
    kinds = [str(part.get("type", "")) for part in _read(folder / MODULES, list) if isinstance(part, dict)]
    if kinds and kinds[0].endswith("StaticEmbedding"):
        return "tokens"
    if not kinds and _read(folder / CONFIG, dict).get("model_type") == "model2vec":
        return "tokens"
    return "transformer"


def _read(path: Path, kind: type) -> Any:
    """Give a file of JSON, or an empty value: what is wrong with it is told by its reader."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return kind()
    return values if isinstance(values, kind) else kind()
