"""What the page asks a server: search, neighbours, a filter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError, UnknownKeyError
from nearspace.results import Neighbors
from nearspace.search.filters import matching
from nearspace.search.hybrid import hybrid
from nearspace.search.nearest import nearest, search
from nearspace.search.text import search_text
from nearspace.server.records import hits
from nearspace.server.shown import ShownSpace

MOST = 10_000  # hits
LONGEST = 10_000  # characters of a question
_SIGN = re.compile(r"\s+([+−-])\s+")


@dataclass(frozen=True)
class Asked:
    """A question taken apart: terms to be near to and to be far from."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Asked:
        """Take "king - man + woman" apart; signs stand between spaces."""
        parts = _SIGN.split(text.strip())
        sides: dict[bool, list[str]] = {True: [parts[0]], False: []}
        for sign, term in zip(parts[1::2], parts[2::2], strict=True):
            sides[sign == "+"].append(term.strip())
        return cls(tuple(sides[True]), tuple(sides[False]))

    @property
    def single(self) -> bool:
        """Whether it is one term only."""
        return len(self.positive) == 1 and not self.negative


def answer(shown: ShownSpace, query: Any, k: Any = 50, where: Any = None) -> dict[str, Any]:
    """Answer as `ask` does, but with no hits and a note where nothing fits: for a page that is no error.

    Raises:
        InputError: the question is empty or too long.
        SettingError: k or `where` is not accepted.
    """
    try:
        return ask(shown, query, k, where)
    except UnknownKeyError as error:
        note = " ".join([f"{error.message}.", error.hint]).strip()
        return {"query": query.strip(), "how": "contains", "terms": [], "hits": [], "note": note}


def ask(shown: ShownSpace, query: Any, k: Any = 50, where: Any = None) -> dict[str, Any]:
    """Answer POST search.

    A key has its neighbours; terms with signs are added up; else the text is searched by words and by
    meaning, whichever the Space can; else the keys that contain it are given.

    Raises:
        InputError: the question is empty or too long.
        SettingError: k or `where` is not accepted.
        UnknownKeyError: nothing fits, with suggestions.
    """
    text, number, condition = _checked(query, k, where)
    space = shown.space
    asked = Asked.parse(text)
    if text in space.keys:
        if not shown.usable:
            return _given(text, "key", [], shown, (text,), ())
        found = nearest(space, text, k=number, where=condition)
        return _given(text, "key", hits(found), shown, (text,), ())
    if not asked.single and shown.usable:
        positive, negative = list(asked.positive), list(asked.negative)
        found = search(space, positive=positive, negative=negative, k=number, where=condition)
        return _given(text, "analogy", hits(found), shown, asked.positive, asked.negative)
    answered = _by_text(shown, text, number, condition)
    if answered is not None:
        how, found = answered
        return _given(text, how, hits(found), shown, (), ())
    return _given(text, "contains", containing(shown, text, number, condition), shown, (), ())


def neighbors(shown: ShownSpace, row: Any, k: Any = 15, where: Any = None) -> dict[str, Any]:
    """Answer POST neighbors.

    Raises:
        SettingError: row, k or `where` is not accepted.
    """
    _, number, condition = _checked("x", k, where)
    if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < shown.count:
        raise SettingError(f"row is {row!r}", f"Give a whole number below {shown.count:,}.")
    if not shown.usable:
        return {"row": row, "hits": []}
    found = nearest(shown.space, shown.space.keys[row], k=number, where=condition)
    return {"row": row, "hits": hits(found)}


def allowed(shown: ShownSpace, where: Any) -> bytes:
    """Answer POST filter: (n,) uint8, 1 where the condition holds.

    Raises:
        SettingError: the condition cannot be understood.
    """
    if not isinstance(where, str) or not where.strip():
        raise SettingError(f"where is {where!r}", "Give a condition such as: year > 1990")
    return matching(shown.space, where).astype(np.uint8).tobytes()


def containing(shown: ShownSpace, text: str, k: int, where: str | None) -> list[dict[str, Any]]:
    """Give the first k rows whose key contains a text, whatever its case; of these that begin with it first.

    Raises:
        UnknownKeyError: there is none; with suggestions.
    """
    wanted = text.casefold()
    held: NDArray[np.bool_] | None = None if where is None else matching(shown.space, where)
    first: list[int] = []
    later: list[int] = []
    for row, name in enumerate(shown.space.keys.names()):
        at = name.casefold().find(wanted)
        if at >= 0 and (held is None or held[row]):
            (later if at else first).append(row)
            if len(first) >= k:
                break
    rows = np.array([*first, *later][:k], dtype=np.int64)
    if not len(rows):
        place = nearest(shown.space, text, k=1) if shown.usable else None  # says what is like it
        if place is None:
            raise UnknownKeyError(text)
        return hits(place)
    scores = np.full((1, len(rows)), np.nan, dtype=np.float32)
    found = Neighbors((text,), rows[None], scores, shown.space.keys, shown.space.columns)
    return hits(found)


def _by_text(shown: ShownSpace, text: str, k: int, where: str | None) -> tuple[str, Neighbors] | None:
    """Search by words and meaning, as far as the Space can; None if nothing came of it."""
    space = shown.space
    column = shown.text_columns[0] if shown.text_columns else None
    encodes = space.encoder is not None and shown.usable
    try:
        if column is not None:
            found = (hybrid if encodes else search_text)(space, text, column=column, k=k, where=where)
            if (found.rows >= 0).any():
                return "text", found
    except InputError:  # no word of the question can be looked for
        pass
    if not encodes:
        return None
    try:
        return "encoded", search(space, text, k=k, where=where)
    except UnknownKeyError:
        return None


def _given(
    text: str,
    how: str,
    listed: list[dict[str, Any]],
    shown: ShownSpace,
    positive: tuple[str, ...],
    negative: tuple[str, ...],
) -> dict[str, Any]:
    terms = [
        {"key": term, "row": shown.space.keys.find(term), "sign": sign}
        for sign, side in ((1, positive), (-1, negative))
        for term in side
    ]
    return {"query": text, "how": how, "terms": terms, "hits": listed}


def _checked(query: Any, k: Any, where: Any) -> tuple[str, int, str | None]:
    if not isinstance(query, str) or not query.strip():
        raise InputError("the question is empty", "Give a key, a text, or terms such as king - man + woman.")
    if len(query) > LONGEST:
        raise InputError(f"the question has {len(query):,} characters", f"Give at most {LONGEST:,}.")
    if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= MOST:
        raise SettingError(f"k is {k!r}", f"Give a whole number from 1 to {MOST:,}.")
    if where is not None and not isinstance(where, str):
        raise SettingError(f"where is {where!r}", "Give a condition such as: year > 1990")
    return query.strip(), k, where or None
