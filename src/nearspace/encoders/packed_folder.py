"""The packed form of a model: packed.json, tokenizer.json, graph.xml and graph.bin (OpenVINO's format)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearspace.encoders.finding import PACKED
from nearspace.encoders.model_folder import PACKED_FILES, ModelFolder
from nearspace.encoders.model_parts import Dense, Normalize, Pooling, read_json
from nearspace.errors import FormatVersionError, InputError, MissingInputError
from nearspace.results import Report

FORMAT = "nearspace-packed"
VERSION = 1


def write_description(
    folder: Path,
    model: ModelFolder,
    precision: str,
    fingerprint: str,
    report: Report,
    made_with: Mapping[str, Any],
) -> None:
    """Write packed.json: what the model is, and what packing cost."""
    after = [
        {"dense": part.out, "activation": part.activation} if isinstance(part, Dense) else "normalize"
        for part in model.after
    ]
    values = {
        "format": FORMAT,
        "version": VERSION,
        "precision": precision,
        "fingerprint": fingerprint,
        "family": model.family,
        "hidden": model.hidden,
        "pad": int(model.config.get("pad_token_id") or 0),
        "pooling": list(model.pooling.modes),
        "include_prompt": model.pooling.include_prompt,
        "after": after,
        "max_length": model.max_length,
        "lowercase": model.lowercase,
        "prompts": dict(model.prompts),
        "default_prompt": model.default_prompt,
        "made_with": dict(made_with),
        "report": report.to_json(),
    }
    (folder / PACKED).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_packed(folder: Path) -> tuple[ModelFolder, str]:
    """Read what a packed form says of its model, and its precision.

    Raises:
        InputError: a file is missing or damaged.
        FormatVersionError: it was packed by a newer version.
    """
    values = _values(folder)
    try:
        after = tuple(
            Normalize()
            if part == "normalize"
            else Dense(folder / PACKED_FILES[2], str(part["activation"]), int(part["dense"]))
            for part in values["after"]
        )
        model = ModelFolder(
            folder,
            folder,
            {
                "model_type": values["family"],
                "hidden_size": int(values["hidden"]),
                "pad_token_id": int(values["pad"]),
            },
            Pooling(tuple(values["pooling"]), bool(values["include_prompt"])),
            after,
            int(values["max_length"]),
            bool(values["lowercase"]),
            dict(values["prompts"]),
            values["default_prompt"],
            packed=True,
            stored_fingerprint=str(values["fingerprint"]),
        )
        return model, str(values["precision"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, error) from error


def read_report(folder: Path) -> Report:
    """Give what packing cost, as it was measured then.

    Raises:
        InputError: a file is missing or damaged.
    """
    try:
        return Report.from_json(_values(folder)["report"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, error) from error


def _values(folder: Path) -> Any:
    values = read_json(folder / PACKED)
    if values.get("format") != FORMAT:
        raise InputError(f"{str(folder / PACKED)!r} describes no packed model", "Pack the model again.")
    if values.get("version") != VERSION:
        raise FormatVersionError(
            f"{str(folder)!r} is packed in version {values.get('version')!r}, this nearspace reads {VERSION}",
            "Pack the model again, or: pip install -U nearspace",
        )
    for name in PACKED_FILES:
        if not (folder / name).is_file():
            raise MissingInputError(f"{str(folder / name)!r} is missing", "Pack the model again.")
    return values


def _damaged(folder: Path, error: Exception) -> InputError:
    return InputError(f"{str(folder / PACKED)!r} is damaged: {error}", "Pack the model again.")
