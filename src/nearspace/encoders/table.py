"""The table of encoders that can be opened from a folder: kind -> module and class, imported on use."""

from __future__ import annotations

import importlib
from pathlib import Path

from nearspace.errors import InputError
from nearspace.protocols import Encoder

ENCODERS = {
    "contexts": ("nearspace.encoders.contexts", "ContextEncoder"),
    "lsa": ("nearspace.encoders.lexical", "LexicalEncoder"),
    "tfidf": ("nearspace.encoders.lexical", "LexicalEncoder"),
    "external": ("nearspace.encoders.external", "ExternalEncoder"),
    "recommender": ("nearspace.encoders.recommender", "RecommenderEncoder"),
    "static": ("nearspace.encoders.static", "StaticEncoder"),
    "tokens": ("nearspace.encoders.token_table", "TokenEncoder"),
    "subwords": ("nearspace.encoders.subwords", "SubwordEncoder"),
    "transformer": ("nearspace.encoders.transformer", "TransformerEncoder"),
}


def open_encoder(kind: str, folder: Path) -> Encoder:
    """Open the encoder of `kind` that was saved in `folder`.

    Raises:
        InputError: there is no such kind, or the folder is damaged.
    """
    if kind not in ENCODERS:
        raise InputError(
            f"{str(folder)!r} holds an encoder of kind {kind!r}, which this nearspace cannot open",
            f"Known kinds: {', '.join(ENCODERS)}. A newer nearspace may know it: pip install -U nearspace",
        )
    module, name = ENCODERS[kind]
    encoder: Encoder = getattr(importlib.import_module(module), name).load(folder)
    return encoder
