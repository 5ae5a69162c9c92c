"""Texts to the pieces of a WordPiece vocabulary: normalised, split and matched in one pass over the bytes.

The table of characters says what becomes of each (see `encoders/bert_characters.py`); a word is looked up
whole, and only where the vocabulary lacks it piece by piece, the longest first (Schuster and Nakajima 2012).
The helpers hand arrays to each other at every word: hence `_nrt=False`, see `tokens.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.token_table import BASIS, PRIME
from nearspace.kernels.utf8 import decode, encode

# what becomes of a character: the low three bits of its entry; above them the code point that it becomes, or
# the place in `several` where the number of its parts stands, followed by their entries
WORD, REMOVED, SPACE, ALONE, SEVERAL, ORDERED = 1, 2, 3, 4, 5, 6
CLASS_BITS = 3
FAST_SPACE, FAST_ALONE = 1, 2  # entries of the table of ASCII characters; 0: needs a closer look

UNKNOWN, LONGEST, LIMIT, LEFT_OUT, LONGEST_NAME, PREFIX = 0, 1, 2, 3, 4, 5  # entries of the settings
SETTINGS_SIZE = 6

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, _nrt=False)
def _find(
    word: NDArray[np.uint8],
    begin: int,
    end: int,
    code: Any,
    prefix: NDArray[np.uint8],
    width: int,
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    slots: NDArray[np.uint64],
) -> Any:
    """The number of the name prefix[:width] + word[begin:end], whose hash is `code`, or -1."""
    mask = np.int64(slots.size - 1)
    at = np.int64(code & _LOW) & mask
    upper = code >> _HALF
    while slots[at] != 0:
        if slots[at] >> _HALF == upper:
            known = np.int64(slots[at] & _LOW) - 1
            first = np.int64(starts[known])
            if starts[known + 1] - first == width + end - begin:
                same = True
                for position in range(width):
                    same = same and names[first + position] == prefix[position]
                first += width - begin
                for position in range(begin, end):
                    if names[first + position] != word[position]:
                        same = False
                        break
                if same:
                    return known
        at = (at + 1) & mask
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def _match(
    word: NDArray[np.uint8],
    length: int,
    codes: NDArray[np.uint64],
    places: NDArray[np.int64],
    prefix: NDArray[np.uint8],
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    slots: NDArray[np.uint64],
    token_ids: NDArray[np.int32],
    settings: NDArray[np.int64],
    ids: NDArray[np.int32],
    spans: NDArray[np.int64],
    written: int,
) -> int:
    """Write the pieces of word[:length], longest first, or the unknown piece; give how many ids there are."""
    made, begin = written, 0
    while begin < length:
        width = prefix.size if begin > 0 else 0
        code = BASIS
        for position in range(width):
            code = (code ^ np.uint64(prefix[position])) * PRIME
        stop = min(length, begin + settings[LONGEST_NAME] - width)
        for position in range(begin, stop):
            code = (code ^ np.uint64(word[position])) * PRIME
            codes[position + 1] = code
        end, known = stop, -1
        while end > begin:
            if end == length or (word[end] & 0xC0) != 0x80:
                known = _find(word, begin, end, codes[end], prefix, width, names, starts, slots)
                if known >= 0:
                    break
            end -= 1
        if known < 0:
            ids[written] = settings[UNKNOWN]
            if spans.size:
                spans[2 * written], spans[2 * written + 1] = places[0], places[2 * length - 1]
            return written + 1
        ids[made] = token_ids[known]
        if spans.size:
            spans[2 * made], spans[2 * made + 1] = places[2 * begin], places[2 * end - 1]
        made += 1
        begin = end
    return made


@njit(cache=True, nogil=True, _nrt=False)
def _special(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    special_names: NDArray[np.uint8],
    special_starts: NDArray[np.int32],
) -> Any:
    """The number of the longest added piece that stands at `at`, or -1; they are ordered, longest first."""
    for special in range(special_starts.size - 1):
        first = special_starts[special]
        size = special_starts[special + 1] - first
        if at + size <= stop:
            same = True
            for position in range(size):
                if data[at + position] != special_names[first + position]:
                    same = False
                    break
            if same:
                return special
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def _finish(
    written: int,
    begun: int,
    settings: NDArray[np.int64],
    ids: NDArray[np.int32],
    spans: NDArray[np.int64],
) -> Any:
    """Cut a text off at the limit and leave pieces out; give how many ids there are."""
    written = min(written, begun + settings[LIMIT])
    if settings[LEFT_OUT] < 0:
        return written
    kept = begun
    for at in range(begun, written):
        if ids[at] != settings[LEFT_OUT]:
            ids[kept] = ids[at]
            if spans.size:
                spans[2 * kept], spans[2 * kept + 1] = spans[2 * at], spans[2 * at + 1]
            kept += 1
    return kept


@njit(cache=True, nogil=True, _nrt=False)
def _end_word(
    word: NDArray[np.uint8],
    length: int,
    count: int,
    code: Any,
    codes: NDArray[np.uint64],
    places: NDArray[np.int64],
    table: Any,
    settings: NDArray[np.int64],
    ids: NDArray[np.int32],
    spans: NDArray[np.int64],
    written: int,
) -> Any:
    """Write the pieces of a word of `count` characters whose hash is `code`; give how many ids there are."""
    prefix, names, starts, slots, token_ids = table
    known = -1
    if count <= settings[LONGEST]:
        known = _find(word, 0, length, code, prefix, 0, names, starts, slots)
        if known < 0:
            return _match(word, length, codes, places, *table, settings, ids, spans, written)
    ids[written] = token_ids[known] if known >= 0 else settings[UNKNOWN]
    if spans.size:
        spans[2 * written], spans[2 * written + 1] = places[0], places[2 * length - 1]
    return written + 1


@njit(cache=True, nogil=True, _nrt=False)
def _read(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    special_names: NDArray[np.uint8],
    special_starts: NDArray[np.int32],
) -> Any:
    """What becomes of the character at `at`: its kind, its value, where the next is, an added piece or -1.

    The end of the text, and an added piece, end a word as white space does.
    """
    if at >= stop:
        return np.int64(SPACE), np.int64(0), at + 1, -1
    low = np.int64(fast[data[at]])
    if low == FAST_SPACE:
        return np.int64(SPACE), np.int64(0), at + 1, -1
    if low == FAST_ALONE:
        return np.int64(ALONE), np.int64(data[at]), at + 1, -1
    if low > 0:  # behind the longest word
        return np.int64(WORD), low, at + 1, -1
    if special_starts.size > 1:
        special = _special(data, at, stop, special_names, special_starts)
        if special >= 0:
            size = np.int64(special_starts[special + 1] - special_starts[special])
            return np.int64(SPACE), np.int64(0), at + size, special
    point, size = decode(data, at, stop)
    if size <= 0:
        return np.int64(REMOVED), np.int64(0), at + 1, -1
    entry = np.int64(chars[point])
    return entry & 7, entry >> CLASS_BITS, at + size, -1


@njit(cache=True, nogil=True, _nrt=False)
def _append(
    point: int,
    first: int,
    last: int,
    word: NDArray[np.uint8],
    length: int,
    code: Any,
    places: NDArray[np.int64],
    want: bool,
) -> Any:
    """Put a character that stands at data[first:last] behind word[:length]; give the new length and hash."""
    wrote = encode(point, word, length)
    for position in range(length, length + wrote):
        code = (code ^ np.uint64(word[position])) * PRIME
        if want:
            places[2 * position], places[2 * position + 1] = first, last
    return length + wrote, code


@njit(cache=True, nogil=True, _nrt=False)
def _append_run(
    data: NDArray[np.uint8],
    at: int,
    limit: int,
    fast: NDArray[np.uint8],
    word: NDArray[np.uint8],
    length: int,
    code: Any,
    places: NDArray[np.int64],
    want: bool,
) -> Any:
    """The fast road: put a run of ASCII letters and digits behind word[:length]; give its end and hash."""
    begun = at
    while at < limit:
        low = fast[data[at]]
        if low <= FAST_ALONE:
            break
        word[length + at - begun] = low
        code = (code ^ np.uint64(low)) * PRIME
        at += 1
    if want:
        for position in range(begun, at):
            place = 2 * (length + position - begun)
            places[place], places[place + 1] = position, position + 1
    return at, code


@njit(cache=True, nogil=True, _nrt=False)
def _pieces_of(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    several: NDArray[np.int32],
    table: Any,
    added: Any,
    settings: NDArray[np.int64],
    buffers: Any,
    ids: NDArray[np.int32],
    spans: NDArray[np.int64],
    written: int,
) -> Any:
    """Write the pieces of data[at:stop]; give how many ids there are, and how many marks with an order."""
    word, codes, places = buffers
    special_names, special_starts, special_ids = added
    longest, most, want = settings[LONGEST], written + settings[LIMIT], spans.size > 0
    length, count, ordered = 0, 0, 0
    part, parts = np.int64(0), np.int64(0)
    special, first, code, kind, value = -1, at, BASIS, np.int64(0), np.int64(0)
    while at <= stop and written < most:
        if parts == 0:
            limit = min(stop, at + longest + 1 - count)
            first, code = _append_run(data, at, limit, fast, word, length, code, places, want)
            length, count, at = length + first - at, count + first - at, first
            kind, value, at, special = _read(data, at, stop, fast, chars, special_names, special_starts)
            if kind == SEVERAL:
                part, parts = value + 1, np.int64(several[value])
        if parts > 0:
            entry = np.int64(several[part])
            kind, value = entry & 7, entry >> CLASS_BITS
            part, parts = part + 1, parts - 1
        if kind == WORD or kind == ORDERED:  # noqa: SIM109 - compiled
            count += 1
            ordered += kind == ORDERED
            if count <= longest + 1:
                length, code = _append(value, first, at, word, length, code, places, want)
        elif kind != REMOVED:
            if count > 0:
                arrays = (codes, places, table, settings, ids, spans, written)
                written = _end_word(word, length, count, code, *arrays)
            if kind == ALONE:
                length, code = _append(value, first, at, word, 0, BASIS, places, want)
                arrays = (codes, places, table, settings, ids, spans, written)
                written = _end_word(word, length, 1, code, *arrays)
            if special >= 0:
                ids[written] = special_ids[special]
                if want:
                    spans[2 * written], spans[2 * written + 1] = first, at
                written += 1
            length, count, code = 0, 0, BASIS
    return written, ordered


@njit(cache=True, nogil=True)
def wordpieces(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    several: NDArray[np.int32],
    table: Any,
    added: Any,
    settings: NDArray[np.int64],
    ids: NDArray[np.int32],
    text_starts: NDArray[np.int64],
    spans: NDArray[np.int64],
    hard: NDArray[np.bool_],
) -> int:
    """Write the pieces of all texts; give their number.

    data[offsets[i]:offsets[i + 1]] is text i, UTF-8; its pieces get ids[text_starts[i]:text_starts[i + 1]],
    and, if there is room in it, their first and last byte `spans`, two numbers a piece. A text with marks
    whose order may change is `hard` and gets none. `ids` has room for len(data) + 1 pieces. Bytes that are
    no UTF-8 are passed over. `table`: the prefix of continuing pieces, then names, starts and slots as in
    `token_table`, and the id of each name; `added`: names, starts and ids of pieces that are found in the
    raw text, the longest first.
    """
    longest = settings[LONGEST]
    word = np.empty(4 * longest + 16, dtype=np.uint8)
    codes = np.empty(4 * longest + 17, dtype=np.uint64)
    places = np.empty(8 * longest + 32 if spans.size else 2, dtype=np.int64)
    buffers = (word, codes, places)
    written = 0
    for text in range(offsets.size - 1):
        text_starts[text] = written
        made, ordered = _pieces_of(
            data,
            offsets[text],
            offsets[text + 1],
            fast,
            chars,
            several,
            table,
            added,
            settings,
            buffers,
            ids,
            spans,
            written,
        )
        hard[text] = ordered > 1
        if not hard[text]:
            written = _finish(made, written, settings, ids, spans)
    text_starts[offsets.size - 1] = written
    return written


def match_numpy(
    word: str, vocabulary: Mapping[str, int], prefix: str, unknown: int, longest: int
) -> list[int]:
    """Ids of the pieces of a word: each the longest that the vocabulary has, `unknown` where it has none."""
    if len(word) > longest:
        return [unknown]
    ids, begin = [], 0
    while begin < len(word):
        mark = prefix if begin else ""
        fitting = (end for end in range(len(word), begin, -1) if mark + word[begin:end] in vocabulary)
        end = next(fitting, None)
        if end is None:
            return [unknown]
        ids.append(vocabulary[mark + word[begin:end]])
        begin = end
    return ids
