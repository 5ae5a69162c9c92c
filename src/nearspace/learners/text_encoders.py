"""What places texts: an encoder, a Space that lends one, or one that is learned from the texts themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nearspace.data.documents import Documents
from nearspace.encoders.lexical import LSA, TFIDF, LexicalEncoder, LexicalSettings
from nearspace.encoders.models import open_model
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import InputError, MissingInputError
from nearspace.learners.words import words
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.space import Space
from nearspace.store.description import is_space
from nearspace.store.folder import open_space

Learned = Callable[[Documents, int, int | None, Progress], Encoder]

DEFAULT = "lsa"
_OF_WORDS = "subwords"  # kind of the encoder that places words, not texts
_COMMON = 10_000  # texts that tell what all have in common


def encoder_for(
    encoder: Encoder | Space | str | None,
    read: Documents | None,
    *,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> tuple[Encoder, dict[str, Any]]:
    """Give the encoder of texts, and what a recipe says of it.

    Raises:
        InputError: a Space has neither words nor an encoder; or the texts can be read only once.
        MissingInputError: there is no encoder of that name.
    """
    if isinstance(encoder, str) and encoder not in LEARNED and is_space(Path(encoder)):
        encoder = open_space(encoder)
    if isinstance(encoder, Space):
        encoder = lent(encoder)
    if encoder is not None and not isinstance(encoder, str):
        return encoder, {"encoder": encoder.kind, "fingerprint": encoder.fingerprint}
    name = encoder or DEFAULT
    if name not in LEARNED:
        model = _model(name)
        return model, {"encoder": name, "fingerprint": model.fingerprint}
    if read is None or read.once:
        raise InputError(
            f"the texts can be read only once, and the encoder {name!r} is learned from them first",
            "Give a file, a list or a table, or another encoder (--encoder).",
        )
    if encoder is None:
        progress.note(f"no encoder was named: {name!r} is learned from the texts")
    return LEARNED[name](read, seed, workers, progress), {"encoder": name}


def _model(name: str) -> Encoder:
    try:
        return open_model(name)
    except MissingInputError as error:
        learned = f"Or name an encoder that is learned from the texts: {', '.join(LEARNED)}."
        raise MissingInputError(error.message, f"{error.hint}. {learned}") from error


def lent(space: Space) -> Encoder:
    """Give the encoder of texts of a Space: its own, or one by its words.

    Raises:
        InputError: it has neither words nor an encoder.
    """
    if space.encoder is not None and space.encoder.kind != _OF_WORDS:
        return space.encoder
    if not len(space):
        raise InputError(
            f"{space.name!r} has no words to place texts by", "Name a Space of words, or one with an encoder."
        )
    return StaticEncoder.from_space(space)


def _lexical(method: str) -> Learned:
    """Fit tf-idf or latent semantic analysis on the texts."""

    def fit(read: Documents, seed: int, workers: int | None, progress: Progress) -> Encoder:
        # a word of one text alone is what a question for it knows it by
        settings = LexicalSettings(method, min_texts=1, seed=seed)
        return LexicalEncoder.fit(_texts(read), settings, workers=workers, progress=progress)

    return fit


def _words(read: Documents, seed: int, workers: int | None, progress: Progress) -> Encoder:
    """Learn skip-gram vectors of the words, and weigh them as SIF does."""
    learned = words(_texts(read), seed=seed, min_count=2, workers=workers, progress=progress)
    encoder = StaticEncoder.from_space(learned)
    try:
        return encoder.fit_common(itertools.islice(_texts(read), _COMMON))
    except InputError:  # fewer than two texts
        return encoder


def _texts(read: Documents) -> Iterator[str]:
    for batch in read.batches():
        for text in batch.column(1):
            value = text.as_py()
            if value:
                yield value


LEARNED: dict[str, Learned] = {"lsa": _lexical(LSA), "tfidf": _lexical(TFIDF), "words": _words}
