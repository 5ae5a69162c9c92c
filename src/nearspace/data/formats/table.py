"""The table of formats: name -> what files end in, and the functions that read and write, imported on use."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearspace.errors import SettingError

_HERE = "nearspace.data.formats."


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: what `format=` and recipes call it.
        suffixes: what files in it end in; the format that is first in the table gets a shared one.
        reader: "module:function" of (path, limit) -> Loaded.
        writer: "module:function" of (space, path, overwrite) -> None, or "" if it is not written.
        packs: whether files may be compressed with gzip (suffix and ".gz").
        columns: whether it holds metadata columns.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    writer: str = ""
    packs: bool = False
    columns: bool = False

    def function(self, place: str) -> Callable[..., Any]:
        """Import the reader or writer."""
        module, name = place.split(":")
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return found


_WORD2VEC = (f"{_HERE}text:read_word2vec", f"{_HERE}text_writing:write_word2vec")
_GLOVE = (f"{_HERE}text:read_glove", f"{_HERE}text_writing:write_glove")
_BINARY = (f"{_HERE}word2vec_binary:read", f"{_HERE}word2vec_binary:write")
_NPY = (f"{_HERE}numpy_file:read", f"{_HERE}numpy_file:write")
_PARQUET = (f"{_HERE}arrow:read_parquet", f"{_HERE}arrow:write_parquet")
_ARROW = (f"{_HERE}arrow:read_arrow", f"{_HERE}arrow:write_arrow")
_SAFETENSORS = (f"{_HERE}safetensors_file:read", f"{_HERE}safetensors_file:write")
_PROJECTOR = (f"{_HERE}projector:read", f"{_HERE}projector:write")

# the reader of fastText's models makes an encoder, so it lies above this package; it is imported on use
FORMATS = {
    one.name: one
    for one in (
        Format("word2vec", (".txt",), *_WORD2VEC, packs=True),
        Format("glove", (".glove",), *_GLOVE, packs=True),
        Format("fasttext-vec", (".vec",), *_WORD2VEC, packs=True),
        Format("word2vec-binary", (".bin",), *_BINARY, packs=True),
        Format("fasttext-bin", (".bin",), "nearspace.encoders.fasttext:read", packs=True),
        Format("npy", (".npy",), *_NPY),
        Format("parquet", (".parquet",), *_PARQUET, columns=True),
        Format("arrow", (".arrow", ".feather", ".ipc"), *_ARROW, columns=True),
        Format("safetensors", (".safetensors",), *_SAFETENSORS),
        Format("projector", (".projector",), *_PROJECTOR, columns=True),
    )
}


def named(name: str, *, writing: bool = False) -> Format:
    """Give a format by its name.

    Raises:
        SettingError: there is no such format, or it is not written.
    """
    accepted = [one.name for one in FORMATS.values() if one.writer or not writing]
    if name not in accepted:
        verb = "written" if writing and name in FORMATS else "known"
        raise SettingError(f"format {name!r} is not {verb}", f"Accepted formats: {', '.join(accepted)}.")
    return FORMATS[name]


def by_suffix(path: Path) -> Format:
    """Give the format that a path to be written ends in.

    Raises:
        SettingError: no format that is written has such a suffix.
    """
    suffixes = path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:]
    packed = path.suffix == ".gz"
    for one in FORMATS.values():
        if one.writer and suffixes and suffixes[0] in one.suffixes and (one.packs or not packed):
            return one
    accepted = [suffix for one in FORMATS.values() if one.writer for suffix in one.suffixes]
    raise SettingError(
        f"{str(path)!r} has no suffix that names a format",
        f"Accepted suffixes: {', '.join(accepted)} (text and .bin also with .gz); or pass format=.",
    )
