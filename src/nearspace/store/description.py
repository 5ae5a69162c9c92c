"""space.json: what a saved Space is, without its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nearspace.errors import FormatVersionError, InputError, MissingInputError, NotASpaceError
from nearspace.space import METRICS, Recipe

NAME = "space.json"
FORMAT = "nearspace"
VERSION = 1


@dataclass(frozen=True)
class Description:
    """The content of space.json.

    Attributes:
        metric: one of `METRICS`.
        dim: number of components.
        count: number of rows when the Space was saved.
        columns: name -> type of the metadata columns, in order.
        encoder: {"kind", "dim", "fingerprint"} of what lies in encoder/, or None.
        recipe: how the Space was made.
        content: name of what the encoder places: a column, or "key"; None if unknown.
    """

    metric: str
    dim: int
    count: int
    columns: Mapping[str, str] = field(default_factory=dict)
    encoder: Mapping[str, Any] | None = None
    recipe: Recipe = field(default_factory=lambda: Recipe("unknown"))
    content: str | None = None

    def write(self, folder: Path) -> None:
        """Write space.json into `folder`.

        Raises:
            InputError: the recipe has a value that JSON cannot hold.
        """
        values = {
            "format": FORMAT,
            "format_version": VERSION,
            "metric": self.metric,
            "dim": self.dim,
            "count": self.count,
            "columns": dict(self.columns),
            "encoder": self.encoder,
            "content": self.content,
            "recipe": self.recipe.to_json(),
        }
        try:
            text = json.dumps(values, indent=2, ensure_ascii=False)
        except TypeError as error:
            raise InputError(
                f"the recipe of the Space cannot be written as JSON: {error}",
                "Settings of a recipe are numbers, text, true/false, None, lists and dicts of these.",
            ) from error
        (folder / NAME).write_text(text + "\n", encoding="utf-8")


def is_space(folder: Path) -> bool:
    """Tell whether `folder` holds a saved Space, of any version."""
    try:
        return bool(_values(folder)["format"] == FORMAT)
    except (InputError, KeyError):
        return False


def read_description(folder: Path) -> Description:
    """Read space.json.

    Raises:
        MissingInputError: `folder` does not exist.
        NotASpaceError: it is not a folder, or has no sound space.json.
        FormatVersionError: a newer nearspace wrote it.
    """
    values = _values(folder)
    if values.get("format") != FORMAT or not isinstance(values.get("format_version"), int):
        raise _damaged(folder, f'it lacks "format": "{FORMAT}" and a "format_version"')
    if values["format_version"] > VERSION:
        raise FormatVersionError(
            f"{str(folder)!r} has format version {values['format_version']}, "
            f"and this nearspace reads up to {VERSION}",
            "Upgrade with: pip install -U nearspace",
        )
    try:
        return Description(
            metric=_expected(values, "metric", str, values["metric"] in METRICS),
            dim=_expected(values, "dim", int, values["dim"] > 0),
            count=_expected(values, "count", int, values["count"] >= 0),
            columns=_expected(values, "columns", dict),
            encoder=values.get("encoder") and _expected(values, "encoder", dict, "kind" in values["encoder"]),
            recipe=Recipe.from_json(_expected(values, "recipe", dict)),
            content=values.get("content") and _expected(values, "content", str),
        )
    except (KeyError, TypeError) as error:
        raise _damaged(folder, f"{error} is missing or not what it should be") from error


def _values(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError as error:
        if not folder.exists():
            raise MissingInputError(f"{str(folder)!r} does not exist", "Check the path.") from error
        raise NotASpaceError(
            f"{str(folder)!r} is not a Space: it has no {NAME}",
            "Name the folder that nearspace saved; other formats are read with nearspace convert.",
        ) from error
    except NotADirectoryError as error:
        raise NotASpaceError(
            f"{str(folder)!r} is a file, and a Space is a folder",
            f"If it holds vectors: nearspace convert {folder} {folder.with_suffix('.space')}",
        ) from error
    except OSError as error:
        raise InputError(f"cannot read {str(folder / NAME)!r}: {error.strerror}") from error
    except ValueError as error:
        raise _damaged(folder, str(error)) from error
    if not isinstance(values, dict):
        raise _damaged(folder, "it is not a JSON object")
    return values


def _expected(values: Mapping[str, Any], name: str, kind: type, sound: bool = True) -> Any:
    if not isinstance(values[name], kind) or not sound:
        raise TypeError(repr(name))
    return values[name]


def _damaged(folder: Path, reason: str) -> NotASpaceError:
    return NotASpaceError(
        f"{str(folder / NAME)!r} is damaged: {reason}",
        "Restore it from a copy, or make the Space again; items.lance still holds keys and vectors.",
    )
