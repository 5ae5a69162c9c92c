"""Which format a file or folder is in, from its first bytes; its name decides only where these cannot."""

from __future__ import annotations

from pathlib import Path

from nearspace.data.formats.reading import not_as_said, opened
from nearspace.data.formats.table import FORMATS, Format
from nearspace.data.formats.text_fields import HEADER, trailing_numbers
from nearspace.errors import InputError, MissingInputError, SettingError

_HEAD = 1 << 16
_MAGICS = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"\x93NUMPY": "npy",
    (793_712_314).to_bytes(4, "little"): "fasttext-bin",
}


def sniffed(path: Path) -> Format:
    """Tell the format of `path`.

    Raises:
        MissingInputError: it does not exist.
        InputError: it is empty, or in none of the formats.
    """
    if path.is_dir():
        return FORMATS[_folder(path)]
    if not path.exists():
        raise MissingInputError(f"{str(path)!r} does not exist", "Check the path.")
    with opened(path) as file:
        head = file.read(_HEAD)
    if not head:
        raise not_as_said(path, "the file is empty", "Check that it is the right file.")
    return FORMATS[_file(path, head)]


def is_projector(folder: Path) -> bool:
    """Tell whether a folder holds the files of the embedding projector."""
    return (folder / "projector_config.json").is_file() or (folder / "tensors.tsv").is_file()


def _folder(path: Path) -> str:
    if is_projector(path):
        return "projector"
    if (path / "space.json").exists():
        raise InputError(f"{str(path)!r} is a saved Space", "Open it with nearspace.open.")
    raise InputError(
        f"{str(path)!r} is a folder without projector_config.json or tensors.tsv",
        "Name a file of vectors, or a folder of the embedding projector.",
    )


def _file(path: Path, head: bytes) -> str:
    for magic, name in _MAGICS.items():
        if head.startswith(magic):
            return name
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 100_000_000:
        return "safetensors"
    if path.name == "projector_config.json" and head.lstrip()[:1] == b"{":
        return "projector"
    line, _, rest = head.partition(b"\n")
    header = HEADER.match(line)
    if header is None:
        if b"\0" not in line and trailing_numbers(line):
            return "glove"
        raise SettingError(
            f"{str(path)!r} is in none of the known formats",
            f"Check that it is the right file; formats: {', '.join(FORMATS)}.",
        )
    if not _is_text(rest.partition(b"\n")[0], int(header[2])):
        return "word2vec-binary"
    return "fasttext-vec" if ".vec" in path.suffixes[-2:] else "word2vec"


def _is_text(line: bytes, dim: int) -> bool:
    """Tell whether the line after a header is text: the bytes of floats hardly ever read as numbers."""
    if b"\0" in line:
        return False
    found = trailing_numbers(line)
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return found == dim
    return found > 0 or not line
