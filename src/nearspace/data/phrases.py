"""Phrases: neighbouring words that come together far more often than chance become one word, new_york.

The pairs are counted and joined on the stream of ids, so the text is read only once; a round more lets
phrases grow (new_york_times). The table of pairs is bounded: when it is full, the pairs of the lowest counts
are dropped so that at most half remain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus_scan import Encoded, unwritable
from nearspace.data.corpus_stream import ITEM, Stream
from nearspace.errors import SettingError
from nearspace.kernels.bigrams import count_pairs, join_pairs, put_pairs
from nearspace.kernels.token_table import MARGIN, enter_all, rebuild
from nearspace.kernels.tokens import LONGEST
from nearspace.protocols import Progress

SCORINGS = {"original": 100.0, "npmi": 0.5}  # and the threshold of each
MOST_SLOTS = 1 << 22  # of 12 bytes, two thirds in use: 2.8 million pairs in 50 MB
_FIRST_SLOTS = 1 << 16
_PIECE = 1 << 18


@dataclass(frozen=True)
class Phrases:
    """Which pairs of words become phrases.

    Attributes:
        threshold: the score that a pair needs; None: 100 for "original", 0.5 for "npmi".
        min_count: pairs and words that come less often are never joined.
        rounds: 1 joins pairs, 2 up to four words, and so on.
        scoring: "original": (n(ab) - min_count) N / (n(a) n(b)), Mikolov et al. 2013; "npmi": the normalised
            pointwise mutual information, at most 1, Bouma 2009. N: number of tokens.
    """

    threshold: float | None = None
    min_count: int = 5
    rounds: int = 1
    scoring: str = "original"

    def __post_init__(self) -> None:
        if self.scoring not in SCORINGS:
            raise SettingError(f"scoring is {self.scoring!r}", f"Accepted: {', '.join(SCORINGS)}.")
        if self.min_count < 1 or self.rounds < 1:
            raise SettingError(
                f"phrases have min_count {self.min_count} and rounds {self.rounds}", "Both must be 1 or more."
            )

    def scores(
        self, together: NDArray[np.int32], first: NDArray[np.int64], second: NDArray[np.int64], tokens: int
    ) -> NDArray[np.float64]:
        """Give the scores of pairs that came `together` times, of words that came `first` and `second`."""
        expected = first / tokens * second
        if self.scoring == "original":
            return np.asarray((together - self.min_count) / expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.log(together / expected) / np.log(tokens / together)
        return np.where(together >= tokens, 1.0, score)


def join_phrases(encoded: Encoded, phrases: Phrases, min_count: int, progress: Progress) -> Encoded:
    """Join the phrases of an encoded corpus; its file is replaced and its table of words grows.

    Raises:
        OutputError: the joined stream cannot be written.
    """
    least = max(phrases.min_count, min_count)
    for number in range(phrases.rounds):
        pairs, together = _count(encoded, least, progress)
        pairs, ids, types = _enter(encoded, _accepted(encoded, pairs, together, phrases))
        before = encoded.tokens
        encoded = _join(encoded, pairs, ids, types)
        progress.note(
            f"phrases, round {number + 1}: {len(pairs):,} of them, at {before - encoded.tokens:,} places"
        )
        if not len(pairs):
            break
    return encoded


def _entries(encoded: Encoded) -> Iterator[NDArray[np.int32]]:
    stream = Stream(encoded.path, encoded.length, np.empty(0, np.int32), 0, 0, 0, "")
    for start in range(0, encoded.length, _PIECE):
        yield stream.read(start, start + _PIECE)


def _count(encoded: Encoded, least: int, progress: Progress) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Count the pairs of words that come at least `least` times; give those that do so, too."""
    eligible = np.zeros(encoded.types + 1, dtype=np.bool_)
    eligible[: encoded.types] = encoded.counts[: encoded.types] >= least
    keys, values = np.zeros(_FIRST_SLOTS, np.int64), np.zeros(_FIRST_SLOTS, np.int32)
    state = np.array([-1, 0], dtype=np.int64)
    with progress.task("counting pairs", total=encoded.length, unit="words") as task:
        for entries in _entries(encoded):
            at = 0
            while (at := count_pairs(entries, at, eligible, keys, values, state)) < len(entries):
                keys, values = _enlarged(keys, values)
                state[1] = np.count_nonzero(keys)
            task.advance(len(entries))
    enough = values >= least
    return keys[enough], values[enough]


def _enlarged(
    keys: NDArray[np.int64], values: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The same pairs in twice the slots, or, where that is too much, the more frequent half in as many."""
    if 2 * len(keys) > MOST_SLOTS:
        counts = values[keys != 0]
        often = values > np.partition(counts, len(counts) // 2)[len(counts) // 2]
        pairs, counts = keys[often], values[often]
        keys[:], values[:] = 0, 0
        put_pairs(pairs, counts, keys, values)
        return keys, values
    more = np.zeros(2 * len(keys), np.int64), np.zeros(2 * len(keys), np.int32)
    put_pairs(keys, values, *more)
    return more


def _accepted(
    encoded: Encoded, pairs: NDArray[np.int64], together: NDArray[np.int32], phrases: Phrases
) -> NDArray[np.int64]:
    """The pairs that score enough, ascending; the best where the table of words has no room for all."""
    threshold = SCORINGS[phrases.scoring] if phrases.threshold is None else phrases.threshold
    first, second = _ids(pairs)
    scores = phrases.scores(together, encoded.counts[first], encoded.counts[second], encoded.tokens)
    lengths = np.diff(encoded.starts[: encoded.types + 1])
    lengths = lengths[first] + lengths[second] + 1
    order = np.lexsort((pairs, -scores))
    order = order[(scores > threshold)[order] & (lengths <= LONGEST)[order]]
    order = order[: len(encoded.counts) - encoded.types]
    room = len(encoded.names) - 2 * MARGIN - int(encoded.starts[encoded.types])
    return np.sort(pairs[order[np.cumsum(lengths[order]) < room]])


def _enter(encoded: Encoded, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Enter the names of `pairs` into the table of words: the pairs, their ids, the number of words."""
    names = [
        encoded.name(first) + b"_" + encoded.name(second)
        for first, second in zip(*(ids.tolist() for ids in _ids(pairs)), strict=True)
    ]
    data = np.frombuffer(b"".join(names), dtype=np.uint8).copy()
    offsets = np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype(np.int64)
    slots = np.zeros(1 << (2 * (encoded.types + len(pairs))).bit_length(), dtype=np.uint64)
    rebuild(encoded.names, encoded.starts, encoded.types, slots)
    ids = np.empty(len(pairs), dtype=np.int64)
    table = (encoded.names, encoded.starts, encoded.counts, slots)
    return pairs, ids, enter_all(data, offsets, *table, encoded.types, ids)


def _ids(pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (pairs - 1) >> 32, (pairs - 1) & 0xFFFFFFFF


def _join(encoded: Encoded, pairs: NDArray[np.int64], ids: NDArray[np.int64], types: int) -> Encoded:
    """Rewrite the stream with each of `pairs` as one of `ids`, and count anew."""
    size = 1 << (2 * len(pairs) + 2).bit_length()
    keys, values = np.zeros(size, np.int64), np.zeros(size, np.int32)
    put_pairs(pairs, ids.astype(np.int32), keys, values)
    encoded.counts[:types] = 0
    digest = hashlib.blake2b(digest_size=16)
    out, state = np.empty(_PIECE + 1, dtype=np.int32), np.array([-1], dtype=np.int64)
    path, length = encoded.path.with_name(encoded.path.name + ".joined"), 0
    try:
        with path.open("wb") as file:
            for entries in _entries(encoded):
                written = join_pairs(entries, keys, values, encoded.types, types, encoded.counts, out, state)
                data = out[:written].astype(ITEM, copy=False).data
                digest.update(data)
                file.write(data)
                length += written
        path.replace(encoded.path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise unwritable(path, error) from error
    digest.update(encoded.names[: encoded.starts[types]].data)
    tokens = length - encoded.lines
    return replace(encoded, length=length, types=types, tokens=tokens, fingerprint=digest.hexdigest())
