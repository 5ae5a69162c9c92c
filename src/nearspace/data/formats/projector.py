"""A folder for TensorBoard's embedding projector: tensors.tsv, metadata.tsv and projector_config.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.reading import Loaded, Places, checked_keys, not_as_said, offsets_of, opened
from nearspace.data.formats.sniffing import is_projector
from nearspace.data.formats.text import read_numbers
from nearspace.data.formats.text_writing import lines_of
from nearspace.errors import InputError, MissingInputError, OutputError
from nearspace.files import new_folder
from nearspace.kernels.vector_text import TAB
from nearspace.space import Space

CONFIG, TENSORS, METADATA = "projector_config.json", "tensors.tsv", "metadata.tsv"
_KEY = "key"


def read(path: Path, limit: int | None) -> Loaded:
    """Read the first embedding of a projector's folder.

    metadata.tsv has one key a line, or a header and several columns, the first of them the keys.

    Raises:
        InputError: a file is missing, damaged, or does not fit the other.
    """
    tensors, metadata = _files(path)
    vectors = read_numbers(tensors, limit)
    if not metadata.exists():
        raise MissingInputError(f"{str(metadata)!r} does not exist", "The keys of the rows should be there.")
    with opened(metadata) as file:
        content = file.read().replace(b"\r\n", b"\n")
    lines = content.removesuffix(b"\n").split(b"\n")
    header = lines.pop(0).split(b"\t") if b"\t" in lines[0] else None
    if len(lines) < len(vectors) or (limit is None and len(lines) > len(vectors)):
        raise InputError(
            f"{str(metadata)!r} has {len(lines):,} rows, and {str(tensors)!r} has {len(vectors):,} vectors",
            "Give every row one line; several columns need a header, one column must not have one.",
        )
    places = Places(metadata, 1 if header is None else 2)
    cells = [line.split(b"\t") for line in lines[: len(vectors)]]
    for row, line in enumerate(cells):
        if len(line) != len(header or [b""]):
            raise InputError(f"{places.of(row)}: {len(line)} columns, expected {len(header or [b''])}")
    names = [line[0] for line in cells]
    lengths = np.array([len(name) for name in names], dtype=np.int64)
    keys = checked_keys(np.frombuffer(b"".join(names), dtype=np.uint8), offsets_of(lengths), places)
    columns = {
        title.decode("utf-8", "replace"): _typed([line[place].decode("utf-8", "replace") for line in cells])
        for place, title in enumerate(header or [])
        if place
    }
    return Loaded(keys, vectors, columns)


def write(space: Space, path: Path, overwrite: bool) -> None:
    """Write the three files into the folder `path`.

    Raises:
        OutputError: a key or a value of metadata holds a tab or line break; or the folder cannot be written.
    """
    with new_folder(path, overwrite=overwrite, replaceable=is_projector) as draft:
        with (draft / TENSORS).open("wb") as file:
            file.writelines(lines_of(space, TAB, with_keys=False))
        titles = [_KEY, *space.columns]
        columns = [space.keys.names(), *(list(map(_shown, values)) for values in space.columns.values())]
        with (draft / METADATA).open("w", encoding="utf-8", newline="") as text:
            if len(titles) > 1:
                text.write(_line(path, titles))
            text.writelines(_line(path, cells) for cells in zip(*columns, strict=True))
        entry = {
            "tensorName": space.name,
            "tensorShape": [len(space), space.dim],
            "tensorPath": TENSORS,
            "metadataPath": METADATA,
        }
        config = json.dumps({"embeddings": [entry]}, indent=2, ensure_ascii=False)
        (draft / CONFIG).write_text(config + "\n", encoding="utf-8")


def _line(path: Path, cells: tuple[str, ...] | list[str]) -> str:
    for cell in cells:
        if any(mark in cell for mark in "\t\n\r"):
            raise OutputError(
                f"cannot write {str(path)!r}: {cell!r} holds a tab or line break, "
                "which this format cannot express",
                "Write .parquet, which holds any text, or change the value.",
            )
    return "\t".join(cells) + "\n"


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _files(path: Path) -> tuple[Path, Path]:
    if not path.exists():
        raise MissingInputError(f"{str(path)!r} does not exist", "Check the path.")
    folder, config = (path, path / CONFIG) if path.is_dir() else (path.parent, path)
    if not config.exists():
        return folder / TENSORS, folder / METADATA
    try:
        entry = json.loads(config.read_bytes())["embeddings"][0]
        return folder / entry["tensorPath"], folder / entry["metadataPath"]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise not_as_said(
            config, "it names no embedding with a tensorPath and a metadataPath", "Correct the file."
        ) from error


def _typed(values: list[str]) -> NDArray[np.generic]:
    """Give a column of text as whole numbers or numbers where all of it can be read so."""
    for kind in (np.int64, np.float64):
        try:
            return np.array([kind(value) for value in values])
        except (ValueError, OverflowError):
            continue
    return np.array(values, dtype=object)
