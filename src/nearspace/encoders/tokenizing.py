"""Texts to the numbers of their tokens, by the tokenizer of a model.

A long text is cut before it is split into tokens: its beginning is taken in pieces that end before white
space, where tokenizers split too, until the pieces have as many tokens as the model takes. So the tokens are
those of the whole text, and one of 50 MB costs no more than one page.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError
from nearspace.optional import require

_PIECE = 8  # characters of a piece for each token that the model takes
_LONGEST_WORD = 1_000_000  # characters; a longer one ends its text
_SURROGATES = re.compile("[\ud800-\udfff]")
_GAP = re.compile(r"(?<=\S)\s")


@dataclass(frozen=True)
class Spans:
    """The tokens of one text that are of the text itself.

    Attributes:
        places: (t,) int64, their places among all tokens, special ones included.
        pieces: their names in the vocabulary.
        spans: (t, 2) int32, the characters of the text that they stand for: begin, end.
    """

    places: NDArray[np.int64]
    pieces: tuple[str, ...]
    spans: NDArray[np.int32]


class TextTokenizer:
    """Splits texts into tokens and cuts them at `max_length` tokens, special ones included.

    Args:
        folder: with tokenizer.json, or with the vocab.txt of a BERT.
        max_length: most tokens of a text.
        lowercase: texts are lowered first, whatever the tokenizer does.
        prompt: is put before each text.

    Raises:
        MissingExtraError: tokenizers is not installed.
        InputError: the file is damaged, or nothing but special tokens and the prompt has room.
    """

    def __init__(self, folder: Path, max_length: int, *, lowercase: bool = False, prompt: str = "") -> None:
        self.max_length, self.prompt = max_length, _clean(prompt)
        self._tokenizer = _read(folder)
        if lowercase:
            _lower(self._tokenizer)
        self.special = int(self._tokenizer.num_special_tokens_to_add(False))
        alone = self._tokenizer.encode(self.prompt).ids if prompt else []
        self._no_text = max(len(alone), self.special)
        if self._no_text >= max_length:
            raise InputError(
                f"{max_length} tokens are the most that a text may have, of which special ones and the "
                f"prompt take {self._no_text}",
                "Choose a shorter prompt.",
            )
        # like sentence-transformers: all of the prompt alone, but for the token that ends a text
        self.prompt_tokens = max(0, len(alone) - 1) if prompt else 0
        self._tokenizer.enable_truncation(max_length)
        self._piece = _PIECE * max_length + len(self.prompt)

    def save(self, path: Path) -> None:
        """Write tokenizer.json, without the limits that were set here."""
        self._tokenizer.no_truncation()
        self._tokenizer.save(str(path), pretty=False)
        self._tokenizer.enable_truncation(self.max_length)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the numbers of the tokens of each text; none for a text that has no token of its own."""
        split = getattr(self._tokenizer, "encode_batch_fast", self._tokenizer.encode_batch)
        found = [encoding.ids for encoding in split([self.prompt + self.cut(text)[0] for text in texts])]
        return [
            ids if len(ids) > self._no_text or self._has_text(text, ids) else []
            for text, ids in zip(texts, found, strict=True)
        ]

    def spans(self, texts: Sequence[str]) -> list[tuple[list[int], Spans]]:
        """Give for each text the numbers of all its tokens, and which are of the text itself."""
        cuts = [self.cut(text) for text in texts]
        found = self._tokenizer.encode_batch([self.prompt + text for text, _ in cuts])
        return [
            (encoding.ids, self._spans(encoding, starts))
            for encoding, (_, starts) in zip(found, cuts, strict=True)
        ]

    def cut(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """Give the part of a text that its tokens depend on, without lone surrogates.

        The second value says where its pieces came from: (place in the part, place in the text), ascending.
        """
        if len(text) <= 2 * self._piece:
            return _clean(text), [(0, 0)]
        kept: list[str] = []
        starts: list[tuple[int, int]] = []
        tokens = length = 0
        for begin, piece in _pieces(text, self._piece):
            own = len(self._tokenizer.encode(piece, add_special_tokens=False).ids)
            if own:
                starts.append((length, begin))
                kept.append(piece)
                length += len(piece)
                tokens += own
            if tokens >= self.max_length:
                break
        return "".join(kept), starts or [(0, 0)]

    def _has_text(self, text: str, ids: list[int]) -> bool:
        if len(ids) <= self.special:
            return False
        return bool(self._tokenizer.encode(self.cut(text)[0], add_special_tokens=False).ids)

    def _spans(self, encoding: Any, starts: list[tuple[int, int]]) -> Spans:
        before = len(self.prompt)
        spans = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) - before
        special = np.array(encoding.special_tokens_mask, dtype=bool)
        places = np.flatnonzero(~special & (spans[:, 1] > 0))
        spans = np.maximum(spans[places], 0)
        if len(starts) > 1 or starts[0] != (0, 0):
            inner = [start for start, _ in starts]
            shifts = [outer - inner for inner, outer in starts]
            spans += np.array([[shifts[bisect_right(inner, int(begin)) - 1]] for begin, _ in spans]).reshape(
                -1, 1
            )
        names = encoding.tokens
        return Spans(places, tuple(names[place] for place in places), spans.astype(np.int32))


def _pieces(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Cut a text before white space that follows a word, into pieces of about `size` characters."""
    begin = 0
    while begin < len(text):
        gap = _GAP.search(text, begin + size, begin + size + _LONGEST_WORD)
        end = gap.start() if gap else len(text)
        if gap is None and end - begin > size + _LONGEST_WORD:
            yield begin, _clean(text[begin : begin + size + _LONGEST_WORD])
            return
        yield begin, _clean(text[begin:end])
        begin = end


def _clean(text: str) -> str:
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _read(folder: Path) -> Any:
    library = require("tokenizers", extra="packed", purpose="splitting texts into the tokens of a model")
    path = folder / "tokenizer.json"
    if not path.is_file():
        return _of_vocabulary(folder)
    try:
        tokenizer = library.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises Exception itself
        raise InputError(
            f"{str(path)!r} is no tokenizer that tokenizers {library.__version__} reads: {error}",
            "Take it anew from where the model comes from, or: pip install -U tokenizers",
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _of_vocabulary(folder: Path) -> Any:
    """Make the tokenizer of a BERT from its vocab.txt."""
    bert = require("tokenizers", extra="packed", purpose="splitting texts into tokens").BertWordPieceTokenizer
    settings: dict[str, Any] = {}
    if (folder / "tokenizer_config.json").is_file():
        settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    lower = bool(settings.get("do_lower_case", True))
    try:
        return bert(
            str(folder / "vocab.txt"),
            lowercase=lower,
            strip_accents=settings.get("strip_accents"),
            handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        )._tokenizer
    except Exception as error:
        raise InputError(
            f"{str(folder / 'vocab.txt')!r} is no vocabulary of a BERT: {error}", "Download the model again."
        ) from error


def _lower(tokenizer: Any) -> None:
    parts = require("tokenizers.normalizers", extra="packed", purpose="splitting texts into tokens")
    own = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
    tokenizer.normalizer = parts.Sequence([parts.Lowercase(), *own])
