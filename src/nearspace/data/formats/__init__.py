"""Reading and writing vectors in the formats of other tools. See docs/formats.md."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.sniffing import sniffed
from nearspace.data.formats.table import FORMATS, by_suffix, named
from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.optional import versions
from nearspace.space import Recipe, Space

__all__ = ["FORMATS", "fingerprint", "read", "write"]

_BLOCK = 1 << 16


def read(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    limit: int | None = None,
    metric: str = "cosine",
) -> Space:
    """Read the vectors in `path` to a Space.

    The format is told from the content if it is not given; text and binary files of word2vec, GloVe and
    fastText may be compressed with gzip. `limit` reads the first rows only, which in most files are the most
    frequent words. Metadata columns are kept; a fastText model brings its `SubwordEncoder`.

    Raises:
        MissingInputError: there is no such file.
        SettingError: the format is unknown, or `limit` is below 1.
        InputError: the file is not what it should be; the message names the line, row or byte.
    """
    if limit is not None and limit < 1:
        raise SettingError(f"limit is {limit}", "Set it to 1 or more, or leave it out to read everything.")
    began = time.perf_counter()
    source = Path(path)
    chosen = named(format) if format is not None else sniffed(source)
    found = chosen.function(chosen.reader)(source, limit)
    recipe = Recipe(
        learner=f"import:{chosen.name}",
        settings={"file": source.name, "limit": limit},
        data=fingerprint(found.keys, found.vectors),
        versions=versions("numpy"),
        seconds=time.perf_counter() - began,
    )
    return Space(
        found.keys,
        found.vectors,
        metric,
        found.columns,
        found.encoder,
        recipe,
        name=source.stem.split(".")[0],
    )


def write(
    space: Space,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002
    overwrite: bool = False,
) -> None:
    """Write the keys and vectors of a Space to `path`, whole or not at all.

    The format is told from the suffix if it is not given. Parquet, Arrow and the projector keep metadata
    columns; no format keeps the encoder or the recipe (`nearspace.save` does).

    Raises:
        SettingError: the format is unknown or not written, or the suffix names none.
        OutputError: `path` exists and `overwrite` is false, cannot be written, or cannot express a key.
        InputError: a column cannot be written.
    """
    target = Path(path)
    chosen = named(format, writing=True) if format is not None else by_suffix(target)
    chosen.function(chosen.writer)(space, target, overwrite)


def fingerprint(keys: Keys, vectors: NDArray[np.float32]) -> str:
    """BLAKE2b of keys and vectors: the same in whatever format they came."""
    digest = hashlib.blake2b(f"{vectors.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(keys.offsets).data)
    digest.update(np.ascontiguousarray(keys.data).data)
    for start in range(0, len(vectors), _BLOCK):
        digest.update(np.ascontiguousarray(vectors[start : start + _BLOCK]).data)
    return digest.hexdigest()
