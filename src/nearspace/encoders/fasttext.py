"""Reading a fastText model (.bin) with its subwords, from the layout of version 12 of that format.

The file: two int32, magic number and version; the arguments, twelve int32 and a double; the dictionary; a
byte that tells whether the input matrix is quantised; the input matrix: one row a word, then one a bucket of
n-grams. All numbers are little-endian. What follows (the output matrix) is not read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.reading import (
    BLOCK,
    Loaded,
    Names,
    Places,
    check_finite,
    checked_dim,
    checked_keys,
    not_as_said,
    opened,
)
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import InputError
from nearspace.keys import Keys

MAGIC = 793_712_314
_VERSION = 12
_SUPERVISED = 3
_ARGUMENTS = struct.Struct("<12id")
_SIZES = struct.Struct("<3i2q")
_ENTRY = struct.Struct("<qb")


@dataclass(frozen=True)
class _Model:
    dim: int
    buckets: int
    min_n: int
    max_n: int
    words: int
    pruned: int


def read(path: Path, limit: int | None) -> Loaded:
    """Read a fastText model to the vectors of its words and a `SubwordEncoder` for all others.

    With `limit`, the first words only; the encoder knows the other words by their n-grams alone.

    Raises:
        InputError: it is no such model, is truncated, quantised, or of a classifier; the message says which.
    """
    with opened(path) as file:
        model = _read_head(path, file)
        keys, counts = _read_words(path, file, model)
        bucket_rows, order = _read_pruned(path, file, model)
        if _unpack(path, file, struct.Struct("<?"), "the matrix")[0]:
            raise InputError(
                f"{str(path)!r} is a quantised fastText model, which is not read",
                "Use the model from before its quantisation.",
            )
        rows, columns = _unpack(path, file, struct.Struct("<2q"), "the size of the matrix")
        expected = model.words + len(order)
        if (rows, columns) != (expected, model.dim):
            raise not_as_said(
                path, f"a matrix of {rows:,} x {columns:,}, expected {expected:,} x {model.dim:,}"
            )
        kept = model.words if limit is None else min(limit, model.words)
        word_rows = _read_rows(path, file, 0, kept, model.dim)
        order = order if model.max_n else order[:0]
        file.seek((model.words - kept) * 4 * model.dim, 1)
        ngrams = _read_rows(path, file, model.words, len(order), model.dim)
    if bucket_rows is not None and model.max_n:
        ngrams = ngrams[order]
    else:
        bucket_rows = None
    shown = keys if kept == len(keys) else Keys(keys.names(range(kept)))
    encoder = SubwordEncoder(
        ngrams, model.min_n, model.max_n, max(model.buckets, 1), bucket_rows, words=shown, word_rows=word_rows
    )
    return Loaded(shown, _vectors(encoder), {"count": counts[:kept]}, encoder)


def _vectors(encoder: SubwordEncoder) -> NDArray[np.float32]:
    vectors = np.empty((len(encoder.words), encoder.dim), dtype=np.float32)
    done = 0
    for block in encoder.encode_words():
        vectors[done : done + len(block)] = block
        done += len(block)
    return vectors


def _read_head(path: Path, file: BinaryIO) -> _Model:
    magic, version = _unpack(path, file, struct.Struct("<2i"), "the magic number")
    if magic != MAGIC:
        raise not_as_said(path, "it is no fastText model: its magic number is another", "Check the format.")
    if version != _VERSION:
        raise not_as_said(
            path,
            f"a fastText model of version {version}, and only version {_VERSION} is read",
            "Make the model again with fastText 0.2 or newer.",
        )
    dim, *_, kind, buckets, min_n, max_n, _, _ = _unpack(path, file, _ARGUMENTS, "the arguments")
    entries, words, labels, _, pruned = _unpack(path, file, _SIZES, "the dictionary")
    if kind == _SUPERVISED or labels:
        raise InputError(
            f"{str(path)!r} is a fastText classifier with {labels:,} labels, which is not read",
            "Use a model trained with fastText's skipgram or cbow.",
        )
    if entries != words or words < 1:
        raise not_as_said(path, f"a dictionary of {entries:,} entries and {words:,} words")
    if buckets < 0:
        raise not_as_said(path, f"n-grams of {min_n} to {max_n} characters in {buckets:,} buckets")
    min_n = max(min_n, 1)
    max_n = max_n if buckets and max_n >= min_n else 0  # fastText too has no n-grams then
    return _Model(checked_dim(dim, path), buckets, min_n, max_n, words, pruned)


def _read_words(path: Path, file: BinaryIO, model: _Model) -> tuple[Keys, NDArray[np.int64]]:
    names, lengths = bytearray(), np.empty(model.words, dtype=np.int64)
    counts = np.empty(model.words, dtype=np.int64)
    rest, begin = b"", 0
    for word in range(model.words):
        while (end := rest.find(b"\0", begin)) < 0 or end + 1 + _ENTRY.size > len(rest):
            more = file.read(1 << 16)
            if not more:
                raise not_as_said(path, f"the file ends within the dictionary, at word {word + 1:,}")
            rest, begin = rest[begin:] + more, 0
        names += rest[begin:end]
        lengths[word] = end - begin
        counts[word], _ = _ENTRY.unpack_from(rest, end + 1)
        begin = end + 1 + _ENTRY.size
    file.seek(begin - len(rest), 1)
    found = Names()
    found.add(np.frombuffer(bytes(names), dtype=np.uint8), lengths)
    return checked_keys(*found.joined(), Places(path, 1, "word")), counts


def _read_pruned(
    path: Path, file: BinaryIO, model: _Model
) -> tuple[NDArray[np.int32] | None, NDArray[np.int64]]:
    """Give the buckets that have a row, ascending, and the row of each; None: every bucket has its row."""
    if model.pruned < 0:
        return None, np.arange(model.buckets)
    raw = file.read(8 * model.pruned)
    if len(raw) < 8 * model.pruned:
        raise not_as_said(path, "the file ends within the list of kept n-grams")
    pairs = np.frombuffer(raw, dtype="<i4").reshape(-1, 2)
    by_bucket = np.argsort(pairs[:, 0], kind="stable")
    order = pairs[by_bucket, 1].astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(len(order))):
        raise not_as_said(path, "its list of kept n-grams does not name each row once")
    return pairs[by_bucket, 0].astype(np.int32), order


def _read_rows(path: Path, file: BinaryIO, first: int, count: int, dim: int) -> NDArray[np.float32]:
    rows = np.empty((count, dim), dtype=np.float32)
    step = max(1, BLOCK // (4 * dim))
    for start in range(0, count, step):
        block = rows[start : start + step]
        raw = file.read(block.nbytes)
        if len(raw) < block.nbytes:
            row = first + start + len(raw) // (4 * dim) + 1
            raise not_as_said(path, f"the file ends within the matrix, at row {row:,}")
        block[:] = np.frombuffer(raw, dtype="<f4").reshape(block.shape)
        check_finite(block, first + start, Places(path, 1, "row"))
    return rows


def _unpack(path: Path, file: BinaryIO, layout: struct.Struct, part: str) -> tuple[int, ...]:
    raw = file.read(layout.size)
    if len(raw) < layout.size:
        raise not_as_said(path, f"the file ends within {part}")
    return layout.unpack(raw)
