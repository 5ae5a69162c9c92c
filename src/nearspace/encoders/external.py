"""ExternalEncoder: the name of an encoder that runs elsewhere, so that its vectors stay among themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError

KIND = "external"
NAME = "external.json"


@dataclass(frozen=True)
class ExternalEncoder:
    """Stands for an encoder that only its owner can run, such as a model behind a service.

    A Space with it takes vectors that are given with the same name, and places nothing by itself.

    Attributes:
        name: of the model and its version, for example "text-embedding-3-small".
        dim: components of its vectors.
    """

    name: str
    dim: int
    kind: ClassVar[str] = KIND

    def __post_init__(self) -> None:
        if not self.name.strip() or self.dim < 1:
            raise SettingError(
                f"an external encoder has the name {self.name!r} and {self.dim} components",
                "Give the name of the model, and how many components its vectors have.",
            )

    @property
    def fingerprint(self) -> str:
        """The name."""
        return self.name

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Give zeros (n, dim): nothing can be placed here."""
        return np.zeros((len(items), self.dim), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write external.json into an existing folder."""
        values = {"name": self.name, "dim": self.dim}
        (folder / NAME).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ExternalEncoder:
        """Read what `save` wrote.

        Raises:
            InputError: the file is missing or damaged.
        """
        try:
            values = json.loads((folder / NAME).read_bytes())
            return cls(str(values["name"]), int(values["dim"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{str(folder / NAME)!r} is damaged: {error}", "Restore it from a copy."
            ) from error
