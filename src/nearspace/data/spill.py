"""Sorted runs of (key, value) pairs in one scratch file, read back one range of keys at a time."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import OutputError

STEP = 1024


class OutputFile:
    """A scratch file that is written from its beginning, by any number of threads; a context manager.

    Raises:
        OutputError: the file cannot be written, for example because the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        try:
            self._file = cast(RawIOBase, self.path.open("wb", buffering=0))
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, *arrays: NDArray[Any]) -> int:
        """Append the bytes of the arrays, one directly after the other; returns where the first begins."""
        with self._lock:
            offset = self._end
            for array in arrays:
                view = array.ravel().view(np.uint8).data
                while len(view):
                    try:
                        view = view[self._file.write(view) or 0 :]
                    except OSError as error:
                        raise self._failed(error) from error
                self._end += array.nbytes
            return offset

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"cannot write the scratch file {self.path}: {error.strerror or error}",
            "Free space there, or name another folder for scratch files.",
        )


def read_into(file: BinaryIO, array: NDArray[Any], offset: int) -> None:
    """Fill a contiguous array from the bytes at `offset` of an unbuffered file.

    Raises:
        EOFError: the file ends before.
    """
    file.seek(offset)
    view = array.view(np.uint8).data
    while len(view):
        read = cast(RawIOBase, file).readinto(view)
        if not read:
            raise EOFError(f"{file.name} is shorter than what was written to it")
        view = view[read:]


@dataclass(frozen=True, eq=False)
class Run:
    """A sorted run: `count` int64 keys at byte `offset`, then as many uint32 values.

    `samples` are the keys 0, STEP, 2 STEP, ...
    """

    offset: int
    count: int
    samples: NDArray[np.int64]


class Spill:
    """The runs of a scratch file, written and read by any number of threads.

    A context manager that removes the file at its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: list[Run] = []
        self._output = OutputFile(path)

    def __enter__(self) -> Self:
        self._output.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.__exit__(kind, error, trace)
        self.path.unlink(missing_ok=True)

    def write(self, keys: NDArray[np.int64], values: NDArray[np.uint32]) -> None:
        """Append a run whose keys ascend.

        Raises:
            OutputError: the disk is full.
        """
        if len(keys):
            offset = self._output.write(keys, values)
            self.runs.append(Run(offset, len(keys), keys[::STEP].copy()))

    def ranges(self, limit: int) -> list[tuple[int, int]]:
        """Cut the keys into ranges [first, end) with about `limit` pairs each; a key is in one range."""
        samples = np.sort(np.concatenate([run.samples for run in self.runs]))
        cuts = np.unique(samples[:: max(limit // STEP, 1)])
        cuts[0] = 0
        bounds = [*cuts.tolist(), np.iinfo(np.int64).max]
        return list(itertools.pairwise(bounds))

    def read(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """All pairs with first <= key < end, run after run."""
        with self.path.open("rb", buffering=0) as file:
            spans = [(run, _find(file, run, first), _find(file, run, end)) for run in self.runs]
            total = sum(stop - start for _, start, stop in spans)
            keys, values = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.uint32)
            at = 0
            for run, start, stop in spans:
                to = at + stop - start
                read_into(file, keys[at:to], run.offset + 8 * start)
                read_into(file, values[at:to], run.offset + 8 * run.count + 4 * start)
                at = to
        return keys, values


def _find(file: BinaryIO, run: Run, key: int) -> int:
    """Position of the first pair of `run` whose key is not below `key`."""
    block = int(np.searchsorted(run.samples, key, side="left"))
    if block == 0:
        return 0
    start = (block - 1) * STEP
    keys = np.empty(min(STEP, run.count - start), dtype=np.int64)
    read_into(file, keys, run.offset + 8 * start)
    return start + int(np.searchsorted(keys, key, side="left"))
