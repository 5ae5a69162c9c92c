"""The encoder that a command names: that of a Space, its words, a model, or one that runs elsewhere."""

from __future__ import annotations

from pathlib import Path

from nearspace.encoders.external import ExternalEncoder
from nearspace.encoders.models import open_model
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import InputError, MissingInputError
from nearspace.protocols import Encoder
from nearspace.store.description import NAME as DESCRIPTION
from nearspace.store.folder import open_space

_OF_WORDS = "subwords"  # kind of the encoder that places words, not texts


def encoder_of(path: str, *, dim: int | None = None) -> Encoder:
    """Give the encoder of texts of the Space at `path`.

    A Space of words places texts by their words; any other lends its encoder; what is no Space is a model.
    With `dim`, a name that is no folder stands for an encoder that runs elsewhere.

    Raises:
        MissingInputError: there is no such Space and no such model.
        InputError: it has neither words nor an encoder, or the model is unfit.
    """
    if dim is not None and not Path(path).exists():
        return ExternalEncoder(path, dim)
    if not (Path(path) / DESCRIPTION).is_file():
        try:
            return open_model(path)
        except MissingInputError as error:
            elsewhere = "To name an encoder that runs elsewhere, create the Space with --dim."
            raise MissingInputError(error.message, f"{error.hint}. {elsewhere}") from error
    space = open_space(path)
    if space.encoder is not None and space.encoder.kind != _OF_WORDS:
        return space.encoder
    if not len(space):
        raise InputError(
            f"{path!r} has no words to place texts by", "Name a Space of words, or one with an encoder."
        )
    return StaticEncoder.from_space(space)


def name_of(encoder: str) -> str:
    """Give the name of an encoder, or that of the encoder of the Space at `encoder`."""
    return encoder_of(encoder).fingerprint if Path(encoder).is_dir() else encoder
