"""The verbs `fit_newcomers` and `add_items`: items that nobody has chosen, recommended from their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.table_keys import key_column
from nearspace.data.tables import Table, read_table
from nearspace.encoders.lexical import LSA, TFIDF, LexicalEncoder, LexicalSettings
from nearspace.encoders.models import open_model
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.kernels.resampling import draws, percentile, stream
from nearspace.keys import Keys
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.results import Measure
from nearspace.space import Space
from nearspace.store.dataset import VECTOR
from nearspace.store.description import is_space
from nearspace.store.folder import open_space
from nearspace.transfer.newcomers import Known, Newcomers, unit

KIND, COUNT, NEWCOMER, ITEM = "kind", "count", "newcomer", "item"
FOLDS, SAMPLES = 5, 1_000
LEAST_ITEMS = 5  # with vectors and features


@dataclass(frozen=True, eq=False)
class Described:
    """Items and what is known of them.

    Attributes:
        keys: their names.
        texts: of each, its columns joined; empty if `vectors` are given.
        vectors: (n, f) float32 features, or None.
        columns: name -> (n,) values of all columns but the key and the vectors.
        name: what messages call the table.
    """

    keys: Keys
    texts: tuple[str, ...]
    vectors: NDArray[np.float32] | None
    columns: dict[str, NDArray[Any]]
    name: str


def read_described(table: Any, key: str, text: str | Sequence[str] | None) -> Described:
    """Read a table of items; without `text` it must have a column "vector".

    Raises:
        InputError: a column is missing, or there are no rows. DuplicateKeyError: a key comes twice.
    """
    if isinstance(table, Described):
        return table
    wanted = [text] if isinstance(text, str) else list(text or ())
    as_text = {key: "string"} if isinstance(table, str | Path) else None
    read = table if isinstance(table, Table) else read_table(table, types=as_text)
    names = read.schema.names
    for name in [key, *(wanted or [VECTOR])]:
        if name not in names:
            raise InputError(
                f"{read.name} has no column {name!r}", f"Its columns: {', '.join(names)}."
                + ("" if wanted else " Name the texts with text= (--text), or give a column vector."),
            )  # fmt: skip
    keys: list[str] = []
    values: dict[str, list[Any]] = {name: [] for name in names if name != key}
    for batch in read.batches():
        keys += key_column(batch, key, read.name, len(keys) + 1).to_pylist()
        for name, column in values.items():
            column += batch.column(name).to_pylist()
    if not keys:
        raise InputError(f"{read.name} has no rows", "Give at least one item.")
    if len(set(keys)) < len(keys):
        twice = next(one for one in keys if keys.count(one) > 1)
        raise DuplicateKeyError(
            f"{read.name}: the item {twice!r} has more than one row", "Keep one row an item."
        )
    texts = tuple(" . ".join(str(values[name][row] or "") for name in wanted) for row in range(len(keys)))
    vectors = None if wanted else np.array(values[VECTOR], np.float32)
    values.pop(VECTOR, None)
    columns = {name: np.array(column, dtype=object) for name, column in values.items()}
    return Described(Keys(keys), texts if wanted else (), vectors, columns, read.name)


def fit_newcomers(
    space: Space,
    table: Any,
    *,
    key: str = "key",
    text: str | Sequence[str] | None = None,
    encoder: Encoder | Space | str = LSA,
    seed: int = 1,
    progress: Progress = Quiet(),  # noqa: B008
) -> Newcomers:
    """Fit a bridge from what a table tells of items to their vectors in a Space of users and items.

    Args:
        space: made by a learner of interactions.
        table: items, as `nearspace.data.tables.read_table` takes them; those that the Space has teach the
            bridge, the others only help to learn the encoder.
        key: column of the names of the items.
        text: column or columns of their texts or tags; None: the column "vector" has features of any kind.
        encoder: of the texts: "lsa" or "tfidf", learned from the table; an Encoder, a Space that has one, or
            the name of a model.
        seed: of the folds and of the encoder.
        progress: where it is shown.

    Raises:
        InputError: a column is missing, or fewer than five items of the Space are in the table with features.
    """
    described = read_described(table, key, text)
    made = None if described.vectors is not None else _encoder(encoder, described, seed, progress)
    columns = () if made is None else ((text,) if isinstance(text, str) else tuple(text or ()))
    return fit_bridge(space, described, features_of(described, made), made, columns, seed, progress)


def fit_bridge(
    space: Space,
    described: Described,
    features: NDArray[np.float32],
    encoder: Encoder | None,
    text: tuple[str, ...],
    seed: int,
    progress: Progress,
) -> Newcomers:
    """Fit a bridge on the items of the Space that have features (n, f), and measure it on folds."""
    known = _known(space, described, features)
    with progress.task("fitting the bridge", total=FOLDS + 1, unit="fits") as task:
        figures = _held_out(known, space.name, seed, task)
        fitted = Newcomers.fit(known, space.name, encoder, text)
        task.advance(1)
    return replace(fitted, held_out={one.name: asdict(one) for one in figures})


def features_of(described: Described, encoder: Encoder | None) -> NDArray[np.float32]:
    """(n, f) features of items: what was given, or their texts encoded."""
    if described.vectors is not None:
        return described.vectors
    assert encoder is not None
    return encoder.encode(described.texts)


def _encoder(encoder: Encoder | Space | str, described: Described, seed: int, progress: Progress) -> Encoder:
    if isinstance(encoder, str) and encoder in (LSA, TFIDF):
        settings = LexicalSettings(encoder, min_texts=2 if len(described.keys) > 1_000 else 1, seed=seed)
        return LexicalEncoder.fit(described.texts, settings, progress=progress)
    if isinstance(encoder, str):
        encoder = open_space(encoder) if is_space(Path(encoder)) else open_model(encoder)
    if isinstance(encoder, Space):
        if encoder.encoder is None:
            raise InputError(f"the Space {encoder.name!r} has no encoder", "Name one that places texts.")
        return encoder.encoder
    return encoder


def _known(space: Space, described: Described, features: NDArray[np.float32]) -> Known:
    if KIND not in space.columns or COUNT not in space.columns:
        raise InputError(
            f"{space.name!r} has no columns kind and count", "Give a Space made by `learn interactions`."
        )
    counts = np.asarray(space.columns[COUNT])
    items = np.asarray(space.columns[KIND]) == ITEM
    found = [space.keys.find(name) for name in described.keys]
    rows = np.array([-1 if row is None or not items[row] else row for row in found], dtype=np.int64)
    rows[(rows >= 0) & (counts[rows].astype(np.float64) < 1)] = -1  # placed by a bridge, not learned
    rows[~features.any(axis=1)] = -1
    here = np.flatnonzero(rows >= 0)
    if len(here) < LEAST_ITEMS:
        raise InputError(
            f"{described.name} tells of {len(here):,} items that {space.name!r} learned, expected at least "
            f"{LEAST_ITEMS}; an item is called {space.keys[int(np.argmax(items))]!r} there, "
            f"{described.keys[0]!r} in the table",
            "Name the column of the items' names with key= (--key), and give the old items' rows too.",
        )
    vectors = space.take(rows[here])
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    real = lengths > 0
    return Known(
        unit(features[here[real]]), unit(vectors[real]), np.log(lengths[real]),
        counts[rows[here[real]]].astype(np.float64),
    )  # fmt: skip


def _held_out(known: Known, space: str, seed: int, task: Any) -> list[Measure]:
    """Cosine of placed and learned vectors, and R^2 of the logarithm of the length, of items held back."""
    size = len(known.counts)
    folds = np.random.default_rng([seed, size]).permutation(size) % FOLDS
    cosines, plain, misses, spread = (np.zeros(size) for _ in range(4))
    for fold in range(FOLDS):
        back = folds == fold
        rest = known.select(~back)
        placed = Newcomers.fit(rest, space).place(known.features[back]).astype(np.float64)
        length = np.sqrt(np.einsum("nd,nd->n", placed, placed))
        true = known.directions[back]
        cosines[back] = np.einsum("nd,nd->n", placed, true) / np.maximum(length, 1e-30)
        mean = unit(rest.directions.mean(axis=0, keepdims=True))[0]
        plain[back] = true @ mean
        misses[back] = (np.log(np.maximum(length, 1e-30)) - known.lengths[back]) ** 2
        spread[back] = (known.lengths[back] - rest.lengths.mean()) ** 2
        task.advance(1)
    weights = np.concatenate(list(draws((size,), stream(seed, "newcomers"), SAMPLES)))
    cosine, fit = float(cosines.mean()), 1 - float(misses.sum() / max(spread.sum(), 1e-30))
    many = weights @ misses / np.maximum(weights @ spread, 1e-30)
    beside = {"mean item": float(plain.mean())}
    return [
        Measure("cosine", cosine, *percentile(weights @ cosines / size, cosine), beside, size),
        Measure("length_r2", fit, *percentile(1 - many, fit), {"mean length": 0.0}, size),
    ]


def add_items(
    space: Space,
    table: Any,
    *,
    key: str = "key",
    text: str | Sequence[str] | None = None,
    encoder: Encoder | Space | str = LSA,
    newcomers: Newcomers | None = None,
    seed: int = 1,
    progress: Progress = Quiet(),  # noqa: B008
) -> Space:
    """Append the items of a table that a Space of users and items does not have, placed by a bridge.

    New rows have kind "item", count 0 and newcomer True, and stand after all others. Columns of the table are
    taken where the Space has a column of that name.

    Args:
        space, table, key, text, encoder, seed: as `fit_newcomers`, which is called first.
        newcomers: a bridge that is there; the table may then lack the old items.
        progress: takes notes: what the bridge is worth, and items that could not be placed.

    Raises:
        InputError: as `fit_newcomers`; or no item is new, or none can be placed.
        DimensionError: the bridge gives vectors of another dimension than the Space has.
    """
    described = read_described(table, key, (newcomers.text or None) if newcomers and text is None else text)
    new = np.array([row for row, name in enumerate(described.keys) if name not in space], dtype=np.int64)
    if not len(new):
        raise InputError(
            f"{space.name!r} has all {len(described.keys):,} items of {described.name}",
            "Nothing is to be added.",
        )
    if newcomers is None:
        newcomers = fit_newcomers(
            space, described, key=key, text=text, encoder=encoder, seed=seed, progress=progress
        )
    check_bridge(newcomers, space)
    features = features_of(described, newcomers.encoder)
    placed = newcomers.place(features[new])
    here = placed.any(axis=1)
    if not here.all():
        lost = described.keys[int(new[np.flatnonzero(~here)[0]])]
        progress.note(
            f"{int((~here).sum()):,} new items have nothing to go by and are left out: {lost!r}, ..."
        )
    if not here.any():
        raise InputError(
            f"none of the {len(new):,} new items of {described.name} can be placed", "Do they have texts?"
        )
    return _appended(space, described, new[here], placed[here])


def check_bridge(newcomers: Newcomers, space: Space) -> None:
    """Refuse a bridge into vectors of another dimension.

    Raises:
        InputError: so it is.
    """
    if newcomers.dim != space.dim:
        raise InputError(
            f"the bridge gives vectors of {newcomers.dim}, {space.name!r} has {space.dim} components",
            "Fit it again.",
        )


def _appended(
    space: Space, described: Described, new: NDArray[np.int64], placed: NDArray[np.float32]
) -> Space:
    count = len(new)
    columns: dict[str, NDArray[Any]] = {}
    for name, values in space.columns.items():
        if name == KIND:
            more: Any = np.full(count, ITEM)
        elif name == COUNT:
            more = np.zeros(count, np.int64)
        elif name == NEWCOMER:
            more = np.ones(count, dtype=bool)
        elif name in described.columns:
            more = described.columns[name][new]
        else:
            more = np.full(count, None, dtype=object)
        columns[name] = np.concatenate([np.asarray(values), more])
    if NEWCOMER not in columns:
        columns[NEWCOMER] = np.concatenate([np.zeros(len(space), dtype=bool), np.ones(count, dtype=bool)])
    keys = Keys([*space.keys, *described.keys.names(new)])
    return replace(
        space, keys=keys, vectors=np.concatenate([space.vectors, placed]), columns=columns, stored_norms=None
    )


def rows_after(space: Space, first: int) -> Space:
    """Give the rows of a Space from number `first` on, without columns in which they have nothing."""
    columns = {name: np.asarray(values)[first:] for name, values in space.columns.items()}
    told = {
        name: values
        for name, values in columns.items()
        if not all(value is None for value in values.tolist())
    }
    keys = Keys(space.keys.names(np.arange(first, len(space))))
    return replace(space, keys=keys, vectors=space.vectors[first:], columns=told, stored_norms=None)
