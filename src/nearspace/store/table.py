"""items.lance, the table that is the truth of a saved Space: which version it has, and how it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.data.arrow_arrays import column_array, key_array, vector_array
from nearspace.data.table_keys import HASH_BYTES, content_hashes
from nearspace.errors import InputError, NearspaceError, NotASpaceError, OutputError
from nearspace.space import Space
from nearspace.store.dataset import CONTENT_HASH, FINGERPRINT, KEY, NAME, RESERVED, VECTOR, first_line

_BATCH_BYTES = 1 << 21


@dataclass(frozen=True)
class TableVersion:
    """Which table, and which state of it.

    Attributes:
        number: the table's version, as Lance counts.
        manifest: BLAKE2b of the version's manifest, which names the data files: another table, another value.
    """

    number: int
    manifest: str


def table_version(folder: Path, number: int | None = None) -> TableVersion:
    """Find a version of the table of a Space, or the newest, from the names of its manifests, without Lance.

    Raises:
        NotASpaceError: there is no table.
        InputError: it has no such version, or cannot be read.
    """
    manifests: dict[int, Path] = {}
    try:
        for found in (folder / NAME / "_versions").glob("*.manifest"):
            if found.stem.isdigit():
                # Lance names manifests by version, or (20 digits) by 2**64 - 1 - version
                version = 2**64 - 1 - int(found.stem) if len(found.stem) == 20 else int(found.stem)
                manifests[version] = found
        if not manifests:
            raise NotASpaceError(
                f"{str(folder)!r} has no table {NAME}", "Restore it from a copy, or make the Space again."
            )
        wanted = max(manifests) if number is None else number
        if wanted not in manifests:
            raise InputError(
                f"{str(folder)!r} has no version {wanted}",
                f"Versions: {', '.join(map(str, sorted(manifests)))}. Older ones go with compact.",
            )
        content = manifests[wanted].read_bytes()
    except FileNotFoundError:
        if number is None:
            return table_version(folder)  # a newer version took the place of the newest meanwhile
        raise InputError(f"{str(folder)!r} has no version {number}", "It was compacted away.") from None
    except OSError as error:
        if isinstance(error, NearspaceError):
            raise
        raise InputError(f"cannot read {str(folder / NAME)!r}: {error.strerror}") from error
    return TableVersion(wanted, hashlib.blake2b(content, digest_size=16).hexdigest())


def write_table(space: Space, folder: Path) -> dict[str, str]:
    """Write the table of `space` into `folder` in small batches; return name -> type of its metadata.

    Raises:
        InputError: a column has a reserved name, another length, or values of mixed types.
        OutputError: it cannot be written.
    """
    import lance
    import pyarrow as pa

    if len(space) and space.content not in (None, KEY, *space.columns):
        raise InputError(
            f"content is {space.content!r}, which is no column",
            f"Columns: {', '.join((KEY, *space.columns))}.",
        )
    for name, values in space.columns.items():
        if name in RESERVED:
            raise InputError(
                f"column name {name!r} is reserved", f"Rename it; reserved: {', '.join(RESERVED)}."
            )
        if len(values) != len(space):
            raise InputError(f"column {name!r} has {len(values):,} values for {len(space):,} rows")
    columns = {name: column_array(name, values) for name, values in space.columns.items()}
    schema = pa.schema(
        [
            pa.field(KEY, pa.string(), nullable=False),
            pa.field(VECTOR, pa.list_(pa.float32(), space.dim), nullable=False),
            *(pa.field(name, array.type) for name, array in columns.items()),
            pa.field(CONTENT_HASH, pa.binary(HASH_BYTES)),
            pa.field(FINGERPRINT, pa.string()),
        ]
    )
    fingerprint = None if space.encoder is None or space.content is None else space.encoder.fingerprint

    def batches() -> Iterator[Any]:
        rows = max(1, _BATCH_BYTES // (4 * space.dim))
        for start in range(0, len(space), rows):
            stop = min(start + rows, len(space))
            keys = key_array(space.keys, start, stop)
            vectors = vector_array(space.take(np.arange(start, stop)))
            values = {name: array.slice(start, stop - start) for name, array in columns.items()}
            yield pa.record_batch(
                [keys, vectors, *values.values(), *_origins(space, keys, values, fingerprint)], schema=schema
            )

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    try:
        lance.write_dataset(reader, str(folder / NAME))
    except NearspaceError:
        raise
    except Exception as error:  # Lance raises OSError, RuntimeError and ValueError for the same failures
        raise OutputError(
            f"cannot write the table {str(folder / NAME)!r}: {first_line(error)}",
            "Check the free space and the permissions of the output folder.",
        ) from error
    return {name: str(array.type) for name, array in columns.items()}


def _origins(space: Space, keys: Any, values: dict[str, Any], fingerprint: str | None) -> list[Any]:
    """Give what each row was made from: hash of its content and fingerprint of the encoder."""
    import pyarrow as pa

    if fingerprint is None or space.content is None:
        return [pa.nulls(len(keys), pa.binary(HASH_BYTES)), pa.nulls(len(keys), pa.string())]
    content = keys if space.content == KEY else values[space.content]
    return [content_hashes(content), pa.array([fingerprint] * len(keys), pa.string())]
