"""What becomes of rows that are put into a saved Space: new, changed or as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.arrow_arrays import vector_array
from nearspace.data.table_keys import content_hashes
from nearspace.errors import InputError
from nearspace.protocols import Encoder
from nearspace.store.dataset import CONTENT_HASH, FINGERPRINT, KEY, VECTOR, first_line


@dataclass(frozen=True)
class Source:
    """How the rows of a Space get their vectors.

    Attributes:
        content: column that is encoded, or "key"; None: vectors are given.
        encoder: makes the vectors; None: vectors are given.
        fingerprint: name of the encoder of all rows; None if they have none.
        dim: components of a vector.
    """

    content: str | None
    encoder: Encoder | None
    fingerprint: str | None
    dim: int


@dataclass(frozen=True)
class Old:
    """The rows that some of the given ones replace.

    Attributes:
        known: (m,) which of the given rows have one.
        table: (known rows) their columns, by name.
        vectors: (known rows, d).
    """

    known: NDArray[np.bool_]
    table: Any
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Merged:
    """What is to be written.

    Attributes:
        table: (w) rows, with the columns of the Space's table.
        written: (m,) which of the given rows they are; the others are as they were.
        encoded: how many were encoded.
    """

    table: Any
    written: NDArray[np.bool_]
    encoded: int


def merge(given: Any, old: Old, schema: Any, source: Source, where: str) -> Merged:
    """Put given rows over the old ones: columns that are not given stay, or are missing in a new row.

    A row is encoded if it is new, or if its content or the encoder is another than when it was.

    Args:
        given: (m) Arrow table of `key`, perhaps `vector`, and metadata.
        old: what the rows replace.
        schema: of the Space's table.
        source: how rows get their vectors.
        where: name of the input, for messages.

    Raises:
        InputError: a value does not fit its column, or a row has neither vector nor content.
    """
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for field in schema:
        if field.name == KEY:
            columns[KEY] = given.column(KEY)
        elif field.name not in (VECTOR, CONTENT_HASH, FINGERPRINT):
            columns[field.name] = _column(given, old, field, where)
    content = None if source.content is None else columns.get(source.content)
    hashes = None if content is None else content_hashes(content)
    vectors, fresh = _given_vectors(given, old, source)
    if fresh is None:
        vectors, fresh = _kept_vectors(old, source, hashes, len(given))
        _encode(vectors, fresh, content, source, where, given)
        encoded = int(fresh.sum())
    else:
        encoded = 0
    columns[VECTOR] = vector_array(vectors)
    columns[CONTENT_HASH] = _origin(old, fresh, hashes, CONTENT_HASH, schema)
    names = pa.array([source.fingerprint] * len(given), pa.string())
    columns[FINGERPRINT] = _origin(old, fresh, names, FINGERPRINT, schema)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    written = ~_unchanged(table, vectors, old)
    return Merged(table.filter(pa.array(written)), written, encoded)


def _column(given: Any, old: Old, field: Any, where: str) -> Any:
    """Give a metadata column: as given, or as it was."""
    import pyarrow as pa

    if field.name in given.column_names:
        column = given.column(field.name)
        try:
            return column if column.type == field.type else column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise InputError(
                f"{where}: column {field.name!r} holds {column.type}, and the Space's column "
                f"{field.type}: {first_line(error)}",
                "Give values of that type.",
            ) from error
    return _spread(old, old.table.column(field.name))


def _spread(old: Old, column: Any) -> Any:
    """(m,) the old values of the given rows; missing in new ones."""
    import pyarrow as pa

    places = np.cumsum(old.known) - 1
    return column.take(pa.array(places, mask=~old.known))


def _given_vectors(
    given: Any, old: Old, source: Source
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    if VECTOR not in given.column_names:
        return np.empty((0, source.dim), np.float32), None
    flat = given.column(VECTOR).combine_chunks().flatten().to_numpy()
    return flat.reshape(-1, source.dim), np.ones(len(given), dtype=bool)


def _kept_vectors(
    old: Old, source: Source, hashes: Any, count: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Give the vectors of the rows that need no encoding, and which rows do need it."""
    import pyarrow.compute as pc

    vectors = np.zeros((count, source.dim), dtype=np.float32)
    vectors[old.known] = old.vectors
    fresh = ~old.known
    if hashes is not None and old.known.any():
        same = pc.equal(hashes.filter(old.known), old.table.column(CONTENT_HASH).combine_chunks())
        made = pc.equal(old.table.column(FINGERPRINT), source.fingerprint)
        kept = pc.fill_null(pc.and_(same, made.combine_chunks()), False).to_numpy(zero_copy_only=False)
        fresh[np.flatnonzero(old.known)[~kept]] = True
    return vectors, fresh


def _encode(
    vectors: NDArray[np.float32],
    fresh: NDArray[np.bool_],
    content: Any,
    source: Source,
    where: str,
    given: Any,
) -> None:
    """Fill in the vectors of the rows that need encoding."""
    import pyarrow as pa

    if not fresh.any():
        return
    first = str(given.column(KEY)[int(np.flatnonzero(fresh)[0])])
    if source.encoder is not None and content is None:
        raise InputError(
            f"{where}: there is no column {source.content!r}, which the encoder of the Space places",
            "Give that column, or a column 'vector'.",
        )
    if source.encoder is None:
        raise InputError(
            f"{where}: the row with key {first!r} has no vector, and the Space has no encoder to make one",
            "Give a column 'vector', or a Space with an encoder.",
        )
    texts = content.filter(pa.array(fresh))
    if texts.null_count:
        raise InputError(
            f"{where}: a row to encode has no {source.content!r}",
            "Fill it in, or leave such rows out.",
        )
    vectors[fresh] = source.encoder.encode(texts.cast(pa.string()).to_pylist())


def _origin(old: Old, fresh: NDArray[np.bool_], values: Any, name: str, schema: Any) -> Any:
    """(m,) where rows come from: new values for fresh rows, the old ones for the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if values is None:
        values = pa.nulls(len(fresh), schema.field(name).type)
    if fresh.all():
        return values
    return pc.if_else(pa.array(fresh), values, _spread(old, old.table.column(name)).combine_chunks())


def _unchanged(table: Any, vectors: NDArray[np.float32], old: Old) -> NDArray[np.bool_]:
    """(m,) the rows that are in the Space with just these values."""
    import pyarrow as pa

    same = np.zeros(len(table), dtype=bool)
    if not old.known.any():
        return same
    new = table.filter(pa.array(old.known))
    equal = (vectors[old.known] == old.vectors).all(axis=1)
    for name in table.column_names:
        if name not in (KEY, VECTOR):
            equal &= _equal(new.column(name).combine_chunks(), old.table.column(name).combine_chunks())
    same[old.known] = equal
    return same


def _equal(one: Any, other: Any) -> NDArray[np.bool_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        both = pc.and_(one.is_null(), other.is_null())
        equal = pc.or_(pc.fill_null(pc.equal(one, other), False), both)
        return np.asarray(equal.to_numpy(zero_copy_only=False))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, structs
        return np.array([a == b for a, b in zip(one.to_pylist(), other.to_pylist(), strict=True)], dtype=bool)
