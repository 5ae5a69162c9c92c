"""Text to token ids: split UTF-8 bytes into words, count them in a hash table, write their ids.

A word is a run of letters, marks and digits; the classes of all characters are in a table that is passed
in. The kernels stop early where the caller must do something (enlarge the table, drop rare types, fill in a
page of the character table, report bad bytes) and go on where they stopped when called again, so the result
does not depend on how the text was cut into pieces.

The helpers hand arrays to each other at every word, where counting references would take longer than the
work itself: hence `_nrt=False`, which is correct because nothing here makes or keeps an array.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.token_table import BASIS, PRIME, enter, fnv1a
from nearspace.kernels.utf8 import decode, encode

# classes of characters: the low three bits of an entry of the character table, the lowered code point above
# them; the entry 0 means "not filled in yet"
SEPARATOR, WORD, EXTEND, INNER, SINGLE, IGNORED, BREAK = 1, 2, 3, 4, 5, 6, 7
CLASS_BITS = 3

# what a kernel stopped for; MORE stays inside
DONE, PAGE, INVALID, NUL, LONG, MORE = 0, 3, 4, 5, 6, 7  # and GROW, FULL of the table

# entries of the state: next byte, types, ids written, tokens, lines, tokens of the open line, at the
# beginning of a line, inside a line that is a tag, the code point whose page is missing
AT, TYPES, WRITTEN, TOKENS, LINES, OPEN, FRESH, TAG, CODE = 0, 1, 2, 3, 4, 5, 6, 7, 8
STATE_SIZE = 9

LONGEST = 1000  # bytes of a word; what follows is another word
TOKEN_END, LINE_END = 0x1F, 0x1E  # separators of ready-made tokens

_CAPITAL_SIGMA = 0x3A3


@njit(cache=True, nogil=True, _nrt=False)
def _is_tag(data: NDArray[np.uint8], at: int, stop: int, final: bool) -> int:
    """Whether `<doc `, `<doc>` or `</doc` stands at `at`: 1 yes, 0 no, -1 too few bytes to tell."""
    at += 1
    if at < stop and data[at] == 47:  # /
        at += 1
        closing = True
    else:
        closing = False
    for letter in (100, 111, 99):  # doc
        if at >= stop:
            return 0 if final else -1
        if data[at] != letter:
            return 0
        at += 1
    if at >= stop:
        return 0 if final else -1
    return 1 if data[at] == 62 or (data[at] == 32 and not closing) else 0


@njit(cache=True, nogil=True, _nrt=False)
def _class_at(data: NDArray[np.uint8], at: int, stop: int, replace: bool, chars: NDArray[np.int32]) -> Any:
    """Entry of the character table, length and code point of the character at `at`.

    The length is 0 where `stop` cuts it off and -1 where it is invalid (a separator if `replace`); the entry
    is 0 where the page is missing.
    """
    code, size = decode(data, at, stop)
    if size == -1 and replace:
        return SEPARATOR, 1, 0
    if size <= 0:
        return 0, size, 0
    return np.int64(chars[code]), size, code


@njit(cache=True, nogil=True, _nrt=False)
def _end_line(out: NDArray[np.int32], state: NDArray[np.int64]) -> None:
    """Write -1 if the open line has tokens."""
    if state[OPEN] > 0:
        out[state[WRITTEN]] = -1
        state[WRITTEN] += 1
        state[LINES] += 1
        state[OPEN] = 0
    state[FRESH], state[TAG] = 1, 0


@njit(cache=True, nogil=True, _nrt=False)
def _skip_to_word(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    final: bool,
    replace: bool,
    chars: NDArray[np.int32],
    out: NDArray[np.int32],
    state: NDArray[np.int64],
) -> Any:
    """Pass over what is between words, line ends and tag lines included; give where and a status."""
    while at < stop:
        byte = data[at]
        entry, size, point = _class_at(data, at, stop, replace, chars)
        if size == 0 and not final:
            return at, MORE
        if size <= 0 and not replace:
            return at, INVALID
        if size <= 0:
            entry, size = SEPARATOR, 1
        if entry == 0:
            state[CODE] = point
            return at, PAGE
        kind = entry & 7
        if kind == BREAK:
            _end_line(out, state)
            at += size
            continue
        if byte == 0:
            return at, NUL
        if state[TAG] == 1:
            at += size
            continue
        if byte == 60 and state[FRESH] == 1:
            tag = _is_tag(data, at, stop, final)
            if tag < 0:
                return at, MORE
            if tag == 1:
                state[TAG] = 1
                continue
        if kind in (WORD, SINGLE):
            return at, DONE
        state[FRESH] = 0
        at += size
    return at, MORE


@njit(cache=True, nogil=True, _nrt=False)
def _next_of_word(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    final: bool,
    room: int,
    length: int,
    chars: NDArray[np.int32],
    state: NDArray[np.int64],
) -> Any:
    """Judge the character at `at` inside a word: its entry, length, code point and a status.

    DONE: it belongs to the word; LONG: the word ends before it; MORE: more bytes are needed to tell.
    """
    if at >= stop:
        return 0, 0, 0, LONG if final else MORE
    entry, size, point = _class_at(data, at, stop, False, chars)
    if size == 0 and not final:
        return 0, 0, 0, MORE
    if size <= 0 or size > room:
        return 0, 0, 0, LONG
    if entry == 0:
        state[CODE] = point
        return 0, 0, 0, PAGE
    kind = entry & 7
    if kind == INNER:
        if size == room:
            return 0, 0, 0, LONG
        if at + size >= stop:
            return 0, 0, 0, LONG if final else MORE
        after, size_after, point_after = _class_at(data, at + size, stop, False, chars)
        if size_after == 0 and not final:
            return 0, 0, 0, MORE
        if size_after > 0 and after == 0:
            state[CODE] = point_after
            return 0, 0, 0, PAGE
        if size_after <= 0 or (after & 7) != WORD:
            return 0, 0, 0, LONG
    elif kind == SINGLE:
        if length > 0:
            return 0, 0, 0, LONG
    elif kind != WORD and kind != EXTEND and kind != IGNORED:
        return 0, 0, 0, LONG
    return entry, size, point, DONE


@njit(cache=True, nogil=True, _nrt=False)
def _read_word(
    data: NDArray[np.uint8],
    begin: int,
    stop: int,
    final: bool,
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    names: NDArray[np.uint8],
    tail: int,
    state: NDArray[np.int64],
) -> Any:
    """Copy the word that begins at `begin` to names[tail:]; give where it ends, its bytes, hash and status.

    Status: DONE, PAGE, or MORE where the end of the word is not in `data` yet.
    """
    at, length, code, sigma = begin, 0, BASIS, False
    limit = min(stop, begin + LONGEST)
    while True:
        while at < limit:
            low = fast[data[at]]
            if low <= 1:
                break
            names[tail + length] = low
            length += 1
            code = (code ^ np.uint64(low)) * PRIME
            at += 1
            sigma = False
        if at - begin >= LONGEST:
            break
        room = begin + LONGEST - at
        entry, size, point, status = _next_of_word(data, at, stop, final, room, length, chars, state)
        if status == LONG:
            break
        if status != DONE:
            return at, length, code, status
        at += size
        kind = entry & 7
        if kind == IGNORED:
            continue
        wrote = encode(entry >> CLASS_BITS, names, tail + length)
        for position in range(tail + length, tail + length + wrote):
            code = (code ^ np.uint64(names[position])) * PRIME
        length += wrote
        sigma = point == _CAPITAL_SIGMA
        if kind == SINGLE:
            break
    if sigma and length > 2 and names[tail + length - 1] == 0x83:
        names[tail + length - 1] = 0x82  # a capital sigma that ends a word becomes a final sigma
        code = fnv1a(names, tail, tail + length)
    return at, length, code, DONE


@njit(cache=True, nogil=True, _nrt=False)
def scan_text(
    data: NDArray[np.uint8],
    stop: int,
    final: bool,
    replace: bool,
    fast: NDArray[np.uint8],
    chars: NDArray[np.int32],
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    slots: NDArray[np.uint64],
    out: NDArray[np.int32],
    state: NDArray[np.int64],
) -> int:
    """Read data[state[AT]:stop], append ids to `out`, and say why it stopped.

    An id is the order of a type's first appearance; -1 ends a line that has words. `final`: nothing follows,
    the last word and line end here. `fast`: (256,) the lowered byte of ASCII letters and digits, 1 for ASCII
    characters that end a word, 0 for all that needs a closer look. `out` has room for stop + 1 ids. After
    DONE, the bytes from state[AT] on must be given again in front of what follows.
    """
    at, types, status = state[AT], state[TYPES], DONE
    while at < stop:
        if fast[data[at]] <= 1 or state[TAG] == 1:
            at, status = _skip_to_word(data, at, stop, final, replace, chars, out, state)
            if status != DONE:
                break
        tail = starts[types]
        end, length, code, low = at, 0, BASIS, fast[data[at]]
        limit = min(stop, at + LONGEST)
        while low > 1:  # the fast road: a word of ASCII letters and digits
            names[tail + length] = low
            length += 1
            code = (code ^ np.uint64(low)) * PRIME
            end += 1
            low = fast[data[end]] if end < limit else 0
        if low == 0:  # anything else
            end, length, code, status = _read_word(data, at, stop, final, fast, chars, names, tail, state)
            if status != DONE:
                break
        known = enter(length, code, names, starts, counts, slots, types)
        if known < 0:
            status = -known
            break
        types += known == types
        out[state[WRITTEN]] = known
        state[WRITTEN] += 1
        state[TOKENS] += 1
        state[OPEN] += 1
        state[FRESH] = 0
        at = end + 1 if low == 1 and data[end] == 32 else end
    if status == MORE:
        status = DONE
    if final and status == DONE:
        _end_line(out, state)
    state[AT], state[TYPES] = at, types
    return status


@njit(cache=True, nogil=True, _nrt=False)
def scan_tokens(
    data: NDArray[np.uint8],
    stop: int,
    names: NDArray[np.uint8],
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    slots: NDArray[np.uint64],
    out: NDArray[np.int32],
    state: NDArray[np.int64],
) -> int:
    """Read ready-made tokens: each ends with the byte TOKEN_END or LINE_END, the latter also ends its line.

    After DONE, the bytes from state[AT] on must be given again in front of what follows. Empty tokens are
    passed over. LONG: the token at state[AT] has more than LONGEST bytes.
    """
    at, types, status = state[AT], state[TYPES], DONE
    while at < stop:
        tail = starts[types]
        end, length, code = at, 0, BASIS
        while end < stop and data[end] != TOKEN_END and data[end] != LINE_END and length <= LONGEST:
            names[tail + length] = data[end]
            code = (code ^ np.uint64(data[end])) * PRIME
            length += 1
            end += 1
        if length > LONGEST:
            status = LONG
            break
        if end >= stop:
            break
        if length > 0:
            known = enter(length, code, names, starts, counts, slots, types)
            if known < 0:
                status = -known
                break
            types += known == types
            out[state[WRITTEN]] = known
            state[WRITTEN] += 1
            state[TOKENS] += 1
            state[OPEN] += 1
        if data[end] == LINE_END:
            _end_line(out, state)
        at = end + 1
    state[AT], state[TYPES] = at, types
    return status


def split_text_numpy(data: bytes, chars: NDArray[np.int32], *, replace: bool = False) -> list[list[bytes]]:
    """Lines of words: what `scan_text` finds, with `chars` filled in for all characters of `data`.

    line = not tag; word = (WORD | EXTEND | IGNORED | INNER before WORD)* from a WORD on, or one SINGLE.
    """
    text = data.decode("utf-8", "replace" if replace else "strict")
    lines = []
    for line in text.replace("\r", "\n").split("\n"):
        words = [] if line.startswith(("<doc ", "<doc>", "</doc>")) else _split_line(line, chars)
        if words:
            lines.append(words)
    return lines


def _split_line(line: str, chars: NDArray[np.int32]) -> list[bytes]:
    kinds = [int(chars[ord(char)]) & 7 for char in line] + [SEPARATOR]
    words, at = [], 0
    while at < len(line):
        if kinds[at] not in (WORD, SINGLE):
            at += 1
            continue
        begin, size = at, 0
        while at < len(line):
            size += len(line[at].encode())
            inner = kinds[at] == INNER and kinds[at + 1] == WORD and size < LONGEST
            alone = kinds[at] == SINGLE and at == begin
            if size > LONGEST or not (inner or alone or kinds[at] in (WORD, EXTEND, IGNORED)):
                break
            at += 1
            if alone:
                break
        kept = [char for char, kind in zip(line[begin:at], kinds[begin:at], strict=True) if kind != IGNORED]
        word = "".join(chr(int(chars[ord(char)]) >> CLASS_BITS) for char in kept)
        if len(kept) > 1 and kept[-1] == "\u03a3" and word[-1] == "\u03c3":
            word = word[:-1] + "\u03c2"
        words.append(word.encode())
    return words
