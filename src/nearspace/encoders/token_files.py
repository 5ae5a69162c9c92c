"""The files of static models: what model2vec and the StaticEmbedding of sentence-transformers write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, MissingInputError
from nearspace.tensors import Tensors, widened, write_tensors

_TENSORS, _TOKENIZER, _CONFIG, _MODULES = "model.safetensors", "tokenizer.json", "config.json", "modules.json"
_FOLDERS = ("", "0_StaticEmbedding")
_MODEL2VEC, _STATIC_EMBEDDING = "embeddings", "embedding.weight"
_MODEL2VEC_TOKENS = 512  # read of a text, unless its config says otherwise


@dataclass(frozen=True, eq=False)
class TokenFiles:
    """What such a folder holds; see TokenEncoder and TokenSettings."""

    tokenizer: dict[str, Any]
    rows: NDArray[Any]
    weights: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    unit: bool = False
    leave_out_unknown: bool = False
    max_tokens: int | None = None
    max_characters: int | None = None


def is_token_folder(folder: Path) -> bool:
    """Tell whether `folder` is in one of the two layouts; reads the header of the tensors only."""
    return _place(folder) is not None


def read_token_files(folder: Path) -> TokenFiles:
    """Read a folder in one of the two layouts.

    Raises:
        InputError: it is in neither, or a file is damaged.
    """
    place = _place(folder)
    if place is None:
        raise InputError(
            f"{str(folder)!r} is no static model: it has no {_TENSORS} with token vectors and {_TOKENIZER}",
            "Name a folder that model2vec, sentence-transformers or nearspace distill has written.",
        )
    tensors, tokenizer = Tensors(place / _TENSORS), _json(place / _TOKENIZER)
    if _STATIC_EMBEDDING in tensors:
        truncation = tokenizer.get("truncation") or {}
        if truncation.get("direction", "Right") != "Right":
            raise InputError(f"{str(place / _TOKENIZER)!r} cuts texts off on the left, which is not read")
        rows = _rows(tensors, _STATIC_EMBEDDING)
        return TokenFiles(tokenizer, rows, unit=_normalized(folder), max_tokens=truncation.get("max_length"))
    config = _json(place / _CONFIG) if (place / _CONFIG).exists() else {}
    most = config.get("max_length", _MODEL2VEC_TOKENS)
    weights = tensors["weights"].astype(np.float32) if "weights" in tensors else np.empty(0, np.float32)
    places = tensors["mapping"].astype(np.int64) if "mapping" in tensors else np.empty(0, np.int64)
    return TokenFiles(
        tokenizer,
        _rows(tensors, _MODEL2VEC),
        weights,
        places,
        unit=bool(config.get("normalize", False)),
        leave_out_unknown=True,
        max_tokens=most,
        max_characters=most and most * _median_length(tokenizer),
    )


def write_token_files(folder: Path, tokenizer: Mapping[str, Any], rows: NDArray[Any]) -> None:
    """Write a table in the layout of model2vec, for vectors of length 1, without a limit on the text."""
    write_tensors(folder / _TENSORS, {_MODEL2VEC: rows}, {"format": "pt"})
    (folder / _TOKENIZER).write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    config = {"model_type": "model2vec", "normalize": True, "hidden_dim": rows.shape[1], "max_length": None}
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate([(".", "StaticEmbedding"), ("1_Normalize", "Normalize")])
    ]
    (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / _MODULES).write_text(json.dumps(modules, indent=2) + "\n", encoding="utf-8")


def _place(folder: Path) -> Path | None:
    for name in _FOLDERS:
        place = folder / name
        if (place / _TENSORS).is_file() and (place / _TOKENIZER).is_file():
            names = set(Tensors(place / _TENSORS))
            if names & {_MODEL2VEC, _STATIC_EMBEDDING}:
                return place
    return None


def _rows(tensors: Tensors, name: str) -> NDArray[Any]:
    code, rows = tensors.code(name), tensors[name]
    if rows.ndim != 2:
        raise InputError(f"the token vectors in {str(tensors.path)!r} have the shape {rows.shape}")
    return rows if code in ("F32", "F16", "I8") else widened(rows, code)


def _normalized(folder: Path) -> bool:
    """Whether the modules of a sentence-transformers folder end with scaling to length 1."""
    if not (folder / _MODULES).is_file():
        return False
    return any(str(module.get("type", "")).endswith("Normalize") for module in _list(folder / _MODULES))


def _median_length(tokenizer: dict[str, Any]) -> int:
    vocabulary = tokenizer["model"]["vocab"]
    pieces = set(vocabulary if isinstance(vocabulary, dict) else (piece for piece, _ in vocabulary))
    pieces |= {piece["content"] for piece in tokenizer.get("added_tokens") or ()}
    return int(np.median([len(piece) for piece in pieces]))


def _json(path: Path) -> dict[str, Any]:
    value = _read(path)
    if not isinstance(value, dict):
        raise InputError(f"{str(path)!r} is no table of settings", "Get the model again.")
    return value


def _list(path: Path) -> list[dict[str, Any]]:
    value = _read(path)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InputError(f"{str(path)!r} is no list of modules", "Get the model again.")
    return value


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingInputError(f"{str(path)!r} does not exist", "Get the model again.") from error
    except ValueError as error:
        raise InputError(f"{str(path)!r} is no JSON: {error}", "Get the model again.") from error
