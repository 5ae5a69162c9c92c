"""Lines of vectors as text: numbers read exactly as Python reads them, written as short as float32 allows.

Clinger: How to Read Floating Point Numbers Accurately (PLDI 1990), the fast path; what it cannot decide is
reported as hard and left to Python.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SPACE, TAB, NEWLINE, RETURN = 32, 9, 10, 13
_POWERS = 10.0 ** np.arange(23)
_LARGEST = np.finfo(np.float32).max

READ, HARD, BLANK, FULL = 0, 1, 2, 3


def parse_rows_numpy(
    text: NDArray[np.uint8], begin: int, has_key: bool, rows: NDArray[np.float32], spans: NDArray[np.int64]
) -> tuple[int, int, int]:
    """Read lines of `text` in plain Python: the twin of `parse_rows`, without hard lines."""
    # line = [key (space | tab)+] number ((space | tab)+ number)* (space | tab)* [return] newline
    # number -> float64 nearest to the decimal -> float32 nearest to that
    done, at = 0, begin
    content = text.tobytes()
    while at < len(content):
        end = content.index(b"\n", at)
        line = content[at:end]
        if not line.strip(b" \t\r"):
            return done, at, BLANK
        if done == len(rows):
            return done, at, FULL
        fields = line.replace(b"\t", b" ").rstrip(b" \r").split(b" ")
        numbers = [float(field) for field in (fields[1:] if has_key else fields) if field]
        rows[done] = numbers
        spans[done] = at, at + (len(fields[0]) if has_key else 0)
        done, at = done + 1, end + 1
    return done, at, READ


@njit(cache=True, nogil=True)
def _parse_number(text, at, powers):  # type: ignore[no-untyped-def]
    """Read one decimal from `at`; give the value, where it ends, and whether the value is certain."""
    negative = text[at] == 45
    if text[at] == 45 or text[at] == 43:
        at += 1
    mantissa = np.uint64(0)
    begin, exponent = at, 0
    while text[at] == 48:
        at += 1
    first = at
    while 48 <= text[at] <= 57:
        mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - 48)
        at += 1
    significant, digits = at - first, at - begin
    if text[at] == 46:
        at += 1
        begin = at
        if significant == 0:
            while text[at] == 48:
                at += 1
        first = at
        while 48 <= text[at] <= 57:
            mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - 48)
            at += 1
        exponent = begin - at
        significant += at - first
        digits += at - begin
    if digits == 0 or significant > 19:
        return 0.0, at, False
    if text[at] == 101 or text[at] == 69:
        at += 1
        down = text[at] == 45
        if text[at] == 45 or text[at] == 43:
            at += 1
        first, power = at, 0
        while 48 <= text[at] <= 57 and power < 10_000:
            power = power * 10 + (text[at] - 48)
            at += 1
        if at == first:
            return 0.0, at, False
        exponent += -power if down else power
    if mantissa == 0:
        return (-0.0 if negative else 0.0), at, True
    if exponent < -44 or exponent > 22:
        return 0.0, at, False
    value = float(mantissa)
    exact = mantissa <= 9007199254740992 and exponent >= -22
    if exponent < -22:
        value, exponent = value / powers[22], exponent + 22
    value = value / powers[-exponent] if exponent < 0 else value * powers[exponent]
    if value > _LARGEST:
        return 0.0, at, False
    if not exact:  # off by less than 2**-50: certain only where float32 does not depend on that
        margin = value * 8.9e-16
        if np.float32(value - margin) != np.float32(value + margin):
            return 0.0, at, False
    return (-value if negative else value), at, True


@njit(cache=True, nogil=True)
def _parse_line(text, at, has_key, row, span, powers):  # type: ignore[no-untyped-def]
    """Read one line into `row`; give where the next one begins, or -1 where Python has to look at it."""
    span[0] = at
    if has_key:
        while text[at] != SPACE and text[at] != TAB and text[at] != NEWLINE:
            at += 1
    span[1] = at
    if has_key and span[0] == span[1]:
        return -1
    for component in range(len(row)):
        if component or has_key:
            if text[at] != SPACE and text[at] != TAB:
                return -1
            while text[at] == SPACE or text[at] == TAB:
                at += 1
        value, at, certain = _parse_number(text, at, powers)
        if not certain:
            return -1
        row[component] = value
    while text[at] == SPACE or text[at] == TAB:
        at += 1
    if text[at] == RETURN:
        at += 1
    return at + 1 if text[at] == NEWLINE else -1


@njit(cache=True, nogil=True)
def _parse_rows(text, begin, has_key, rows, spans, powers):  # type: ignore[no-untyped-def]
    done, at = 0, begin
    while at < len(text):
        look = at
        while text[look] == SPACE or text[look] == TAB or text[look] == RETURN:
            look += 1
        if text[look] == NEWLINE:
            return done, at, BLANK
        if done == len(rows):
            return done, at, FULL
        following = _parse_line(text, at, has_key, rows[done], spans[done], powers)
        if following < 0:
            return done, at, HARD
        done, at = done + 1, following
    return done, at, READ


def parse_rows(
    text: NDArray[np.uint8], begin: int, has_key: bool, rows: NDArray[np.float32], spans: NDArray[np.int64]
) -> tuple[int, int, int]:
    """Read lines of [key and] d numbers, separated by spaces or tabs.

    `text` (bytes,) uint8 ends with a newline and is read from `begin`; `rows` (r, d) float32 and
    `spans` (r, 2) int64 (where each key begins and ends in `text`) are filled from the top. Returns how many
    rows were read, where reading stopped, and why: READ (all of the text), FULL (r rows), BLANK (a line
    without content), HARD (a line that is malformed, not finite, or whose numbers need more care).
    """
    done, at, why = _parse_rows(text, begin, has_key, rows, spans, _POWERS)
    return int(done), int(at), int(why)


def gather_numpy(text: NDArray[np.uint8], spans: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Put the parts of `text` that `spans` (n, 2) name one after the other: the twin of `gather`."""
    # data = concatenation of text[begin_i : end_i]
    parts = [text[begin:end] for begin, end in spans.tolist()]
    return np.concatenate([*parts, np.empty(0, np.uint8)])


@njit(cache=True, nogil=True)
def _gather(text, spans, data):  # type: ignore[no-untyped-def]
    filled = 0
    for row in range(len(spans)):
        for at in range(spans[row, 0], spans[row, 1]):
            data[filled] = text[at]
            filled += 1


def gather(text: NDArray[np.uint8], spans: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Put the parts of `text` that `spans` (n, 2) name one after the other."""
    data = np.empty(int((spans[:, 1] - spans[:, 0]).sum()), dtype=np.uint8)
    _gather(text, spans, data)
    return data


LONGEST_NUMBER = 17


@njit(cache=True, nogil=True)
def _shortest(value, powers):  # type: ignore[no-untyped-def]
    """Give m of the fewest of 6 to 9 digits, and k, with float32(m / 10**k) == value; m = 0: not certain."""
    size = np.float64(abs(value))
    exponent = int(np.floor(np.log10(size)))
    if exponent < -13 or exponent > 22:
        return np.uint64(0), 0
    for digits in range(6, 10):
        shift = digits - 1 - exponent
        scaled = size * powers[shift] if shift >= 0 else size / powers[-shift]
        mantissa = np.round(scaled)
        back = mantissa / powers[shift] if shift >= 0 else mantissa * powers[-shift]
        if np.float32(back) == np.float32(size):
            whole = np.uint64(mantissa)
            while whole % np.uint64(10) == 0:
                whole //= np.uint64(10)
                shift -= 1
            return whole, shift
    return np.uint64(0), 0


@njit(cache=True, nogil=True)
def _write_digits(whole, count, out, at):  # type: ignore[no-untyped-def]
    for place in range(count - 1, -1, -1):
        out[at + place] = 48 + whole % np.uint64(10)
        whole //= np.uint64(10)
    return at + count


@njit(cache=True, nogil=True)
def _write_scientific(whole, count, exponent, out, at):  # type: ignore[no-untyped-def]
    _write_digits(whole, count, out, at + 1)
    out[at] = out[at + 1]
    out[at + 1] = 46
    at += count + 1 if count > 1 else 1
    out[at] = 101
    out[at + 1] = 45 if exponent < 0 else 43
    return _write_digits(np.uint64(abs(exponent)), 2, out, at + 2)


@njit(cache=True, nogil=True)
def _write_number(value, out, at, powers):  # type: ignore[no-untyped-def]
    """Write `value` at `at`; give where it ends, or -1 where Python has to write it."""
    if not np.isfinite(value):
        return -1
    if np.signbit(value):
        out[at] = 45
        at += 1
    if value == 0:
        out[at] = 48
        return at + 1
    whole, shift = _shortest(value, powers)
    if whole == 0:
        return -1
    count, rest = 0, whole
    while rest:
        rest //= np.uint64(10)
        count += 1
    exponent = count - 1 - shift
    if exponent < -5 or exponent >= 10:
        return _write_scientific(whole, count, exponent, out, at)
    if shift >= count:
        out[at] = 48
        out[at + 1] = 46
        out[at + 2 : at + 2 + shift - count] = 48
        return _write_digits(whole, count, out, at + 2 + shift - count)
    if shift > 0:
        _write_digits(whole, count, out, at + 1)
        for place in range(at, at + count - shift):
            out[place] = out[place + 1]
        out[at + count - shift] = 46
        return at + count + 1
    at = _write_digits(whole, count, out, at)
    out[at : at - shift] = 48
    return at - shift


@njit(cache=True, nogil=True)
def _write_rows(rows, data, offsets, separator, out, powers):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(len(rows)):
        begin = at
        for place in range(offsets[row], offsets[row + 1]):
            out[at] = data[place]
            at += 1
        for component in range(rows.shape[1]):
            if component or offsets[row + 1] > offsets[row]:
                out[at] = separator
                at += 1
            at = _write_number(rows[row, component], out, at, powers)
            if at < 0:
                return row, begin
        out[at] = NEWLINE
        at += 1
    return len(rows), at


def write_rows_numpy(
    rows: NDArray[np.float32], data: NDArray[np.uint8], offsets: NDArray[np.int64], separator: int
) -> bytes:
    """Write lines of [key and] numbers in plain Python: the twin of `write_rows`, for any number."""
    # line = [key separator] number (separator number)* newline; number -> fewest digits that give it back
    lines = []
    for row, begin, end in zip(rows, offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        fields = [data[begin:end].tobytes()] if end > begin else []
        fields += [np.format_float_scientific(value, trim="-").encode() for value in row]
        lines.append(bytes([separator]).join(fields) + b"\n")
    return b"".join(lines)


def write_rows(
    rows: NDArray[np.float32], data: NDArray[np.uint8], offsets: NDArray[np.int64], separator: int
) -> bytes:
    """Write lines of [key and] d numbers that give back the same float32 when read.

    `rows` (n, d) float32; `data` and `offsets` (n + 1,) int64 hold the keys as in `Keys`, all empty for lines
    without keys; `separator` is a byte. Numbers have the fewest digits from 6 up that suffice.
    """
    room = len(rows) * (rows.shape[1] * (LONGEST_NUMBER + 1) + 1) + int(offsets[-1] - offsets[0])
    out = np.empty(room, dtype=np.uint8)
    parts: list[bytes] = []
    first = 0
    while first < len(rows):
        done, used = _write_rows(rows[first:], data, offsets[first:], separator, out, _POWERS)
        parts.append(out[:used].tobytes())
        first += done
        if first < len(rows):
            hard = slice(first, first + 1)
            parts.append(write_rows_numpy(rows[hard], data, offsets[first : first + 2], separator))
            first += 1
    return b"".join(parts)
