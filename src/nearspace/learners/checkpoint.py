"""Checkpoints: the state of a training run in a folder, from which it goes on to the same result."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import FormatVersionError, InputError, MissingInputError, OutputError

FORMAT = 1
_HEAD = "checkpoint.json"


@dataclass
class Checkpoint:
    """Where and how often a training run is saved.

    Attributes:
        path: folder; made when first written, removed when the run is complete.
        resume: go on from what is there instead of starting anew.
        every: seconds between two saves.
    """

    path: Path
    resume: bool = False
    every: float = 300.0
    _saved: float = field(default_factory=time.monotonic, repr=False)

    def due(self) -> bool:
        """Tell whether the time for a save has come."""
        return time.monotonic() - self._saved >= self.every

    def save(self, step: int, run: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the state after `step` steps; what was saved before stays valid until this is complete.

        Args:
            step: number of the next step.
            run: what identifies the run, JSON values.
            arrays: the matrices.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            files = {name: f"{name}-{step}.npy" for name in arrays}
            for name, values in arrays.items():
                with (self.path / files[name]).open("wb") as file:
                    np.lib.format.write_array(file, values, allow_pickle=False)
                    file.flush()
                    os.fsync(file.fileno())
            head = {"format": FORMAT, "step": step, "run": dict(run), "files": files}
            part = self.path / (_HEAD + ".part")
            part.write_text(json.dumps(head, indent=1, sort_keys=True))
            part.replace(self.path / _HEAD)
            for old in self.path.glob("*.npy"):
                if old.name not in files.values():
                    old.unlink()
        except OSError as error:
            raise OutputError(
                f"the checkpoint {self.path} cannot be written: {error.strerror or error}",
                "Free some space, or give another folder.",
            ) from error
        self._saved = time.monotonic()

    def load(self, run: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> int:
        """Fill `arrays` in place and return the number of the next step.

        Raises:
            MissingInputError: there is no checkpoint.
            FormatVersionError: it was written by a newer version.
            InputError: it belongs to another run; the message names what differs.
        """
        head_path = self.path / _HEAD
        if not head_path.is_file():
            raise MissingInputError(
                f"there is no checkpoint in {self.path}",
                "Leave out the resuming to start from the beginning.",
            )
        try:
            head = json.loads(head_path.read_text())
            version, step, files, saved = head["format"], head["step"], head["files"], head["run"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{head_path} is not a checkpoint: {error}", "Remove it and start anew."
            ) from error
        if version > FORMAT:
            raise FormatVersionError(
                f"{self.path} has checkpoint format {version}, this version reads up to {FORMAT}",
                "Upgrade nearspace.",
            )
        wanted = json.loads(json.dumps(dict(run)))
        different = sorted(name for name in {*wanted, *saved} if wanted.get(name) != saved.get(name))
        if different:
            shown = "; ".join(
                f"{name}: {saved.get(name)!r}, now {wanted.get(name)!r}" for name in different[:3]
            )
            raise InputError(
                f"the checkpoint {self.path} belongs to another run ({shown})",
                "Resume with the same text and settings, or remove the checkpoint to start anew.",
            )
        for name, into in arrays.items():
            _fill(self.path / files[name], into)
        return int(step)

    def remove(self) -> None:
        """Remove the checkpoint of a run that is complete."""
        for file in (*self.path.glob("*.npy"), self.path / _HEAD, self.path / (_HEAD + ".part")):
            file.unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()


def _fill(path: Path, into: NDArray[Any]) -> None:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {error}", "Remove the checkpoint and start anew."
        ) from error
    if values.shape != into.shape or values.dtype != into.dtype:
        raise InputError(f"{path} holds {values.dtype} {values.shape}, expected {into.dtype} {into.shape}")
    into[:] = values
