"""create and encode: a Space that begins empty and is filled batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.tables import BATCH
from nearspace.encoders.external import KIND as EXTERNAL
from nearspace.errors import EncoderMismatchError, InputError, SettingError
from nearspace.keys import Keys
from nearspace.optional import versions
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.space import Recipe, Space
from nearspace.store.changes import open_rows, upsert
from nearspace.store.dataset import KEY, VECTOR
from nearspace.store.description import is_space, read_description
from nearspace.store.editor import Change
from nearspace.store.folder import save


def create(
    path: str | Path,
    *,
    dim: int | None = None,
    encoder: Encoder | None = None,
    content: str | None = None,
    metric: str = "cosine",
    overwrite: bool = False,
) -> None:
    """Save a Space without rows; the first `upsert` gives it its columns.

    Args:
        path: of the new folder.
        dim: components of a vector; not needed with an encoder.
        encoder: places rows that come without vectors; an `ExternalEncoder` only names what makes them.
        content: column that the encoder places; "key" or None: the keys.
        metric: one of `space.METRICS`.
        overwrite: replace a Space that is there.

    Raises:
        SettingError: dim and encoder do not fit, or neither is given.
        OutputError: the folder exists, or cannot be written.
    """
    size = encoder.dim if dim is None and encoder is not None else dim
    if size is None or size < 1 or (encoder is not None and encoder.dim != size):
        raise SettingError(
            f"dim is {dim!r}" + ("" if encoder is None else f" and the encoder has {encoder.dim}"),
            "Give an encoder, or dim, the components of a vector, at least 1.",
        )
    recipe = Recipe("create", {"dim": size, "content": content}, versions=versions("numpy", "pylance"))
    vectors = np.empty((0, size), dtype=np.float32)
    space = Space(Keys(), vectors, metric, encoder=encoder, recipe=recipe, content=content)
    save(space, path, overwrite=overwrite)


def encode(
    rows: Any,
    path: str | Path,
    *,
    encoder: Encoder,
    content: str,
    key: str = KEY,
    columns: Sequence[str] | None = None,
    metric: str = "cosine",
    batch: int = BATCH,
    wait: float | None = 0.0,
    progress: Progress = Quiet(),  # noqa: B008
) -> Change:
    """Place the rows of a table by an encoder and save them as a Space, batch by batch.

    The table may be larger than memory. Cut off at any moment, the same call goes on where it was, and ends
    with the same Space: rows that are there already, with the same content, are not encoded again.

    Args:
        rows: a path, a frame, an Arrow table, dicts: as `nearspace.data.tables.read_table` takes them.
        path: of the Space, new or begun by an earlier call.
        encoder: makes the vectors.
        content: column that it encodes.
        key: column of the keys.
        columns: further columns to keep as metadata; None: all.
        metric: one of `space.METRICS`, for a new Space.
        batch: rows of a batch, each of which is one version of the table.
        wait: seconds to wait for another writer; None: as long as it takes.
        progress: where the work is shown.

    Raises:
        EncoderMismatchError: a Space is there and was made by another encoder, or of another column.
        InputError, DuplicateKeyError, OutputError, BusyError: as `upsert`.
    """
    target = Path(path)
    placed = key if content == KEY else content
    read = open_rows(rows, key, None if columns is None else [placed, *columns], batch)
    missing = [name for name in (key, placed) if name not in read.schema.names]
    if missing:  # before anything is written
        raise InputError(
            f"{read.name} has no column {missing[0]!r}",
            f"Name the columns of the keys and of the content; columns: {', '.join(read.schema.names)}.",
        )
    if encoder.kind == EXTERNAL and VECTOR not in read.schema.names:
        raise InputError(
            f"the encoder {encoder.fingerprint!r} runs elsewhere and can encode nothing here",
            "Make the vectors there, and give them as a column 'vector' to upsert, with encoder= its name.",
        )
    if not is_space(target):
        create(target, encoder=encoder, content=content, metric=metric)
    described = read_description(target)
    ours = described.encoder or {"kind": "no encoder", "fingerprint": ""}
    if ours["fingerprint"] != encoder.fingerprint or described.content != content:
        raise EncoderMismatchError(
            f"{str(path)!r} holds column {described.content!r} placed by {ours['kind']} "
            f"{ours['fingerprint']}, not {content!r} by {encoder.kind} {encoder.fingerprint}",
            "Choose another output, or go on with the same encoder and content.",
        )
    return upsert(target, read, key=key, wait=wait, progress=progress)
