"""Interactions with planted factors and popularity, made by seed, of any size.

A user is a mixture of a few of `GENRES` genres, a genre a distribution over items whose popularity falls by
a power law: P(item | user) = sum over genres of P(genre | user) P(item | genre). How many events a user has
is drawn from a log-normal distribution. Events are drawn in blocks of users, so 100 million take no more
memory than one block. Usage: python benchmarks/planted_events.py OUT.parquet [--users --items --events]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GENRES, TASTES, BLOCK = 64, 4, 20_000


@dataclass(frozen=True)
class Shape:
    """So many users and items, and about so many different pairs."""

    users: int
    items: int
    events: int


SHAPES = {
    "small": Shape(60_000, 20_000, 5_600_000),  # the one of the reference figures of implicit
    "ml-20m": Shape(138_493, 26_744, 20_000_263),
    "100m": Shape(1_000_000, 100_000, 100_000_000),
}


def blocks(shape: Shape, seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give users and items of events, int32, block by block; each pair once."""
    draw = np.random.default_rng([seed, shape.users, shape.items])
    popularity = (np.arange(shape.items) + 20.0) ** -0.9
    popularity /= popularity.sum()
    belongs = draw.random((GENRES, shape.items), dtype=np.float32) ** 12  # an item is mostly of few genres
    by_genre = np.cumsum(belongs * popularity, axis=1)
    by_genre /= by_genre[:, -1:]
    sizes = draw.lognormal(0, 1.1, shape.users)
    sizes = np.maximum(sizes * shape.events / sizes.sum(), 5)
    for first in range(0, shape.users, BLOCK):
        count = min(BLOCK, shape.users - first)
        wanted = np.minimum(sizes[first : first + count] * 1.2, shape.items / 4).astype(np.int64)
        tastes = draw.integers(0, GENRES, (count, TASTES))
        weights = np.cumsum(draw.dirichlet(np.ones(TASTES), count), axis=1)
        users = np.repeat(np.arange(count), wanted)
        drawn = draw.random(len(users))[:, None]
        taste = (weights[users] < drawn).sum(axis=1).clip(max=TASTES - 1)
        genres = tastes[users, taste]
        items = np.empty(len(users), np.int64)
        for genre in range(GENRES):
            here = np.flatnonzero(genres == genre)
            items[here] = np.searchsorted(by_genre[genre], draw.random(len(here)))
        pairs = np.unique(users * shape.items + np.minimum(items, shape.items - 1))
        yield (first + pairs // shape.items).astype(np.int32), (pairs % shape.items).astype(np.int32)


def events(name: str, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Shape]:
    """Give all users and items of a named shape."""
    parts = list(blocks(SHAPES[name], seed))
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        SHAPES[name],
    )


def write(path: Path, shape: Shape, seed: int = 1) -> int:
    """Write a Parquet file with columns user and item; returns the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    written = 0
    schema = pa.schema([("user", pa.int32()), ("item", pa.int32())])
    with pq.ParquetWriter(path, schema) as file:
        for users, items in blocks(shape, seed):
            file.write_batch(pa.record_batch([users, items], schema=schema))
            written += len(users)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--users", type=int, default=SHAPES["100m"].users)
    parser.add_argument("--items", type=int, default=SHAPES["100m"].items)
    parser.add_argument("--events", type=int, default=SHAPES["100m"].events)
    asked = parser.parse_args()
    print(f"{write(asked.output, Shape(asked.users, asked.items, asked.events)):,} events")


if __name__ == "__main__":
    main()
