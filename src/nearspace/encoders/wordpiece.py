"""The WordPiece tokenizer of BERT: texts to the numbers of their pieces, equal to those of `tokenizers`."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.bert_characters import Rules, characters
from nearspace.errors import InputError
from nearspace.kernels import wordpiece as kernel
from nearspace.kernels.token_table import rebuild
from nearspace.kernels.wordpiece import match_numpy, wordpieces

NO_LIMIT = 1 << 62
_ADDED_FLAGS = ("single_word", "lstrip", "rstrip", "normalized")


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of some texts.

    Attributes:
        ids: (m,) int32, the number of each piece.
        starts: (n + 1,) int64: the pieces of text i are ids[starts[i]:starts[i + 1]].
        spans: (m, 2) int32, first and last + 1 character of each piece in its text, if they were asked for.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    spans: NDArray[np.int32] | None = None

    def of(self, text: int) -> NDArray[np.int32]:
        """Give the pieces of one text."""
        return self.ids[self.starts[text] : self.starts[text + 1]]


class WordPiece:
    """A vocabulary of pieces, and what is done to a text before they are looked up.

    Attributes:
        vocabulary: piece -> number.
        added: pieces that are found in the raw text, such as "[SEP]" -> number.
        rules: the steps of the normaliser.
        unknown: the number of words that cannot be made of pieces.
        longest: characters of the longest word that is looked up; longer ones are unknown.
        prefix: stands before a piece that continues a word.
        limit: the most pieces that a text is given.
        left_out: the piece that is not given, or -1.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        unknown: int,
        *,
        rules: Rules | None = None,
        added: Mapping[str, int] | None = None,
        prefix: str = "##",
        longest: int = 100,
        limit: int = NO_LIMIT,
        left_out: int = -1,
    ) -> None:
        self.vocabulary, self.unknown, self.rules = dict(vocabulary), unknown, rules or Rules()
        self.added, self.prefix, self.longest = dict(added or {}), prefix, longest
        self.limit, self.left_out = limit, left_out
        self._characters = characters(self.rules)
        names, starts = _side_by_side(self.vocabulary)
        slots = np.zeros(max(8, 1 << int(2 * len(self.vocabulary)).bit_length()), dtype=np.uint64)
        rebuild(names, starts, len(self.vocabulary), slots)
        token_ids = np.fromiter(self.vocabulary.values(), dtype=np.int32, count=len(self.vocabulary))
        special = dict(sorted(self.added.items(), key=lambda item: -len(item[0].encode())))
        special_ids = np.fromiter(special.values(), dtype=np.int32, count=len(special))
        fast = self._characters.fast.copy()
        fast[[piece.encode()[0] for piece in special]] = 0
        settings = np.zeros(kernel.SETTINGS_SIZE, dtype=np.int64)
        settings[kernel.UNKNOWN], settings[kernel.LONGEST] = unknown, longest
        settings[kernel.LIMIT], settings[kernel.LEFT_OUT] = limit, left_out
        settings[kernel.LONGEST_NAME] = np.diff(starts).max(initial=0)
        self._table = (
            fast,
            self._characters.entries,
            self._characters.several,
            (np.frombuffer(prefix.encode(), dtype=np.uint8), names, starts, slots, token_ids),
            (*_side_by_side(special), special_ids),
            settings,
        )

    @classmethod
    def from_json(
        cls, tokenizer: Mapping[str, Any], *, limit: int = NO_LIMIT, leave_out_unknown: bool = False
    ) -> WordPiece:
        """Make one of the content of tokenizer.json.

        Raises:
            InputError: it is no BERT tokenizer, or has steps that are not known here.
        """
        try:
            model = tokenizer["model"]
            rules = _rules(tokenizer)
            added = {}
            for piece in tokenizer.get("added_tokens") or ():
                if any(piece.get(flag) for flag in _ADDED_FLAGS) or not piece["content"]:
                    raise _unlike(f"the added piece {piece['content']!r} is matched in its own way")
                added[str(piece["content"])] = int(piece["id"])
            vocabulary = {str(piece): int(number) for piece, number in model["vocab"].items()}
            unknown = vocabulary.get(model["unk_token"], added.get(model["unk_token"]))
            if unknown is None or min(*vocabulary.values(), *added.values(), 0) < 0:
                raise _unlike(f"the unknown piece {model['unk_token']!r} is not in its vocabulary")
            return cls(
                vocabulary,
                unknown,
                rules=rules,
                added=added,
                prefix=str(model["continuing_subword_prefix"]),
                longest=int(model.get("max_input_chars_per_word", 100)),
                limit=limit,
                left_out=unknown if leave_out_unknown else -1,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise _unlike(f"its description is damaged ({error!r})") from error

    def ids(self, texts: Sequence[str], *, spans: bool = False) -> Pieces:
        """Give the pieces of texts, without the special ones that a model puts around them."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        ids = np.empty(len(data) + 1, dtype=np.int32)
        starts = np.empty(len(encoded) + 1, dtype=np.int64)
        places = np.empty(2 * len(ids) if spans else 0, dtype=np.int64)
        hard = np.zeros(len(encoded), dtype=np.bool_)
        count = wordpieces(data, offsets, *self._table, ids, starts, places, hard)
        found = Pieces(ids[:count], starts, _characters_of(data, offsets, starts, places) if spans else None)
        return self._with_hard(texts, found, hard) if hard.any() else found

    def slowly(self, text: str) -> list[int]:
        """Give the pieces of one text, by the formulas: normalise, split, match the longest."""
        ids: list[int] = []
        for part in _cut(text, self.added):
            if part in self.added:
                ids.append(self.added[part])
                continue
            for word in self._words(part):
                ids += match_numpy(word, self.vocabulary, self.prefix, self.unknown, self.longest)
        return [number for number in ids[: self.limit] if number != self.left_out]

    def _words(self, text: str) -> list[str]:
        entries, several, order = self._characters.entries, self._characters.several, self._characters.order
        parts: list[tuple[int, int, int]] = []  # combining class, kind, code point
        for char in text:
            entry = int(entries[ord(char)])
            kind, value = entry & 7, entry >> kernel.CLASS_BITS
            if kind == kernel.SEVERAL:
                some = several[value + 1 : value + 1 + several[value]].tolist()
            else:
                some = [entry]
            if kind == kernel.REMOVED and unicodedata.category(char)[0] == "C":
                continue
            if kind == kernel.REMOVED:
                parts.append((unicodedata.combining(char), kind, 0))
                continue
            for one in some:
                point = one >> kernel.CLASS_BITS
                parts.append((order.get(point, 0), one & 7, point))
        words, word = [], ""
        for _, kind, point in _in_canonical_order(parts):
            if kind in (kernel.SPACE, kernel.ALONE):
                words += [word] if word else []
                word = ""
            if kind == kernel.ALONE:
                words.append(chr(point))
            elif kind in (kernel.WORD, kernel.ORDERED):
                word += chr(point)
        return [*words, word] if word else words

    def _with_hard(self, texts: Sequence[str], found: Pieces, hard: NDArray[np.bool_]) -> Pieces:
        """Put in the pieces of texts whose marks have to be put in order; their spans are the whole text."""
        ids, spans = [found.of(text) for text in range(len(texts))], []
        for text in np.flatnonzero(hard).tolist():
            ids[text] = np.array(self.slowly(texts[text]), dtype=np.int32)
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(own) for own in ids], out=starts[1:])
        if found.spans is None:
            return Pieces(np.concatenate(ids), starts)
        for text, (begin, end) in enumerate(itertools.pairwise(found.starts.tolist())):
            whole = np.tile(np.array([[0, len(texts[text])]], dtype=np.int32), (len(ids[text]), 1))
            spans.append(whole if hard[text] else found.spans[begin:end])
        return Pieces(np.concatenate(ids), starts, np.concatenate(spans))


def _unlike(reason: str) -> InputError:
    return InputError(
        f"the tokenizer is none that is known here: {reason}",
        "It is run by the package tokenizers instead: pip install 'nearspace[packed]'",
    )


def _rules(tokenizer: Mapping[str, Any]) -> Rules:
    kinds = [(tokenizer.get(part) or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model")]
    if kinds != ["BertNormalizer", "BertPreTokenizer", "WordPiece"]:
        raise _unlike(f"it is made of {kinds}")
    steps = tokenizer["normalizer"]
    lower = bool(steps["lowercase"])
    strip = steps.get("strip_accents")
    return Rules(
        bool(steps["clean_text"]),
        bool(steps["handle_chinese_chars"]),
        lower if strip is None else bool(strip),
        lower,
    )


def _side_by_side(words: Mapping[str, int]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    starts = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(word) for word in encoded], out=starts[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), starts


def _characters_of(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    starts: NDArray[np.int64],
    places: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Turn byte offsets of pieces into character offsets in their texts."""
    before = np.zeros(len(data) + 1, dtype=np.int64)
    np.cumsum((data & 0xC0) != 0x80, out=before[1:])
    spans = before[places[: 2 * starts[-1]]].reshape(-1, 2)
    own = before[np.repeat(offsets[:-1], np.diff(starts))]
    return np.asarray(spans - own[:, None], dtype=np.int32)


def _cut(text: str, added: Mapping[str, int]) -> list[str]:
    """Cut a text around the added pieces in it, the leftmost and longest first."""
    parts, begin, at = [], 0, 0
    pieces = sorted(added, key=len, reverse=True)
    while at < len(text):
        piece = next((piece for piece in pieces if text.startswith(piece, at)), None)
        if piece is None:
            at += 1
            continue
        parts += [text[begin:at], piece]
        begin = at = at + len(piece)
    return [part for part in [*parts, text[begin:]] if part]


def _in_canonical_order(parts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Sort each run of marks by their combining class, as Unicode's canonical ordering does."""
    ordered: list[tuple[int, int, int]] = []
    for mark, run in itertools.groupby(parts, key=lambda part: part[0] > 0):
        marks = list(run)
        ordered += sorted(marks, key=lambda part: part[0]) if mark else marks
    return ordered
