"""senses and sense_of: what a Space of words in context knows about the senses of its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.occurrences import Finder
from nearspace.encoders.contexts import unmarked
from nearspace.errors import InputError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.search.suggest import suggest
from nearspace.space import Space

KIND = "contexts"
_COLUMNS = ("word", "sentence", "sense", "sense_name")
_TYPICAL = 3
_ASKED = 10  # nearest occurrences that vote


@dataclass(frozen=True, eq=False)
class Sense:
    """One sense of a word, as it was found: a hypothesis.

    Attributes:
        key: for example "bank/2".
        word: whose sense it is.
        name: for people, for example "bank: river, shore".
        count: occurrences.
        share: of the occurrences of the word.
        silhouette: mean over them, -1..1; 0 if the word has one sense.
        stability: mean share of clusterings of half of the occurrences that agree on them.
        typical: the sentences nearest to the centre.
        centre: (d,) unit vector: the mean of the occurrences.
    """

    key: str
    word: str
    name: str
    count: int
    share: float
    silhouette: float
    stability: float
    typical: tuple[str, ...]
    centre: NDArray[np.float32] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Give all but the centre."""
        return {
            "sense": self.key,
            "word": self.word,
            "name": self.name,
            "count": self.count,
            "share": round(self.share, 4),
            "silhouette": round(self.silhouette, 4),
            "stability": round(self.stability, 4),
            "typical": list(self.typical),
        }


@dataclass(frozen=True, eq=False)
class SenseList(Sequence[Sense]):
    """Senses by number or key."""

    items: tuple[Sense, ...]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, str):
            found = next((sense for sense in self.items if sense.key == at), None)
            if found is None:
                raise UnknownKeyError(at, suggest(Keys([sense.key for sense in self.items]), at))
            return found
        return self.items[at]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Sense]:
        return iter(self.items)


@dataclass(frozen=True)
class Placement:
    """How well a sense fits a word in a new sentence.

    Attributes:
        sense: its key.
        name: its name.
        score: cosine to the centre of the sense, both less the mean of the word; larger is nearer.
        share: of the 10 nearest occurrences of the word, those of this sense.
    """

    sense: str
    name: str
    score: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """Give {"sense", "name", "score", "share"}."""
        return {
            "sense": self.sense,
            "name": self.name,
            "score": round(self.score, 6),
            "share": round(self.share, 4),
        }


def senses(space: Space, word: str | None = None) -> SenseList:
    """List the senses of a Space of words in context, word by word, the most frequent sense first.

    Raises:
        InputError: the Space was not made by `learn.contexts`.
        UnknownKeyError: it has not the word.
    """
    _check(space)
    words = np.asarray(space.columns["word"])
    wanted = list(dict.fromkeys(words.tolist())) if word is None else [_known(space, word)]
    return SenseList(tuple(sense for one in wanted for sense in _senses_of(space, words, one)))


def sense_of(space: Space, sentence: str, word: str | None = None) -> tuple[Placement, ...]:
    """Tell which sense a word has in a new sentence: all its senses, the best first.

    Args:
        space: made by `learn.contexts`.
        sentence: with the word, which may be marked, "the [[bank]] of the river"; else its first occurrence
            is meant.
        word: of the Space; None: the first one that is in the sentence.

    Raises:
        InputError: the word is not in the sentence, or the Space was not made by `learn.contexts`.
        UnknownKeyError: the Space has not the word.
    """
    _check(space)
    encoder: Any = space.encoder
    if encoder is None or encoder.kind != KIND:
        raise InputError(f"{space.name!r} has no encoder of words in context", "Learn it again.")
    named, text, span = _spot(space, encoder, sentence, word)
    vector = encoder.at([text], [span])[0].astype(np.float64)
    if not vector.any():
        raise InputError(
            f"the encoder does not read as far as {named!r} in the sentence", "Give a shorter sentence."
        )
    rows = np.flatnonzero(np.asarray(space.columns["word"]) == named)
    vectors = space.take(rows).astype(np.float64)
    middle = vectors.mean(axis=0)
    own = np.asarray(space.columns["sense"])[rows]
    names = np.asarray(space.columns["sense_name"])[rows]
    order = np.lexsort((np.arange(len(rows)), -(vectors @ vector)))[:_ASKED]
    placed = [
        Placement(
            str(key),
            str(names[own == key][0]),
            _cosine(vector - middle, vectors[own == key].mean(axis=0) - middle, len(set(own.tolist()))),
            float((own[order] == key).mean()),
        )
        for key in dict.fromkeys(own.tolist())
    ]
    return tuple(sorted(placed, key=lambda one: (-one.score, one.sense)))


def _senses_of(space: Space, words: NDArray[Any], word: str) -> Iterator[Sense]:
    rows = np.flatnonzero(words == word)
    vectors = space.take(rows).astype(np.float64)
    own = np.asarray(space.columns["sense"])[rows]
    figures = {
        name: np.asarray(space.columns[name])[rows] if name in space.columns else np.zeros(len(rows))
        for name in ("silhouette", "stability")
    }
    keys, counts = np.unique(own.astype(str), return_counts=True)
    for at in np.lexsort((keys, -counts)):
        members = np.flatnonzero(own == keys[at])
        mean = vectors[members].mean(axis=0)
        near = np.lexsort((members, -(vectors[members] @ mean)))
        records = space.columns.records(rows[members[near[: 4 * _TYPICAL]]].tolist())
        yield Sense(
            str(keys[at]),
            word,
            str(records[0]["sense_name"]),
            int(counts[at]),
            float(counts[at] / len(rows)),
            float(figures["silhouette"][members].mean()),
            float(figures["stability"][members].mean()),
            tuple(dict.fromkeys(str(record["sentence"]) for record in records))[:_TYPICAL],
            (mean / (np.linalg.norm(mean) or 1.0)).astype(np.float32),
        )


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64], senses_: int) -> float:
    """The cosine; 1 where the word has one sense, whose centre is the mean itself."""
    if senses_ == 1:
        return 1.0
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


def _spot(space: Space, encoder: Any, sentence: str, word: str | None) -> tuple[str, str, tuple[int, int]]:
    """Give the word that is meant, the sentence without marks, and start and end of the word."""
    words = (
        dict.fromkeys(np.asarray(space.columns["word"]).tolist()) if word is None else [_known(space, word)]
    )
    text, marked = unmarked(sentence)
    for one in words:
        for _, start, end in Finder((one,), {one: (encoder.forms or {}).get(one, ())}).spans(text):
            if marked in (None, (start, end)):
                return str(one), text, (start, end)
    raise InputError(
        f"the sentence has none of the words {', '.join(words)}"
        + ("" if marked is None else " where it is marked"),
        "Give one that has it; [[ ]] mark which occurrence is meant.",
    )


def _known(space: Space, word: str) -> str:
    words = list(dict.fromkeys(np.asarray(space.columns["word"]).tolist()))
    if word not in words:
        raise UnknownKeyError(word, tuple(map(str, words[:5])))
    return word


def _check(space: Space) -> None:
    missing = [name for name in _COLUMNS if name not in space.columns]
    if missing:
        raise InputError(
            f"{space.name!r} has no column {missing[0]!r}: it is no Space of words in context",
            "Make one: nearspace learn contexts TEXTS --word WORD --encoder MODEL -o OUT.space",
        )
