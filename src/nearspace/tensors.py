"""Arrays in files: .npy, and named ones in safetensors, written by blocks and read back as memory maps.

The latter's layout is that of https://huggingface.co/docs/safetensors: the size of the header as a
little-endian 64-bit integer, the header as JSON, then the arrays one after the other.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, MissingInputError

_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # numpy has no bfloat16: `map_tensors` gives its bits, `widened` its values
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(name): code for code, name in _TYPES.items() if code != "BF16"}
_BLOCK = 1 << 22
_LONGEST_HEADER = 100_000_000


def write_tensors(
    path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write arrays of numbers or truth values; `metadata` is text by name.

    Raises:
        InputError: an array holds something else.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    begin = 0
    for name, array in tensors.items():
        code = _CODES.get(array.dtype.newbyteorder("<"))
        if code is None:
            raise InputError(f"array {name!r} is {array.dtype}, which safetensors cannot hold")
        end = begin + array.size * array.dtype.itemsize
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in tensors.values():
            for block in _blocks(array):
                file.write(block.data)


def write_npy(path: Path, array: NDArray[Any]) -> None:
    """Write one array of numbers as .npy, by blocks; unlike `numpy.save`, a full disk is told as such."""
    little = array.dtype.newbyteorder("<")
    header = {"descr": np.lib.format.dtype_to_descr(little), "fortran_order": False, "shape": array.shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for block in _blocks(array):
            file.write(block.data)


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    little = array.dtype.newbyteorder("<")
    if array.ndim == 0:
        yield np.ascontiguousarray(array, dtype=little)
        return
    rows = max(1, _BLOCK // max(1, array[:1].nbytes))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows], dtype=little)


class Tensors(Mapping[str, NDArray[Any]]):
    """The arrays of a safetensors file, read-only and mapped: nothing is read before it is used.

    Attributes:
        path: the file.
        metadata: text by name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise MissingInputError(f"{str(path)!r} does not exist") from error
        except ValueError as error:
            raise self._bad("it is empty") from error
        self._begin, header = self._read_header()
        self.metadata: Mapping[str, str] = header.pop("__metadata__", None) or {}
        self._entries = {name: self._checked(name, entry) for name, entry in header.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        code, shape, begin = self._entries[name]
        flat = np.frombuffer(self._map, np.dtype(_TYPES[code]), math.prod(shape), self._begin + begin)
        return flat.reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def code(self, name: str) -> str:
        """Give the type of an array as safetensors calls it, for example "F32" or "BF16"."""
        return self._entries[name][0]

    def shape(self, name: str) -> tuple[int, ...]:
        """Give the shape of an array."""
        return self._entries[name][1]

    def _read_header(self) -> tuple[int, dict[str, Any]]:
        size = int.from_bytes(self._map[:8], "little")
        if len(self._map) < 8 or size > min(len(self._map) - 8, _LONGEST_HEADER):
            raise self._bad(f"its header would end at byte {size + 8:,}, the file at {len(self._map):,}")
        try:
            header = json.loads(self._map[8 : 8 + size])
        except ValueError as error:
            raise self._bad("its header is not JSON") from error
        if not isinstance(header, dict):
            raise self._bad("its header is not a table of arrays")
        return 8 + size, header

    def _checked(self, name: str, entry: Any) -> tuple[str, tuple[int, ...], int]:
        try:
            code = entry["dtype"]
            shape = tuple(int(length) for length in entry["shape"])
            begin, end = (int(offset) for offset in entry["data_offsets"])
        except (TypeError, KeyError, ValueError) as error:
            raise self._bad(f"the entry of array {name!r} lacks a type, shape or place") from error
        if code not in _TYPES:
            raise self._bad(f"array {name!r} has the type {code!r}, which is not read")
        needed = math.prod(shape) * np.dtype(_TYPES[code]).itemsize
        if min(shape, default=0) < 0 or begin < 0 or end - begin != needed:
            raise self._bad(f"array {name!r} of shape {shape} is not {needed:,} bytes long")
        if self._begin + end > len(self._map):
            raise self._bad(
                f"it is truncated: array {name!r} ends at byte {self._begin + end:,}, "
                f"the file at {len(self._map):,}"
            )
        return code, shape, begin

    def _bad(self, reason: str) -> InputError:
        return InputError(f"{str(self.path)!r} is no sound safetensors file: {reason}", "Make it again.")


def widened(array: NDArray[Any], code: str) -> NDArray[np.float32]:
    """Give floats of any width as float32; `code` "BF16" means that `array` has the bits of bfloat16."""
    if code == "BF16":
        return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return array.astype(np.float32, copy=False)
