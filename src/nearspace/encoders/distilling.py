"""A transformer distilled into a table: each token or word of a vocabulary is run through it once.

Without context a text's vector is then the weighted mean of its tokens' rows: far faster, and less exact.
Tulkens and van Dongen: Model2Vec (2024), https://github.com/MinishLab/model2vec; the weights: Arora,
Liang and Ma: A Simple but Tough-to-Beat Baseline for Sentence Embeddings (ICLR 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.static import StaticEncoder, StaticSettings
from nearspace.encoders.term_counts import count_terms
from nearspace.encoders.token_table import TokenEncoder, TokenSettings
from nearspace.encoders.wordpiece import WordPiece
from nearspace.errors import InputError, SettingError
from nearspace.protocols import Progress, Quiet

TOKENS, WORDS = "tokens", "words"
VOCABULARIES = (TOKENS, WORDS)
_BLOCK = 1_024
_A_OF_TEXTS, _A_OF_ZIPF = 1e-3, 1e-4  # see docs/decisions/static-encoders.md
_READ = 8_192
_FIRST, _LAST = "[CLS]", "[SEP]"


@dataclass(frozen=True)
class Distilling:
    """What is made of a model.

    Attributes:
        dim: components that are kept, those in which the rows differ most; None: all, turned.
        vocabulary: "tokens", those of the model, or "words", those of the texts.
        a: the weight of a token whose share of all is p is a / (a + p). Without texts the shares are
            those of Zipf's law in the order of the model's vocabulary. None: 1e-3 with texts, 1e-4 without.
        max_words: most words of the texts.
        min_texts: texts that a word must come in.

    Raises:
        SettingError: a number is out of range, or there is no such vocabulary.
    """

    dim: int | None = 256
    vocabulary: str = TOKENS
    a: float | None = None
    max_words: int = 100_000
    min_texts: int = 2

    def __post_init__(self) -> None:
        if self.vocabulary not in VOCABULARIES:
            raise SettingError(f"vocabulary is {self.vocabulary!r}", f"Accepted: {', '.join(VOCABULARIES)}.")
        if self.a is not None and not self.a > 0:
            raise SettingError(f"a is {self.a}", "It must be above 0; 0.001 is usual.")
        if self.dim is not None and self.dim < 1:
            raise SettingError(f"dim is {self.dim}", "It must be 1 or more.")


@dataclass(frozen=True, eq=False)
class Teacher:
    """The model that is distilled.

    Attributes:
        tokenizer: the content of its tokenizer.json.
        pooled: numbers of tokens, special ones included, of n texts -> (n, d) float32.
    """

    tokenizer: dict[str, Any]
    pooled: Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]


def distil(
    teacher: Teacher,
    settings: Distilling,
    texts: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> TokenEncoder | StaticEncoder:
    """Run a teacher over a vocabulary and make an encoder of the rows; `texts` are read once.

    Raises:
        InputError: the tokenizer is no BERT tokenizer, or the vocabulary is to be made of texts that lack.
    """
    progress = progress or Quiet()
    pieces = WordPiece.from_json({**teacher.tokenizer, "truncation": None})
    tokens = _used(pieces)
    rows = _run(teacher, pieces, [[token] for token in tokens.tolist()], "running over tokens", progress)
    if settings.vocabulary == TOKENS:
        shares = _zipf(len(tokens)) if texts is None else _shares(pieces, tokens, texts)
        turned = _principal(rows, rows, settings.dim)
        a = settings.a or (_A_OF_ZIPF if texts is None else _A_OF_TEXTS)
        weights = a / (a + shares)
        return _token_encoder(teacher, pieces, tokens, turned * weights[:, None], unit=True)
    if texts is None:
        raise InputError("the words of a vocabulary come from texts, and none were given", "Give texts.")
    lowercase = pieces.rules.lower
    terms = count_terms(
        texts,
        lowercase=lowercase,
        max_words=settings.max_words,
        min_texts=settings.min_texts,
        keep=0,
        seed=0,
        progress=progress,
    )
    words = list(terms.words)
    found = pieces.ids(words)
    own = [found.of(word).tolist() for word in range(len(words))]
    of_words = _run(teacher, pieces, own, "running over words", progress)
    turned, of_tokens = _principal(of_words, of_words, settings.dim), _principal(of_words, rows, settings.dim)
    a = settings.a or _A_OF_TEXTS
    weights = a / (a + terms.occurrences / terms.total)
    unseen = _token_encoder(teacher, pieces, tokens, of_tokens, unit=False)
    static = StaticSettings(a, lowercase, float(weights.max()))
    return StaticEncoder(terms.words, turned, weights.astype(np.float32), unseen, settings=static)


def _used(pieces: WordPiece) -> NDArray[np.int64]:
    """The tokens that come in texts: neither those that a model puts around them nor reserved ones."""
    special = set(pieces.added.values()) | {pieces.unknown}
    return np.array(
        [
            number
            for piece, number in pieces.vocabulary.items()
            if number not in special and not (piece.startswith("[unused") and piece.endswith("]"))
        ],
        dtype=np.int64,
    )


def _run(
    teacher: Teacher, pieces: WordPiece, texts: list[list[int]], what: str, progress: Progress
) -> NDArray[np.float32]:
    known = {**pieces.vocabulary, **pieces.added}
    if _FIRST not in known or _LAST not in known:
        raise InputError(f"the tokenizer has no {_FIRST} and {_LAST}", "Only models like BERT are distilled.")
    first, last = known[_FIRST], known[_LAST]
    order = sorted(range(len(texts)), key=lambda text: len(texts[text]))
    made: NDArray[np.float32] | None = None
    with progress.task(what, total=len(texts), unit="pieces") as task:
        for start in range(0, len(texts), _BLOCK):
            own = order[start : start + _BLOCK]
            vectors = teacher.pooled([[first, *texts[text], last] for text in own])
            if made is None:
                made = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
            made[own] = vectors
            task.advance(len(own))
    if made is None:
        raise InputError("the vocabulary is empty", "Give more texts.")
    return made


def _principal(
    fitted: NDArray[np.float32], rows: NDArray[np.float32], dim: int | None
) -> NDArray[np.float32]:
    """`rows` without the mean of `fitted`, along the directions in which these differ most."""
    mean = fitted.mean(axis=0, dtype=np.float64)
    centred = fitted - mean
    values, vectors = np.linalg.eigh(centred.T @ centred)
    turn = vectors[:, np.argsort(-values, kind="stable")[:dim]]
    largest = np.abs(turn).argmax(axis=0)
    turn = turn * np.sign(turn[largest, np.arange(turn.shape[1])])
    return np.asarray((rows - mean) @ turn, dtype=np.float32)


def _zipf(count: int) -> NDArray[np.float64]:
    shares = 1.0 / np.arange(2, count + 2)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _shares(pieces: WordPiece, tokens: NDArray[np.int64], texts: Iterable[str]) -> NDArray[np.float64]:
    """The share of each token in texts; one is added to each count, so that none is without weight."""
    counts = np.zeros(int(tokens.max()) + 1)
    block: list[str] = []
    for text in texts:
        block.append(text)
        if len(block) == _READ:
            counts += _counted(pieces, block, len(counts))
            block = []
    counts += _counted(pieces, block, len(counts))
    own = counts[tokens] + 1
    return np.asarray(own / own.sum(), dtype=np.float64)


def _counted(pieces: WordPiece, texts: list[str], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(pieces.ids(texts).ids, minlength=size)[:size], dtype=np.float64)


def _token_encoder(
    teacher: Teacher,
    pieces: WordPiece,
    tokens: NDArray[np.int64],
    rows: NDArray[Any],
    *,
    unit: bool,
) -> TokenEncoder:
    count = max([*pieces.vocabulary.values(), *pieces.added.values()]) + 1
    table = np.zeros((count, rows.shape[1]), dtype=np.float32)
    table[tokens] = rows
    tokenizer = {**teacher.tokenizer, "truncation": None, "padding": None}
    return TokenEncoder(tokenizer, table, settings=TokenSettings(unit=unit, leave_out_unknown=True))
