"""Suggestions for a mistyped key: the keys at the smallest edit distance."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.keys import Keys

_CHUNK = 1 << 21  # bytes of names that are decoded at once
_READ = 1 << 24  # bytes of names that are looked at in all, from the first row on
_FAR = 100  # more than any distance that is asked for


def suggest(keys: Keys, word: str, *, limit: int = 5) -> tuple[str, ...]:
    """Give up to `limit` keys like `word`: case variants first, then by edit distance, then by row.

    The distance counts inserted, left out, replaced and swapped adjacent characters, upper case equal to
    lower case (optimal string alignment; Damerau 1964). Up to 1 is a suggestion for words of up to 3
    characters, up to 2 for longer ones. Only the first 16 MB of names are looked at, which are the most
    frequent ones.
    """
    asked = _folded(_codes(word))
    if not len(asked) or limit < 1:
        return ()
    most = 1 if len(asked) <= 3 else 2
    found: list[tuple[int, int]] = []
    for start, stop in _chunks(keys):
        rows, distances = _near(keys, start, stop, asked, most)
        order = np.argsort(distances, kind="stable")[: limit + 1]
        found += zip(distances[order].tolist(), rows[order].tolist(), strict=True)
    names = (keys[row] for _, row in sorted(found))
    return tuple(name for name in names if name != word)[:limit]


def _chunks(keys: Keys) -> list[tuple[int, int]]:
    """Cut the rows into chunks of about the same number of bytes."""
    ends = np.arange(_CHUNK, _READ + 1, _CHUNK)
    cuts = np.unique(np.searchsorted(keys.offsets, np.concatenate([[0], ends]), side="right") - 1)
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def _near(
    keys: Keys, start: int, stop: int, asked: NDArray[Any], most: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Give the rows in start..stop within `most` edits of `asked`, ascending, and their distances."""
    offsets = np.asarray(keys.offsets[start : stop + 1])
    raw = np.asarray(keys.data[offsets[0] : offsets[-1]])
    codes: NDArray[Any] = raw
    begins = offsets - offsets[0]
    inner = np.flatnonzero((raw & 0xC0) == 0x80)  # second and later bytes of a character
    if len(inner):
        codes = _codes(raw.tobytes().decode("utf-8", "surrogatepass"))
        begins = begins - np.searchsorted(inner, begins)
    lengths = np.diff(begins)
    rows, distances = [], []
    for length in range(max(1, len(asked) - most), len(asked) + most + 1):
        same = np.flatnonzero(lengths == length)
        if not len(same):
            continue
        letters = _folded(codes[begins[same] + np.arange(length)[:, None]])
        distance = _distances(asked, letters, most)
        close = np.flatnonzero(distance <= most)
        rows.append(same[close] + start)
        distances.append(distance[close])
    all_rows = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    order = np.argsort(all_rows, kind="stable")
    return all_rows[order], np.concatenate([np.empty(0, dtype=np.uint8), *distances])[order]


def _distances(asked: NDArray[Any], letters: NDArray[Any], most: int) -> NDArray[np.uint8]:
    """(m,) edit distances of `asked` (a,) to the m words in the columns of `letters` (length, m).

    D[i, j] = min(D[i-1, j] + 1, D[i, j-1] + 1, D[i-1, j-1] + (a_i != b_j),
                  D[i-2, j-2] + 1 if a_i = b_j-1 and a_i-1 = b_j)
    in the band |i - j| <= most; outside it the distance is larger than `most`.
    """
    length, count = letters.shape
    far = np.full(count, _FAR, dtype=np.uint8)
    before: list[NDArray[np.uint8]] = []
    last = [np.full(count, min(j, _FAR), dtype=np.uint8) for j in range(length + 1)]
    for i in range(1, len(asked) + 1):
        current = [far] * (length + 1)
        if i <= most:
            current[0] = np.full(count, i, dtype=np.uint8)
        for j in range(max(1, i - most), min(length, i + most) + 1):
            best = last[j - 1] + (letters[j - 1] != asked[i - 1])
            np.minimum(best, np.minimum(last[j], current[j - 1]) + np.uint8(1), out=best)
            if i > 1 and j > 1:
                swapped = (letters[j - 2] == asked[i - 1]) & (letters[j - 1] == asked[i - 2])
                np.minimum(best, np.where(swapped, before[j - 2] + np.uint8(1), far), out=best)
            current[j] = np.minimum(best, _FAR, out=best)
        before, last = last, current
    return last[length]


@cache
def _lower() -> NDArray[np.uint32]:
    """Lower-case code point of each code point of the first two planes (capital I with a dot becomes i)."""
    plain = np.arange(0x20000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return _codes(plain.replace("\u0130", "i").lower()).astype(np.uint32)


def _folded(codes: NDArray[Any]) -> NDArray[Any]:
    """Code points in lower case."""
    if codes.dtype == np.uint8:
        return codes + ((codes >= 65) & (codes <= 90)) * np.uint8(32)
    table = _lower()
    return np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], codes)


def _codes(text: str) -> NDArray[Any]:
    """(characters,) code points, as uint8 where that is enough."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
